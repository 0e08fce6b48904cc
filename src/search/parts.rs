//! Objectives and noise laws that may stand in for those of a claim file: small, and with exact constants.

use super::choices::{Choices, Class};
use crate::claim::{Node, Table, Value};
use crate::scalar::Rational;

/// A part with its numbers laid out for d coordinates.
pub struct Shape {
    /// What it is called among what varies.
    pub name: &'static str,
    /// The registered part that it makes.
    pub part: &'static str,
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
pub(super) fn list(values: &[Rational]) -> Value {
    Value::List(values.iter().map(|v| Node::new(Value::Number(v.clone()))).collect())
}

pub(super) fn rows(values: Vec<Vec<Rational>>) -> Value {
    Value::List(values.iter().map(|row| Node::new(list(row))).collect())
}

pub(super) fn number(value: &Rational) -> Value {
    Value::Number(value.clone())
}

pub(super) fn text(value: &str) -> Value {
    Value::Text(value.into())
}

pub(super) fn table(entries: Vec<(&str, Value)>) -> Table {
    let mut table = Table::default();
    for (key, value) in entries {
        table.set(key, 0..0, Node::new(value));
    }
    table
}

pub(super) fn twice(first: Class, second: Class, d: usize) -> Vec<Class> {
    [vec![first; d], vec![second; d]].concat()
}

pub(super) fn two_blocks(d: usize, i: usize) -> Vec<usize> {
    vec![i, d + i]
}

/// Shared numbers first, then one per coordinate.
pub(super) fn after<const SHARED: usize>(_d: usize, i: usize) -> Vec<usize> {
    vec![SHARED + i]
}

/// Parts that a search takes only where a claim file names them.
pub(super) const ASKED_FOR: &[&str] = &["tree"];

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
    pub fn fresh(shapes: &[Shape], shape: usize, d: usize, choices: &mut Choices) -> Self {
        let numbers = (shapes[shape].classes)(d).into_iter().map(|class| choices.number(class)).collect();
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
    use super::super::laws::{NOISES, subtrees};
    use super::super::objectives::PROBLEMS;
    use super::*;
    use crate::claim::load;
    use crate::scalar::Scalar;

    /// Nodes stand in the order root, its two, their four; each subtree of two draws keeps vectors and weights
    /// together.
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

    /// What `check` accepts in `[family]` is what a search has.
    #[test]
    fn the_reader_knows_what_stands_in() {
        let parts = |shapes: &[Shape]| {
            let mut parts: Vec<&str> = shapes.iter().map(|shape| shape.part).collect();
            parts.dedup();
            parts
        };
        assert_eq!(parts(PROBLEMS), crate::claim::OBJECTIVES);
        assert_eq!(parts(NOISES), crate::claim::LAWS);
    }

    /// Every shape with fresh numbers is a part that the reader takes, in every dimension, and loses coordinates.
    #[test]
    fn every_shape_reads_back() {
        let mut choices = Choices::new(3, &[]);
        let registry = crate::model::Registry::standard();
        let file = |problem: &Table, noise: &Table| {
            let mut tree = crate::claim::parse_tree(
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
                    let mut gene = Gene::fresh(shapes, k, d, &mut choices);
                    // No row is 0.
                    if shape.part == "line-losses" {
                        let first = if shape.name == shape.part { 0 } else { 3 };
                        gene.numbers[first] = Rational::one();
                    }
                    let beside = (other.classes)(d).into_iter().map(|class| choices.number(class)).collect::<Vec<_>>();
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
