//! Objectives and noise laws that may stand in for those of a claim file: small, and with exact constants.

use super::dice::{Class, Dice};
use crate::scalar::{Rational, Scalar};
use crate::spec::{Node, Table, Value};

/// A part with its numbers laid out for d coordinates.
pub struct Shape {
    /// Name in claim files.
    pub name: &'static str,
    /// Fewest and most coordinates.
    pub dimensions: (usize, usize),
    /// The classes of its numbers.
    pub classes: fn(usize) -> Vec<Class>,
    /// Numbers that belong to coordinate i, in order; removed with it.
    pub of_coordinate: fn(usize, usize) -> Vec<usize>,
    /// Its table in a claim file; `None` where these numbers make no such part.
    pub render: fn(usize, &[Rational]) -> Option<Table>,
}

/// A list as a value.
fn list(values: &[Rational]) -> Value {
    Value::List(values.iter().map(|v| Node::new(Value::Number(v.clone()))).collect())
}

fn rows(values: Vec<Vec<Rational>>) -> Value {
    Value::List(values.iter().map(|row| Node::new(list(row))).collect())
}

fn number(value: &Rational) -> Value {
    Value::Number(value.clone())
}

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

fn table(entries: Vec<(&str, Value)>) -> Table {
    let mut table = Table::default();
    for (key, value) in entries {
        table.set(key, 0..0, Node::new(value));
    }
    table
}

fn twice(first: Class, second: Class, d: usize) -> Vec<Class> {
    [vec![first; d], vec![second; d]].concat()
}

fn two_blocks(d: usize, i: usize) -> Vec<usize> {
    vec![i, d + i]
}

/// Shared numbers first, then one a coordinate.
fn after<const SHARED: usize>(_d: usize, i: usize) -> Vec<usize> {
    vec![SHARED + i]
}

fn with_start(name: &str, key: &str, d: usize, v: &[Rational]) -> Option<Table> {
    Some(table(vec![("name", text(name)), (key, list(&v[..d])), ("start", list(&v[d..]))]))
}

/// Objectives: each numeric vector is its constants, then the start.
pub static PROBLEMS: &[Shape] = &[
    Shape {
        name: "quadratic",
        dimensions: (1, 4),
        classes: |d| twice(Class::NonNegative, Class::Any, d),
        of_coordinate: two_blocks,
        render: |d, v| with_start("quadratic", "curvature", d, v),
    },
    Shape {
        name: "huber",
        dimensions: (1, 3),
        classes: |d| [vec![Class::Positive; 2], vec![Class::Any; d]].concat(),
        of_coordinate: after::<2>,
        render: |d, v| {
            let d = Rational::integer(d as i64);
            Some(table(vec![
                ("name", text("huber")),
                ("curvature", number(&v[0])),
                ("slope", number(&v[1])),
                ("dimension", number(&d)),
                ("start", list(&v[2..])),
            ]))
        },
    },
    Shape {
        name: "line-losses",
        dimensions: (1, 3),
        // Two rows of d, then the start.
        classes: |d| vec![Class::Any; 3 * d],
        of_coordinate: |d, i| vec![i, d + i, 2 * d + i],
        render: |d, v| {
            let lines: Vec<Vec<Rational>> = v[..2 * d].chunks(d).map(<[Rational]>::to_vec).collect();
            let kept: Vec<Vec<Rational>> = lines.into_iter().filter(|r| r.iter().any(|x| !x.is_zero())).collect();
            if kept.is_empty() {
                return None;
            }
            let entries = vec![
                ("name", text("line-losses")),
                ("rows", rows(kept)),
                ("loss", text("absolute")),
                ("start", list(&v[2 * d..])),
            ];
            Some(table(entries))
        },
    },
    Shape {
        name: "quadratic-matrix",
        dimensions: (2, 3),
        // The triangle by rows, then the start.
        classes: |d| vec![Class::Any; d * (d + 1) / 2 + d],
        of_coordinate: |d, i| {
            let entry = |r: usize, c: usize| (0..r).map(|k| d - k).sum::<usize>() + (c - r);
            let mut own: Vec<usize> = (0..=i).map(|r| entry(r, i)).chain((i + 1..d).map(|c| entry(i, c))).collect();
            own.push(d * (d + 1) / 2 + i);
            own
        },
        render: |d, v| {
            let entry = |r: usize, c: usize| {
                let (r, c) = (r.min(c), r.max(c));
                v[(0..r).map(|k| d - k).sum::<usize>() + (c - r)].clone()
            };
            let matrix = (0..d).map(|r| (0..d).map(|c| entry(r, c)).collect()).collect();
            let start = &v[d * (d + 1) / 2..];
            Some(table(vec![("name", text("quadratic-matrix")), ("matrix", rows(matrix)), ("start", list(start))]))
        },
    },
    Shape {
        name: "cosine",
        dimensions: (1, 2),
        classes: |d| twice(Class::Positive, Class::Any, d),
        of_coordinate: two_blocks,
        render: |d, v| with_start("cosine", "amplitude", d, v),
    },
    Shape {
        name: "linear",
        dimensions: (1, 2),
        classes: |d| twice(Class::Any, Class::Any, d),
        of_coordinate: two_blocks,
        render: |d, v| with_start("linear", "slope", d, v),
    },
];

/// Atoms of the joint law: the values of all but the last, their weights, the last weight; the last atom makes the mean 0.
const JOINT_ATOMS: usize = 3;

fn none(_: usize, _: usize) -> Vec<usize> {
    Vec::new()
}

fn law(name: &str, mut more: Vec<(&str, Value)>) -> Table {
    more.insert(0, ("law", text(name)));
    table(more)
}

/// Weights as probabilities.
fn shares(weights: &[Rational]) -> Option<Vec<Rational>> {
    let total = weights.iter().fold(Rational::zero(), |sum, w| sum + w);
    weights.iter().map(|w| w.divide(&total).ok()).collect()
}

/// Two atoms of mean 0: a with probability b/(a + b), -b else.
fn skew(a: &Rational, b: &Rational) -> Option<Vec<Vec<Rational>>> {
    let p = b.divide(&(a.clone() + b)).ok()?;
    let q = Rational::one() - &p;
    Some(vec![vec![a.clone(), p], vec![-b.clone(), q]])
}

/// Two factors of mean 1.
fn factors(v: &[Rational]) -> Option<Value> {
    let mut atoms = skew(&v[0], &v[1])?;
    atoms.iter_mut().for_each(|atom| atom[0] += &Rational::one());
    Some(rows(atoms))
}

/// Noise laws of mean 0 (or of mean 1 times the gradient), enumerable.
pub static NOISES: &[Shape] = &[
    Shape {
        name: "rademacher",
        dimensions: (1, 8),
        classes: |d| vec![Class::NonNegative; d],
        of_coordinate: after::<0>,
        render: |_, v| Some(law("rademacher", vec![("scale", list(v))])),
    },
    Shape {
        name: "finite",
        dimensions: (1, 8),
        // a, b, then a scale for each coordinate.
        classes: |d| [vec![Class::Positive; 2], vec![Class::NonNegative; d]].concat(),
        of_coordinate: after::<2>,
        render: |_, v| {
            let atoms = skew(&v[0], &v[1])?;
            Some(law("finite", vec![("atoms", rows(atoms)), ("scale", list(&v[2..]))]))
        },
    },
    Shape {
        name: "sparse-independent",
        dimensions: (1, 8),
        classes: |d| [vec![Class::Unit], vec![Class::NonNegative; d]].concat(),
        of_coordinate: after::<1>,
        render: |_, v| {
            let atoms = vec![
                vec![Rational::one(), v[0].clone() * Rational::ratio(1, 2)],
                vec![-Rational::one(), v[0].clone() * Rational::ratio(1, 2)],
                vec![Rational::zero(), Rational::one() - &v[0]],
            ];
            Some(law("finite", vec![("atoms", rows(atoms)), ("scale", list(&v[1..]))]))
        },
    },
    Shape {
        name: "joint",
        dimensions: (2, 3),
        // The values of all atoms but the last, a coordinate after the other, then the weights.
        classes: |d| [vec![Class::Any; (JOINT_ATOMS - 1) * d], vec![Class::Positive; JOINT_ATOMS]].concat(),
        of_coordinate: |_, i| (0..JOINT_ATOMS - 1).map(|a| i * (JOINT_ATOMS - 1) + a).collect(),
        render: |d, v| {
            let free = JOINT_ATOMS - 1;
            let p = shares(&v[free * d..])?;
            let mut atoms: Vec<Vec<Rational>> = vec![Vec::new(); JOINT_ATOMS];
            for i in 0..d {
                let mut sum = Rational::zero();
                for a in 0..free {
                    atoms[a].push(v[i * free + a].clone());
                    sum += &(v[i * free + a].clone() * &p[a]);
                }
                atoms[free].push((-sum).divide(&p[free]).ok()?);
            }
            atoms.iter_mut().zip(p).for_each(|(atom, p)| atom.push(p));
            Some(law("joint", vec![("atoms", rows(atoms))]))
        },
    },
    Shape {
        name: "multiplicative",
        dimensions: (1, 8),
        // 1 - a and b - 1.
        classes: |_| vec![Class::Positive; 2],
        of_coordinate: none,
        render: |_, v| Some(law("multiplicative", vec![("atoms", factors(v)?)])),
    },
    Shape {
        name: "multiplicative-shared",
        dimensions: (2, 8),
        classes: |_| vec![Class::Positive; 2],
        of_coordinate: none,
        render: |_, v| Some(law("multiplicative", vec![("atoms", factors(v)?), ("over", text("shared"))])),
    },
    Shape {
        name: "cantelli-extremal",
        dimensions: (1, 8),
        classes: |_| vec![Class::Unit, Class::NonNegative],
        of_coordinate: none,
        render: |_, v| Some(law("cantelli-extremal", vec![("wrong", number(&v[0])), ("shift", number(&v[1]))])),
    },
    Shape {
        name: "two-atom",
        dimensions: (1, 8),
        classes: |_| vec![Class::Positive],
        of_coordinate: none,
        render: |_, v| Some(law("two-atom", vec![("size", number(&v[0]))])),
    },
    Shape {
        name: "state-atoms",
        dimensions: (1, 8),
        // Two atoms of mean 0 at x <= c, none elsewhere: noise that is there at some states only.
        classes: |_| vec![Class::Positive, Class::Positive, Class::Any],
        of_coordinate: none,
        render: |_, v| {
            let on = "(1 - sgn(x - c))*(1 + sgn(c - x + 1))/4";
            let atoms = format!("g + a*({on}) : b/(a + b); g - b*({on}) : a/(a + b)");
            let more = vec![("atoms", text(&atoms)), ("a", number(&v[0])), ("b", number(&v[1])), ("c", number(&v[2]))];
            Some(law("state-atoms", more))
        },
    },
    tree_shape::<2>("tree-2"),
    tree_shape::<3>("tree-3"),
];

/// Parts that a search takes only where a claim file names them: the first words of their names.
pub const ASKED_FOR: &[&str] = &["tree"];

/// Nodes of a binary tree of so many draws.
const fn nodes(depth: u32) -> usize {
    (1 << depth) - 1
}

/// A law of its own after each history of so many draws, and the same again: at each node a vector, then at each its
/// probability.
const fn tree_shape<const DEPTH: u32>(name: &'static str) -> Shape {
    Shape {
        name,
        dimensions: (1, 3),
        classes: tree_classes::<DEPTH>,
        of_coordinate: tree_coordinate::<DEPTH>,
        render: tree::<DEPTH>,
    }
}

fn tree_classes<const DEPTH: u32>(d: usize) -> Vec<Class> {
    [vec![Class::Any; nodes(DEPTH) * d], vec![Class::Unit; nodes(DEPTH)]].concat()
}

fn tree_coordinate<const DEPTH: u32>(d: usize, i: usize) -> Vec<usize> {
    (0..nodes(DEPTH)).map(|node| node * d + i).collect()
}

/// Smaller trees inside a tree: its first draws, and what follows its first draw.
pub fn subtrees(gene: &Gene, d: usize) -> Vec<Gene> {
    let place = |name| NOISES.iter().position(|shape| shape.name == name);
    let Some(shape) = place("tree-2").filter(|_| gene.shape.is_some() && gene.shape == place("tree-3")) else {
        return Vec::new();
    };
    let (vectors, weights) = gene.numbers.split_at(nodes(3) * d);
    let of = |chosen: [usize; nodes(2)]| {
        let vectors = chosen.iter().flat_map(|n| vectors[n * d..(n + 1) * d].iter().cloned());
        let numbers = vectors.chain(chosen.iter().map(|n| weights[*n].clone())).collect();
        Gene { shape: Some(shape), numbers }
    };
    [[0, 1, 2], [1, 3, 4], [2, 5, 6]].map(of).into()
}

fn tree<const DEPTH: u32>(d: usize, v: &[Rational]) -> Option<Table> {
    let (vectors, weights) = v.split_at(nodes(DEPTH) * d);
    let mut atoms = Vec::new();
    for (node, (vector, p)) in vectors.chunks(d).zip(weights).enumerate() {
        let node = Rational::integer(node as i64);
        let mut add = |values: Vec<Rational>, p: &Rational| {
            atoms.push([vec![node.clone()], values, vec![p.clone()]].concat());
        };
        let other = Rational::one() - p;
        // Without noise at a node there is one way on.
        if vector.iter().all(Rational::is_zero) || p.is_zero() || other.is_zero() {
            add(vec![Rational::zero(); d], &Rational::one());
            continue;
        }
        let back = -p.divide(&other).ok()?;
        add(vector.to_vec(), p);
        add(vector.iter().map(|v| v.clone() * &back).collect(), &other);
    }
    Some(law("tree", vec![("atoms", rows(atoms)), ("then", text("again"))]))
}

/// A part of an instance: which shape (`None`: as the file has it), and its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Gene {
    /// Its place among the shapes.
    pub shape: Option<usize>,
    /// Its numbers.
    pub numbers: Vec<Rational>,
}

impl Gene {
    /// A fresh part of d coordinates.
    pub fn fresh(shapes: &[Shape], shape: usize, d: usize, dice: &mut Dice) -> Self {
        let numbers = (shapes[shape].classes)(d).into_iter().map(|class| dice.number(class)).collect();
        Gene { shape: Some(shape), numbers }
    }

    /// The part without coordinate i; `None` where it cannot lose one.
    #[must_use]
    pub fn without(&self, shapes: &[Shape], d: usize, i: usize) -> Option<Self> {
        let shape = &shapes[self.shape?];
        if d <= shape.dimensions.0 {
            return None;
        }
        let gone = (shape.of_coordinate)(d, i);
        let kept = self.numbers.iter().enumerate().filter(|(k, _)| !gone.contains(k)).map(|(_, v)| v.clone());
        Some(Gene { shape: self.shape, numbers: kept.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::load;

    /// Nodes stand in the order root, its two, their four; each subtree of two draws keeps vectors and weights together.
    #[test]
    fn a_tree_of_three_draws_holds_three_of_two() {
        let place = |name: &str| NOISES.iter().position(|shape| shape.name == name);
        let numbers = |all: &[i64]| all.iter().map(|n| Rational::integer(*n)).collect::<Vec<_>>();
        let vectors = [0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51, 60, 61];
        let gene = |shape, all: &[i64]| Gene { shape: place(shape), numbers: numbers(all) };
        let tree = gene("tree-3", &[vectors.as_slice(), &[100, 101, 102, 103, 104, 105, 106]].concat());
        let expected = [
            gene("tree-2", &[0, 1, 10, 11, 20, 21, 100, 101, 102]),
            gene("tree-2", &[10, 11, 30, 31, 40, 41, 101, 103, 104]),
            gene("tree-2", &[20, 21, 50, 51, 60, 61, 102, 105, 106]),
        ];
        assert_eq!(subtrees(&tree, 2), expected);
        assert_eq!(subtrees(&expected[0], 2), []);
    }

    /// Every shape with fresh numbers is a part that the reader takes, in every dimension, and loses coordinates.
    #[test]
    fn every_shape_reads_back() {
        let mut dice = Dice::new(3, &[]);
        let registry = crate::model::Registry::standard();
        let file = |problem: &Table, noise: &Table| {
            let mut tree = crate::spec::parse_tree(
                "schema = 1\nid = 'test/shape'\ntitle = 't'\nsource = { paper = 'test', place = 'p' }\nstatement = 's'\n\
                 relation = 'upper'\nleft = 'last(f)'\n[algorithm]\nname = 'sgd'\nstep_size = 1\n[run]\nhorizon = 1\n\
                 [[bound]]\nname = 'b'\nright = '1'\nexpect = 'holds'\nwhy = 'w'\n[oracle]\nnoise = 'none'\n",
            )
            .unwrap();
            tree.set("problem", 0..0, Node::new(Value::Table(problem.clone())));
            tree.set("oracle", 0..0, Node::new(Value::Table(table(vec![("noise", Value::Table(noise.clone()))]))));
            toml::to_string(&tree.to_json()).unwrap()
        };
        for (shapes, other) in [(PROBLEMS, &NOISES[4]), (NOISES, &PROBLEMS[0])] {
            for (k, shape) in shapes.iter().enumerate() {
                for d in shape.dimensions.0..=shape.dimensions.1.min(3) {
                    let mut gene = Gene::fresh(shapes, k, d, &mut dice);
                    if shape.name == "line-losses" {
                        gene.numbers[0] = Rational::one();
                    }
                    let beside = (other.classes)(d).into_iter().map(|class| dice.number(class)).collect::<Vec<_>>();
                    let (part, other) =
                        ((shape.render)(d, &gene.numbers).unwrap(), (other.render)(d, &beside).unwrap());
                    let text = if std::ptr::eq(shapes, PROBLEMS) { file(&part, &other) } else { file(&other, &part) };
                    let spec = load("shape.toml", &text, &registry, &[]).unwrap_or_else(|e| panic!("{e}"));
                    assert_eq!(spec.bounds.len(), 1);
                    let smaller = gene.without(shapes, d, 0);
                    assert_eq!(smaller.is_some(), d > shape.dimensions.0);
                    if let Some(smaller) = smaller {
                        assert_eq!(smaller.numbers.len(), (shape.classes)(d - 1).len(), "{}", shape.name);
                    }
                }
            }
        }
    }
}
