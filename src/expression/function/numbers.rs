//! Functions on numbers. A result that is the argument itself keeps its digits as written.

use super::call::{Call, elements};
use crate::event::{Number, Value, View, number_end};
use crate::expression::error::EvalError;

/// Returns the number without its sign, its digits unchanged.
pub fn abs<'r>(value: &Value<'r>) -> Value<'r> {
    match value {
        Value::Written(text) => Value::Written(text.strip_prefix('-').unwrap_or(text)),
        Value::Digits(text) => {
            Value::Digits(text.strip_prefix('-').map_or_else(|| text.clone(), Into::into))
        }
        Value::Int(int) => int.checked_abs().map_or(Value::Float(-(i64::MIN as f64)), Value::Int),
        Value::Float(float) => Value::Float(float.abs()),
        other => other.clone(),
    }
}

/// Returns a number unchanged, a string in JSON's grammar of numbers as a number, otherwise null.
pub fn to_number<'r>(value: &Value<'r>) -> Value<'r> {
    let is_number = |text: &str| number_end(text.as_bytes(), 0) == Ok(text.len());
    match value {
        Value::Text(text) if is_number(text) => Value::Written(text),
        Value::Shared(text) if is_number(text) => Value::Digits(text.clone()),
        other if matches!(other.view(), View::Number(_)) => other.clone(),
        _ => Value::Null,
    }
}

impl<'r> Call<'_, 'r> {
    /// Returns a computed number.
    fn finite(&self, float: f64) -> Result<Value<'r>, EvalError> {
        if float.is_finite() {
            Ok(Value::Float(float))
        } else {
            Err(EvalError::NotFinite { function: self.function.name() })
        }
    }

    fn numbers(&self) -> impl Iterator<Item = Number<'_>> {
        elements(self.value(0)).iter().filter_map(|element| match element.view() {
            View::Number(number) => Some(number),
            _ => None,
        })
    }

    pub fn rounded(&self, round: fn(f64) -> f64) -> Result<Value<'r>, EvalError> {
        let View::Number(number) = self.value(0).view() else { return Ok(Value::Null) };
        // A number without point and exponent is whole, however long it is.
        let whole = number.text().bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
        // From 2^53 on, f64 has no fractions, and would lose digits.
        let float = number.as_f64();
        if whole || float.is_infinite() {
            return Ok(self.value(0).clone());
        }
        self.finite(round(float))
    }

    /// Returns the sum: exact if all are whole numbers of 64 bits, otherwise in f64.
    pub fn sum(&self) -> Result<Value<'r>, EvalError> {
        let whole =
            self.numbers().try_fold(0i128, |sum, number| Some(sum + i128::from(number.as_i64()?)));
        if let Some(sum) = whole.and_then(|sum| i64::try_from(sum).ok()) {
            return Ok(Value::Int(sum));
        }
        self.finite(self.numbers().map(Number::as_f64).sum())
    }

    /// Returns the average; null for an empty array, as JMESPath specifies.
    pub fn avg(&self) -> Result<Value<'r>, EvalError> {
        let count = elements(self.value(0)).len();
        if count == 0 {
            return Ok(Value::Null);
        }
        let sum: f64 = self.numbers().map(Number::as_f64).sum();
        #[allow(clippy::cast_precision_loss, reason = "an array has far less than 2^53 elements")]
        self.finite(sum / count as f64)
    }
}
