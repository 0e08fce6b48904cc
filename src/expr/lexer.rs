//! Text into tokens. Refuses what the language does not have, with a word on what to write in its place.

use super::{ExprError, MAX_LENGTH, Op};
use crate::scalar::Rational;
use std::ops::Range;

/// Longest name, so that a message about it stays readable.
const MAX_NAME: usize = 64;
/// Most significant digits of a literal.
const MAX_DIGITS: usize = 100;
/// Largest power of ten of a literal, once it is written as an integer without trailing zeros times that power.
pub(super) const MAX_EXPONENT: i64 = 400;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(Rational),
    Name(String),
    Operator(Op),
    Open,
    Close,
    Comma,
}

/// All tokens of a text, each with its place.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, ExprError> {
    if text.len() > MAX_LENGTH {
        let start = (0..=MAX_LENGTH).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        let message = format!("the expression is {} bytes long; at most {MAX_LENGTH} are read", text.len());
        return Err(ExprError::new(message, start..text.len()).with_help("give its parts names of their own"));
    }
    let mut out = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        let token = match first {
            ' ' | '\t' | '\n' | '\r' => continue,
            '0'..='9' => {
                let length = number_length(&text.as_bytes()[start..]);
                while rest.next_if(|(i, _)| *i < start + length).is_some() {}
                let span = start..start + length;
                out.push((Token::Number(number(&text[span.clone()], &span)?), span));
                continue;
            }
            'A'..='Z' | 'a'..='z' | '_' => {
                let mut end = start + 1;
                while let Some((i, _)) = rest.next_if(|(_, c)| c.is_ascii_alphanumeric() || matches!(c, '_' | '\'')) {
                    end = i + 1;
                }
                if end - start > MAX_NAME {
                    return Err(ExprError::new(format!("a name has at most {MAX_NAME} letters"), start..end));
                }
                out.push((Token::Name(text[start..end].to_owned()), start..end));
                continue;
            }
            '*' if rest.peek().is_some_and(|(_, c)| *c == '*') => {
                return Err(ExprError::new("'**' is no operator", start..start + 2).with_help("write a power as x^2"));
            }
            '+' => Token::Operator(Op::Add),
            '-' => Token::Operator(Op::Subtract),
            '*' => Token::Operator(Op::Multiply),
            '/' => Token::Operator(Op::Divide),
            '^' => Token::Operator(Op::Power),
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            other => return Err(foreign(other, start)),
        };
        out.push((token, start..start + 1));
    }
    Ok(out)
}

/// The error for a character that the language does not have.
fn foreign(found: char, start: usize) -> ExprError {
    let error =
        ExprError::new(format!("unexpected character '{}'", found.escape_debug()), start..start + found.len_utf8());
    match found {
        '.' => error.with_help("a decimal has digits on both sides of its point: 0.5"),
        '\u{2212}' | '\u{2013}' | '\u{2014}' => error.with_help("write the minus sign as '-'"),
        '\u{d7}' | '\u{b7}' | '\u{22c5}' => error.with_help("write a product with '*'"),
        '\u{f7}' => error.with_help("write a quotient with '/'"),
        '\u{b2}' | '\u{b3}' => error.with_help("write a power as x^2"),
        '\u{221a}' => error.with_help("write a root as sqrt(x)"),
        '[' | ']' | '{' | '}' => error.with_help("group with '(' and ')'"),
        '|' => error.with_help("write an absolute value as abs(x)"),
        '<' | '>' | '=' | '!' => error.with_help("an expression has no comparison; the relation has a key of its own"),
        c if c.is_alphabetic() => error.with_help("names are ASCII: write sigma, alpha, ..."),
        _ => error,
    }
}

/// Bytes of the number at the start: digits, a point with digits after it, an exponent with digits.
fn number_length(text: &[u8]) -> usize {
    let digits = |from: usize| text.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut length = digits(0);
    if text.get(length) == Some(&b'.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if matches!(text.get(length), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(text.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits(length + 1 + signed);
        if exponent > 0 {
            length += 1 + signed + exponent;
        }
    }
    length
}

/// The exact value of a literal that [`number_length`] cut out.
fn number(text: &str, span: &Range<usize>) -> Result<Rational, ExprError> {
    let too_long = || {
        let message = format!("a number has at most {MAX_DIGITS} digits and an exponent of at most {MAX_EXPONENT}");
        ExprError::new(message, span.clone())
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Ok(Rational::integer(0));
    }
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    let exponent: i64 = exponent.parse().map_err(|_| too_long())?;
    let exponent = exponent.saturating_sub(fraction.len() as i64).saturating_add(trailing as i64);
    if significant.len() > MAX_DIGITS || exponent.saturating_abs() > MAX_EXPONENT {
        return Err(too_long());
    }
    format!("{significant}e{exponent}").parse().map_err(|_| too_long())
}
