//! Whether a condition holds, by the fields that were read.
//!
//! Invariant: nothing is allocated where no document is needed, but for strings with escapes in them.

use std::cmp::Ordering;

use super::{Condition, Kind, Literal, Scalar, Test};
use crate::event::{Document, Event, Fields, Number, Path, Quoted, Seen, Value, elements};
use crate::expression::compare::compare;
use crate::expression::evaluate::{Budget, EvalError, evaluate};
use crate::expression::function::{Function, Takes, actual};
use crate::expression::node::{Comparison, Node};

/// One event, as far as it was read.
#[derive(Clone, Copy)]
pub struct Facts<'d, 'a> {
    /// The fields that the conditions ask for.
    pub fields: Fields<'a, 'd>,
    /// Everything, read at most once.
    pub document: &'d Document<'a>,
}

impl Condition {
    /// Whether it holds.
    ///
    /// # Errors
    /// Those of the expression that it was made of: an argument of a wrong type, a bound.
    pub fn is_true(&self, facts: &Facts<'_, '_>) -> Result<bool, EvalError> {
        match &self.0 {
            Kind::Always(always) => Ok(*always),
            Kind::All(conditions) => {
                for condition in conditions {
                    if !condition.is_true(facts)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Kind::Any(conditions) => {
                for condition in conditions {
                    if condition.is_true(facts)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Kind::Not(condition) => Ok(!condition.is_true(facts)?),
            Kind::Is(path) => Ok(is_truthy(facts.fields.get(*path))),
            Kind::Compare(path, Comparison::Equal, Scalar::Text(text)) => {
                Ok(is_text(facts.fields, *path, text))
            }
            Kind::Compare(path, comparison, scalar) => {
                Ok(holds(facts.fields.get(*path), *comparison, scalar))
            }
            Kind::CompareFields(a, comparison, b) => {
                fields(facts.fields.get(*a), *comparison, facts.fields.get(*b))
            }
            Kind::OneOf(path, scalars) => {
                let seen = facts.fields.get(*path);
                Ok(scalars.iter().any(|scalar| is_equal(seen, scalar)))
            }
            Kind::Test(test, path, scalar) => test.holds(facts.fields.get(*path), scalar),
            Kind::Record(node) => whole(node, facts.document.bare()),
            // An event that was read has a document.
            Kind::Whole(node) => {
                facts.document.event().map_or(Ok(false), |event| whole(node, event))
            }
        }
    }
}

/// Whether a field is this text: what most triggers ask.
#[inline]
fn is_text(fields: Fields<'_, '_>, path: Path, text: &str) -> bool {
    match fields.plain(path) {
        Some(plain) => plain == text.as_bytes(),
        None => matches!(fields.get(path), Seen::String(seen) if seen.is(text)),
    }
}

fn whole(node: &Node, event: &Event<'_>) -> Result<bool, EvalError> {
    evaluate(node, event).map(|value| value.is_truthy())
}

fn is_truthy(seen: Seen<'_>) -> bool {
    match seen {
        Seen::Null => false,
        Seen::Bool(bool) => bool,
        Seen::Number(_) => true,
        Seen::String(text) => !text.is_empty(),
        Seen::Array(json) | Seen::Object(json) => !is_empty(json),
    }
}

/// Whether an array or object has nothing between its brackets.
fn is_empty(json: &str) -> bool {
    json.get(1..json.len().saturating_sub(1)).is_none_or(|inside| inside.trim_ascii().is_empty())
}

/// A comparison's truth: null, what an order of other things than numbers gives, is false.
fn holds(seen: Seen<'_>, comparison: Comparison, scalar: &Scalar) -> bool {
    match comparison {
        Comparison::Equal => is_equal(seen, scalar),
        Comparison::NotEqual => !is_equal(seen, scalar),
        _ => match (seen, scalar) {
            (Seen::Number(a), Scalar::Number(b)) => comparison.takes(b.order(a)),
            _ => false,
        },
    }
}

fn is_equal(seen: Seen<'_>, scalar: &Scalar) -> bool {
    match (seen, scalar) {
        (Seen::Null, Scalar::Null) => true,
        (Seen::Bool(a), Scalar::Bool(b)) => a == *b,
        (Seen::Number(a), Scalar::Number(b)) => a == &*b.written || b.order(a) == Ordering::Equal,
        (Seen::String(a), Scalar::Text(b)) => a.is(b),
        _ => false,
    }
}

/// Two fields: as the document's values compare. Arrays and objects are read for it.
fn fields(a: Seen<'_>, comparison: Comparison, b: Seen<'_>) -> Result<bool, EvalError> {
    compare(comparison, &value(a), &value(b), &Budget::default()).map(|value| value.is_truthy())
}

fn value(seen: Seen<'_>) -> Value<'_> {
    match seen {
        Seen::Null => Value::Null,
        Seen::Bool(bool) => Value::Bool(bool),
        Seen::Number(written) => Value::Written(written),
        Seen::String(text) => text.decode().into(),
        // It was read once: it reads again.
        Seen::Array(json) | Seen::Object(json) => Value::parse(json).unwrap_or(Value::Null),
    }
}

impl Comparison {
    /// Whether an order is one that it asks for.
    pub(super) fn takes(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Literal {
    /// How a written number lies to this one.
    fn order(&self, written: &str) -> Ordering {
        let number = Number::Written(written);
        match number.as_f64().partial_cmp(&self.nearest) {
            Some(order @ (Ordering::Less | Ordering::Greater)) => order,
            // Different numbers can have one nearest f64.
            _ => number.cmp(&Number::Written(&self.written)),
        }
    }
}

impl Test {
    pub(super) fn function(self) -> Function {
        match self {
            Test::StartsWith => Function::StartsWith,
            Test::EndsWith => Function::EndsWith,
            Test::Contains => Function::Contains,
        }
    }

    fn takes(self) -> Takes {
        self.function().signature().argument(0)
    }

    fn holds(self, seen: Seen<'_>, scalar: &Scalar) -> Result<bool, EvalError> {
        match (self, seen, scalar) {
            (Test::StartsWith, Seen::String(text), Scalar::Text(part)) => {
                Ok(of_text(text, |text| text.starts_with(&**part)))
            }
            (Test::EndsWith, Seen::String(text), Scalar::Text(part)) => {
                Ok(of_text(text, |text| text.ends_with(&**part)))
            }
            (Test::Contains, Seen::String(text), Scalar::Text(part)) => {
                Ok(of_text(text, |text| text.contains(&**part)))
            }
            (Test::Contains, Seen::String(_), _) => Ok(false),
            (Test::Contains, Seen::Array(json), scalar) => {
                Ok(elements(json).any(|element| is_equal(element, scalar)))
            }
            _ => Err(EvalError::Argument {
                function: self.function().name(),
                position: 1,
                expected: self.takes().describe(),
                actual: actual(&value(seen)),
            }),
        }
    }
}

fn of_text(text: Quoted<'_>, holds: impl Fn(&str) -> bool) -> bool {
    holds(&text.decode())
}
