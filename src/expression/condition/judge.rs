//! Decides whether a condition is true, from the fields that were read.
//!
//! Invariant: without need of the document, nothing is allocated except for strings with escapes.

use std::cmp::Ordering;

use jmespath::ast::Comparator;

use super::{Condition, Kind, Literal, Scalar};
use crate::event::{Document, FieldValue, Fields, Number, Path, Value, elements};
use crate::expression::budget::Budget;
use crate::expression::compare::{compare, satisfies};
use crate::expression::error::EvalError;
use crate::expression::evaluate;
use crate::expression::signature::{Function, describe_type};

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
            Kind::All(conditions) => Ok(!any_is(conditions, false, facts)?),
            Kind::Any(conditions) => any_is(conditions, true, facts),
            Kind::Not(condition) => Ok(!condition.is_true(facts)?),
            Kind::Is(path) => Ok(is_truthy(facts.fields.get(*path))),
            Kind::Compare(path, Comparator::Equal, Scalar::Text(text)) => {
                Ok(is_text(facts.fields, *path, text))
            }
            Kind::Compare(path, comparator, scalar) => {
                Ok(compares(facts.fields.get(*path), comparator, scalar))
            }
            // Arrays and objects are parsed for this.
            Kind::CompareFields(a, comparator, b) => {
                let (a, b) = (value(facts.fields.get(*a)), value(facts.fields.get(*b)));
                let result = compare(comparator, &a, &b, &Budget::default())?;
                Ok(result.is_truthy())
            }
            Kind::OneOf(path, scalars) => {
                let field = facts.fields.get(*path);
                Ok(scalars.iter().any(|scalar| is_equal(field, scalar)))
            }
            Kind::Test(function, path, scalar) => test(*function, facts.fields.get(*path), scalar),
            Kind::Record(node) => evaluate::is_true(node, facts.document.bare()),
            // The fields were read, so that the payload is valid.
            Kind::Whole(node) => {
                facts.document.event().map_or(Ok(false), |event| evaluate::is_true(node, event))
            }
        }
    }
}

/// Whether one of the conditions has this truth; those after the first such one are not evaluated.
#[inline]
fn any_is(conditions: &[Condition], truth: bool, facts: &Facts<'_, '_>) -> Result<bool, EvalError> {
    for condition in conditions {
        if condition.is_true(facts)? == truth {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a field is this string: the condition of most triggers.
#[inline]
fn is_text(fields: Fields<'_, '_>, path: Path, text: &str) -> bool {
    match fields.plain(path) {
        Some(plain) => plain == text.as_bytes(),
        None => matches!(fields.get(path), FieldValue::String(field) if field.is(text)),
    }
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
fn compares(field: FieldValue<'_>, comparator: &Comparator, scalar: &Scalar) -> bool {
    match (comparator, field, scalar) {
        (Comparator::Equal, ..) => is_equal(field, scalar),
        (Comparator::NotEqual, ..) => !is_equal(field, scalar),
        (_, FieldValue::Number(a), Scalar::Number(b)) => satisfies(comparator, b.order(a)),
        _ => false,
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

fn test(function: Function, field: FieldValue<'_>, scalar: &Scalar) -> Result<bool, EvalError> {
    match (function, field, scalar) {
        (Function::StartsWith, FieldValue::String(text), Scalar::Text(part)) => {
            Ok(text.decode().starts_with(&**part))
        }
        (Function::EndsWith, FieldValue::String(text), Scalar::Text(part)) => {
            Ok(text.decode().ends_with(&**part))
        }
        (Function::Contains, FieldValue::String(text), Scalar::Text(part)) => {
            Ok(text.decode().contains(&**part))
        }
        (Function::Contains, FieldValue::String(_), _) => Ok(false),
        (Function::Contains, FieldValue::Array(json), scalar) => {
            Ok(elements(json).any(|element| is_equal(element, scalar)))
        }
        _ => Err(EvalError::Argument {
            function: function.name(),
            position: 1,
            expected: function.signature().argument(0).describe(),
            actual: describe_type(&value(field)),
        }),
    }
}
