//! Objectives: values, gradients, and the gradients of single workers and samples.

use crate::analysis::sin;
use crate::generator::Stream;
use crate::number::{Num, dot, entrywise, mean, minus, norm2sq, ratio, sum};
use crate::part::{Names, Part, above, count};
use crate::{Answer, Fault, refuse, unsupported};
use std::cmp::Ordering;

/// A row <a, x> - b of a sum of losses, by its entries that are not 0.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    entries: Vec<(usize, Num)>,
    target: Num,
}

/// A loss of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// u^2
    Square,
    /// |u|
    Absolute,
}

/// An objective.
#[derive(Debug, Clone)]
pub(crate) enum Problem {
    /// x'Hx/2
    Matrix(Vec<Vec<Num>>),
    /// c'x, perhaps on a box
    Linear(Vec<Num>, Option<Vec<Num>>),
    /// Huber losses of a curvature and a largest slope in so many coordinates
    Huber(Num, Num, usize),
    /// eps |x1 + x2| + |x1 - x2|, and sgn(0) in the subgradient
    Pair(Num, i64),
    /// sum of losses of lines in so many coordinates; test rows; sgn(0) in the subgradient
    Lines(Vec<Line>, Vec<Line>, Loss, usize, i64),
    /// mean over rows of sum_j a_j (x_j - c_j)^2/2, and whether each row belongs to a worker of its own
    Quadratic(Vec<Vec<Num>>, Vec<Vec<Num>>, bool),
    /// G max(max_i x_i, |x|_2 - R(1 + 1/sqrt d))
    MaxType(Num, Num, usize),
    /// x^2 + 3 sin(x)^2 in one variable
    Toy,
}

impl Line {
    fn dense(row: &[Num], target: Num) -> Line {
        let entries = row.iter().cloned().enumerate().filter(|(_, x)| !x.is_zero()).collect();
        Line { entries, target }
    }

    fn at(&self, x: &[Num]) -> Num {
        self.entries.iter().fold(-self.target.clone(), |s, (i, a)| &s + &(a * &x[*i]))
    }

    /// |a|_2^2.
    pub(crate) fn size(&self) -> Num {
        self.entries.iter().fold(Num::int(0), |s, (_, a)| &s + &a.power(2))
    }

    /// The distance of a point to where <a, x> = b.
    pub(crate) fn distance(&self, x: &[Num]) -> Answer<Num> {
        self.at(x).abs().over(&self.size().sqrt()?)
    }
}

/// The sign, with another value for that of 0.
fn kinked(x: &Num, zero: i64) -> Answer<Num> {
    Ok(Num::int(match x.sign()? {
        0 => zero,
        s => s,
    }))
}

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(mut all: Vec<Num>) -> Answer<Num> {
    let n = all.len();
    for i in 1..n {
        let mut j = i;
        while j > 0 && all[j - 1].order(&all[j])? == Ordering::Greater {
            all.swap(j - 1, j);
            j -= 1;
        }
    }
    Ok(&(&all[(n - 1) / 2] + &all[n / 2]) * &Num::from(ratio(1, 2)))
}

impl Problem {
    /// Reads a problem.
    pub(crate) fn read(part: Part, names: Names) -> Answer<Problem> {
        let kink = || {
            Ok(match part.word("kink", &["zero", "plus", "minus"])? {
                "plus" => 1,
                "minus" => -1,
                _ => 0,
            })
        };
        let dimension = || part.get("dimension").map(|_| part.count("dimension", "1", names)).transpose();
        let keys = |own: &[&str]| part.only(&[own, &["name", "start"]].concat());
        Ok(match part.text("name")? {
            "quadratic" => {
                keys(&["curvature", "dimension"])?;
                let curvature = part.vector("curvature", dimension()?, names)?;
                let centre = vec![Num::int(0); curvature.len()];
                Problem::Quadratic(vec![curvature], vec![centre], false)
            }
            "quadratic-matrix" => {
                keys(&["matrix", "diagonal", "dimension"])?;
                let rows = part.rows("matrix", names)?;
                let d = rows.len();
                let symmetric = rows[0].len() == d && (0..d).all(|i| (0..i).all(|j| rows[i][j] == rows[j][i]));
                if !symmetric || dimension()?.is_some_and(|n| n != d) {
                    return refuse("'matrix' is not symmetric, or not of the dimension given");
                }
                if part.get("diagonal").is_some() {
                    bounded(&rows, &part.vector("diagonal", Some(d), names)?)?;
                }
                Problem::Matrix(rows)
            }
            "linear" => {
                keys(&["slope", "box", "dimension"])?;
                let slope = part.vector("slope", dimension()?, names)?;
                let sides = match part.get("box") {
                    Some(crate::json::Json::List(all)) if all.len() == 1 => {
                        Some(vec![part.vector("box", None, names)?[0].clone(); slope.len()])
                    }
                    Some(_) => Some(part.vector("box", Some(slope.len()), names)?),
                    None => None,
                };
                for side in sides.iter().flatten() {
                    above(side, 0, false, "box")?;
                }
                Problem::Linear(slope, sides)
            }
            "huber" => {
                keys(&["curvature", "slope", "dimension"])?;
                let [l, s] = [part.number("curvature", "1", names)?, part.number("slope", "1", names)?];
                above(&l, 0, false, "curvature")?;
                above(&s, 0, false, "slope")?;
                Problem::Huber(l, s, dimension()?.unwrap_or(1))
            }
            "absolute-pair" => {
                keys(&["epsilon", "kink"])?;
                let epsilon = part.number("epsilon", "1/2", names)?;
                above(&epsilon, 0, false, "epsilon")?;
                above(&-epsilon.clone(), -1, false, "epsilon")?;
                Problem::Pair(epsilon, kink()?)
            }
            "two-line-squares" => {
                keys(&["epsilon"])?;
                let epsilon = part.number("epsilon", "1/2", names)?;
                above(&epsilon, 0, false, "epsilon")?;
                above(&-epsilon.clone(), -1, true, "epsilon")?;
                let (up, down) = (&Num::int(1) + &epsilon, &Num::int(-1) + &epsilon);
                let lines =
                    [[&up, &down], [&down, &up]].map(|[a, b]| Line::dense(&[a.clone(), b.clone()], Num::int(0)));
                Problem::Lines(lines.to_vec(), vec![], Loss::Square, 2, 0)
            }
            "line-losses" => {
                keys(&["rows", "targets", "loss", "kink"])?;
                let rows = part.rows("rows", names)?;
                let targets = match part.get("targets") {
                    Some(_) => part.vector("targets", Some(rows.len()), names)?,
                    None => vec![Num::int(0); rows.len()],
                };
                let loss = match part.word("loss", &["square", "absolute"])? {
                    "square" => Loss::Square,
                    _ => Loss::Absolute,
                };
                let d = rows[0].len();
                let lines = rows.iter().zip(targets).map(|(row, b)| Line::dense(row, b)).collect();
                Problem::Lines(lines, vec![], loss, d, kink()?)
            }
            "worker-squares" => {
                keys(&["targets"])?;
                let targets = part.vector("targets", None, names)?;
                let rows = targets.into_iter().map(|c| vec![c]).collect::<Vec<_>>();
                Problem::Quadratic(vec![vec![Num::int(1)]; rows.len()], rows, true)
            }
            "worker-quadratics" => {
                keys(&["targets", "curvature"])?;
                let targets = part.rows("targets", names)?;
                let (workers, d) = (targets.len(), targets[0].len());
                let mut curvature = match part.get("curvature") {
                    Some(_) => part.rows("curvature", names)?,
                    None => vec![vec![Num::int(1); d]],
                };
                if curvature.len() == 1 {
                    curvature = vec![curvature[0].clone(); workers];
                }
                if curvature.len() != workers || curvature[0].len() != d {
                    return refuse("'curvature' does not have the shape of 'targets'");
                }
                for a in curvature.iter().flatten() {
                    above(a, 0, true, "curvature")?;
                }
                Problem::Quadratic(curvature, targets, true)
            }
            "max-type" => {
                keys(&["bound", "radius", "horizon"])?;
                let [g, r] = [part.number("bound", "1", names)?, part.number("radius", "1", names)?];
                above(&g, 0, false, "bound")?;
                above(&r, 0, false, "radius")?;
                Problem::MaxType(g, r, count(&part.number("horizon", "", names)?, "horizon")? + 1)
            }
            "pl-toy" => {
                keys(&[])?;
                Problem::Toy
            }
            "wilson" => {
                keys(&["train", "test", "data_seed"])?;
                let each = |key| part.count(key, "100", names);
                wilson(each("train")?, each("test")?, part.count("data_seed", "1", names)? as u64)?
            }
            other => return unsupported(format!("the problem '{other}'")),
        })
    }

    /// Number of coordinates.
    pub(crate) fn dimension(&self) -> usize {
        match self {
            Problem::Linear(c, _) => c.len(),
            Problem::Matrix(rows) => rows.len(),
            Problem::Huber(_, _, d) | Problem::MaxType(_, _, d) | Problem::Lines(_, _, _, d, _) => *d,
            Problem::Pair(..) => 2,
            Problem::Toy => 1,
            Problem::Quadratic(_, centres, _) => centres[0].len(),
        }
    }

    /// Number of workers with objectives of their own.
    pub(crate) fn workers(&self) -> Option<usize> {
        if let Problem::Quadratic(rows, _, true) = self { Some(rows.len()) } else { None }
    }

    /// Number of samples of a finite sum.
    pub(crate) fn samples(&self) -> Option<usize> {
        if let Problem::Lines(lines, ..) = self { Some(lines.len()) } else { None }
    }

    /// f(x).
    pub(crate) fn value(&self, x: &[Num]) -> Answer<Num> {
        let half = Num::from(ratio(1, 2));
        Ok(match self {
            Problem::Matrix(rows) => &dot(&rows.iter().map(|row| dot(row, x)).collect::<Vec<_>>(), x) * &half,
            Problem::Linear(c, _) => dot(c, x),
            Problem::Huber(l, s, _) => {
                // With u = min(|x|, s/L): L u^2/2 + s (|x| - u).
                let bend = s.over(l)?;
                let one = |x: &Num| {
                    let (size, u) = (x.abs(), x.abs().min(&bend));
                    &(&(l * &u.power(2)) * &half) + &(s * &(&size - &u))
                };
                let values: Vec<Num> = x.iter().map(one).collect();
                sum(&values)
            }
            Problem::Pair(eps, _) => &(eps * &(&x[0] + &x[1]).abs()) + &(&x[0] - &x[1]).abs(),
            Problem::Lines(lines, _, loss, ..) => total(lines, *loss, x),
            Problem::Quadratic(curvature, centres, _) => {
                let squares = |c: &[Num]| entrywise(x, c, |x, c| (x - c).power(2));
                let each: Vec<Num> = curvature.iter().zip(centres).map(|(a, c)| dot(a, &squares(c))).collect();
                sum(&each).over(&Num::int(2 * each.len() as i64))?
            }
            Problem::MaxType(g, r, d) => {
                let top = x.iter().skip(1).fold(x[0].clone(), |a, b| a.max(b));
                g * &top.max(&(&norm2sq(x).sqrt()? - &shift(r, *d)?))
            }
            Problem::Toy => &x[0].power(2) + &(&Num::int(3) * &sin(&x[0]).power(2)),
        })
    }

    /// The gradient, or the subgradient that the manual names.
    pub(crate) fn gradient(&self, x: &[Num]) -> Answer<Vec<Num>> {
        match self {
            Problem::Matrix(rows) => Ok(rows.iter().map(|row| dot(row, x)).collect()),
            Problem::Linear(c, _) => Ok(c.clone()),
            Problem::Huber(l, s, _) => Ok(entrywise(x, x, |x, _| (l * x).min(s).max(&-s.clone()))),
            Problem::Pair(eps, zero) => {
                let a = eps * &kinked(&(&x[0] + &x[1]), *zero)?;
                let b = kinked(&(&x[0] - &x[1]), *zero)?;
                Ok(vec![&a + &b, &a - &b])
            }
            Problem::Lines(lines, _, loss, d, zero) => {
                let mut out = vec![Num::int(0); *d];
                for line in lines {
                    add_slope(line, *loss, *zero, x, &mut out)?;
                }
                Ok(out)
            }
            Problem::Quadratic(rows, ..) => {
                Ok(mean(&(0..rows.len()).map(|m| self.of_worker(m, x)).collect::<Answer<Vec<_>>>()?))
            }
            Problem::MaxType(g, r, d) => {
                let mut first = 0;
                for i in 1..x.len() {
                    if x[i].order(&x[first])? == Ordering::Greater {
                        first = i;
                    }
                }
                let size = norm2sq(x).sqrt()?;
                // The largest coordinate also where the norm is as large.
                if (&size - &shift(r, *d)?).order(&x[first])? == Ordering::Greater {
                    return x.iter().map(|x| (g * x).over(&size)).collect();
                }
                let mut out = vec![Num::int(0); x.len()];
                out[first] = g.clone();
                Ok(out)
            }
            Problem::Toy => {
                let twice = &Num::int(2) * &x[0];
                Ok(vec![&twice + &(&Num::int(3) * &sin(&twice))])
            }
        }
    }

    /// The gradient of a worker's own objective, or of the common one.
    pub(crate) fn of_worker(&self, m: usize, x: &[Num]) -> Answer<Vec<Num>> {
        match self {
            Problem::Quadratic(curvature, centres, _) if m < curvature.len() => {
                Ok(entrywise(&curvature[m], &minus(x, &centres[m]), |a, x| a * x))
            }
            _ => self.gradient(x),
        }
    }

    /// The gradient of one sample.
    pub(crate) fn of_sample(&self, i: usize, x: &[Num]) -> Answer<Vec<Num>> {
        match self {
            Problem::Lines(lines, _, loss, d, zero) => {
                let mut out = vec![Num::int(0); *d];
                add_slope(&lines[i], *loss, *zero, x, &mut out)?;
                Ok(out)
            }
            _ => unsupported("a minibatch of a problem that is no sum over lines"),
        }
    }

    /// The coordinate-wise median of the workers' gradients.
    pub(crate) fn median(&self, x: &[Num]) -> Answer<Vec<Num>> {
        let Some(workers) = self.workers() else { return self.gradient(x) };
        let each: Vec<Vec<Num>> = (0..workers).map(|m| self.of_worker(m, x)).collect::<Answer<_>>()?;
        (0..x.len()).map(|j| median(each.iter().map(|g| g[j].clone()).collect())).collect()
    }

    /// The mean of the squared residuals of the training rows, or of the test rows.
    pub(crate) fn mean_loss(&self, x: &[Num], test: bool) -> Answer<Num> {
        match self {
            Problem::Lines(train, tested, Loss::Square, ..) if !tested.is_empty() => {
                let rows = if test { tested } else { train };
                total(rows, Loss::Square, x).over(&Num::int(rows.len() as i64))
            }
            _ => unsupported("the mean loss of a problem without test points"),
        }
    }

    /// The point projected onto the box, where there is one.
    pub(crate) fn project(&self, x: Vec<Num>) -> Vec<Num> {
        match self {
            Problem::Linear(_, Some(sides)) => entrywise(&x, sides, |x, b| x.min(b).max(&-b.clone())),
            _ => x,
        }
    }
}

/// R(1 + 1/sqrt d).
fn shift(r: &Num, d: usize) -> Answer<Num> {
    Ok(&r.over(&Num::int(d as i64).sqrt()?)? + r)
}

fn total(lines: &[Line], loss: Loss, x: &[Num]) -> Num {
    lines.iter().fold(Num::int(0), |s, line| {
        let u = line.at(x);
        &s + &if loss == Loss::Square { u.power(2) } else { u.abs() }
    })
}

fn add_slope(line: &Line, loss: Loss, zero: i64, x: &[Num], out: &mut [Num]) -> Answer<()> {
    let u = line.at(x);
    let slope = if loss == Loss::Square { &Num::int(2) * &u } else { kinked(&u, zero)? };
    for (i, a) in &line.entries {
        out[*i] = &out[*i] + &(a * &slope);
    }
    Ok(())
}

/// Refuses a diagonal L unless -diag(L) <= H <= diag(L).
fn bounded(rows: &[Vec<Num>], diagonal: &[Num]) -> Answer<()> {
    let exact = |flip: bool| -> Answer<Vec<Vec<crate::number::Q>>> {
        let one = |i: usize, j: usize| {
            let entry = if flip { -rows[i][j].clone() } else { rows[i][j].clone() };
            if i == j { &diagonal[i] - &entry } else { -entry }
        };
        let matrix = (0..rows.len()).map(|i| (0..rows.len()).map(|j| one(i, j)).collect::<Vec<_>>());
        matrix.map(|row| crate::part::exact(&row, "matrix")).collect()
    };
    for flip in [false, true] {
        if crate::linear::inertia(&exact(flip)?, &crate::number::Q::ZERO).0 > 0 {
            return Err(Fault::Refused("-diag(diagonal) <= matrix <= diag(diagonal) does not hold".into()));
        }
    }
    Ok(())
}

/// The data of karimireddy2019/wilson-data: row i of n has its label at column 0 and 1 at columns 1 and 2. From column
/// 3 + 5i on it has 1 at one column of its own for the label 1, at five for the label -1. The targets are the labels.
fn wilson(train: usize, test: usize, seed: u64) -> Answer<Problem> {
    let points = train + test;
    if train == 0 || !(3..=2000).contains(&points) {
        return unsupported("wilson data of fewer than 3 or more than 2000 points");
    }
    let mut labels = Stream::new(seed, "wilson labels");
    let row = |i: usize, label: i64| {
        let mut entries = vec![(0, Num::int(label)), (1, Num::int(1)), (2, Num::int(1))];
        let own = if label > 0 { 1 } else { 5 };
        entries.extend((0..own).map(|j| (3 + 5 * i + j, Num::int(1))));
        Line { entries, target: Num::int(label) }
    };
    let rows: Vec<Line> = (0..points).map(|i| row(i, labels.sign())).collect();
    let order = Stream::new(seed, "wilson split").order(points);
    let pick = |part: &[usize]| part.iter().map(|&i| rows[i].clone()).collect();
    Ok(Problem::Lines(pick(&order[..train]), pick(&order[train..]), Loss::Square, 6 * points, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    fn problem(text: &str) -> Problem {
        let json = Json::read(text).unwrap();
        Problem::read(Part::of(&json, "problem").unwrap(), &|n| refuse(n)).unwrap()
    }

    fn point(all: &[(i64, u64)]) -> Vec<Num> {
        all.iter().map(|(n, d)| Num::from(ratio(*n, *d))).collect()
    }

    #[test]
    fn values_and_slopes_by_hand() {
        let x = point(&[(2, 1), (-1, 1)]);
        let quadratic = problem("{\"name\": \"quadratic\", \"curvature\": [1, 3]}");
        assert_eq!(quadratic.value(&x), Ok(Num::from(ratio(7, 2))));
        assert_eq!(quadratic.gradient(&x), Ok(point(&[(2, 1), (-3, 1)])));
        let huber = problem("{\"name\": \"huber\", \"curvature\": 2, \"slope\": 1, \"dimension\": 2}");
        assert_eq!(huber.value(&x), Ok(Num::from(ratio(5, 2))));
        assert_eq!(huber.gradient(&x), Ok(point(&[(1, 1), (-1, 1)])));
        let pair = problem("{\"name\": \"absolute-pair\", \"epsilon\": \"1/2\", \"kink\": \"plus\"}");
        assert_eq!(pair.value(&x), Ok(Num::from(ratio(7, 2))));
        assert_eq!(pair.gradient(&point(&[(1, 1), (1, 1)])), Ok(point(&[(3, 2), (-1, 2)])));
        let lines = problem("{\"name\": \"two-line-squares\", \"epsilon\": \"1/2\"}");
        // 2 (x1 - x2)^2 + 2 eps^2 (x1 + x2)^2
        assert_eq!(lines.value(&x), Ok(Num::from(ratio(37, 2))));
        assert_eq!(lines.gradient(&point(&[(1, 1), (1, 1)])), Ok(point(&[(2, 1), (2, 1)])));
        let workers = problem("{\"name\": \"worker-squares\", \"targets\": [0, 1, 5]}");
        assert_eq!(workers.value(&point(&[(2, 1)])), Ok(Num::from(ratio(7, 3))));
        assert_eq!(workers.median(&point(&[(2, 1)])), Ok(point(&[(1, 1)])));
        let toy = problem("{\"name\": \"pl-toy\"}");
        assert_eq!(toy.value(&point(&[(0, 1)])), Ok(Num::int(0)));
        assert_eq!(toy.gradient(&point(&[(0, 1)])), Ok(point(&[(0, 1)])));
        // At 3: 9 + 3 sin(3)^2 and 6 + 3 sin 6.
        let near = |x: Num, value: f64| (x.lo().to_f64_fast() - value).abs() < 1e-14;
        assert!(near(toy.value(&point(&[(3, 1)])).unwrap(), 9.059_744_570_024_452));
        assert!(near(toy.gradient(&point(&[(3, 1)])).unwrap().remove(0), 5.161_753_505_403_222));
        let top = problem("{\"name\": \"max-type\", \"horizon\": 3}");
        assert_eq!(top.value(&vec![Num::from(ratio(-1, 2)); 4]), Ok(Num::from(ratio(-1, 2))));
        assert_eq!(top.gradient(&vec![Num::int(0); 4]), Ok(point(&[(1, 1), (0, 1), (0, 1), (0, 1)])));
    }

    #[test]
    fn wilson_rows_have_as_many_ones_as_their_label_says() {
        let Problem::Lines(train, test, _, d, _) = problem("{\"name\": \"wilson\", \"train\": 4, \"test\": 2}") else {
            panic!("wilson data are lines");
        };
        assert_eq!((train.len(), test.len(), d), (4, 2, 36));
        assert!(train.iter().chain(&test).all(|l| l.entries.len() == if l.target == Num::int(1) { 4 } else { 8 }));
    }
}
