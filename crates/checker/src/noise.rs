//! Noise laws with finitely many values.

use crate::expr::{Expr, parse, split};
use crate::number::{Num, Q, sign};
use crate::part::{Names, Part, exact};
use crate::{Answer, Fault, refuse, unsupported};
use std::collections::HashMap;
use std::hash::Hash;

/// What may come about, with probabilities.
pub(crate) type Outcomes<T> = Vec<(T, Q)>;

/// A law of the noise.
#[derive(Debug, Clone)]
pub(crate) enum Noise {
    /// No noise.
    None,
    /// Independent coordinates: what is added to each.
    Apart(Vec<Outcomes<Num>>),
    /// What is added to all coordinates at once.
    Joint(Outcomes<Vec<Num>>),
    /// Independent coordinates: values and probabilities as expressions in the gradient's coordinate.
    State(Vec<(Expr, Expr)>),
}

/// Puts equal outcomes together and leaves out those of probability 0.
pub(crate) fn merged<T: Eq + Hash>(all: impl IntoIterator<Item = (T, Q)>) -> Outcomes<T> {
    let mut found: HashMap<T, Q> = HashMap::new();
    for (value, p) in all {
        if !p.is_zero() {
            *found.entry(value).or_insert(Q::ZERO) += p;
        }
    }
    found.into_iter().collect()
}

/// Most outcomes that are followed at one time.
pub(crate) const MOST: usize = 120_000;

/// Every pair of outcomes of two independent laws.
pub(crate) fn product<A: Clone, B: Clone, C>(
    a: &[(A, Q)],
    b: &[(B, Q)],
    f: impl Fn(&A, &B) -> C,
) -> Answer<Outcomes<C>> {
    if a.len().saturating_mul(b.len()) > MOST {
        return Err(Fault::TooMany(format!("more than {MOST} outcomes of one step")));
    }
    let one = |(x, p): &(A, Q), (y, q): &(B, Q)| (f(x, y), p * q);
    Ok(a.iter().flat_map(|x| b.iter().map(move |y| (x, y))).map(|(x, y)| one(x, y)).collect())
}

/// Every list of outcomes of independent laws.
pub(crate) fn all_of<T: Clone>(laws: &[Outcomes<T>]) -> Answer<Outcomes<Vec<T>>> {
    laws.iter().try_fold(vec![(Vec::new(), Q::ONE)], |before, law| {
        product(&before, law, |list: &Vec<T>, next: &T| [list.as_slice(), std::slice::from_ref(next)].concat())
    })
}

/// Refuses probabilities that are negative or do not sum to 1.
fn probabilities<'a>(all: impl Iterator<Item = &'a Q>) -> Answer<()> {
    let mut total = Q::ZERO;
    for p in all {
        if sign(p) < 0 {
            return refuse("a probability is negative");
        }
        total += p;
    }
    if total.is_one() { Ok(()) } else { refuse(format!("the probabilities of the noise sum to {total}, not to 1")) }
}

fn centred(law: &[(Num, Q)], mean: &Num) -> Answer<()> {
    probabilities(law.iter().map(|(_, p)| p))?;
    let found = law.iter().fold(Num::int(0), |s, (v, p)| &s + &(v * &Num::from(p.clone())));
    match (&found - mean).sign()? {
        0 => Ok(()),
        _ => refuse(format!("the mean of the noise's atoms is {}, not {}", found.show(), mean.show())),
    }
}

impl Noise {
    /// Reads a law for so many coordinates.
    pub(crate) fn read(part: Part, d: usize, names: Names) -> Answer<Noise> {
        let keys = |own: &[&str]| part.only(&[own, &["law"]].concat());
        let scale = || match part.get("scale") {
            Some(_) => part.vector("scale", Some(d), names),
            None => Ok(vec![Num::int(1); d]),
        };
        let apart = |atoms: Outcomes<Num>| -> Answer<Noise> {
            centred(&atoms, &Num::int(0))?;
            let times = |s: &Num| merged(atoms.iter().map(|(v, p)| (v * s, p.clone())));
            Ok(Noise::Apart(scale()?.iter().map(times).collect()))
        };
        let atom = |n: i64, m: u64, p: Q| (Num::from(crate::number::ratio(n, m)), p);
        match part.text("law")? {
            "rademacher" => {
                keys(&["scale"])?;
                let half = crate::number::ratio(1, 2);
                apart(vec![atom(1, 1, half.clone()), atom(-1, 1, half)])
            }
            "skew50" => {
                keys(&["scale"])?;
                apart(vec![atom(459, 10, crate::number::ratio(1, 10)), atom(-51, 10, crate::number::ratio(9, 10))])
            }
            "sparse-independent" => {
                keys(&["scale", "probability", "size"])?;
                let p = exact(&[part.number("probability", "", names)?], "probability")?.remove(0);
                let size = part.number("size", "1", names)?;
                crate::part::above(&size, 0, false, "size")?;
                let half = &p / Q::from(2);
                apart(vec![(size.clone(), half.clone()), (-size, half), atom(0, 1, Q::ONE - p)])
            }
            "finite" => {
                keys(&["scale", "atoms"])?;
                let mut atoms = Vec::new();
                for row in part.rows("atoms", names)? {
                    let [value, p] = row.as_slice() else { return refuse("an atom is no pair [value, probability]") };
                    atoms.push((value.clone(), exact(std::slice::from_ref(p), "probability")?.remove(0)));
                }
                apart(atoms)
            }
            "joint" => {
                keys(&["atoms"])?;
                let mut atoms = Vec::new();
                for mut row in part.rows("atoms", names)? {
                    if row.len() != d + 1 {
                        return refuse(format!("an atom of {} numbers in {d} coordinates", row.len()));
                    }
                    let p = exact(&[row.pop().unwrap_or(Num::int(0))], "probability")?.remove(0);
                    atoms.push((row, p));
                }
                for i in 0..d {
                    let one: Outcomes<Num> = atoms.iter().map(|(v, p)| (v[i].clone(), p.clone())).collect();
                    centred(&one, &Num::int(0))?;
                }
                Ok(Noise::Joint(merged(atoms)))
            }
            "state-atoms" => {
                keys(&["atoms"])?;
                let mut atoms = Vec::new();
                for atom in split(part.text("atoms")?, ';') {
                    match split(atom, ':').as_slice() {
                        [value, p] => atoms.push((parse(value)?, parse(p)?)),
                        _ => return refuse(format!("'{atom}' is no atom 'value : probability'")),
                    }
                }
                Ok(Noise::State(atoms))
            }
            other => unsupported(format!("the noise law '{other}'")),
        }
    }

    /// The law of one stochastic gradient, where the gradient is g.
    pub(crate) fn draws(&self, g: &[Num]) -> Answer<Outcomes<Vec<Num>>> {
        match self {
            Noise::None => Ok(vec![(g.to_vec(), Q::ONE)]),
            Noise::Joint(atoms) => Ok(atoms.iter().map(|(v, p)| (crate::number::plus(g, v), p.clone())).collect()),
            Noise::Apart(laws) => {
                let moved = |(law, g): (&Outcomes<Num>, &Num)| law.iter().map(|(v, p)| (v + g, p.clone())).collect();
                all_of(&laws.iter().zip(g).map(moved).collect::<Vec<Outcomes<Num>>>())
            }
            Noise::State(atoms) => {
                let law = |g: &Num| -> Answer<Outcomes<Num>> {
                    let names =
                        |n: &str| if n == "g" { Ok(g.clone()) } else { unsupported(format!("'{n}' in state-atoms")) };
                    let mut out = Vec::new();
                    for (value, p) in atoms {
                        let p = exact(&[p.value(&names)?], "probability")?.remove(0);
                        out.push((value.value(&names)?, p));
                    }
                    centred(&out, g)?;
                    Ok(merged(out))
                };
                all_of(&g.iter().map(law).collect::<Answer<Vec<_>>>()?)
            }
        }
    }

    /// The atoms of what is added, where that does not depend on the state.
    pub(crate) fn added(&self, d: usize) -> Answer<Option<Outcomes<Vec<Num>>>> {
        match self {
            Noise::State(_) => Ok(None),
            _ => Ok(Some(self.draws(&vec![Num::int(0); d])?)),
        }
    }
}

/// The law of the mean of n independent draws.
pub(crate) fn mean_of(law: &Outcomes<Vec<Num>>, n: usize) -> Answer<Outcomes<Vec<Num>>> {
    if law.len() == 1 || n == 1 {
        return Ok(law.clone());
    }
    if n > 2000 {
        return Err(Fault::TooMany("a mean of more than 2000 draws".into()));
    }
    let mut sum = law.clone();
    for _ in 1..n {
        sum = merged(product(&sum, law, |a: &Vec<Num>, b: &Vec<Num>| crate::number::plus(a, b))?);
    }
    let part = Num::from(crate::number::ratio(1, n as u64));
    Ok(sum.into_iter().map(|(v, p)| (crate::number::scaled(&part, &v), p)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;
    use crate::number::ratio;

    fn noise(text: &str, d: usize) -> Answer<Noise> {
        let json = Json::read(text).unwrap();
        Noise::read(Part::of(&json, "noise").unwrap(), d, &|n| refuse(n))
    }

    #[test]
    fn atoms_have_mean_0_and_probabilities_that_sum_to_1() {
        let law = noise("{\"law\": \"finite\", \"atoms\": [[\"15/4\", \"1/4\"], [\"-5/4\", \"3/4\"]]}", 1).unwrap();
        let mut found = law.draws(&[Num::from(ratio(1, 4))]).unwrap();
        found.sort_by_key(|(_, p)| p.clone());
        assert_eq!(found, [(vec![Num::int(4)], ratio(1, 4)), (vec![Num::int(-1)], ratio(3, 4))]);
        assert!(noise("{\"law\": \"finite\", \"atoms\": [[1, \"1/2\"], [-1, \"1/4\"]]}", 1).is_err());
        assert!(noise("{\"law\": \"finite\", \"atoms\": [[1, \"1/2\"], [0, \"1/2\"]]}", 1).is_err());
        assert!(noise("{\"law\": \"joint\", \"atoms\": [[1, 0, \"1/2\"], [-1, 1, \"1/2\"]]}", 2).is_err());
        let state = noise("{\"law\": \"state-atoms\", \"atoms\": \"g + 1 : 1/2; g : 1/2\"}", 1).unwrap();
        assert!(state.draws(&[Num::int(1)]).is_err());
    }

    #[test]
    fn a_mean_of_coins_is_binomial() {
        let law = noise("{\"law\": \"rademacher\"}", 1).unwrap().draws(&[Num::int(0)]).unwrap();
        let mean = mean_of(&law, 4).unwrap();
        let middle = mean.iter().find(|(v, _)| v[0].is_zero()).unwrap();
        assert_eq!((mean.len(), &middle.1), (5, &ratio(3, 8)));
    }
}
