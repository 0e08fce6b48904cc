//! An iterate and what can be measured at it.

use super::momentum_error::momentum_error;
use super::oracle::Traffic;
use crate::claim::Instance;
use crate::model::{Evaluates, Evaluating, Statistic};
use crate::scalar::{Fault, Scalar};

/// An iterate under measurement; value and gradient are computed once, where something needs them.
pub struct Point<'a, S: Evaluating> {
    instance: &'a Instance,
    x: &'a [S],
    state: &'a [S],
    before: &'a [S],
    value: Option<S>,
    sent: Option<Traffic>,
    average: Vec<S>,
    gradient: &'a mut [S],
    has_gradient: bool,
}

impl<'a, S: Evaluating> Point<'a, S> {
    /// The iterate `x` with the algorithm's memory; `gradient` is working space of the iterate's length.
    pub fn new(instance: &'a Instance, x: &'a [S], state: &'a [S], gradient: &'a mut [S]) -> Self {
        Point {
            instance,
            x,
            state,
            before: &[],
            value: None,
            sent: None,
            average: Vec::new(),
            gradient,
            has_gradient: false,
        }
    }

    /// The same point, x_k, with the sum of x_0, .., x_k; an empty sum where nothing needs it.
    #[must_use]
    pub fn with_sum(self, k: u64, sum: &[S]) -> Self {
        let weight = S::ratio(1, k + 1);
        Point { average: sum.iter().map(|s| s.clone() * &weight).collect(), ..self }
    }

    /// The same point with what was sent before it.
    #[must_use]
    pub fn after(self, traffic: Traffic) -> Self {
        Point { sent: Some(traffic), ..self }
    }

    /// The same point with the iterate before it; empty where nothing looks back, and at the start.
    #[must_use]
    pub fn since(self, before: &'a [S]) -> Self {
        Point { before, ..self }
    }

    /// Number of coordinates.
    pub fn dimension(&self) -> u64 {
        self.x.len() as u64
    }

    /// Looks at the same point in another arithmetic, which holds every number of this one.
    ///
    /// # Errors
    /// Those of `look`.
    pub fn recast<T: Evaluating, R>(
        &self,
        cast: impl Fn(&S) -> T,
        look: impl FnOnce(&mut Point<'_, T>) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        let all = |v: &[S]| v.iter().map(&cast).collect::<Vec<T>>();
        let (x, state, before) = (all(self.x), all(self.state), all(self.before));
        let mut gradient = vec![T::zero(); x.len()];
        let mut point = Point::new(self.instance, &x, &state, &mut gradient).since(&before);
        point.sent = self.sent;
        point.average = all(&self.average);
        look(&mut point)
    }

    fn problem(&self) -> &'a dyn Evaluates<S> {
        S::problem(&*self.instance.problem)
    }

    fn value(&mut self) -> Result<S, Fault> {
        if self.value.is_none() {
            self.value = Some(self.problem().value_at(self.x)?);
        }
        Ok(self.value.clone().unwrap_or_else(S::zero))
    }

    fn value_of_average(&self) -> Result<S, Fault> {
        if self.average.is_empty() {
            return Err(missing("the mean of the iterates"));
        }
        self.problem().value_at(&self.average)
    }

    fn gradient(&mut self) -> Result<&[S], Fault> {
        if !self.has_gradient {
            self.problem().gradient_at(self.x, self.gradient)?;
            self.has_gradient = true;
        }
        Ok(self.gradient)
    }

    pub(super) fn statistic(&mut self, statistic: Statistic) -> Result<S, Fault> {
        match statistic {
            Statistic::Value => self.value(),
            Statistic::Gap => {
                let low = self.instance.facts.get("fstar").ok_or_else(|| missing("f*"))?.value.cast::<S>()?;
                Ok(self.value()? - &low)
            }
            Statistic::AverageValue => self.value_of_average(),
            Statistic::AverageGap => {
                let low = self.instance.facts.get("fstar").ok_or_else(|| missing("f*"))?.value.cast::<S>()?;
                Ok(self.value_of_average()? - &low)
            }
            Statistic::GradientL1 => Ok(l1(self.gradient()?)),
            Statistic::GradientL2 => l2_squared(self.gradient()?).sqrt(),
            Statistic::GradientL2Squared => Ok(l2_squared(self.gradient()?)),
            Statistic::GradientLinf => Ok(linf(self.gradient()?)),
            Statistic::MedianL1 => Ok(l1(&self.median()?)),
            Statistic::MedianL2Squared => Ok(l2_squared(&self.median()?)),
            Statistic::MedianGapL1 => Ok(l1(&self.median_gap()?)),
            Statistic::MedianGapL2Squared => Ok(l2_squared(&self.median_gap()?)),
            Statistic::Distance => l2_squared(&self.offset()?).sqrt(),
            Statistic::DistanceInf => Ok(linf(&self.offset()?)),
            Statistic::DistanceToNearest => {
                let nearest =
                    self.instance.minimiser.as_ref().ok_or_else(|| missing("the minimiser nearest to the start"))?;
                let offset: Result<Vec<S>, Fault> =
                    self.x.iter().zip(nearest).map(|(x, m)| Ok(x.clone() - &m.cast::<S>()?)).collect();
                l2_squared(&offset?).sqrt()
            }
            Statistic::Coordinate(i) => Ok(self.x[i].clone()),
            Statistic::Bits => {
                let sent = self.sent.ok_or_else(|| missing("what was sent"))?;
                Ok(S::ratio(i64::try_from(sent.bits()).unwrap_or(i64::MAX), 1))
            }
            Statistic::ViewL1(i) => Ok(l1(self.view(i))),
            Statistic::ViewL2(i) => l2_squared(self.view(i)).sqrt(),
            Statistic::ViewL2Squared(i) => Ok(l2_squared(self.view(i))),
            Statistic::MomentumErrorL2 { momenta, previous } => {
                l2_squared(&self.momentum_error(momenta, previous)?).sqrt()
            }
            Statistic::MomentumErrorL2Squared { momenta, previous } => {
                Ok(l2_squared(&self.momentum_error(momenta, previous)?))
            }
            Statistic::MissL1(view, weight) => Ok(l1(&self.miss(view, weight)?)),
            Statistic::MissL2(view, weight) => l2_squared(&self.miss(view, weight)?).sqrt(),
            Statistic::MissL2Squared(view, weight) => Ok(l2_squared(&self.miss(view, weight)?)),
            Statistic::WrongL1 => self.wrong_l1(),
            Statistic::TurnL1 => {
                let old = self.gradient_before()?;
                Ok(l1(&difference(self.gradient()?, &old)))
            }
            Statistic::MoveLinf => Ok(linf(&difference(self.x, self.iterate_before()?))),
            Statistic::GradientDensity => density(self.gradient()?),
            Statistic::MoveDensity => density(&difference(self.x, self.iterate_before()?)),
            Statistic::CorrectedDensity(error) => density(&self.corrected(error)?),
            Statistic::ClippedShare(view) => {
                self.iterate_before()?;
                Ok(self.view(view)[0].clone())
            }
            Statistic::ViewCoordinate(view, i) => Ok(self.view(view)[i].clone()),
            Statistic::Own(i) => self.problem().own_statistic_at(i, self.x),
        }
    }

    fn momentum_error(&self, momenta: usize, previous: usize) -> Result<Vec<S>, Fault> {
        // No gradient computed yet: the start, where the state does not know an iterate before this one.
        let started = self.sent.is_none_or(|sent| sent.calls > 0);
        let point = if started { self.view(previous) } else { self.x };
        let mut error = vec![S::zero(); self.x.len()];
        momentum_error(self.problem(), self.view(momenta), point, &mut error)?;
        Ok(error)
    }

    /// The coordinate-wise median of the workers' gradients, without noise.
    fn median(&self) -> Result<Vec<S>, Fault> {
        let (workers, d) = (self.instance.workers, self.x.len());
        let (mut rows, mut out) = (vec![S::zero(); workers * d], vec![S::zero(); d]);
        for (worker, row) in rows.chunks_exact_mut(d).enumerate() {
            self.problem().worker_gradient_at(worker, self.x, row)?;
        }
        crate::model::algorithm::medians(&mut rows, &mut out);
        Ok(out)
    }

    fn median_gap(&mut self) -> Result<Vec<S>, Fault> {
        let median = self.median()?;
        Ok(self.gradient()?.iter().zip(median).map(|(g, m)| g.clone() - &m).collect())
    }

    fn view(&self, index: usize) -> &[S] {
        &self.state[self.instance.views[index].range.clone()]
    }

    fn iterate_before(&self) -> Result<&'a [S], Fault> {
        if self.before.len() == self.x.len() {
            return Ok(self.before);
        }
        let message =
            "this statistic looks back at the iterate before and has no value at the start: begin the window at 1";
        Err(Fault::Unsupported(message.into()))
    }

    fn gradient_before(&self) -> Result<Vec<S>, Fault> {
        let mut gradient = self.x.to_vec();
        self.problem().gradient_at(self.iterate_before()?, &mut gradient)?;
        Ok(gradient)
    }

    /// What error feedback gave its compressor: x_(k-1) - x_k is C(p), and e is p - C(p).
    fn corrected(&self, error: usize) -> Result<Vec<S>, Fault> {
        let sent = difference(self.iterate_before()?, self.x);
        Ok(sent.into_iter().zip(self.view(error)).map(|(c, e)| c + e).collect())
    }

    /// View over weight, less the gradient at the iterate before.
    fn miss(&self, view: usize, weight: Option<usize>) -> Result<Vec<S>, Fault> {
        let gradient = self.gradient_before()?;
        let weight = weight.and_then(|i| self.view(i).first());
        let scaled = self.view(view).iter().map(|v| weight.map_or_else(|| Ok(v.clone()), |w| v.divide(w)));
        scaled.zip(&gradient).map(|(v, g)| Ok(v? - g)).collect()
    }

    /// A coordinate that moved against its gradient counts 0, any other |f_i'|; both where an enclosure decides
    /// neither.
    fn wrong_l1(&self) -> Result<S, Fault> {
        let gradient = self.gradient_before()?;
        let mut sum = S::zero();
        for ((now, old), g) in self.x.iter().zip(self.before).zip(&gradient) {
            let followed = || -> Result<S, Fault> {
                let direction = (old.clone() - now).sign_or(&S::zero())? * g.sign_or(&S::zero())?;
                direction.select_ge(&S::one(), &S::zero(), &S::one())
            };
            let wrong = match followed() {
                Err(Fault::Undecided(_)) => S::from_ends(1.0, 0.0, 1.0)?,
                decided => decided?,
            };
            sum.add_product(&g.abs(), &wrong);
        }
        Ok(sum)
    }

    fn offset(&self) -> Result<Vec<S>, Fault> {
        let minimisers = self.instance.minimisers.as_ref().ok_or_else(|| missing("the set of minimisers"))?;
        let mut away = vec![S::zero(); self.x.len()];
        minimisers.away_of(&*self.instance.problem, self.x, &mut away)?;
        Ok(away)
    }
}

pub(super) fn missing(what: &str) -> Fault {
    Fault::Unsupported(format!("{what} is not known on this instance"))
}

fn l1<S: Scalar>(v: &[S]) -> S {
    S::dispatch(
        #[inline(always)]
        || crate::model::query::norm1(v),
    )
}

fn l2_squared<S: Scalar>(v: &[S]) -> S {
    S::dispatch(
        #[inline(always)]
        || crate::model::query::norm2_squared(v),
    )
}

/// |v|_1^2/(d |v|_2^2), in [1/d, 1] (bernstein2018, section 3); v = 0 has none.
fn density<S: Scalar>(v: &[S]) -> Result<S, Fault> {
    let l1 = l1(v);
    (l1.clone() * &l1).divide(&(l2_squared(v) * &S::ratio(v.len() as i64, 1)))
}

fn difference<S: Scalar>(a: &[S], b: &[S]) -> Vec<S> {
    a.iter().zip(b).map(|(a, b)| a.clone() - b).collect()
}

fn linf<S: Scalar>(v: &[S]) -> S {
    v.iter().fold(S::zero(), |top, x| top.max(&x.abs()))
}
