//! The closed forms against dense linear algebra.

use super::*;
use crate::model::ParamValue;
use crate::scalar::Narrow;
use nalgebra::{DMatrix, DVector};

fn instance(train: i64, test: i64, seed: i64) -> Wilson {
    let number = |v| ParamValue::Number(Real::integer(v));
    let values = [("train", number(train)), ("test", number(test)), ("data_seed", number(seed))].into();
    Wilson::build(&Params { values, ..Params::default() }).unwrap()
}

/// A and y of some rows, from the definition in the paper's appendix (columns and rows counted from 1).
fn dense(problem: &Wilson, rows: &[Row]) -> (DMatrix<f64>, DVector<f64>) {
    let mut a = DMatrix::zeros(rows.len(), problem.dimension);
    let mut labels = DVector::zeros(rows.len());
    for (r, row) in rows.iter().enumerate() {
        let y: i64 = if row.positive { 1 } else { -1 };
        let i = (row.first as i64 - 3) / 5 + 1;
        for j in 1..=problem.dimension as i64 {
            let block = 4 + 5 * (i - 1)..=4 + 5 * (i - 1) + 2 * (1 - y);
            a[(r, j as usize - 1)] = match j {
                1 => y as f64,
                2 | 3 => 1.0,
                _ => f64::from(u8::from(block.contains(&j))),
            };
        }
        labels[r] = y as f64;
    }
    (a, labels)
}

/// Instances with both labels, one label only (found by their seeds) and the paper's sizes.
fn instances() -> Vec<Wilson> {
    let small = (0..40).map(|seed| instance(2, 1, seed));
    small.chain([instance(5, 4, 1), instance(7, 0, 2), instance(100, 100, 1)]).collect()
}

#[test]
fn curvature_and_pl_constant_are_the_eigenvalues() {
    let mut single = 0;
    for problem in instances() {
        let (a, _) = dense(&problem, &problem.train);
        let eigenvalues = (&a * a.transpose()).symmetric_eigenvalues();
        let facts = Problem::facts(&problem);
        // reference: nalgebra's symmetric eigenvalues, good to a few units in the last place of the largest
        assert!((facts.value("L").unwrap() / (2.0 * eigenvalues.max()) - 1.0).abs() < 1e-12);
        let (mu, least) = (facts.get("mu").unwrap(), 2.0 * eigenvalues.min());
        assert!(mu.value.to_f64() <= least + 1e-9);
        if mu.known == Known::Exact {
            assert!((mu.value.to_f64() - least).abs() < 1e-9);
        }
        let positive = problem.train.iter().filter(|r| r.positive).count();
        single += usize::from(positive == 0) + usize::from(positive == problem.train.len());
    }
    assert!(single >= 2, "the table holds instances of one label only");
}

#[test]
fn losses_and_gradient_are_those_of_the_dense_matrix() {
    let problem = instance(5, 4, 1);
    let x: Vec<Rational> = (0..54).map(|i| Rational::ratio(i * i % 7 - 3, 2)).collect();
    let v = DVector::from_iterator(54, x.iter().map(Rational::to_f64));
    let (a, y) = dense(&problem, &problem.train);
    let (b, z) = dense(&problem, &problem.test);
    let residual = &a * &v - &y;
    // exact: halves and their squares are doubles
    let own = |index| problem.own_statistic(index, &x).unwrap().to_f64();
    assert_eq!(problem.value(&x).unwrap().to_f64(), residual.norm_squared());
    assert_eq!(own(0), residual.norm_squared() / 5.0);
    assert_eq!(own(1), (&b * &v - &z).norm_squared() / 4.0);
    let mut gradient = vec![Rational::zero(); 54];
    problem.gradient(&x, &mut gradient).unwrap();
    let expected = a.transpose() * residual * 2.0;
    assert!(gradient.iter().zip(expected.iter()).all(|(g, e)| g.to_f64() == *e));
}

#[test]
fn the_nearest_minimiser_is_the_pseudo_inverse_solution() {
    for problem in [instance(5, 4, 1), instance(30, 20, 3)] {
        let d = problem.dimension;
        let zero = vec![Real::integer(0); d];
        let exact: Vec<Rational> = Problem::minimisers(&problem)
            .unwrap()
            .nearest(&problem, &zero)
            .unwrap()
            .iter()
            .map(|v| v.exact().unwrap().clone())
            .collect();
        // exact: a zero of f in rational arithmetic
        assert_eq!(problem.value(&exact).unwrap(), Rational::zero());
        // reference: nalgebra's LU solution of A A' z = y
        let (a, y) = dense(&problem, &problem.train);
        let expected = a.transpose() * (&a * a.transpose()).lu().solve(&y).unwrap();
        let float = Problem::minimisers(&problem).unwrap().nearest(&problem, &vec![Real::Float(0.0); d]).unwrap();
        for ((p, q), e) in exact.iter().zip(&float).zip(expected.iter()) {
            assert!((p.to_f64() - e).abs() < 1e-12 && (q.to_f64() - e).abs() < 1e-12);
        }
    }
}

#[test]
fn the_distance_to_the_span_is_that_of_an_orthonormal_basis() {
    let problem = instance(30, 20, 3);
    let (a, _) = dense(&problem, &problem.train);
    let v = DVector::from_iterator(300, (0..300).map(|i| f64::from(i % 11) - 5.0));
    // reference: nalgebra's thin QR of A'
    let q = a.transpose().qr().q();
    let expected = (&v - &q * (q.transpose() * &v)).norm();
    let lanes: Vec<Narrow> = v.iter().map(|v| Narrow::splat(*v)).collect();
    let found = problem.own_statistic(2, &lanes).unwrap().0[0];
    assert!((found - expected).abs() < 1e-12 * v.norm(), "{found} {expected}");
    // exact: the part in the span is at distance 0
    let mut inside = vec![Rational::zero(); 300];
    problem.gradient(&inside.clone(), &mut inside).unwrap();
    assert_eq!(problem.own_statistic(2, &inside).unwrap(), Rational::zero());
}
