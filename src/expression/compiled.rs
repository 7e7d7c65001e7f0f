//! A compiled expression.

use std::fmt;
use std::sync::Arc;

use super::compile::compile;
use super::error::{CompileError, EvalError};
use super::evaluate::{evaluate, is_true};
use super::node::Node;
use crate::event::{Event, Value};

/// A compiled expression; a clone shares it.
#[derive(Clone)]
pub struct Expression(Arc<Inner>);

struct Inner {
    source: Box<str>,
    node: Node,
    warnings: Box<[CompileError]>,
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// The first fault: the syntax, an unknown function or a wrong number of arguments, a limit
    /// ([`MAX_SOURCE`](super::MAX_SOURCE), [`MAX_TOKENS`](super::MAX_TOKENS),
    /// [`MAX_DEPTH`](super::MAX_DEPTH)), or a form that cannot mean what was intended.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        let (node, warnings) = compile(source)?;
        let inner = Inner { source: source.into(), node, warnings: warnings.into() };
        Ok(Expression(Arc::new(inner)))
    }

    /// Returns warnings about valid forms that hardly mean what was intended, in the order of the
    /// text.
    #[must_use]
    pub fn warnings(&self) -> &[CompileError] {
        &self.0.warnings
    }

    /// The expression as the user wrote it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Returns the parsed expression.
    pub fn node(&self) -> &Node {
        &self.0.node
    }

    /// Returns the value of the expression for an event.
    ///
    /// # Errors
    /// [`EvalError`]: a function got a value of a wrong type, or a limit was reached.
    pub fn evaluate<'r>(&'r self, event: &'r Event<'r>) -> Result<Value<'r>, EvalError> {
        evaluate(&self.0.node, event)
    }

    /// Whether the expression is true for an event, by JMESPath's rules of truth.
    ///
    /// # Errors
    /// Those of [`Expression::evaluate`].
    pub fn is_true(&self, event: &Event<'_>) -> Result<bool, EvalError> {
        is_true(&self.0.node, event)
    }

    /// Whether two values share one compiled expression.
    #[cfg(test)]
    pub fn is_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source()).finish()
    }
}
