//! The parts of an expression as the user wrote them: each a node, with the tokens that it was
//! compiled from. `check` and `preview` show these texts.
//!
//! The syntax tree has no spans, so that they are found in the tokens again, and only when one is
//! shown. Invariant: the text of a part compiles to the part's node.

use super::lexer::{Kind, Token};
use super::node::Node;

/// A part of an expression.
#[derive(Clone, Copy)]
pub struct Part<'e> {
    pub node: &'e Node,
    /// Without brackets around them.
    tokens: &'e [Token<'e>],
}

impl<'e> Part<'e> {
    /// Returns the part that was compiled from these tokens.
    pub fn new(node: &'e Node, tokens: &'e [Token<'e>]) -> Self {
        Part { node, tokens: without_brackets(tokens) }
    }

    /// Returns the operands of `&&`, `||`, `!` and comparisons, and the arguments of a call;
    /// nothing for any other part, and no argument that is an `&expression`.
    pub fn operands(self) -> Vec<Part<'e>> {
        let tokens = match self.node {
            Node::Any(nodes) => chain(self.tokens, "||", nodes.len()),
            Node::All(nodes) => chain(self.tokens, "&&", nodes.len()),
            Node::Not(_) => vec![self.tokens.get(1..).unwrap_or_default()],
            Node::Compare(..) => sides_of(self.tokens),
            Node::Call(..) => {
                let inside = self.tokens.len().saturating_sub(1);
                split(self.tokens.get(2..inside).unwrap_or_default(), ",")
            }
            _ => return Vec::new(),
        };
        let is_value = |at| match self.node {
            Node::Call(function, _) => function.signature().argument(at).is_value(),
            _ => true,
        };
        let parts = self.node.children().into_iter().zip(tokens).enumerate();
        parts
            .filter(|(at, _)| is_value(*at))
            .map(|(_, (node, tokens))| Part::new(node, tokens))
            .collect()
    }

    /// Returns the text of the part, on one line: white space between tokens is one space.
    pub fn text(self) -> String {
        text_of(self.tokens)
    }
}

/// Returns the text of tokens, on one line: white space between two of them is one space.
pub fn text_of(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    let mut end = None;
    for token in tokens {
        if end.is_some_and(|end| end < token.offset) {
            text.push(' ');
        }
        text.push_str(token.text);
        end = Some(token.offset + token.text.len());
    }
    text
}

/// Returns the `count` operands of a chain of `operator`. Brackets around its first operands are
/// not in the tree: `(a && b) && c` is one chain of three.
fn chain<'e>(tokens: &'e [Token<'e>], operator: &str, count: usize) -> Vec<&'e [Token<'e>]> {
    let mut operands = split(tokens, operator);
    while operands.len() < count
        && let Some(first) = operands.first()
    {
        let inner = split(without_brackets(first), operator);
        if inner.len() < 2 {
            break;
        }
        operands.splice(..1, inner);
    }
    operands
}

/// Returns the two sides of a comparison: of several in a row, the last operator is the outermost.
fn sides_of<'e>(tokens: &'e [Token<'e>]) -> Vec<&'e [Token<'e>]> {
    let Some(at) = comparisons(tokens).last() else { return Vec::new() };
    let (left, right) = tokens.split_at(at);
    vec![left, right.get(1..).unwrap_or_default()]
}

/// Returns where comparison operators outside of brackets are.
pub fn comparisons<'e>(tokens: &'e [Token<'e>]) -> impl Iterator<Item = usize> + 'e {
    let is_comparison = |text| matches!(text, "==" | "!=" | "<" | "<=" | ">" | ">=");
    let outer = outside_brackets(tokens).filter(move |(_, token)| is_comparison(token.text));
    outer.map(|(at, _)| at)
}

/// Splits tokens at a sign that is outside of brackets.
pub fn split<'e>(tokens: &'e [Token<'e>], sign: &str) -> Vec<&'e [Token<'e>]> {
    let mut parts = Vec::new();
    let mut start = 0;
    let signs = outside_brackets(tokens).filter(|(_, token)| token.text == sign).map(|(at, _)| at);
    for end in signs.chain([tokens.len()]) {
        parts.push(tokens.get(start..end).unwrap_or_default());
        start = end + 1;
    }
    parts
}

/// Returns the signs outside of brackets, with their indexes.
fn outside_brackets<'e>(
    tokens: &'e [Token<'e>],
) -> impl Iterator<Item = (usize, &'e Token<'e>)> + 'e {
    let mut depth = 0_usize;
    let signs = tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Sign);
    signs.filter(move |(_, token)| {
        match token.text {
            "(" | "[" | "{" | "[?" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    })
}

/// Removes brackets that enclose all of the tokens.
fn without_brackets<'e>(mut tokens: &'e [Token<'e>]) -> &'e [Token<'e>] {
    while let [open, inside @ .., close] = tokens {
        let enclosing = is_sign(open, "(") && is_sign(close, ")") && is_balanced(inside);
        if !enclosing {
            break;
        }
        tokens = inside;
    }
    tokens
}

/// Whether no bracket in `tokens` closes one before them: `a) && (b` is not balanced.
fn is_balanced(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0_i32;
    tokens.iter().all(|token| {
        depth += i32::from(is_sign(token, "(")) - i32::from(is_sign(token, ")"));
        depth >= 0
    })
}

fn is_sign(token: &Token<'_>, sign: &str) -> bool {
    token.kind == Kind::Sign && token.text == sign
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
