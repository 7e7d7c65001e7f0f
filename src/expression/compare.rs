//! Equality and order of values.
//!
//! Invariant: every element that is looked at is paid for from the evaluation's budget: shared parts make small values that
//! stand for much.

use std::cmp::Ordering;

use super::evaluate::{Budget, EvalError};
use super::node::Comparison;
use crate::event::{Value, View};

/// A comparison's result; `null` where an order is asked of other things than numbers.
pub(super) fn compare(
    comparison: Comparison,
    a: &Value<'_>,
    b: &Value<'_>,
    budget: &Budget,
) -> Result<Value<'static>, EvalError> {
    let ordered = |wanted: fn(Ordering) -> bool| match (a.view(), b.view()) {
        (View::Number(a), View::Number(b)) => Value::Bool(wanted(a.cmp(&b))),
        _ => Value::Null,
    };
    Ok(match comparison {
        Comparison::Equal => Value::Bool(equal(a, b, budget)?),
        Comparison::NotEqual => Value::Bool(!equal(a, b, budget)?),
        Comparison::Less => ordered(Ordering::is_lt),
        Comparison::LessOrEqual => ordered(Ordering::is_le),
        Comparison::Greater => ordered(Ordering::is_gt),
        Comparison::GreaterOrEqual => ordered(Ordering::is_ge),
    })
}

/// Whether two values are the same; numbers by value, objects whatever the order of their keys.
pub(super) fn equal(a: &Value<'_>, b: &Value<'_>, budget: &Budget) -> Result<bool, EvalError> {
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

/// The order of two strings or two numbers; other things have none and are equal.
pub(super) fn order(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (a.view(), b.view()) {
        (View::Number(a), View::Number(b)) => a.cmp(&b),
        (View::String(a), View::String(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}
