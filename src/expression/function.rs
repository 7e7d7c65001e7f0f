//! The built-in functions: evaluation.
//!
//! Invariant: a function runs only with the number and types of arguments that it takes.

use std::cmp::Ordering;

use super::context::{Context, Mode};
use super::decimal::Decimal;
use super::error::EvalError;
use super::node::Node;
use super::signature::Function;
use crate::event::{Value, View};

use self::call::{Call, Evaluate};
use self::choices::is_missing;

mod arithmetic;

mod call;

mod cases;

mod choices;

mod dates;

mod figures;

mod links;

mod lists;

mod numbers;

mod pairs;

mod patterns;

mod strings;

mod texts;

mod times;

mod words;

/// Evaluates a call. `evaluate` returns the value of a node for a current value.
pub fn call<'r>(
    function: Function,
    nodes: &'r [Node],
    current: &Value<'r>,
    context: &Context<'_, 'r>,
    evaluate: Evaluate<'_, 'r>,
) -> Result<Value<'r>, EvalError> {
    if let (Function::If, [condition, yes, no]) = (function, nodes) {
        let branch = if evaluate(condition, current)?.is_truthy() { yes } else { no };
        return evaluate(branch, current);
    }
    if let (Function::Default, [value, other]) = (function, nodes) {
        let value = evaluate(value, current)?;
        return if is_missing(&value) { evaluate(other, current) } else { Ok(value) };
    }
    let signature = function.signature();
    let mut values = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let is_value = signature.argument(at).is_value();
        let value = if is_value { evaluate(node, current)? } else { Value::Null };
        // Only `escape` hands markup on: for any other function it is the text that readers see.
        values.push(if function == Function::Escape { value } else { value.without_markup() });
    }
    let call = Call { function, nodes, values, budget: context.budget, context, evaluate };
    if (context.mode, signature.in_templates) == (Mode::Lenient, Mode::Lenient) {
        return call.run_leniently();
    }
    for at in 0..nodes.len() {
        call.check(at)?;
    }
    call.run()
}

impl<'r> Call<'_, 'r> {
    /// Checks the type of the argument at this index.
    fn check(&self, at: usize) -> Result<(), EvalError> {
        let takes = self.function.signature().argument(at);
        let value = self.value(at);
        if let (true, View::Array(elements)) = (takes.has_typed_elements(), value.view()) {
            self.budget.steps(elements.len())?;
        }
        if !takes.is_value() || takes.accepts(value) {
            return Ok(());
        }
        Err(EvalError::Argument {
            function: self.function.name(),
            position: at + 1,
            expected: takes.describe(),
            actual: takes.describe_refused(value),
        })
    }

    /// Checks the arguments and runs the function as [`Mode::Lenient`] describes.
    fn run_leniently(&self) -> Result<Value<'r>, EvalError> {
        if self.function == Function::Join {
            return self.join_leniently();
        }
        let piped = self.function.piped();
        match self.check(piped) {
            Ok(()) => {}
            Err(error) if error.is_limit() => return Err(error),
            Err(_) if matches!(self.value(piped), Value::Null) => return Ok(Value::Null),
            Err(error) => {
                self.context.record(error);
                return Ok(self.value(piped).clone());
            }
        }
        let mut others = (0..self.nodes.len()).filter(|at| *at != piped);
        let checked = others.try_for_each(|at| self.check(at));
        match checked.and_then(|()| self.run()) {
            Err(error) if !error.is_limit() => {
                let is_piped = matches!(
                    error, EvalError::Argument { position, .. } if position == piped + 1
                );
                self.context.record(error);
                Ok(if is_piped { self.value(piped).clone() } else { Value::Null })
            }
            result => result,
        }
    }

    fn run(&self) -> Result<Value<'r>, EvalError> {
        match self.function {
            Function::Abs => Ok(numbers::abs(self.value(0))),
            Function::Age => self.age(),
            Function::Avg => self.avg(),
            Function::Capitalize => self.capitalize(),
            Function::Ceil => self.rounded(f64::ceil),
            Function::Contains => self.contains(),
            Function::DividedBy => self.arithmetic(Decimal::divided_by),
            Function::EndsWith => self.has(|text, end| text.ends_with(end)),
            Function::FindFirst => self.find(true),
            Function::FindLast => self.find(false),
            Function::Floor => self.rounded(f64::floor),
            Function::FromItems => self.object_of_items(),
            Function::Glob | Function::Matches => self.matches(),
            Function::GroupBy => self.group_by(),
            // Evaluated before its branches are.
            Function::If => Ok(Value::Null),
            Function::Items => self.items(),
            Function::Join => self.join(),
            Function::Keys => self.keys(),
            Function::Length => self.length(),
            Function::Lower => self.lower(),
            Function::Map => self.map(),
            Function::Max => self.best(Ordering::Greater),
            Function::MaxBy => self.best_by(Ordering::Greater),
            Function::Merge => self.merge(),
            Function::Min => self.best(Ordering::Less),
            Function::MinBy => self.best_by(Ordering::Less),
            Function::Minus => self.arithmetic(Decimal::minus),
            Function::Modulo => self.arithmetic(Decimal::modulo),
            Function::NotNull => Ok(self.not_null()),
            Function::PadLeft => self.pad(true),
            Function::PadRight => self.pad(false),
            Function::ParseJson => self.parse_json(),
            Function::ParseTime => self.parse_time(),
            Function::Plus => self.arithmetic(Decimal::plus),
            Function::Replace => self.replace(),
            Function::Reverse => self.reverse(),
            Function::Sort => self.sort(),
            Function::SortBy => self.sort_by(),
            Function::Split => self.split(),
            Function::StartsWith => self.has(|text, start| text.starts_with(start)),
            Function::StartsWithAny => self.starts_with_any(),
            Function::Sum => self.sum(),
            Function::Times => self.arithmetic(Decimal::times),
            Function::Title => self.title(),
            Function::ToArray => self.to_array(),
            Function::ToNumber => Ok(numbers::to_number(self.value(0))),
            Function::ToString => self.to_text(),
            Function::Trim => self.trim(),
            Function::Type => Ok(Value::Text(self.value(0).type_name())),
            Function::Upper => self.upper(),
            Function::Values => self.values(),
            Function::Zip => self.zip(),
            Function::Bytes => self.bytes(),
            Function::Channel => self.channel(),
            Function::Date => self.date(),
            // Evaluated before its second argument is.
            Function::Default => Ok(Value::Null),
            Function::Duration => self.duration(),
            Function::Escape => self.escape(),
            Function::First => Ok(self.first()),
            Function::Json => self.json(),
            Function::Last => Ok(self.last()),
            Function::Link => self.link(),
            Function::Mention => self.mention(),
            Function::Money => self.money(),
            Function::Number => self.number(),
            Function::Percent => self.percent(),
            Function::Pluralize => self.pluralize(),
            Function::Round => self.round(),
            Function::Size => self.length(),
            Function::SlackDate => self.slack_date(),
            Function::Truncate => self.truncate(),
            Function::Uniq => self.uniq(),
            Function::UrlEncode => self.url_encode(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
