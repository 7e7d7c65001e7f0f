//! A call of a function with its evaluated arguments.

use crate::event::{NULL, Text, Value, View};
use crate::expression::budget::Budget;
use crate::expression::context::Context;
use crate::expression::error::EvalError;
use crate::expression::node::Node;
use crate::expression::signature::{Function, whole};

/// Returns the value of a node for a current value.
pub type Evaluate<'c, 'r> = &'c dyn Fn(&'r Node, &Value<'r>) -> Result<Value<'r>, EvalError>;

/// A call, with arguments of the types that the function takes.
pub struct Call<'c, 'r> {
    pub function: Function,
    /// The arguments' nodes, for those that are expressions.
    pub nodes: &'r [Node],
    /// The arguments' values; null for those that are expressions.
    pub values: Vec<Value<'r>>,
    pub budget: &'c Budget,
    pub context: &'c Context<'c, 'r>,
    pub evaluate: Evaluate<'c, 'r>,
}

impl<'r> Call<'_, 'r> {
    pub fn value(&self, at: usize) -> &Value<'r> {
        self.values.get(at).unwrap_or(&NULL)
    }

    pub fn node(&self, at: usize) -> &'r Node {
        self.nodes.get(at).unwrap_or(&Node::Current)
    }

    /// Returns a whole number; its type was checked before.
    pub fn whole(&self, at: usize) -> Option<i64> {
        match self.value(at).view() {
            View::Number(number) => whole(number),
            _ => None,
        }
    }

    /// Returns the error of arguments of the right types that have no result.
    pub fn problem(&self, problem: &'static str) -> EvalError {
        EvalError::Value { function: self.function.name(), problem }
    }

    pub fn text(&self, at: usize) -> &str {
        match self.value(at).view() {
            View::String(text) => text,
            _ => "",
        }
    }
}

/// Returns the elements of an array; nothing for other values, whose types were checked before.
pub fn elements<'v, 'r>(value: &'v Value<'r>) -> &'v [Value<'r>] {
    match value.view() {
        View::Array(elements) => elements,
        _ => &[],
    }
}

/// Returns the entries of an object; nothing for other values, whose types were checked before.
pub fn entries<'v, 'r>(value: &'v Value<'r>) -> &'v [(Text<'r>, Value<'r>)] {
    match value.view() {
        View::Object(object) => object.entries(),
        _ => &[],
    }
}
