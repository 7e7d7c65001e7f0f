//! The errors of an expression: of its text, and of its evaluation for one event.

use std::borrow::Cow;
use std::fmt;

use crate::event::Shape;

/// Why an expression or template does not compile; also a warning about one that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// Byte offset into the source, at most its length.
    pub offset: usize,
    /// The fault: lower case, no full stop, the value in backticks.
    pub message: String,
    /// The remedy; never empty.
    pub help: String,
}

/// Why an expression has no result for an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A function got an argument of a wrong type.
    #[error("`{function}` takes {expected} as argument {position}, not {actual}")]
    Argument {
        /// The function's name.
        function: &'static str,
        /// The argument's number, from 1.
        position: usize,
        /// The types that the function takes.
        expected: &'static str,
        /// The type that it got.
        actual: Cow<'static, str>,
    },
    /// The expression that a function applies to every element had a result of a wrong type.
    #[error("the expression of `{function}` must give {expected} for every element, not {actual}")]
    Result {
        /// The function's name.
        function: &'static str,
        /// The type that the expression must give.
        expected: &'static str,
        /// The type that it gave.
        actual: &'static str,
    },
    /// A function got a text that is not JSON.
    #[error("the text of `{function}` is not JSON: it looks like {looks_like}")]
    NotJson {
        /// The function's name.
        function: &'static str,
        /// What the text looks like, without its content.
        looks_like: Shape,
    },
    /// A loop's list is another value.
    #[error("a loop goes over a list or an object, not {actual}")]
    NotAList {
        /// The type of the value.
        actual: &'static str,
    },
    /// A computed number is beyond the range of f64.
    #[error("the result of `{function}` is not a finite number")]
    NotFinite {
        /// The function's name.
        function: &'static str,
    },
    /// A function got an argument of the right type that it has no result for.
    #[error("`{function}` {problem}")]
    Value {
        /// The function's name.
        function: &'static str,
        /// The problem, as what the function does: `divides by zero`. No value of the event.
        problem: &'static str,
    },
    /// The evaluation reached [`MAX_STEPS`](super::MAX_STEPS).
    #[error("the expression takes more than 16,000,000 steps for this event")]
    TooManySteps,
    /// The evaluation reached [`MAX_MADE`](super::MAX_MADE).
    #[error("the expression makes more than 128 MiB of values for this event")]
    TooMuchMade,
    /// The expressions of a delivery's templates reached the limits that they share.
    #[error(
        "the templates take more than 1,000,000 steps or make more than 16 MiB of values for this \
         event; the rest is empty"
    )]
    UsedUp,
}

impl EvalError {
    /// Whether a budget is used up, so that nothing more can be evaluated.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self, EvalError::TooManySteps | EvalError::TooMuchMade | EvalError::UsedUp)
    }
}

impl CompileError {
    /// Returns an error at this offset.
    pub fn new(offset: usize, message: impl Into<String>, help: impl Into<String>) -> Self {
        CompileError { offset, message: message.into(), help: help.into() }
    }
}

/// Refuses an expression because of a fault at this offset.
pub fn refuse<T>(
    offset: usize,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Result<T, CompileError> {
    Err(CompileError::new(offset, message, help))
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {}): {}", self.message, self.offset, self.help)
    }
}

impl std::error::Error for CompileError {}
