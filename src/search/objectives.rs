//! Objectives that may stand in for that of a claim file.

use super::choices::Class;
use super::parts::{Shape, after, list, number, rows, table, text, twice, two_blocks};
use crate::claim::Table;
use crate::scalar::{Rational, Scalar};

fn with_start(name: &str, key: &str, d: usize, v: &[Rational]) -> Option<Table> {
    Some(table(vec![("name", text(name)), (key, list(&v[..d])), ("start", list(&v[d..]))]))
}

/// Pieces of a maximum, and knots of a piecewise quadratic.
const PIECES: usize = 3;
const KNOTS: usize = 4;

/// Objectives: each vector of numbers is the constants, then the start.
pub(super) static PROBLEMS: &[Shape] = &[
    Shape {
        name: "quadratic",
        part: "quadratic",
        dimensions: (1, 4),
        classes: |d| twice(Class::NonNegative, Class::Any, d),
        of_coordinate: two_blocks,
        render: |d, v| with_start("quadratic", "curvature", d, v),
    },
    Shape {
        name: "huber",
        part: "huber",
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
        part: "line-losses",
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
        name: "line-losses of Huber's loss",
        part: "line-losses",
        dimensions: (1, 3),
        // s, two targets, then two rows of d, then the start.
        classes: |d| [vec![Class::Positive], vec![Class::Any; 2 + 3 * d]].concat(),
        of_coordinate: |d, i| vec![3 + i, 3 + d + i, 3 + 2 * d + i],
        render: |d, v| {
            let lines: Vec<Vec<Rational>> = v[3..3 + 2 * d].chunks(d).map(<[Rational]>::to_vec).collect();
            let kept = lines.into_iter().zip(&v[1..3]).filter(|(row, _)| row.iter().any(|x| !x.is_zero()));
            let (lines, targets): (Vec<Vec<Rational>>, Vec<Rational>) = kept.map(|(r, b)| (r, b.clone())).unzip();
            if lines.is_empty() {
                return None;
            }
            Some(table(vec![
                ("name", text("line-losses")),
                ("rows", rows(lines)),
                ("targets", list(&targets)),
                ("loss", text("huber")),
                ("slope", number(&v[0])),
                ("start", list(&v[3 + 2 * d..])),
            ]))
        },
    },
    Shape {
        name: "max-affine",
        part: "max-affine",
        dimensions: (1, 2),
        // Three offsets, three rows of d, then the start.
        classes: |d| vec![Class::Any; PIECES + (PIECES + 1) * d],
        of_coordinate: |d, i| (0..=PIECES).map(|row| PIECES + row * d + i).collect(),
        render: |d, v| {
            let (offsets, rest) = v.split_at(PIECES);
            let (lines, start) = rest.split_at(PIECES * d);
            let lines = lines.chunks(d).map(<[Rational]>::to_vec).collect();
            Some(table(vec![
                ("name", text("max-affine")),
                ("rows", rows(lines)),
                ("offsets", list(offsets)),
                ("start", list(start)),
            ]))
        },
    },
    Shape {
        name: "piecewise-quadratic",
        part: "piecewise-quadratic",
        dimensions: (1, 1),
        // The first knot, the gaps to the next ones, the slopes at the knots, the curvature outside, then the start.
        classes: |_| {
            let slopes = vec![Class::Any; KNOTS];
            let outside = vec![Class::NonNegative, Class::Any];
            [vec![Class::Any], vec![Class::Positive; KNOTS - 1], slopes, outside].concat()
        },
        of_coordinate: |_, _| Vec::new(),
        render: |_, v| {
            let (gaps, rest) = v.split_at(KNOTS);
            let (slopes, rest) = rest.split_at(KNOTS);
            let mut at = Rational::zero();
            let knots = gaps.iter().map(|gap| {
                at += gap;
                at.clone()
            });
            Some(table(vec![
                ("name", text("piecewise-quadratic")),
                ("knots", list(&knots.collect::<Vec<_>>())),
                ("slopes", list(slopes)),
                ("outside", number(&rest[0])),
                ("start", list(&rest[1..])),
            ]))
        },
    },
    Shape {
        name: "quadratic-matrix",
        part: "quadratic-matrix",
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
        part: "cosine",
        dimensions: (1, 2),
        classes: |d| twice(Class::Positive, Class::Any, d),
        of_coordinate: two_blocks,
        render: |d, v| with_start("cosine", "amplitude", d, v),
    },
    Shape {
        name: "linear",
        part: "linear",
        dimensions: (1, 2),
        classes: |d| twice(Class::Any, Class::Any, d),
        of_coordinate: two_blocks,
        render: |d, v| with_start("linear", "slope", d, v),
    },
];
