//! Expressions: names, numbers, + - * / ^, and functions.

use crate::analysis;
use crate::number::{Num, Q};
use crate::{Answer, Fault, refuse, unsupported};
use dashu_int::{IBig, UBig};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// A number.
    Value(Q),
    /// A name.
    Name(String),
    /// The negative.
    Minus(Box<Expr>),
    /// Two operands and `+ - * / ^` between them.
    Pair(char, Box<Expr>, Box<Expr>),
    /// A function of arguments.
    Call(String, Vec<Expr>),
}

/// What functions beside the usual ones mean, given their name and arguments.
pub(crate) type Calls<'a> = &'a dyn Fn(&str, &[Expr]) -> Option<Answer<Num>>;

const DEEPEST: usize = 60;
const LONGEST: usize = 10_000;
const MOST: usize = 1_000;

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
    parts: usize,
}

/// Reads an expression.
pub(crate) fn parse(text: &str) -> Answer<Expr> {
    if text.len() > LONGEST {
        return unsupported("an expression of more than 10000 bytes");
    }
    let mut parser = Parser { rest: text, depth: 0, parts: 0 };
    let out = parser.sum()?;
    if parser.peek().is_some() {
        return refuse(format!("'{text}' is no expression: '{}' is left over", parser.rest));
    }
    Ok(out)
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        there
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn deeper(&mut self) -> Answer<()> {
        self.depth += 1;
        if self.depth > DEEPEST { unsupported("an expression of more than 60 levels") } else { Ok(()) }
    }

    fn sum(&mut self) -> Answer<Expr> {
        self.deeper()?;
        let mut out = self.product()?;
        while let Some(sign @ ('+' | '-')) = self.peek() {
            self.take(sign);
            out = Expr::Pair(sign, Box::new(out), Box::new(self.product()?));
        }
        self.depth -= 1;
        Ok(out)
    }

    fn product(&mut self) -> Answer<Expr> {
        let mut out = self.signed()?;
        while let Some(sign @ ('*' | '/')) = self.peek() {
            self.take(sign);
            out = Expr::Pair(sign, Box::new(out), Box::new(self.signed()?));
        }
        Ok(out)
    }

    fn signed(&mut self) -> Answer<Expr> {
        if self.take('-') {
            self.deeper()?;
            let out = Expr::Minus(Box::new(self.signed()?));
            self.depth -= 1;
            return Ok(out);
        }
        let base = self.atom()?;
        if self.take('^') {
            // a^b^c is a^(b^c), and -a^b is -(a^b).
            self.deeper()?;
            let out = Expr::Pair('^', Box::new(base), Box::new(self.signed()?));
            self.depth -= 1;
            return Ok(out);
        }
        Ok(base)
    }

    fn atom(&mut self) -> Answer<Expr> {
        self.parts += 1;
        if self.parts > MOST {
            return unsupported("an expression of more than 1000 parts");
        }
        match self.peek() {
            Some('(') => {
                self.take('(');
                let out = self.sum()?;
                if !self.take(')') {
                    return refuse("an expression lacks a ')'");
                }
                Ok(out)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_').to_string();
                if !self.take('(') {
                    return Ok(Expr::Name(name));
                }
                let mut arguments = vec![self.sum()?];
                while self.take(',') {
                    arguments.push(self.sum()?);
                }
                if !self.take(')') {
                    return refuse(format!("the arguments of '{name}' lack a ')'"));
                }
                Ok(Expr::Call(name, arguments))
            }
            Some(c) => refuse(format!("an expression has '{c}' where a number or a name should be")),
            None => refuse("an expression ends where a number or a name should be"),
        }
    }

    fn number(&mut self) -> Answer<Expr> {
        let whole = self.word(|c| c.is_ascii_digit()).to_string();
        let mut places = String::new();
        if let Some(after) = self.rest.strip_prefix('.') {
            self.rest = after;
            places = self.word(|c| c.is_ascii_digit()).to_string();
        }
        let mut power = 0;
        if let Some(after) = self.rest.strip_prefix(['e', 'E']) {
            let negative = after.starts_with('-');
            let digits = after.trim_start_matches(['-', '+']);
            if digits.starts_with(|c: char| c.is_ascii_digit()) {
                self.rest = digits;
                let size: i64 = self.word(|c| c.is_ascii_digit()).parse().unwrap_or(i64::MAX);
                power = if negative { size.saturating_neg() } else { size };
            }
        }
        let Ok(digits) = format!("{whole}{places}").parse::<IBig>() else { return refuse("'.' is no number") };
        let power = power.saturating_sub(places.len() as i64);
        if power.unsigned_abs() > 5000 {
            return unsupported("a decimal with an exponent beyond 5000");
        }
        let ten = UBig::from(10u8).pow(power.unsigned_abs() as usize);
        Ok(Expr::Value(if power >= 0 { Q::from(digits * IBig::from(ten)) } else { Q::from_parts(digits, ten) }))
    }
}

impl Expr {
    /// The value, with the values of names.
    pub(crate) fn value(&self, names: &dyn Fn(&str) -> Answer<Num>) -> Answer<Num> {
        self.value_with(names, &|_, _| None)
    }

    /// The value, with the values of names and of the functions that are not the usual ones.
    pub(crate) fn value_with(&self, names: &dyn Fn(&str) -> Answer<Num>, calls: Calls) -> Answer<Num> {
        let deeper = |e: &Expr| e.value_with(names, calls);
        match self {
            Expr::Value(q) => Ok(Num::from(q.clone())),
            Expr::Name(name) => names(name),
            Expr::Minus(a) => Ok(-deeper(a)?),
            Expr::Pair('+', a, b) => Ok(&deeper(a)? + &deeper(b)?),
            Expr::Pair('-', a, b) => Ok(&deeper(a)? - &deeper(b)?),
            Expr::Pair('*', a, b) => Ok(&deeper(a)? * &deeper(b)?),
            Expr::Pair('/', a, b) => deeper(a)?.over(&deeper(b)?),
            Expr::Pair(_, a, b) => analysis::pow(&deeper(a)?, &deeper(b)?),
            Expr::Call(name, arguments) => match calls(name, arguments) {
                Some(answer) => answer,
                None => apply(name, &arguments.iter().map(deeper).collect::<Answer<Vec<_>>>()?),
            },
        }
    }

    /// Every function in it that is not inside of another one for which `visit` says that it is done.
    pub(crate) fn each_call(&self, visit: &mut dyn FnMut(&str, &[Expr]) -> Answer<bool>) -> Answer<()> {
        match self {
            Expr::Value(_) | Expr::Name(_) => Ok(()),
            Expr::Minus(a) => a.each_call(visit),
            Expr::Pair(_, a, b) => a.each_call(visit).and_then(|()| b.each_call(visit)),
            Expr::Call(name, all) if visit(name, all)? => Ok(()),
            Expr::Call(_, all) => all.iter().try_for_each(|a| a.each_call(visit)),
        }
    }

    /// Whether a name or a function of this name occurs.
    pub(crate) fn mentions(&self, wanted: &dyn Fn(&str, bool) -> bool) -> bool {
        match self {
            Expr::Value(_) => false,
            Expr::Name(name) => wanted(name, false),
            Expr::Minus(a) => a.mentions(wanted),
            Expr::Pair(_, a, b) => a.mentions(wanted) || b.mentions(wanted),
            Expr::Call(name, all) => wanted(name, true) || all.iter().any(|a| a.mentions(wanted)),
        }
    }
}

/// A function of numbers.
fn apply(name: &str, values: &[Num]) -> Answer<Num> {
    match (name, values) {
        ("abs", [x]) => Ok(x.abs()),
        ("sgn", [x]) => Ok(Num::int(x.sign()?)),
        ("sqrt", [x]) => x.sqrt(),
        ("floor", [x]) => x.floor(),
        ("ceil", [x]) => Ok(-(-x.clone()).floor()?),
        ("exp", [x]) => analysis::exp(x),
        ("ln", [x]) => analysis::ln(x),
        ("log2", [x]) => analysis::log2(x),
        ("min", [first, rest @ ..]) => Ok(rest.iter().fold(first.clone(), |a, b| a.min(b))),
        ("max", [first, rest @ ..]) => Ok(rest.iter().fold(first.clone(), |a, b| a.max(b))),
        ("sin", [x]) => Ok(analysis::sin(x)),
        ("cos", [x]) => Ok(analysis::cos(x)),
        _ => refuse(format!("'{name}' is no function of {} arguments", values.len())),
    }
}

/// Splits a text at a sign that stands outside of parentheses.
pub(crate) fn split(text: &str, at: char) -> Vec<&str> {
    let (mut out, mut depth, mut start) = (Vec::new(), 0, 0);
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            c if c == at && depth == 0 => {
                out.push(&text[start..i]);
                start = i + c.len_utf8();
            }
            _ => {}
        }
    }
    out.push(&text[start..]);
    out
}

/// Whether an inequality such as `a < 2*d` holds; one of which a side has no value does not.
pub(crate) fn inequality(text: &str, names: &dyn Fn(&str) -> Answer<Num>) -> Answer<bool> {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let Some(at) = text.find(['<', '>']) else { return refuse(format!("'{text}' is no inequality")) };
    let (left, mut right) = (&text[..at], &text[at + 1..]);
    let weak = right.starts_with('=');
    if weak {
        right = &right[1..];
    }
    let (left, right) = (parse(left)?, parse(right)?);
    let sides = left.value(names).and_then(|a| Ok((a, right.value(names)?)));
    let (a, b) = match sides {
        Err(Fault::Undefined(_)) => return Ok(false),
        other => other?,
    };
    let (a, b) = if text[at..].starts_with('<') { (a, b) } else { (b, a) };
    if weak && a.hi() <= b.lo() {
        return Ok(true);
    }
    Ok(match a.order(&b)? {
        Less => true,
        Equal => weak,
        Greater => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::ratio;

    fn value(text: &str) -> Answer<Num> {
        parse(text)?.value(&|name| if name == "x" { Ok(Num::int(4)) } else { refuse("name") })
    }

    #[test]
    fn operators_bind_as_usual() {
        for (text, n, d) in [
            ("1 + 2*3", 7, 1),
            ("-2^2", -4, 1),
            ("2^3^2/512", 1, 1),
            ("2^-1", 1, 2),
            ("1 - 1/2 - 1/4", 1, 4),
            ("x^(3/2) - 0.05e1", 15, 2),
            ("min(3, x, 5) - max(1, 2)", 1, 1),
            ("floor(-1/2) + ceil(1/3) + abs(-x)", 4, 1),
            ("log2(x) + sgn(-3)", 1, 1),
            ("sin(x - 4) + 2*cos(0)", 2, 1),
        ] {
            assert_eq!(value(text), Ok(Num::from(ratio(n, d))), "{text}");
        }
        assert!(matches!(value("1/(x - 4)"), Err(Fault::Undefined(_))));
        for text in ["", "1 +", "(1", "x x", "f(1)", "y", "..", "max(1,)", "\u{e9}"] {
            assert!(matches!(value(text), Err(Fault::Refused(_))), "{text}");
        }
        assert!(parse(&"(".repeat(5000)).is_err() && parse(&"-".repeat(5000)).is_err());
    }

    #[test]
    fn inequalities_have_two_sides() {
        let names = |_: &str| Ok(Num::int(2));
        assert_eq!(inequality("T >= 2", &names), Ok(true));
        assert_eq!(inequality("T > 2", &names), Ok(false));
        assert_eq!(inequality("0 < sqrt(T)", &names), Ok(true));
        assert_eq!(inequality("sqrt(-T) < 1", &names), Ok(false));
        assert!(inequality("T", &names).is_err());
    }
}
