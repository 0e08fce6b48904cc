//! Tokens into a tree, by binding powers (Pratt).

use super::lexer::{Token, tokens};
use super::{ExprError, MAX_DEPTH, MAX_NODES, Node, Op};
use std::ops::Range;

/// Binding power of a minus sign: above `*`, below `^`, so that -2^2 is -(2^2).
const MINUS: u8 = 5;

/// How tightly an operator binds to its left and to its right; a larger right side makes it group to the left.
fn binding(op: Op) -> (u8, u8) {
    match op {
        Op::Add | Op::Subtract => (1, 2),
        Op::Multiply | Op::Divide => (3, 4),
        // 2^-3 parses because a minus sign may open any operand.
        Op::Power => (8, 7),
    }
}

/// Parses a whole text.
pub(super) fn parse(text: &str) -> Result<Node, ExprError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, nodes: 0, end: text.len() };
    let (root, _) = parser.expression(0, 0)?;
    match parser.peek() {
        None => Ok(root),
        Some(Token::Close) => Err(ExprError::new("')' without a '(' before it", parser.here())),
        Some(Token::Comma) => Err(ExprError::new("',' outside the arguments of a function", parser.here())),
        Some(_) => Err(parser.unexpected("an operator or the end")),
    }
}

/// A node and the place that it takes up with the parentheses around it.
type Placed = (Node, Range<usize>);

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    nodes: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    /// The place of the next token, or the end of the text.
    fn here(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.end..self.end, |(_, span)| span.clone())
    }

    /// The end of the token just read.
    fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |(_, span)| span.end)
    }

    fn unexpected(&self, wanted: &str) -> ExprError {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Number(_)) => "a number".to_owned(),
            Some(Token::Name(name)) => format!("'{name}'"),
            Some(Token::Operator(op)) => format!("'{}'", op.symbol()),
            Some(Token::Open) => "'('".to_owned(),
            Some(Token::Close) => "')'".to_owned(),
            Some(Token::Comma) => "','".to_owned(),
        };
        ExprError::new(format!("expected {wanted}, found {found}"), self.here())
    }

    /// Counts a node, so that no tree outgrows what the recursions over it can bear.
    fn count(&mut self, node: Node) -> Result<Node, ExprError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("the expression has more than {MAX_NODES} numbers, names and operators");
            return Err(ExprError::new(message, node.span()).with_help("give its parts names of their own"));
        }
        Ok(node)
    }

    /// An operand and all operators behind it that bind at least as tightly as `least`.
    fn expression(&mut self, least: u8, depth: usize) -> Result<Placed, ExprError> {
        let (mut left, mut place) = self.operand(depth)?;
        loop {
            let op = match self.peek() {
                Some(Token::Operator(op)) => *op,
                Some(Token::Number(_) | Token::Name(_) | Token::Open) => return Err(self.implicit_product(&left)),
                None | Some(Token::Close | Token::Comma) => return Ok((left, place)),
            };
            let (binds_left, binds_right) = binding(op);
            if binds_left < least {
                return Ok((left, place));
            }
            self.at += 1;
            // Only exponents nest without a bound of their own: after + and * the level can rise at most twice.
            let deeper = depth + usize::from(op == Op::Power);
            let (right, right_place) = self.expression(binds_right, deeper)?;
            place = place.start..right_place.end;
            let span = place.clone();
            left = self.count(Node::Binary { op, left: Box::new(left), right: Box::new(right), span })?;
        }
    }

    /// A number, name, call, parenthesis or minus sign with what belongs to it.
    fn operand(&mut self, depth: usize) -> Result<Placed, ExprError> {
        let span = self.here();
        if depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} levels of parentheses, calls, minus signs and exponents");
            return Err(ExprError::new(message, span).with_help("give the inner part a name of its own"));
        }
        let node = match self.peek().cloned() {
            Some(Token::Number(value)) => {
                self.at += 1;
                self.count(Node::Number { value, span })?
            }
            Some(Token::Name(name)) => {
                self.at += 1;
                if self.peek() == Some(&Token::Open) {
                    self.call(name, span, depth)?
                } else {
                    self.count(Node::Name { name, span })?
                }
            }
            Some(Token::Operator(Op::Subtract)) => {
                self.at += 1;
                let (operand, place) = self.expression(MINUS, depth + 1)?;
                self.count(Node::Negate { operand: Box::new(operand), span: span.start..place.end })?
            }
            Some(Token::Open) => {
                self.at += 1;
                let (inner, _) = self.expression(0, depth + 1)?;
                self.close(&span)?;
                return Ok((inner, span.start..self.last_end()));
            }
            _ => return Err(self.unexpected("a number, a name or '('")),
        };
        let place = node.span();
        Ok((node, place))
    }

    /// The arguments of a call, from its '(' on.
    fn call(&mut self, function: String, function_span: Range<usize>, depth: usize) -> Result<Node, ExprError> {
        let open = self.here();
        self.at += 1;
        let mut arguments = Vec::new();
        if self.peek() != Some(&Token::Close) {
            loop {
                arguments.push(self.expression(0, depth + 1)?.0);
                if self.peek() != Some(&Token::Comma) {
                    break;
                }
                self.at += 1;
            }
        }
        self.close(&open)?;
        let span = function_span.start..self.last_end();
        self.count(Node::Call { function, function_span, arguments, span })
    }

    fn close(&mut self, open: &Range<usize>) -> Result<(), ExprError> {
        match self.peek() {
            Some(Token::Close) => {
                self.at += 1;
                Ok(())
            }
            None => Err(ExprError::new("'(' is never closed", open.clone())),
            Some(_) => Err(self.unexpected("an operator or ')'")),
        }
    }

    /// The error for two operands side by side.
    fn implicit_product(&self, left: &Node) -> ExprError {
        let error = self.unexpected("an operator");
        let short = |text: String| if text.len() <= 20 { text } else { "..".to_owned() };
        let right = match self.peek() {
            Some(Token::Name(name)) => short(name.clone()),
            Some(Token::Open) => "(..)".to_owned(),
            _ => "..".to_owned(),
        };
        // The operand beside the gap is what the writer multiplied, not the sum that it closes.
        let left = match left {
            Node::Number { .. } | Node::Name { .. } => short(left.to_string()),
            _ => "..".to_owned(),
        };
        error.with_help(format!("a product needs its sign: write {left}*{right}"))
    }
}
