//! Exact first and second moments of a run that stays linear in what is random.
//!
//! A step of a linear method on a quadratic maps the state s (iterate, momentum, error memory) to A s + b + sum_j (C_j
//! s + d_j) xi_j with draws xi_j of known variance. E s and E s s' then follow from those of the step before, whatever
//! the law of the draws. A statistic that is a polynomial of degree 2 in the state has an exact expectation, and no
//! sample is needed.
//!
//! Nothing here knows which methods are linear. The step itself runs in [`Polynomial`]s, with a symbol for each random
//! number. What is no polynomial (the sign of a symbol) is unknown from there on, and only terms that do not depend on
//! it have a value. Numbers that no draw reaches stay constants, signs of exact zeros included.
//!
//! A pass from the last iterate back collects the moments that the terms need, and a pass from the first one forward
//! computes them. With separable objectives these are a few numbers per coordinate, and not the square of the number of
//! coordinates.

mod symbolic;

use super::Unavailable;
use crate::claim::{Instance, Reducer, StartPoint};
use crate::engine::{Plan, Point, Progress, Traffic, Workspace, add_to, combine_path, is_due, reduce, step_once};
use crate::model::Real;
use crate::scalar::{Enclosure, Fault, Monomial, Polynomial, Scalar};
use std::collections::{BTreeMap, BTreeSet};
use symbolic::{Draws, SymbolicOracle};

/// Bits of the enclosures, tried in this order while the outcome is not exact.
const PRECISIONS: [usize; 3] = [128, 512, 2048];
/// Ends that agree to so many bits are one double.
pub(super) const SHARP: isize = 60;
/// With fewer bits than this an enclosure is too wide to replace a sample.
const USEFUL: isize = 30;
/// Numbers below 2^-1022 in size are zero to a double.
const FLOOR: isize = 1022;
/// Most entries of a state that is followed.
const MOST_ENTRIES: usize = 4096;
/// Most steps: each keeps the polynomials that it made of its state.
const MOST_STEPS: u64 = 200_000;
/// Most that is ever spent, in the units of [`super::Budget`]: what is kept grows with it.
const MOST_SPENT: u64 = 1_000_000_000;

/// Expectations from moments; `None` for a term that is not quadratic in a linear state.
#[derive(Debug, Clone)]
pub struct MomentEstimates {
    /// One per path term.
    pub paths: Vec<Option<Enclosure>>,
    /// One per series term, with one entry per iterate.
    pub series: Vec<Option<Vec<Enclosure>>>,
    /// Messages and calls along any one path.
    pub traffic: Traffic,
}

impl MomentEstimates {
    fn all(&self) -> impl Iterator<Item = &Enclosure> {
        self.paths.iter().flatten().chain(self.series.iter().flatten().flatten())
    }

    /// Whether every term has a value.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.paths.iter().all(Option::is_some) && self.series.iter().all(Option::is_some)
    }

    /// Whether every value that there is is a rational.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.all().all(|v| v.exact().is_some())
    }

    pub(super) fn agreement(&self) -> isize {
        self.all().map(|v| v.agreement(FLOOR).0).min().unwrap_or(isize::MAX)
    }

    /// Without what is too wide to be of use.
    pub(super) fn useful(mut self) -> Self {
        let wide = |v: &Enclosure| v.agreement(FLOOR).0 < USEFUL;
        for path in &mut self.paths {
            *path = path.take().filter(|v| !wide(v));
        }
        for series in &mut self.series {
            *series = series.take().filter(|s| !s.iter().any(wide));
        }
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }
}

fn unfit(reason: impl ToString) -> Unavailable {
    Unavailable::Unfit(reason.to_string())
}

/// The expectation of every term of a plan that follows from first and second moments.
///
/// # Errors
/// [`Unavailable`]: a step that leaves the polynomials, a law without known variance, more work than `budget`, no term
/// that follows, or a run that is given up.
pub(super) fn moments(
    instance: &Instance,
    plan: &Plan,
    budget: super::Budget,
    progress: &dyn Progress,
) -> Result<MomentEstimates, Unavailable> {
    let mut left = budget.0.min(MOST_SPENT);
    let mut best: Option<MomentEstimates> = None;
    for bits in PRECISIONS {
        let (found, spent) =
            Enclosure::at_precision(bits, || Polynomial::within(left, || Walk::new(instance, plan, progress).run()));
        left = left.saturating_sub(spent);
        match found {
            Ok(found) => {
                let done = found.is_exact();
                let sharp = found.agreement() >= SHARP;
                best = Some(found);
                // An exact value decides an equality, but is not worth the whole budget.
                if done || sharp && bits > PRECISIONS[0] {
                    break;
                }
            }
            Err(Unavailable::Stopped) => return Err(Unavailable::Stopped),
            Err(unfit) if best.is_none() => return Err(unfit),
            Err(_) => break,
        }
    }
    let best = best.map(MomentEstimates::useful).filter(|b| !b.is_empty());
    best.ok_or_else(|| unfit("no term follows from first and second moments"))
}

/// What is known of a reduction of a path.
#[derive(Clone)]
enum Reduced {
    /// Not looked at yet.
    Nothing,
    /// The same on every path.
    Known(Polynomial),
    /// The sum of these statistics, each at its iterate.
    Sum(Vec<(usize, Polynomial)>),
    /// No polynomial.
    Lost,
}

struct Walk<'a> {
    instance: &'a Instance,
    plan: &'a Plan,
    progress: &'a dyn Progress,
    /// What each step made of the state before it, entry by entry, and its draws; the first makes the start.
    steps: Vec<(Vec<Polynomial>, Draws)>,
    reduced: Vec<Vec<Reduced>>,
    /// The combinations of reductions, as polynomials in the last state and in what stands for the sums.
    paths: Vec<Option<Polynomial>>,
    series: Vec<Option<Vec<(usize, Polynomial)>>>,
    traffic: Traffic,
}

/// Monomials of the state at each iterate.
type Wanted = Vec<BTreeSet<Monomial>>;

impl<'a> Walk<'a> {
    fn new(instance: &'a Instance, plan: &'a Plan, progress: &'a dyn Progress) -> Self {
        Walk {
            instance,
            plan,
            progress,
            steps: Vec::new(),
            reduced: plan.paths.iter().map(|(_, r)| vec![Reduced::Nothing; r.len()]).collect(),
            paths: vec![None; plan.paths.len()],
            series: vec![Some(Vec::new()); plan.series.len()],
            traffic: Traffic::default(),
        }
    }

    fn run(mut self) -> Result<MomentEstimates, Unavailable> {
        let instance = self.instance;
        let d = instance.problem.dimension();
        let layout = instance.algorithm.layout(d, instance.workers);
        let (looks_back, averages) = (self.plan.looks_back(), self.plan.averages());
        let extra = (usize::from(looks_back) + usize::from(averages)) * d;
        let entries = d + layout.state + extra;
        if entries > MOST_ENTRIES || instance.horizon > MOST_STEPS {
            return Err(unfit("too large for moments"));
        }
        let (x, draws) = self.start(entries)?;
        let mut state = vec![Polynomial::zero(); layout.state];
        self.keep(x.iter().chain(&state), draws);
        let mut x = symbolised(&x, 0);
        let mut before: Vec<Polynomial> = Vec::new();
        let mut sum: Vec<Polynomial> = Vec::new();
        for k in 0..=instance.horizon {
            if self.progress.stop() {
                return Err(Unavailable::Stopped);
            }
            if averages {
                add_to(&mut sum, &x);
            }
            self.look(k, (&x, &state), &before, &sum);
            if self.is_lost() {
                return Err(unfit("no term follows from first and second moments"));
            }
            if k == instance.horizon {
                break;
            }
            let draws = Draws::after(entries);
            let mut door = SymbolicOracle { instance, draws, batch: 1, traffic: Traffic::default() };
            let mut work = Workspace::new(instance, x).looking_back(looks_back);
            work.state = state;
            step_once(instance, k, &mut work, &mut door).map_err(unfit)?;
            if Polynomial::is_spent() {
                return Err(unfit("more work than the budget allows"));
            }
            self.traffic.calls += door.traffic.calls;
            self.traffic.upload += door.traffic.upload;
            self.traffic.broadcast += door.traffic.broadcast;
            let linear = |p: &Polynomial| {
                let fits = p.terms().is_some_and(|t| t.iter().all(|(m, _)| door.draws.is_linear(m)));
                if fits { p.clone() } else { Polynomial::unknown() }
            };
            let made: Vec<Polynomial> =
                work.x.iter().chain(&work.state).chain(&work.before).chain(&sum).map(linear).collect();
            // Nothing that is left can be measured but constants, and these were seen.
            if made.iter().all(|p| p.terms().is_none()) {
                return Err(unfit("no number of the state follows from first and second moments"));
            }
            let mut symbols = symbolised(&made, 0);
            sum = symbols.split_off(symbols.len() - sum.len());
            before = symbols.split_off(symbols.len() - work.before.len());
            state = symbols.split_off(d);
            x = symbols;
            self.steps.push((made, door.draws));
        }
        self.combine();
        self.evaluate()
    }

    /// The first iterate: a point, or a draw.
    fn start(&self, entries: usize) -> Result<(Vec<Polynomial>, Draws), Unavailable> {
        let mut draws = Draws::after(entries);
        match &self.instance.start {
            StartPoint::At(point) => {
                let x: Result<Vec<Polynomial>, Fault> = point.iter().map(Real::cast).collect();
                Ok((x.map_err(unfit)?, draws))
            }
            StartPoint::Random(law) => {
                let mut x = vec![Polynomial::zero(); self.instance.problem.dimension()];
                let law = law.draw_moments().ok_or_else(|| unfit("a start without known variance"))?;
                draws.apply(law, 1, &mut x).map_err(unfit)?;
                Ok((x, draws))
            }
            StartPoint::Drawn => Err(unfit("a start without known variance")),
        }
    }

    fn keep<'p>(&mut self, made: impl Iterator<Item = &'p Polynomial>, draws: Draws) {
        self.steps.push((made.cloned().collect(), draws));
    }

    fn is_lost(&self) -> bool {
        let path = |r: &Vec<Reduced>| r.iter().any(|r| matches!(r, Reduced::Lost));
        self.reduced.iter().all(path) && self.series.iter().all(Option::is_none)
    }

    fn look(&mut self, k: u64, (x, state): (&[Polynomial], &[Polynomial]), before: &[Polynomial], sum: &[Polynomial]) {
        let (instance, plan) = (self.instance, self.plan);
        let mut gradient = vec![Polynomial::zero(); x.len()];
        let point = Point::new(instance, x, state, &mut gradient).after(self.traffic);
        let mut point = point.since(before).with_sum(k, sum);
        let at = k as usize;
        for ((_, reductions), reduced) in plan.paths.iter().zip(&mut self.reduced) {
            for ((reducer, probe), reduced) in reductions.iter().zip(reduced) {
                if is_due(instance, *reducer, k) && !matches!(reduced, Reduced::Lost) {
                    let value = probe.evaluate(&mut point).unwrap_or_else(|_| Polynomial::unknown());
                    *reduced = one_more(*reducer, std::mem::replace(reduced, Reduced::Lost), at, value);
                }
            }
        }
        for ((reducer, probe), series) in plan.series.iter().zip(&mut self.series) {
            if is_due(instance, *reducer, k)
                && let Some(values) = series
            {
                match probe.evaluate(&mut point) {
                    Ok(value) if is_quadratic(&value) => values.push((at, value)),
                    _ => *series = None,
                }
            }
        }
    }

    /// The symbol that stands for the sum of a path's reduction.
    fn stand_in(&self, reduction: usize) -> u32 {
        let entries = self.steps.iter().map(|(made, _)| made.len()).max().unwrap_or(0);
        (entries + 1 + reduction) as u32
    }

    fn combine(&mut self) {
        let end = self.instance.horizon as usize;
        for (p, (combine, reductions)) in self.plan.paths.iter().enumerate() {
            let values: Option<Vec<Polynomial>> = self.reduced[p]
                .iter()
                .enumerate()
                .map(|(r, reduced)| match reduced {
                    Reduced::Known(value) => Some(value.clone()),
                    Reduced::Sum(terms) => match terms.as_slice() {
                        [(at, value)] if *at == end && reductions[r].0 != Reducer::Mean => Some(value.clone()),
                        _ => Some(Polynomial::symbol(self.stand_in(r))),
                    },
                    Reduced::Nothing | Reduced::Lost => None,
                })
                .collect();
            let combined = values.and_then(|v| combine_path(self.instance, combine, reductions, v).ok());
            let first = self.stand_in(0);
            let fits = |m: &Monomial| m.degree() <= 1 || m.degree() == 2 && m.symbols().all(|s| s < first);
            self.paths[p] = combined.filter(|c| c.terms().is_some_and(|t| t.iter().all(|(m, _)| fits(m))));
        }
    }

    /// Every (iterate, polynomial) whose expectation is wanted.
    fn wanted(&self) -> impl Iterator<Item = (usize, &Polynomial)> {
        let sums = self.reduced.iter().zip(&self.paths).filter(|(_, path)| path.is_some());
        let sums = sums.flat_map(|(reduced, _)| reduced).filter_map(|r| match r {
            Reduced::Sum(terms) => Some(terms),
            _ => None,
        });
        let series = self.series.iter().flatten();
        sums.chain(series).flatten().map(|(at, value)| (*at, value))
    }

    fn evaluate(&self) -> Result<MomentEstimates, Unavailable> {
        let mut wanted: Wanted = vec![BTreeSet::new(); self.steps.len()];
        for (at, value) in self.wanted() {
            wanted[at].extend(value.terms().into_iter().flatten().map(|(m, _)| *m));
        }
        let end = self.steps.len() - 1;
        let first = self.stand_in(0);
        for path in self.paths.iter().flatten() {
            let own = path.terms().into_iter().flatten().map(|(m, _)| *m);
            wanted[end].extend(own.filter(|m| m.symbols().all(|s| s < first)));
        }
        let expansions = self.expansions(&mut wanted)?;
        let mut values: Vec<BTreeMap<Monomial, Enclosure>> = Vec::with_capacity(wanted.len());
        for expanded in &expansions {
            let nothing = BTreeMap::new();
            let old = values.last().unwrap_or(&nothing);
            let mut now = BTreeMap::from([(Monomial::default(), Enclosure::one())]);
            for (monomial, terms) in expanded {
                let value = expectation(terms, old).ok_or_else(|| unfit("a moment is missing"))?;
                now.insert(*monomial, value);
            }
            values.push(now);
        }
        let of = |at: usize, value: &Polynomial| expectation(value.terms()?, &values[at]);
        let mut paths = Vec::with_capacity(self.paths.len());
        for (p, path) in self.paths.iter().enumerate() {
            paths.push(path.as_ref().and_then(|path| {
                let mut known = values[end].clone();
                for (r, reduced) in self.reduced[p].iter().enumerate() {
                    if let Reduced::Sum(terms) = reduced {
                        let mut sum = Enclosure::zero();
                        for (at, value) in terms {
                            sum += &of(*at, value)?;
                        }
                        known.insert(Monomial::of(&[self.stand_in(r)])?, sum);
                    }
                }
                expectation(path.terms()?, &known)
            }));
        }
        let series = self.series.iter().map(|series| {
            let values = series.as_ref()?.iter().map(|(at, value)| of(*at, value));
            values.collect::<Option<Vec<Enclosure>>>()
        });
        Ok(MomentEstimates { paths, series: series.collect(), traffic: self.traffic })
    }

    /// What each wanted moment is in those of the iterate before, which become wanted in turn.
    #[allow(clippy::type_complexity)]
    fn expansions(&self, wanted: &mut Wanted) -> Result<Vec<Vec<(Monomial, Vec<(Monomial, Enclosure)>)>>, Unavailable> {
        let mut all = vec![Vec::new(); wanted.len()];
        for at in (0..wanted.len()).rev() {
            let (made, draws) = &self.steps[at];
            let mut earlier = BTreeSet::new();
            for monomial in std::mem::take(&mut wanted[at]).into_iter().filter(|m| m.degree() > 0) {
                let factors = monomial.symbols().map(|s| &made[s as usize - 1]);
                let product = factors.fold(Polynomial::one(), |product, factor| product * factor);
                let terms =
                    draws.expectation(&product).ok_or_else(|| unfit("moments beyond the second, or the budget"))?;
                earlier.extend(terms.iter().map(|(m, _)| *m));
                all[at].push((monomial, terms));
            }
            if self.progress.stop() {
                return Err(Unavailable::Stopped);
            }
            if let Some(before) = at.checked_sub(1) {
                wanted[before].append(&mut earlier);
            }
        }
        Ok(all)
    }
}

/// Numbers that are known as they are, all others as the symbols of their places.
fn symbolised(made: &[Polynomial], first: u32) -> Vec<Polynomial> {
    let symbol = |(i, p): (usize, &Polynomial)| match (p.known(), p.terms()) {
        (Some(value), _) => Polynomial::constant(value),
        (None, None) => Polynomial::unknown(),
        (None, Some(_)) => Polynomial::symbol(first + i as u32 + 1),
    };
    made.iter().enumerate().map(symbol).collect()
}

fn is_quadratic(value: &Polynomial) -> bool {
    value.terms().is_some_and(|terms| terms.iter().all(|(m, _)| m.degree() <= 2))
}

fn one_more(reducer: Reducer, old: Reduced, at: usize, value: Polynomial) -> Reduced {
    let random = |old: Vec<(usize, Polynomial)>, value: Polynomial| {
        if !is_quadratic(&value) {
            return Reduced::Lost;
        }
        let mut all = old;
        all.push((at, value));
        Reduced::Sum(all)
    };
    match (reducer, old) {
        (_, Reduced::Lost) => Reduced::Lost,
        (_, Reduced::Nothing) if value.known().is_some() => Reduced::Known(value),
        (Reducer::Min | Reducer::Max, Reduced::Nothing) => Reduced::Lost,
        (_, Reduced::Nothing) => random(Vec::new(), value),
        (Reducer::Mean, Reduced::Known(old)) if value.known().is_none() => random(vec![(at, old)], value),
        (_, Reduced::Known(old)) if value.known().is_some() => Reduced::Known(reduce(reducer, old, &value)),
        (Reducer::Mean, Reduced::Sum(old)) => random(old, value),
        _ => Reduced::Lost,
    }
}

/// The sum of the terms at these moments; `None` where one is missing.
fn expectation(terms: &[(Monomial, Enclosure)], moments: &BTreeMap<Monomial, Enclosure>) -> Option<Enclosure> {
    let mut sum = Enclosure::zero();
    for (monomial, value) in terms {
        if monomial.degree() == 0 {
            sum += value;
        } else {
            sum += &(value.clone() * moments.get(monomial)?);
        }
    }
    Some(sum)
}
