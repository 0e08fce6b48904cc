//! Expectations of statistics that leave the rationals, over states that do not.
//!
//! A norm or a root of rational coordinates is irrational, and its mean over finitely many outcomes as well. It is enclosed at every
//! state, and the sum with it.

use crate::engine::{Plan, Point, Probe, Traffic, combine_path, not_recorded};
use crate::model::Evaluating;
use crate::scalar::{Enclosure, Fault, Rational, Scalar};
use crate::spec::{Instance, Reducer};

/// A sum of expectations, exact as long as all that is added is.
#[derive(Debug, Clone)]
pub(super) struct Total {
    exact: Rational,
    rest: Option<Enclosure>,
}

impl Total {
    /// 0.
    pub fn zero() -> Self {
        Total { exact: Rational::zero(), rest: None }
    }

    /// Adds a value times its weight.
    pub fn add(&mut self, value: &Value, weight: &Rational) {
        match value {
            Value::Exact(value) => self.exact.add_product(value, weight),
            Value::Enclosed(value) => {
                let part = value.clone() * &Enclosure::from_rational(weight);
                *self.rest.get_or_insert_with(Enclosure::zero) += &part;
            }
        }
    }

    /// The sum times a number.
    pub fn scaled(mut self, by: &Rational) -> Self {
        self.exact *= by;
        self.rest = self.rest.map(|rest| rest * &Enclosure::from_rational(by));
        self
    }

    /// The sum, where all that was added is exact.
    pub fn exact(&self) -> Option<Rational> {
        self.rest.is_none().then(|| self.exact.clone())
    }

    /// The sum, enclosed.
    pub fn enclosed(&self) -> Enclosure {
        let exact = Enclosure::from_rational(&self.exact);
        self.rest.iter().fold(exact, |sum, rest| sum + rest)
    }
}

/// A statistic at a state.
pub(super) enum Value {
    Exact(Rational),
    Enclosed(Enclosure),
}

/// A state in enclosures, for what is irrational about it.
pub(super) struct Enclosed<'a> {
    pub instance: &'a Instance,
    pub x: &'a [Rational],
    pub state: &'a [Rational],
    pub before: &'a [Rational],
    pub sum: &'a [Rational],
    pub traffic: Traffic,
    pub k: u64,
}

impl Enclosed<'_> {
    fn at<T>(&self, f: impl FnOnce(&mut Point<'_, Enclosure>) -> Result<T, Fault>) -> Result<T, Fault> {
        let cast = |all: &[Rational]| all.iter().map(Enclosure::from_rational).collect::<Vec<_>>();
        let (x, state, before, sum) = (cast(self.x), cast(self.state), cast(self.before), cast(self.sum));
        let mut gradient = vec![Enclosure::zero(); x.len()];
        let point = Point::new(self.instance, &x, &state, &mut gradient).after(self.traffic);
        f(&mut point.since(&before).with_sum(self.k, &sum))
    }

    /// A statistic.
    pub fn statistic(&self, probe: &Probe) -> Result<Enclosure, Fault> {
        self.at(|point| probe.evaluate(point))
    }

    /// A path functional.
    pub fn finished(&self, plan: &Plan, p: usize, ends: Ends<'_>) -> Result<Enclosure, Fault> {
        self.at(|point| finished(self.instance, plan, p, ends, point))
    }
}

/// Of a path's reductions: their places among the carried values, what was seen first, and the carried values.
pub(super) type Ends<'a> = (&'a [Option<usize>], &'a [Option<Rational>], &'a [Option<Rational>]);

/// A path functional at the end of its path.
pub(super) fn finished<S: Evaluating>(
    instance: &Instance,
    plan: &Plan,
    p: usize,
    (places, first, carried): Ends<'_>,
    point: &mut Point<'_, S>,
) -> Result<S, Fault> {
    let (combine, reductions) = &plan.paths[p];
    let known = |value: &Option<Rational>| value.as_ref().map(S::from_rational).ok_or_else(not_recorded);
    let mut reduced = Vec::with_capacity(reductions.len());
    for (r, (reducer, probe)) in reductions.iter().enumerate() {
        reduced.push(match (places[r], reducer) {
            (Some(place), _) => known(&carried[place])?,
            (None, Reducer::First) => known(&first[r])?,
            (None, _) => probe.evaluate(point)?,
        });
    }
    combine_path(instance, combine, reductions, reduced)
}
