//! JMESPath's built-in functions: evaluation.
//!
//! Invariant: a function runs only with the number and types of arguments that it takes.

use std::cmp::Ordering;

use super::budget::Budget;
use super::error::EvalError;
use super::node::Node;
use super::signature::{Function, Takes, describe_type};
use crate::event::{Value, View};

use self::call::{Call, Evaluate};

mod call;

mod lists;

mod numbers;

mod texts;

/// Evaluates a call. `evaluate` returns the value of a node for a current value.
pub fn call<'r>(
    function: Function,
    nodes: &'r [Node],
    current: &Value<'r>,
    budget: &Budget,
    evaluate: Evaluate<'_, 'r>,
) -> Result<Value<'r>, EvalError> {
    let signature = function.signature();
    let mut values = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let takes = signature.argument(at);
        let is_value = takes != Takes::Expression;
        values.push(if is_value { evaluate(node, current)? } else { Value::Null });
    }
    for (at, value) in values.iter().enumerate() {
        let takes = signature.argument(at);
        if let (Takes::Numbers | Takes::Texts | Takes::NumbersOrTexts, View::Array(elements)) =
            (takes, value.view())
        {
            budget.steps(elements.len())?;
        }
        if takes != Takes::Expression && !takes.accepts(value) {
            return Err(EvalError::Argument {
                function: function.name(),
                position: at + 1,
                expected: takes.describe(),
                actual: describe_type(value),
            });
        }
    }
    Call { function, nodes, values, budget, evaluate }.run()
}

impl<'r> Call<'_, 'r> {
    fn run(&self) -> Result<Value<'r>, EvalError> {
        match self.function {
            Function::Abs => Ok(numbers::abs(self.value(0))),
            Function::Avg => self.avg(),
            Function::Ceil => self.rounded(f64::ceil),
            Function::Contains => self.contains(),
            Function::EndsWith => self.has(|text, end| text.ends_with(end)),
            Function::Floor => self.rounded(f64::floor),
            Function::Join => self.join(),
            Function::Keys => self.keys(),
            Function::Length => self.length(),
            Function::Map => self.map(),
            Function::Max => self.best(Ordering::Greater),
            Function::MaxBy => self.best_by(Ordering::Greater),
            Function::Merge => self.merge(),
            Function::Min => self.best(Ordering::Less),
            Function::MinBy => self.best_by(Ordering::Less),
            Function::NotNull => Ok(self.not_null()),
            Function::ParseJson => self.parse_json(),
            Function::Reverse => self.reverse(),
            Function::Sort => self.sort(),
            Function::SortBy => self.sort_by(),
            Function::StartsWith => self.has(|text, start| text.starts_with(start)),
            Function::Sum => self.sum(),
            Function::ToArray => self.to_array(),
            Function::ToNumber => Ok(numbers::to_number(self.value(0))),
            Function::ToString => self.to_text(),
            Function::Type => Ok(Value::Text(self.value(0).type_name())),
            Function::Values => self.values(),
        }
    }
}
