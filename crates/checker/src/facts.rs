//! Constants of an instance, and the hypotheses that they meet.

use crate::instance::Instance;
use crate::linear::{inertia, spectral_norm};
use crate::noise::{Noise, Outcomes};
use crate::number::{Num, Q, entrywise, mean, norm1, norm2sq, ratio, sum};
use crate::part::exact;
use crate::problem::{Loss, Problem};
use crate::{Answer, refuse, unsupported};
use std::cmp::Ordering;

/// The names of facts that this checker knows a formula for.
const FACTS: &[&str] = &[
    "d",
    "M",
    "n",
    "f0",
    "fstar",
    "D",
    "L",
    "L1",
    "Lmax",
    "Linf",
    "mu",
    "mu1",
    "R",
    "grad0_l1",
    "grad0_l2",
    "G",
    "sigma",
    "sigma1",
    "sigma_l1",
    "sigma_max",
    "p_sign",
    "I_sign",
    "second_moment",
    "delta",
];

/// I_p(kappa, kappa) = P[at least kappa of 2 kappa - 1 coins are right].
pub(crate) fn incomplete_beta(p: &Num, kappa: usize) -> Num {
    let n = (2 * kappa).saturating_sub(1);
    let q = &Num::int(1) - p;
    let mut choose = Q::ONE;
    let mut out = Num::int(0);
    for j in 0..=n {
        if j >= kappa {
            out = &out + &(&(&p.power(j as u64) * &q.power((n - j) as u64)) * &Num::from(choose.clone()));
        }
        choose = choose * Q::from(n - j) / Q::from(j + 1);
    }
    out
}

/// A constant m of f = x^2 + 3 sin(x)^2 with f'^2 >= 2 m f everywhere. It is valid, and not the largest one.
///
/// f and f'^2 are even, so let u = 2x >= 0. Then f = u^2/4 + 3 sin(u/2)^2 <= u^2/4 + 3u^2/4 = u^2, as |sin t| <= t. And
/// f' = u + 3 sin u >= u/4, as sin u >= -u/4: up to pi the sine is not negative; from 4 on -u/4 <= -1; between them
/// sin u = -sin(u - pi) >= -(u - pi), which is at least -u/4 where u <= 4 pi/3, that is beyond 4.
/// So f'^2 >= u^2/16 >= f/16 = 2 f/32.
fn toy_pl() -> Q {
    ratio(1, 32)
}

fn largest(all: &[Num]) -> Option<Num> {
    let mut sizes = all.iter().map(Num::abs);
    let first = sizes.next()?;
    Some(sizes.fold(first, |a, b| a.max(&b)))
}

/// The smallest positive entry, where none is negative and one is positive.
fn least_positive(all: &[Num]) -> Answer<Option<Num>> {
    let mut out: Option<Num> = None;
    for a in all {
        match a.sign()? {
            0 => {}
            1 => out = Some(out.map_or(a.clone(), |b| b.min(a))),
            _ => return Ok(None),
        }
    }
    Ok(out)
}

impl Instance {
    /// A fact; `None` where the parts do not supply it.
    pub(crate) fn fact(&self, name: &str) -> Answer<Option<Num>> {
        if !FACTS.contains(&name) {
            return match name {
                "rho" | "gap_median" => unsupported(format!("the fact '{name}'")),
                _ => refuse(format!("'{name}' is no declared parameter and no fact")),
            };
        }
        if let Some(known) = self.facts.borrow().get(name) {
            return known.clone();
        }
        let found = self.work_out(name);
        self.facts.borrow_mut().insert(name.to_string(), found.clone());
        found
    }

    /// Refuses a parameter that has the name of a fact and another value.
    pub(crate) fn clashes(&self) -> Answer<()> {
        for (name, value) in &self.parameters {
            if !FACTS.contains(&name.as_str()) {
                continue;
            }
            match self.fact(name) {
                Ok(Some(fact)) if fact.order(value) != Ok(Ordering::Equal) => {
                    return refuse(format!("the parameter '{name}' has the name of a fact, which is {}", fact.show()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The curvatures of a separable quadratic and its minimiser.
    fn separable(&self) -> Answer<Option<(Vec<Num>, Vec<Num>)>> {
        let Problem::Quadratic(curvature, centres, _) = &self.problem else { return Ok(None) };
        let pulls = curvature.iter().zip(centres).map(|(a, c)| entrywise(a, c, |a, c| a * c));
        let (curvature, pulls) = (mean(curvature), mean(&pulls.collect::<Vec<_>>()));
        let centre = |(a, pull): (&Num, &Num)| if a.is_zero() { Ok(Num::int(0)) } else { pull.over(a) };
        let centre = curvature.iter().zip(&pulls).map(centre).collect::<Answer<_>>()?;
        Ok(Some((curvature, centre)))
    }

    /// The curvatures of coordinates, where the objective has some.
    fn curvatures(&self) -> Answer<Option<Vec<Num>>> {
        Ok(match &self.problem {
            Problem::Huber(l, _, d) => Some(vec![l.clone(); *d]),
            Problem::Linear(c, _) => Some(vec![Num::int(0); c.len()]),
            // f'' = 2 + 6 cos 2x lies between -4 and 8.
            Problem::Toy => Some(vec![Num::int(8)]),
            _ => self.separable()?.map(|s| s.0),
        })
    }

    fn rows(&self) -> Answer<Option<Vec<Vec<Q>>>> {
        match &self.problem {
            Problem::Matrix(rows) => Ok(Some(rows.iter().map(|r| exact(r, "matrix")).collect::<Answer<_>>()?)),
            _ => Ok(None),
        }
    }

    fn minimum(&self) -> Answer<Option<Num>> {
        if let Some((a, c)) = self.separable()? {
            for a in &a {
                if a.sign()? < 0 {
                    return Ok(None);
                }
            }
            return Ok(Some(self.problem.value(&c)?));
        }
        if let Some(rows) = self.rows()? {
            return Ok((inertia(&rows, &Q::ZERO).0 == 0).then(|| Num::int(0)));
        }
        Ok(match &self.problem {
            Problem::Huber(..) | Problem::Pair(..) | Problem::Toy => Some(Num::int(0)),
            Problem::Linear(c, Some(sides)) => {
                let down: Vec<Num> = c.iter().zip(sides).map(|(c, b)| &c.abs() * b).collect();
                Some(-sum(&down))
            }
            Problem::Linear(c, None) => c.iter().all(Num::is_zero).then(|| Num::int(0)),
            Problem::Lines(lines, ..) => {
                // One line, or lines without targets: some x meets them all.
                let alone = lines.len() == 1 && !lines[0].size().is_zero();
                let met = alone || self.problem.value(&vec![Num::int(0); self.start.len()])?.is_zero();
                met.then(|| Num::int(0))
            }
            Problem::MaxType(g, r, d) => Some(-(g * r).over(&Num::int(*d as i64).sqrt()?)?),
            _ => None,
        })
    }

    /// The atoms of the noise that is added, where the gradient has no other noise.
    fn added(&self) -> Answer<Option<Outcomes<Vec<Num>>>> {
        if self.minibatch { Ok(None) } else { self.noise.added(self.start.len()) }
    }

    fn moment(&self, of: impl Fn(&[Num]) -> Num) -> Answer<Option<Num>> {
        Ok(self.added()?.map(|law| {
            let parts: Vec<Num> = law.iter().map(|(v, p)| &of(v) * &Num::from(p.clone())).collect();
            sum(&parts)
        }))
    }

    fn deviations(&self) -> Answer<Option<Vec<Num>>> {
        let mut out = Vec::new();
        for i in 0..self.start.len() {
            match self.moment(|v| v[i].power(2))? {
                Some(variance) => out.push(variance.sqrt()?),
                None => return Ok(None),
            }
        }
        Ok(Some(out))
    }

    /// sup |g|_2^2 over all x.
    fn steepest(&self) -> Answer<Option<Num>> {
        Ok(match &self.problem {
            Problem::Huber(_, s, d) => Some(&s.power(2) * &Num::int(*d as i64)),
            Problem::MaxType(g, ..) => Some(g.power(2)),
            Problem::Pair(eps, _) => Some(&(&eps.power(2) + &Num::int(1)) * &Num::int(2)),
            Problem::Linear(c, _) => Some(norm2sq(c)),
            Problem::Lines(lines, _, Loss::Absolute, ..) if lines.len() == 1 => Some(lines[0].size()),
            _ => None,
        })
    }

    fn sign_probability(&self) -> Answer<Option<Num>> {
        if matches!(self.noise, Noise::None) && !self.minibatch {
            return Ok(Some(Num::int(1)));
        }
        let Some(law) = self.added()? else { return Ok(None) };
        let moving: Vec<bool> = match (&self.problem, self.separable()?) {
            (Problem::Linear(..), _) => return Ok(None),
            (_, Some((a, _))) => a.iter().map(|a| !a.is_zero()).collect(),
            _ => vec![true; self.start.len()],
        };
        // As f_i' goes to 0 from either side, an atom of 0 leaves the sign right.
        let mut least: Option<Q> = None;
        for i in (0..moving.len()).filter(|&i| moving[i]) {
            for side in [1, -1] {
                let mut right = Q::ZERO;
                for (v, p) in &law {
                    if v[i].sign()? != -side {
                        right += p;
                    }
                }
                least = Some(least.map_or(right.clone(), |l| l.min(right)));
            }
        }
        Ok(least.map(Num::from))
    }

    fn work_out(&self, name: &str) -> Answer<Option<Num>> {
        let start_slope = || self.problem.gradient(&self.start);
        let whole = |n: usize| Ok(Some(Num::int(n as i64)));
        match name {
            "d" => whole(self.start.len()),
            "M" => whole(self.workers),
            "n" => Ok(self.problem.samples().map(|n| Num::int(n as i64))),
            "f0" => self.problem.value(&self.start).map(Some),
            "fstar" => self.minimum(),
            "D" => match self.minimum()? {
                Some(least) => Ok(Some(&self.problem.value(&self.start)? - &least)),
                None => Ok(None),
            },
            "L" => match self.rows()? {
                Some(rows) => spectral_norm(&rows).map(Some),
                None => Ok(self.curvatures()?.and_then(|a| largest(&a))),
            },
            "Lmax" => Ok(self.curvatures()?.and_then(|a| largest(&a))),
            "L1" => Ok(self.curvatures()?.map(|a| norm1(&a))),
            "Linf" => match &self.problem {
                Problem::Matrix(rows) if rows.len() <= 12 => {
                    // |H s|_1 is largest at a vector of signs.
                    let mut best = Num::int(0);
                    for signs in 0u32..1 << rows.len() {
                        let turned = |i: usize, x: &Num| if signs >> i & 1 == 1 { -x.clone() } else { x.clone() };
                        let image = |row: &Vec<Num>| {
                            let all: Vec<Num> = row.iter().enumerate().map(|(i, x)| turned(i, x)).collect();
                            sum(&all)
                        };
                        best = best.max(&norm1(&rows.iter().map(image).collect::<Vec<_>>()));
                    }
                    Ok(Some(best))
                }
                _ => Ok(self.curvatures()?.map(|a| norm1(&a))),
            },
            "mu" | "mu1" => match (&self.problem, self.separable()?) {
                (Problem::Toy, _) => Ok(Some(Num::from(toy_pl()))),
                (_, Some((a, _))) => least_positive(&a),
                _ => Ok(None),
            },
            "R" => self.distance(),
            "grad0_l1" => Ok(Some(norm1(&start_slope()?))),
            "grad0_l2" => norm2sq(&start_slope()?).sqrt().map(Some),
            "G" => self.steepest()?.map(|g| g.sqrt()).transpose(),
            "sigma" => self.moment(norm2sq)?.map(|v| v.sqrt()).transpose(),
            "sigma_l1" => self.moment(|v| norm1(v).power(2))?.map(|v| v.sqrt()).transpose(),
            "sigma1" => Ok(self.deviations()?.map(|s| sum(&s))),
            "sigma_max" => Ok(self.deviations()?.and_then(|s| largest(&s))),
            "p_sign" => self.sign_probability(),
            "I_sign" => Ok(self.sign_probability()?.map(|p| incomplete_beta(&p, self.workers.div_ceil(2)))),
            "second_moment" => match (self.steepest()?, self.moment(norm2sq)?) {
                (Some(g), Some(v)) => Ok(Some(&g + &v)),
                _ => Ok(None),
            },
            "delta" => match &self.method.compressor {
                Some(compressor) => compressor.quality(self.start.len(), &self.blocks).map(Some),
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// The distance of the start to the set of minimisers.
    fn distance(&self) -> Answer<Option<Num>> {
        if let Some((a, c)) = self.separable()? {
            let mut out = Num::int(0);
            for ((a, c), x) in a.iter().zip(&c).zip(&self.start) {
                match a.sign()? {
                    0 => {}
                    1 => out = &out + &(x - c).power(2),
                    _ => return Ok(None),
                }
            }
            return out.sqrt().map(Some);
        }
        match &self.problem {
            // The slope of `Toy` has the sign of x, so that 0 is its only minimiser.
            Problem::Huber(..) | Problem::Pair(..) | Problem::Toy => norm2sq(&self.start).sqrt().map(Some),
            Problem::Lines(lines, ..) if lines.len() == 1 => lines[0].distance(&self.start).map(Some),
            // The minimiser is -(R/sqrt d)(1, .., 1): |x|^2 + 2 R/sqrt d sum x_i + R^2.
            Problem::MaxType(_, r, d) => {
                let across = (&(&Num::int(2) * r) * &sum(&self.start)).over(&Num::int(*d as i64).sqrt()?)?;
                (&(&norm2sq(&self.start) + &across) + &r.power(2)).sqrt().map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether a hypothesis holds; refused where it fails, unsupported where that is not known.
    pub(crate) fn audit(&self, name: &str) -> Answer<()> {
        let fails = |why: &str| refuse(format!("the hypothesis '{name}' fails: {why}"));
        let needs = |fact: &str| match self.fact(fact)? {
            Some(_) => Ok(()),
            None => unsupported(format!("the hypothesis '{name}': the fact '{fact}' is not known")),
        };
        let positive = |fact: &str| match self.fact(fact)? {
            Some(value) if value.sign()? > 0 => Ok(()),
            Some(value) => fails(&format!("{fact} = {}", value.show())),
            None => unsupported(format!("the hypothesis '{name}': the fact '{fact}' is not known")),
        };
        let kinks =
            matches!(self.problem, Problem::Pair(..) | Problem::MaxType(..) | Problem::Lines(_, _, Loss::Absolute, ..));
        match name {
            "lower-bound" => match (&self.problem, self.minimum()?) {
                (Problem::Linear(c, _), _) if !c.iter().all(Num::is_zero) => fails("a slope that never ends"),
                (Problem::Lines(..), _) | (_, Some(_)) => Ok(()),
                (Problem::Quadratic(..) | Problem::Matrix(_), None) => fails("a direction of negative curvature"),
                _ => unsupported("the hypothesis 'lower-bound' of this problem"),
            },
            "convex" => match (&self.problem, self.minimum()?) {
                (Problem::Quadratic(..) | Problem::Matrix(_), None) => fails("a direction of negative curvature"),
                (Problem::Toy, _) => fails("f'' = -4 at pi/2"),
                _ => Ok(()),
            },
            "smooth" | "smooth-coordinate" | "smooth-linf" => {
                if kinks {
                    fails("a kink")
                } else {
                    Ok(())
                }
            }
            "pl" | "pl-l1" => match &self.problem {
                Problem::Huber(..) | Problem::Linear(..) => fails("gradients stay bounded while f - f* does not"),
                _ => positive("mu"),
            },
            "minimiser" => needs("R"),
            "unbiased" => match (&self.noise, self.minibatch, self.problem.samples()) {
                (_, true, Some(n)) if n > 1 => fails("a sample of a sum has mean grad f/n"),
                (Noise::State(_), ..) => unsupported("the hypothesis 'unbiased' of atoms in the state"),
                _ => Ok(()),
            },
            "variance" => needs("sigma"),
            "variance-coordinate" => needs("sigma1"),
            "variance-l1" => needs("sigma_l1"),
            "second-moment" => needs("second_moment"),
            "bounded-gradient" => match (&self.problem, self.steepest()?) {
                (_, Some(_)) => Ok(()),
                (Problem::Quadratic(a, ..), None) if !a.iter().flatten().all(Num::is_zero) => {
                    fails("a quadratic has no largest gradient")
                }
                (Problem::Toy, None) => fails("f' = 2x + 3 sin 2x is as large as one likes"),
                _ => unsupported("the hypothesis 'bounded-gradient' of this problem"),
            },
            "delta-approximate" => positive("delta"),
            "sign-advantage" => match self.fact("p_sign")? {
                Some(p) if (&p - &Num::from(ratio(1, 2))).sign()? > 0 => Ok(()),
                Some(p) => fails(&format!("p_sign = {}", p.show())),
                None => unsupported("the hypothesis 'sign-advantage': p_sign is not known"),
            },
            "odd-workers" => {
                if self.workers % 2 == 1 {
                    Ok(())
                } else {
                    fails("an even number of workers")
                }
            }
            "bounded-domain" => match &self.problem {
                Problem::Linear(_, Some(_)) => Ok(()),
                _ => fails("there is no box"),
            },
            other => unsupported(format!("the hypothesis '{other}'")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_coins_are_right_as_often_as_two_of_three() {
        // 3 p^2 - 2 p^3 at 3/4.
        assert_eq!(incomplete_beta(&Num::from(ratio(3, 4)), 2), Num::from(ratio(27, 32)));
        assert_eq!(incomplete_beta(&Num::from(ratio(3, 4)), 1), Num::from(ratio(3, 4)));
    }

    #[test]
    fn the_constant_of_the_toy_is_valid() {
        // On a grid of [0, 20], with the two steps of the proof. The largest constant there is about 0.175.
        let mut least = f64::INFINITY;
        for i in (4..2000).step_by(8) {
            let x = [Num::from(ratio(i, 100))];
            let (f, g) = (Problem::Toy.value(&x).unwrap(), Problem::Toy.gradient(&x).unwrap().remove(0));
            let (square, u) = (g.power(2), Num::from(ratio(i, 50)));
            assert!(square.lo() >= (&(&Num::int(2) * &Num::from(toy_pl())) * &f).hi());
            assert!(g.lo() >= (&u * &Num::from(ratio(1, 4))).hi() && f.hi() <= u.power(2).lo());
            least = least.min(square.lo().to_f64_fast() / (2.0 * f.lo().to_f64_fast()));
        }
        assert!((0.17..0.18).contains(&least), "{least}");
    }
}
