//! JMESPath over events, with `$` for the event's root and `$record` for the Kafka record: compiled once, evaluated per event.
//!
//! The parser is the jmespath crate's, the evaluator ours: the crate's values sort keys, turn `49.90` into 49.9, make one of two
//! 64-bit ids that differ in the last digit, and it finds unknown functions only at evaluation.
//! Invariant: neither compiling nor evaluating panics, overflows the stack or grows without a bound, whatever the text and the event.

use std::fmt;
use std::sync::Arc;

use crate::event::{Event, Value};

mod lex;

mod syntax;

mod node;

mod function;

mod compile;

mod compare;

pub mod condition;

mod evaluate;

pub mod template;

mod compiled;

pub use compiled::Compiled;
pub use evaluate::{EvalError, MAX_MADE, MAX_STEPS};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod bounds;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
pub(crate) mod compliance;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
pub(crate) mod properties;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests;

/// The longest expression, in bytes.
pub const MAX_SOURCE: usize = 256 * 1024;

/// The most parts (names, literals, operators, brackets) of an expression.
pub const MAX_TOKENS: usize = 4096;

/// How deep brackets, prefixes, projections and comparisons of an expression may nest.
pub const MAX_DEPTH: usize = 64;

/// Why an expression or template does not compile; also a warning about one that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// Byte offset into the source, at most its length.
    pub offset: usize,
    /// What is wrong: lowercase, no full stop, the value in backticks.
    pub message: String,
    /// What would be right; never empty.
    pub help: String,
}

impl CompileError {
    /// An error at this offset.
    pub fn new(offset: usize, message: impl Into<String>, help: impl Into<String>) -> Self {
        CompileError { offset, message: message.into(), help: help.into() }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {}): {}", self.message, self.offset, self.help)
    }
}

impl std::error::Error for CompileError {}

/// A compiled expression; cloning shares it.
#[derive(Clone)]
pub struct Expression {
    inner: Arc<Inner>,
}

struct Inner {
    source: Box<str>,
    node: node::Node,
    warnings: Box<[CompileError]>,
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// The first fault: the syntax, a name or count of arguments that no function has, a limit ([`MAX_SOURCE`],
    /// [`MAX_TOKENS`], [`MAX_DEPTH`]), or a form that can never do what was meant.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        let (node, warnings) = compile::compile(source)?;
        Ok(Expression {
            inner: Arc::new(Inner { source: source.into(), node, warnings: warnings.into() }),
        })
    }

    /// Legal forms that hardly mean what was meant, in the order of the text.
    #[must_use]
    pub fn warnings(&self) -> &[CompileError] {
        &self.inner.warnings
    }

    /// The expression as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// What the expression gives for an event.
    ///
    /// # Errors
    /// [`EvalError`]: a function got a value of a wrong type, or the work went beyond its bound.
    pub fn evaluate<'r>(&'r self, event: &'r Event<'r>) -> Result<Value<'r>, EvalError> {
        evaluate::evaluate(&self.inner.node, event)
    }

    /// Whether the expression is true for an event: the result's truth is JMESPath's.
    ///
    /// # Errors
    /// Those of [`Expression::evaluate`].
    pub fn is_true(&self, event: &Event<'_>) -> Result<bool, EvalError> {
        self.evaluate(event).map(|value| value.is_truthy())
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source()).finish()
    }
}
