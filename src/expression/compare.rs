//! Equality and order of values.
//!
//! Invariant: every element that is compared is charged to the evaluation's budget: values share
//! parts, so that a small one can have very many elements.

use std::cmp::Ordering;

use jmespath::ast::Comparator;

use super::budget::Budget;
use super::error::EvalError;
use crate::event::{Value, View};

/// Returns the result of a comparison; `null` for the order of values that are not numbers.
pub fn compare(
    comparator: &Comparator,
    a: &Value<'_>,
    b: &Value<'_>,
    budget: &Budget,
) -> Result<Value<'static>, EvalError> {
    Ok(match (comparator, a.view(), b.view()) {
        (Comparator::Equal, ..) => Value::Bool(equal(a, b, budget)?),
        (Comparator::NotEqual, ..) => Value::Bool(!equal(a, b, budget)?),
        (_, View::Number(a), View::Number(b)) => Value::Bool(satisfies(comparator, a.cmp(&b))),
        _ => Value::Null,
    })
}

/// Whether two values in this order satisfy a comparison.
pub fn satisfies(comparator: &Comparator, order: Ordering) -> bool {
    match comparator {
        Comparator::Equal => order.is_eq(),
        Comparator::NotEqual => order.is_ne(),
        Comparator::LessThan => order.is_lt(),
        Comparator::LessThanEqual => order.is_le(),
        Comparator::GreaterThan => order.is_gt(),
        Comparator::GreaterThanEqual => order.is_ge(),
    }
}

/// Whether two values are equal: numbers by value, objects whatever the order of their keys.
pub fn equal(a: &Value<'_>, b: &Value<'_>, budget: &Budget) -> Result<bool, EvalError> {
    budget.step()?;
    Ok(match (a.view(), b.view()) {
        (View::Null, View::Null) => true,
        (View::Bool(a), View::Bool(b)) => a == b,
        (View::Number(a), View::Number(b)) => a == b,
        (View::String(a), View::String(b)) => {
            budget.bytes_read(a.len().min(b.len()))?;
            a == b
        }
        (View::Array(a), View::Array(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            if std::ptr::eq(a, b) {
                return Ok(true);
            }
            for (a, b) in a.iter().zip(b) {
                if !equal(a, b, budget)? {
                    return Ok(false);
                }
            }
            true
        }
        (View::Object(a), View::Object(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            if std::ptr::eq(a, b) {
                return Ok(true);
            }
            for (key, a) in a.iter() {
                match b.get(key) {
                    Some(b) if equal(a, b, budget)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        _ => false,
    })
}

/// Returns the order of two strings or two numbers; any other two values are equal.
pub fn order(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (a.view(), b.view()) {
        (View::Number(a), View::Number(b)) => a.cmp(&b),
        (View::String(a), View::String(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}
