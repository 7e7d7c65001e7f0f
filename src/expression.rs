//! JMESPath over events, with `$` for the event's root and `$record` for the Kafka record: compiled
//! once, evaluated per event.
//!
//! The parser is the jmespath crate's, the evaluator is not: the crate's values sort keys, turn
//! `49.90` into 49.9 and confuse 64-bit ids that differ in the last digit, and its evaluator
//! reports an unknown function only when it is called.
//! Invariant: neither compiling nor evaluating panics, overflows the stack or uses unbounded time
//! and memory, whatever the text and the event.

mod error;

mod limits;

mod lexer;

mod syntax_error;

mod signature;

mod pattern;

mod prepared;

mod constants;

mod node;

mod translate;

mod compile;

mod lint;

mod name;

pub mod bindings;

mod guard;

mod budget;

mod decimal;

pub mod time;

mod format;

mod context;

mod compare;

mod function;

mod evaluate;

mod compiled;

mod cache;

pub mod condition;

mod part;

mod nearest_key;

mod explain;

pub mod template;

pub use bindings::Bindings;
pub use budget::Budget;
pub use cache::ExpressionCache;
pub use compiled::Expression;
pub use context::{Context, Evaluated, Mode};
pub use error::{CompileError, EvalError};
pub use limits::{
    DELIVERY_MADE, DELIVERY_STEPS, MAX_DEPTH, MAX_MADE, MAX_SOURCE, MAX_STEPS, MAX_TOKENS,
};
pub use lint::mention::is_about_people;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
pub(crate) mod compliance;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
pub(crate) mod properties;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests;
