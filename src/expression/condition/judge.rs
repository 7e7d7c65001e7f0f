//! Decides whether a condition is true, from the fields that were read.
//!
//! Invariant: without need of the document, nothing is allocated except for strings with escapes.

use std::cmp::Ordering;

use super::{Condition, Kind, Literal, Scalar, Test};
use crate::event::{Document, Event, FieldValue, Fields, Number, Path, Quoted, Value, elements};
use crate::expression::budget::Budget;
use crate::expression::compare::compare;
use crate::expression::error::EvalError;
use crate::expression::evaluate::evaluate;
use crate::expression::node::{Comparison, Node};
use crate::expression::signature::{Function, Takes, describe_type};

/// One event: its requested fields, and the whole of it on demand.
#[derive(Clone, Copy)]
pub struct Facts<'d, 'a> {
    /// The fields that the conditions request.
    pub fields: Fields<'a, 'd>,
    /// The parsed event, built at its first use.
    pub document: &'d Document<'a>,
}

impl Condition {
    /// Whether the condition is true.
    ///
    /// # Errors
    /// Those of its expression: an argument of a wrong type, or a limit.
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
                Ok(compares(facts.fields.get(*path), *comparison, scalar))
            }
            Kind::CompareFields(a, comparison, b) => {
                fields(facts.fields.get(*a), *comparison, facts.fields.get(*b))
            }
            Kind::OneOf(path, scalars) => {
                let field = facts.fields.get(*path);
                Ok(scalars.iter().any(|scalar| is_equal(field, scalar)))
            }
            Kind::Test(test, path, scalar) => test.holds(facts.fields.get(*path), scalar),
            Kind::Record(node) => whole(node, facts.document.bare()),
            // The fields were read, so that the payload is valid.
            Kind::Whole(node) => {
                facts.document.event().map_or(Ok(false), |event| whole(node, event))
            }
        }
    }
}

/// Whether a field is this string: the condition of most triggers.
#[inline]
fn is_text(fields: Fields<'_, '_>, path: Path, text: &str) -> bool {
    match fields.plain(path) {
        Some(plain) => plain == text.as_bytes(),
        None => matches!(fields.get(path), FieldValue::String(field) if field.is(text)),
    }
}

fn whole(node: &Node, event: &Event<'_>) -> Result<bool, EvalError> {
    evaluate(node, event).map(|value| value.is_truthy())
}

fn is_truthy(field: FieldValue<'_>) -> bool {
    match field {
        FieldValue::Null => false,
        FieldValue::Bool(bool) => bool,
        FieldValue::Number(_) => true,
        FieldValue::String(text) => !text.is_empty(),
        FieldValue::Array(json) | FieldValue::Object(json) => !is_empty(json),
    }
}

/// Whether an array's or object's JSON has nothing between its brackets.
fn is_empty(json: &str) -> bool {
    json.get(1..json.len().saturating_sub(1)).is_none_or(|inside| inside.trim_ascii().is_empty())
}

/// Returns the truth of a comparison. An order of values that are not numbers is null: false.
fn compares(field: FieldValue<'_>, comparison: Comparison, scalar: &Scalar) -> bool {
    match comparison {
        Comparison::Equal => is_equal(field, scalar),
        Comparison::NotEqual => !is_equal(field, scalar),
        _ => match (field, scalar) {
            (FieldValue::Number(a), Scalar::Number(b)) => comparison.takes(b.order(a)),
            _ => false,
        },
    }
}

fn is_equal(field: FieldValue<'_>, scalar: &Scalar) -> bool {
    match (field, scalar) {
        (FieldValue::Null, Scalar::Null) => true,
        (FieldValue::Bool(a), Scalar::Bool(b)) => a == *b,
        (FieldValue::Number(a), Scalar::Number(b)) => {
            a == &*b.written || b.order(a) == Ordering::Equal
        }
        (FieldValue::String(a), Scalar::Text(b)) => a.is(b),
        _ => false,
    }
}

/// Compares two fields like the document's values. Arrays and objects are parsed for this.
fn fields(a: FieldValue<'_>, comparison: Comparison, b: FieldValue<'_>) -> Result<bool, EvalError> {
    compare(comparison, &value(a), &value(b), &Budget::default()).map(|value| value.is_truthy())
}

fn value(field: FieldValue<'_>) -> Value<'_> {
    match field {
        FieldValue::Null => Value::Null,
        FieldValue::Bool(bool) => Value::Bool(bool),
        FieldValue::Number(written) => Value::Written(written),
        FieldValue::String(text) => text.decode().into(),
        // Its grammar was checked.
        FieldValue::Array(json) | FieldValue::Object(json) => {
            Value::parse(json).unwrap_or(Value::Null)
        }
    }
}

impl Comparison {
    /// Whether two values in this order satisfy the comparison.
    fn takes(self, order: Ordering) -> bool {
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
    /// Returns the order of a written number and this one.
    fn order(&self, written: &str) -> Ordering {
        let number = Number::Written(written);
        match number.as_f64().partial_cmp(&self.nearest) {
            Some(order @ (Ordering::Less | Ordering::Greater)) => order,
            // Different numbers can have the same nearest f64.
            _ => number.cmp(&Number::Written(&self.written)),
        }
    }
}

impl Test {
    fn function(self) -> Function {
        match self {
            Test::StartsWith => Function::StartsWith,
            Test::EndsWith => Function::EndsWith,
            Test::Contains => Function::Contains,
        }
    }

    fn takes(self) -> Takes {
        self.function().signature().argument(0)
    }

    fn holds(self, field: FieldValue<'_>, scalar: &Scalar) -> Result<bool, EvalError> {
        match (self, field, scalar) {
            (Test::StartsWith, FieldValue::String(text), Scalar::Text(part)) => {
                Ok(of_text(text, |text| text.starts_with(&**part)))
            }
            (Test::EndsWith, FieldValue::String(text), Scalar::Text(part)) => {
                Ok(of_text(text, |text| text.ends_with(&**part)))
            }
            (Test::Contains, FieldValue::String(text), Scalar::Text(part)) => {
                Ok(of_text(text, |text| text.contains(&**part)))
            }
            (Test::Contains, FieldValue::String(_), _) => Ok(false),
            (Test::Contains, FieldValue::Array(json), scalar) => {
                Ok(elements(json).any(|element| is_equal(element, scalar)))
            }
            _ => Err(EvalError::Argument {
                function: self.function().name(),
                position: 1,
                expected: self.takes().describe(),
                actual: describe_type(&value(field)),
            }),
        }
    }
}

fn of_text(text: Quoted<'_>, holds: impl Fn(&str) -> bool) -> bool {
    holds(&text.decode())
}
