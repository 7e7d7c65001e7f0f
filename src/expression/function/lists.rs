//! Functions on arrays and objects.

use std::cmp::Ordering;

use super::call::{Call, elements, entries};
use crate::event::{Value, View};
use crate::expression::compare::order;
use crate::expression::error::EvalError;

impl<'r> Call<'_, 'r> {
    /// Returns the number of entries, elements, or characters (Unicode scalar values).
    pub fn length(&self) -> Result<Value<'r>, EvalError> {
        let length = match self.value(0).view() {
            View::Array(elements) => elements.len(),
            View::Object(object) => object.len(),
            View::String(text) => {
                self.budget.bytes_read(text.len())?;
                text.chars().count()
            }
            _ => 0,
        };
        Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
    }

    pub fn keys(&self) -> Result<Value<'r>, EvalError> {
        self.budget.array(entries(self.value(0)).iter().map(|(key, _)| key.clone().into()))
    }

    pub fn values(&self) -> Result<Value<'r>, EvalError> {
        self.budget.array(entries(self.value(0)).iter().map(|(_, value)| value.clone()))
    }

    pub fn merge(&self) -> Result<Value<'r>, EvalError> {
        let mut merged = Vec::new();
        for value in &self.values {
            let entries = entries(value);
            self.budget.steps(entries.len())?;
            self.budget.made(size_of_val(entries))?;
            merged.extend_from_slice(entries);
        }
        self.budget.object(merged)
    }

    pub fn map(&self) -> Result<Value<'r>, EvalError> {
        self.budget
            .map(elements(self.value(1)), false, |element| (self.evaluate)(self.node(0), element))
    }

    pub fn not_null(&self) -> Value<'r> {
        let not_null = self.values.iter().find(|value| !matches!(value, Value::Null));
        not_null.cloned().unwrap_or(Value::Null)
    }

    pub fn to_array(&self) -> Result<Value<'r>, EvalError> {
        match self.value(0) {
            array @ Value::Array(_) => Ok(array.clone()),
            other => self.budget.array([other.clone()]),
        }
    }

    pub fn reverse(&self) -> Result<Value<'r>, EvalError> {
        match self.value(0).view() {
            View::Array(elements) => self.budget.array(elements.iter().rev().cloned()),
            View::String(text) => {
                self.budget.made(text.len())?;
                self.budget.text(text.chars().rev().collect())
            }
            _ => Ok(Value::Null),
        }
    }

    pub fn sort(&self) -> Result<Value<'r>, EvalError> {
        let mut sorted = elements(self.value(0)).to_vec();
        self.charge_sorting(sorted.len())?;
        sorted.sort_by(order);
        self.budget.array(sorted)
    }

    pub fn sort_by(&self) -> Result<Value<'r>, EvalError> {
        let mut keyed = self.keyed()?;
        self.charge_sorting(keyed.len())?;
        keyed.sort_by(|(a, _), (b, _)| order(a, b));
        self.budget.array(keyed.into_iter().map(|(_, element)| element.clone()))
    }

    /// Returns the greatest or least element, the first one of equals; null for an empty array.
    pub fn best(&self, wanted: Ordering) -> Result<Value<'r>, EvalError> {
        let mut elements = elements(self.value(0)).iter();
        let Some(mut best) = elements.next() else { return Ok(Value::Null) };
        for element in elements {
            self.budget.step()?;
            if order(element, best) == wanted {
                best = element;
            }
        }
        Ok(best.clone())
    }

    pub fn best_by(&self, wanted: Ordering) -> Result<Value<'r>, EvalError> {
        let mut keyed = self.keyed()?.into_iter();
        let Some(mut best) = keyed.next() else { return Ok(Value::Null) };
        for candidate in keyed {
            if order(&candidate.0, &best.0) == wanted {
                best = candidate;
            }
        }
        Ok(best.1.clone())
    }

    /// Returns the elements of the first argument, each with the result of the second one, an
    /// expression: all results are numbers, or all are strings.
    fn keyed(&self) -> Result<Vec<(Value<'r>, &Value<'r>)>, EvalError> {
        let mut keyed: Vec<(Value<'r>, &Value<'r>)> = Vec::new();
        for element in elements(self.value(0)) {
            let key = (self.evaluate)(self.node(1), element)?;
            let first = keyed.first().map_or(&key, |(first, _)| first);
            let expected = match first.view() {
                View::Number(_) => "a number",
                View::String(_) => "a string",
                _ => "a number or a string",
            };
            let is_sortable = matches!(key.view(), View::Number(_) | View::String(_));
            if !is_sortable || key.type_name() != first.type_name() {
                return Err(EvalError::Result {
                    function: self.function.name(),
                    expected,
                    actual: key.type_name(),
                });
            }
            self.budget.made(size_of::<(Value<'_>, &Value<'_>)>())?;
            keyed.push((key, element));
        }
        Ok(keyed)
    }

    /// Charges n log n comparisons.
    fn charge_sorting(&self, length: usize) -> Result<(), EvalError> {
        self.budget.made(length * size_of::<Value<'_>>())?;
        self.budget.steps(length.saturating_mul(length.checked_ilog2().unwrap_or(0) as usize))
    }
}
