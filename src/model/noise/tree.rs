//! Finite noise that is free at each node of the tree of a run's draws.
//!
//! **Update** g~ = g + xi, xi from the law of the node that the draws so far have led to. At node n, with at most A
//! atoms per node, atom c (from 0, in the order of its rows) leads to node A n + 1 + c. A run starts at node 0. Draws
//! follow each other in the order in which a run takes them: step by step, worker by worker, and inside a batch.
//! **Source** martingale differences, the most that the variance assumptions of the five papers allow where they do not
//! require independence (bernstein2018 Assumption 3, karimireddy2019 Assumption B).
//! **Shapes and units** `atoms` has rows [n, v_1, .., v_d, p]: at node n the vector v is added with probability p.
//! **Assumptions** at each node the probabilities sum to 1 and each coordinate's mean is 0, exactly.
//! **Facts** of the worst node: `sigma` is the largest of any, `sigma1` sums the coordinates' largest deviations.
//! **Ties and edge cases** a node that is not listed ends the tree: nothing is added from there on. With `then = again`
//! the tree starts anew at its root instead, so that a pattern of a few draws fills a long run. Where there is no run
//! (a start, an algorithm's own noise) every draw is at the root.

use super::finite::exact;
use super::joint::Joint;
use super::{Atom, DrawRounding, Noise, NoiseEntry, Tails, drawn};
use crate::model::facts::{Facts, Property};
use crate::model::{BuildError, Kind, Limits, ParamSpec, Params, Real};
use crate::rng::Stream;
use crate::scalar::{Lane, Rational, Scalar};
use std::collections::BTreeMap;

/// Most nodes that are read.
const MAX_NODES: i64 = 4096;

/// Laws by node.
struct Tree {
    /// `None` where a node is not listed.
    nodes: Vec<Option<Joint>>,
    /// A: most atoms of a node.
    arity: u64,
    /// Whether the tree starts anew where it ends.
    again: bool,
}

/// Registry line.
pub(super) static ENTRY: NoiseEntry = NoiseEntry {
    name: "tree",
    summary: "a law for each history of a run's draws, all workers' together: rows [node, v_1, .., v_d, p]",
    params: &[
        ParamSpec {
            name: "atoms",
            kind: Kind::Matrix,
            default: None,
            limits: Limits::ANY,
            doc: "rows [node, v_1, .., v_d, p]; node 0 is the first draw, the c-th atom (from 0) of node n leads to node A n + 1 + c, A atoms a node at most",
        },
        ParamSpec {
            name: "then",
            kind: Kind::Word(&["nothing", "again"]),
            default: Some("nothing"),
            limits: Limits::ANY,
            doc: "from a node that is not listed on: no noise, or the tree again from its root",
        },
    ],
    build: |p| Ok(Box::new(Tree::build(p)?)),
};

impl Tree {
    fn build(p: &Params) -> Result<Self, BuildError> {
        let refuse = |message: String| BuildError::about("atoms", message);
        let mut rows: BTreeMap<i64, Vec<Vec<Rational>>> = BTreeMap::new();
        for row in p.matrix("atoms")? {
            if row.len() != p.dimension + 2 {
                return Err(refuse(format!(
                    "'atoms' has rows of {} numbers; it takes a node, {} values and a probability",
                    row.len(),
                    p.dimension
                )));
            }
            let mut numbers = row.iter().map(|v| exact("atoms", v)).collect::<Result<Vec<_>, _>>()?;
            let node = numbers.remove(0);
            let place = node.to_i64().filter(|n| (0..MAX_NODES).contains(n));
            let place =
                place.ok_or_else(|| refuse(format!("node {node}; it is a whole number from 0 to {MAX_NODES}")))?;
            if numbers.last().is_none_or(Rational::is_zero) {
                return Err(refuse(format!("node {place}: an atom of probability 0 leads nowhere; leave it out")));
            }
            rows.entry(place).or_default().push(numbers);
        }
        let arity = rows.values().map(Vec::len).max().unwrap_or(1) as u64;
        let last = rows.keys().next_back().map_or(0, |n| *n as usize);
        let mut nodes: Vec<Option<Joint>> = (0..=last).map(|_| None).collect();
        for (place, rows) in rows {
            let law = Joint::new(p.dimension, rows).map_err(|why| refuse(format!("node {place}: {why}")))?;
            nodes[place as usize] = Some(law);
        }
        if nodes[0].is_none() {
            return Err(refuse("node 0, the first draw, has no atoms".into()));
        }
        Ok(Tree { nodes, arity, again: p.text("then")? == "again" })
    }

    /// The law at a node.
    fn law(&self, node: u64) -> Option<&Joint> {
        self.nodes.get(usize::try_from(node).ok()?)?.as_ref()
    }

    /// The node that an atom leads to.
    fn next(&self, node: u64, atom: usize) -> u64 {
        // One number for all ends, so that the states of an enumeration merge.
        let end = self.nodes.len() as u64;
        let next = if node < end { node * self.arity + 1 + atom as u64 } else { end };
        match self.law(next) {
            Some(_) => next,
            None if self.again => 0,
            None => end,
        }
    }

    fn laws(&self) -> impl Iterator<Item = &Joint> {
        self.nodes.iter().flatten()
    }
}

impl Noise for Tree {
    fn perturb<const N: usize>(&self, stream: &mut Stream<N>, batch: u64, x: &[Lane<N>], gradient: &mut [Lane<N>]) {
        self.perturb_from(&mut [0; N], stream, batch, x, gradient);
    }

    fn perturb_from<const N: usize>(
        &self,
        nodes: &mut [u64; N],
        stream: &mut Stream<N>,
        batch: u64,
        _x: &[Lane<N>],
        gradient: &mut [Lane<N>],
    ) {
        let batch = batch.max(1);
        let share = 1.0 / batch as f64;
        for _ in 0..batch {
            let u = stream.uniform();
            for (lane, node) in nodes.iter_mut().enumerate() {
                let Some(law) = self.law(*node) else { continue };
                let atom = law.at(u.0[lane]);
                for (g, v) in gradient.iter_mut().zip(law.value(atom)) {
                    g.0[lane] += v * share;
                }
                *node = self.next(*node, atom);
            }
        }
    }

    fn atoms(&self, x: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>> {
        self.atoms_from(0, x, gradient)
    }

    fn atoms_from(&self, node: u64, x: &[Rational], gradient: &[Rational]) -> Option<Vec<Atom>> {
        match self.law(node) {
            Some(law) => law.atoms(x, gradient),
            None => Some(vec![Atom { probability: Rational::one(), gradient: gradient.to_vec() }]),
        }
    }

    fn node_after(&self, node: u64, atom: usize) -> u64 {
        self.next(node, atom)
    }

    fn facts(&self) -> Facts {
        let all: Vec<Facts> = self.laws().map(Noise::facts).collect();
        let values =
            |name: &str| -> Vec<Real> { all.iter().filter_map(|f| Some(f.get(name)?.value.clone())).collect() };
        let d = self.laws().next().map_or(0, |law| law.deviations().len());
        let largest: Vec<Real> = (0..d)
            .map(|i| Real::largest(&self.laws().map(|law| law.deviations()[i].clone()).collect::<Vec<_>>()))
            .collect();
        let mut facts = Facts::new();
        facts
            .exact("sigma", Real::largest(&values("sigma")))
            .exact("sigma1", Real::sum(&largest))
            .exact("sigma_l1", Real::largest(&values("sigma_l1")))
            .exact("sigma_max", Real::largest(&largest));
        facts
    }

    /// Of the rarest way through the tree, from its root to where it ends.
    fn tails(&self) -> Tails {
        let mut reached = vec![0.0; self.nodes.len()];
        reached[0] = 1.0;
        let mut rarest = 1.0_f64;
        // A node leads to later ones alone, or ends.
        for node in 0..self.nodes.len() {
            let Some(law) = self.law(node as u64) else { continue };
            for (atom, p) in law.probabilities().enumerate() {
                let p: f64 = reached[node] * p;
                if p > 0.0 {
                    rarest = rarest.min(p);
                }
                let next = self.next(node as u64, atom) as usize;
                if next > node && next < reached.len() {
                    reached[next] = p;
                }
            }
        }
        Tails { rarest: Some(rarest), ..Tails::LIGHT }
    }

    fn in_doubles(&self, batch: u64) -> DrawRounding {
        // A batch may pass through several nodes: their laws' values are taken together.
        let values: Vec<&Rational> = self.laws().flat_map(Joint::values).collect();
        DrawRounding::Added(drawn(values.into_iter(), &[Real::integer(1)], batch))
    }

    fn has(&self, property: Property) -> Option<bool> {
        let all = |property| self.laws().map(|law| law.has(property)).try_fold(true, |all, one| Some(all && one?));
        match property {
            // What a draw follows is settled by the draws before it.
            Property::Independent => Some(self.nodes.len() == 1 && self.again),
            other => all(other),
        }
    }
}
