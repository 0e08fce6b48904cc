//! Expressions of claim files: a parser and an evaluator of their own.

use super::number::{Got, Q, V, double, parse};
use std::cmp::Ordering;

#[derive(Debug, Clone)]
pub(crate) enum E {
    Num(Q),
    Name(String),
    Call(String, Vec<E>),
    Op(char, Box<E>, Box<E>),
    Neg(Box<E>),
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

/// Parses a whole text.
pub(crate) fn expression(text: &str) -> Got<E> {
    let mut r = Reader { text: text.as_bytes(), at: 0 };
    let e = r.sum()?;
    r.space();
    if r.at < r.text.len() { Err(format!("what follows {} in {text}", r.at)) } else { Ok(e) }
}

impl Reader<'_> {
    fn space(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> u8 {
        self.space();
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn sum(&mut self) -> Got<E> {
        let mut left = self.product()?;
        while let c @ (b'+' | b'-') = self.peek() {
            self.at += 1;
            left = E::Op(c as char, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Got<E> {
        let mut left = self.unary()?;
        while let c @ (b'*' | b'/') = self.peek() {
            self.at += 1;
            left = E::Op(c as char, Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Got<E> {
        match self.peek() {
            b'-' => {
                self.at += 1;
                Ok(E::Neg(Box::new(self.unary()?)))
            }
            b'+' => {
                self.at += 1;
                self.unary()
            }
            _ => self.power(),
        }
    }

    fn power(&mut self) -> Got<E> {
        let base = self.atom()?;
        if self.peek() != b'^' {
            return Ok(base);
        }
        self.at += 1;
        // -2^2 is -(2^2), and 2^3^2 is 2^(3^2).
        Ok(E::Op('^', Box::new(base), Box::new(self.unary()?)))
    }

    fn take(&mut self, good: impl Fn(u8) -> bool) -> String {
        let from = self.at;
        while self.text.get(self.at).is_some_and(|c| good(*c)) {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.text[from..self.at]).into_owned()
    }

    fn atom(&mut self) -> Got<E> {
        let c = self.peek();
        if c == b'(' {
            self.at += 1;
            let e = self.sum()?;
            return if self.peek() == b')' {
                self.at += 1;
                Ok(e)
            } else {
                Err("a parenthesis is open".into())
            };
        }
        if c.is_ascii_digit() || c == b'.' {
            let mut digits = self.take(|c| c.is_ascii_digit() || c == b'.');
            let after = |n: usize, r: &Self| r.text.get(r.at + n).copied().unwrap_or(0);
            if matches!(after(0, self), b'e' | b'E')
                && (after(1, self).is_ascii_digit()
                    || (matches!(after(1, self), b'-' | b'+') && after(2, self).is_ascii_digit()))
            {
                digits.push('e');
                self.at += 1;
                if let c @ (b'-' | b'+') = after(0, self) {
                    digits.push(c as char);
                    self.at += 1;
                }
                digits += &self.take(|c| c.is_ascii_digit());
            }
            return parse(&digits.replace('+', "")).map(E::Num).ok_or(format!("a number: {digits}"));
        }
        let name = self.take(|c| c.is_ascii_alphanumeric() || c == b'_');
        if name.is_empty() {
            return Err(format!("a name at {}", self.at));
        }
        if self.peek() != b'(' {
            return Ok(E::Name(name));
        }
        let mut arguments = Vec::new();
        loop {
            self.at += 1;
            arguments.push(self.sum()?);
            match self.peek() {
                b',' => {}
                b')' => break,
                _ => return Err("a call is open".into()),
            }
        }
        self.at += 1;
        Ok(E::Call(name, arguments))
    }
}

impl E {
    /// Whether a call of that name stands somewhere.
    pub(crate) fn calls(&self, name: &str) -> bool {
        match self {
            E::Num(_) | E::Name(_) => false,
            E::Call(n, a) => n == name || a.iter().any(|e| e.calls(name)),
            E::Op(_, a, b) => a.calls(name) || b.calls(name),
            E::Neg(a) => a.calls(name),
        }
    }

    /// The value; `hook` is called first at every node, and must give the value of names.
    pub(crate) fn eval(&self, hook: &mut dyn FnMut(&E) -> Option<Got<V>>) -> Got<V> {
        if let Some(found) = hook(self) {
            return found;
        }
        match self {
            E::Num(x) => Ok(x.clone().into()),
            E::Name(name) => Err(format!("the name {name}")),
            E::Neg(a) => Ok(a.eval(hook)?.neg()),
            E::Op(op, a, b) => {
                let (a, b) = (a.eval(hook)?, b.eval(hook)?);
                match op {
                    '+' => Ok(a.add(&b)),
                    '-' => Ok(a.sub(&b)),
                    '*' => Ok(a.mul(&b)),
                    '/' => a.div(&b),
                    _ => a.pow(&b),
                }
            }
            E::Call(name, arguments) => {
                let mut v = Vec::new();
                for a in arguments {
                    v.push(a.eval(hook)?);
                }
                function(name, &v)
            }
        }
    }
}

fn function(name: &str, v: &[V]) -> Got<V> {
    let zero = V::int(0);
    match (name, v) {
        ("sqrt", [x]) => x.sqrt(),
        ("abs", [x]) => Ok(if x.cmp(&zero)? == Ordering::Less { x.neg() } else { x.clone() }),
        ("sgn", [x]) => Ok(V::int(x.cmp(&zero)? as i64)),
        ("floor" | "ceil", [x]) => match x.exact() {
            Some(x) => Ok(V::from(Q::from(if name == "floor" { x.floor() } else { x.ceil() }))),
            None => double(x, if name == "floor" { f64::floor } else { f64::ceil }),
        },
        ("min" | "max", [first, rest @ ..]) => {
            let mut best = first.clone();
            for x in rest {
                let order = x.cmp(&best)?;
                if order == (if name == "min" { Ordering::Less } else { Ordering::Greater }) {
                    best = x.clone();
                }
            }
            Ok(best)
        }
        ("ln" | "log2", [x]) if x.cmp(&zero)? != Ordering::Greater => Err("undefined: logarithm".into()),
        ("ln" | "log2" | "exp" | "sin" | "cos", [x]) if x.is_zero() => Ok(V::int(i64::from(name != "sin"))),
        ("ln", [x]) if *x == V::int(1) => Ok(zero),
        ("ln", [x]) => double(x, f64::ln),
        ("log2", [x]) => {
            // Powers of two have whole logarithms.
            let n = x.f64().log2().round();
            if V::int(2).pow(&V::int(n as i64))? == *x { Ok(V::int(n as i64)) } else { double(x, f64::log2) }
        }
        ("exp", [x]) => double(x, f64::exp),
        ("sin", [x]) => double(x, f64::sin),
        ("cos", [x]) => double(x, f64::cos),
        _ => Err(format!("the function {name} of {}", v.len())),
    }
}
