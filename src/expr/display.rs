//! The canonical text of an expression: least parentheses, spaces around `+` and `-`; it parses to the same tree.

use super::lexer::MAX_EXPONENT;
use super::{Expr, MAX_LENGTH, Node, Op};
use crate::scalar::Rational;
use std::fmt;

/// What may stand in a place without parentheses, loosest first.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Level {
    Sum,
    Product,
    Minus,
    Power,
    Atom,
}

fn level<N, F>(node: &Node<N, F>) -> Level {
    match node {
        Node::Number { .. } | Node::Name { .. } | Node::Call { .. } => Level::Atom,
        Node::Negate { .. } => Level::Minus,
        Node::Binary { op: Op::Add | Op::Subtract, .. } => Level::Sum,
        Node::Binary { op: Op::Multiply | Op::Divide, .. } => Level::Product,
        Node::Binary { op: Op::Power, .. } => Level::Power,
    }
}

/// Appends a node; `compact` leaves out every space and takes each number's shortest form.
pub(super) fn write<N: fmt::Display, F: fmt::Display>(node: &Node<N, F>, compact: bool, out: &mut String) {
    match node {
        Node::Number { value, .. } => out.push_str(&literal(value, compact)),
        Node::Name { name, .. } => out.push_str(&name.to_string()),
        Node::Negate { operand, .. } => {
            out.push('-');
            within(operand, Level::Minus, compact, out);
        }
        Node::Binary { op, left, right, .. } => {
            let (least_left, least_right) = match op {
                Op::Add | Op::Subtract => (Level::Sum, Level::Product),
                Op::Multiply | Op::Divide => (Level::Product, Level::Minus),
                Op::Power => (Level::Atom, Level::Minus),
            };
            within(left, least_left, compact, out);
            let spaced = !compact && matches!(op, Op::Add | Op::Subtract);
            out.push_str(if spaced { " " } else { "" });
            out.push(op.symbol());
            out.push_str(if spaced { " " } else { "" });
            within(right, least_right, compact, out);
        }
        Node::Call { function, arguments, .. } => {
            out.push_str(&function.to_string());
            out.push('(');
            for (i, argument) in arguments.iter().enumerate() {
                if i > 0 {
                    out.push_str(if compact { "," } else { ", " });
                }
                write(argument, compact, out);
            }
            out.push(')');
        }
    }
}

fn within<N: fmt::Display, F: fmt::Display>(node: &Node<N, F>, least: Level, compact: bool, out: &mut String) {
    if level(node) < least {
        out.push('(');
        write(node, compact, out);
        out.push(')');
    } else {
        write(node, compact, out);
    }
}

/// A decimal that reads back as the same number.
fn literal(value: &Rational, compact: bool) -> String {
    let ten = Rational::integer(10);
    let (mut integer, mut places) = (value.clone(), 0i64);
    // Every literal is an integer over a power of ten; one of another origin is written as a fraction.
    while integer != integer.floor() {
        if places > MAX_EXPONENT {
            return format!("({value})");
        }
        integer *= &ten;
        places += 1;
    }
    let all = integer.to_string();
    let digits = all.trim_end_matches('0');
    if digits.is_empty() {
        return "0".to_owned();
    }
    let zeros = all.len() - digits.len();
    let places = usize::try_from(places).unwrap_or(0);
    let scientific = match (places, zeros) {
        (0, 0) => digits.to_owned(),
        (0, _) => format!("{digits}e{zeros}"),
        _ => format!("{digits}e-{places}"),
    };
    let plain = if places == 0 {
        all
    } else {
        let padded = format!("{digits:0>width$}", width = places + 1);
        let point = padded.len() - places;
        format!("{}.{}", &padded[..point], &padded[point..])
    };
    let shorter = if compact { scientific.len() < plain.len() } else { plain.len() > 20 };
    if shorter { scientific } else { plain }
}

impl<N: fmt::Display, F: fmt::Display> fmt::Display for Node<N, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        write(self, false, &mut text);
        // Spaces must not make a text too long to be read back.
        if text.len() > MAX_LENGTH {
            text.clear();
            write(self, true, &mut text);
        }
        f.write_str(&text)
    }
}

impl<N: fmt::Display, F: fmt::Display> fmt::Display for Expr<N, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().fmt(f)
    }
}
