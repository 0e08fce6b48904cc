//! Noise laws that may stand in for that of a claim file.

use super::choices::Class;
use super::parts::{Gene, Shape, after, list, number, rows, table, text};
use crate::claim::{Table, Value};
use crate::scalar::{Rational, Scalar};

/// Atoms of the joint law: the values of all but the last, their weights, the last weight; the last atom makes the
/// mean 0.
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
pub(super) static NOISES: &[Shape] = &[
    Shape {
        name: "rademacher",
        part: "rademacher",
        dimensions: (1, 8),
        classes: |d| vec![Class::NonNegative; d],
        of_coordinate: after::<0>,
        render: |_, v| Some(law("rademacher", vec![("scale", list(v))])),
    },
    Shape {
        name: "finite",
        part: "finite",
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
        part: "sparse-independent",
        dimensions: (1, 8),
        classes: |d| [vec![Class::Unit], vec![Class::NonNegative; d]].concat(),
        of_coordinate: after::<1>,
        render: |_, v| Some(law("sparse-independent", vec![("probability", number(&v[0])), ("scale", list(&v[1..]))])),
    },
    Shape {
        name: "joint",
        part: "joint",
        dimensions: (2, 3),
        // The values of all atoms but the last, one coordinate after the other, then the weights.
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
        part: "multiplicative",
        dimensions: (1, 8),
        // 1 - a and b - 1.
        classes: |_| vec![Class::Positive; 2],
        of_coordinate: none,
        render: |_, v| Some(law("multiplicative", vec![("atoms", factors(v)?)])),
    },
    Shape {
        name: "multiplicative-shared",
        part: "multiplicative",
        dimensions: (2, 8),
        classes: |_| vec![Class::Positive; 2],
        of_coordinate: none,
        render: |_, v| Some(law("multiplicative", vec![("atoms", factors(v)?), ("over", text("shared"))])),
    },
    Shape {
        name: "cantelli-extremal",
        part: "cantelli-extremal",
        dimensions: (1, 8),
        classes: |_| vec![Class::Unit, Class::NonNegative],
        of_coordinate: none,
        render: |_, v| Some(law("cantelli-extremal", vec![("wrong", number(&v[0])), ("shift", number(&v[1]))])),
    },
    Shape {
        name: "two-atom",
        part: "two-atom",
        dimensions: (1, 8),
        classes: |_| vec![Class::Positive],
        of_coordinate: none,
        render: |_, v| Some(law("two-atom", vec![("size", number(&v[0]))])),
    },
    Shape {
        name: "state-atoms",
        part: "state-atoms",
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

/// Nodes of a binary tree of so many draws.
const fn nodes(depth: u32) -> usize {
    (1 << depth) - 1
}

/// A law of its own after each history of so many draws, and the same again: at each node a vector, then at each its
/// probability.
const fn tree_shape<const DEPTH: u32>(name: &'static str) -> Shape {
    Shape {
        name,
        part: "tree",
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
pub(super) fn subtrees(gene: &Gene, d: usize) -> Vec<Gene> {
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
