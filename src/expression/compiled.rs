//! A compiled expression.

use std::fmt;
use std::sync::Arc;

use super::bindings::Bindings;
use super::compile::compile;
use super::context::{Context, Evaluated, Mode};
use super::error::{CompileError, EvalError};
use super::evaluate::{evaluate, evaluate_in, is_true};
use super::guard;
use super::lexer::Tokens;
use super::lint;
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
        Self::compile_in(source, &Bindings::default())
    }

    /// Compiles an expression of a template's loop, with the names of the loops around it.
    ///
    /// # Errors
    /// Those of [`Expression::compile`].
    pub fn compile_in(source: &str, bindings: &Bindings) -> Result<Self, CompileError> {
        let (node, warnings) = compile(source, bindings)?;
        let inner = Inner { source: source.into(), node, warnings: warnings.into() };
        Ok(Expression(Arc::new(inner)))
    }

    /// Compiles the trigger of an action.
    ///
    /// # Errors
    /// Those of [`Expression::compile`], and a whole trigger that is a bare `true`, `false` or
    /// `null`.
    pub fn compile_trigger(source: &str) -> Result<Self, CompileError> {
        lint::trigger::refuse_template(source)?;
        let (node, mut warnings) = compile(source, &Bindings::default())?;
        lint::trigger::refuse(&node, source)?;
        warnings.extend(lint::trigger::warning(&node, source));
        let inner = Inner { source: source.into(), node, warnings: warnings.into() };
        Ok(Expression(Arc::new(inner)))
    }

    /// Returns warnings about valid forms that hardly mean what was intended, in the order of the
    /// text.
    #[must_use]
    pub fn warnings(&self) -> &[CompileError] {
        &self.0.warnings
    }

    /// Returns warnings about functions of an expression of a template that fail where a field of
    /// the event is missing, unless every event for which `trigger` is true has it.
    #[must_use]
    pub fn unguarded(&self, trigger: Option<&Expression>) -> Vec<CompileError> {
        self.unguarded_where(trigger.as_slice())
    }

    /// Returns the same warnings where all of these expressions are true.
    pub(super) fn unguarded_where(&self, truths: &[&Expression]) -> Vec<CompileError> {
        self.unguarded_in(Mode::Lenient, truths)
    }

    /// Returns the same warnings about a trigger.
    #[must_use]
    pub fn unguarded_as_trigger(&self) -> Vec<CompileError> {
        self.unguarded_in(Mode::Strict, &[])
    }

    fn unguarded_in(&self, mode: Mode, truths: &[&Expression]) -> Vec<CompileError> {
        // Nearly every expression calls nothing, and what follows takes as long as compiling it.
        if !self.0.node.has_call() {
            return Vec::new();
        }
        let mut known = guard::facts::Facts::default();
        for truth in truths {
            known.extend(&guard::implied(&truth.0.node));
        }
        let found = guard::unguarded(&self.0.node, mode, &known);
        if found.is_empty() {
            return Vec::new();
        }
        // The source was compiled, so that it has tokens.
        let tokens = Tokens::read(&self.0.source).map(|tokens| tokens.all).unwrap_or_default();
        found.iter().filter_map(|call| guard::remedy::warning(call, &tokens)).collect()
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

    /// Returns the value of the expression in a template, and what is counted as its error: at most
    /// one, and none after the budget of the delivery is used up.
    #[must_use]
    pub fn evaluate_in<'r>(&'r self, context: &Context<'_, 'r>) -> Evaluated<'r> {
        evaluate_in(&self.0.node, context, &[])
    }

    /// [`Expression::evaluate_in`] with the values of the names that it was compiled with.
    #[must_use]
    pub fn evaluate_with<'r>(
        &'r self,
        context: &Context<'_, 'r>,
        variables: &[Value<'r>],
    ) -> Evaluated<'r> {
        evaluate_in(&self.0.node, context, variables)
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
