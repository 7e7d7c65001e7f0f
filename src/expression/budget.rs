//! The bounds on one evaluation, and the new values that are charged to it.
//!
//! Invariant: every step and every new value is charged, whether or not it is kept.

use std::cell::Cell;

use super::error::EvalError;
use super::limits::{MAX_MADE, MAX_STEPS};
use crate::event::{Object, Text, Value};

/// The steps and bytes that an evaluation may still use.
pub struct Budget {
    steps: Cell<u64>,
    made: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Budget::new(MAX_STEPS, MAX_MADE)
    }
}

impl Budget {
    /// Returns a budget of `steps` steps and `made` bytes of new values.
    pub fn new(steps: u64, made: usize) -> Self {
        Budget { steps: Cell::new(steps), made: Cell::new(made) }
    }

    /// Charges one step.
    pub fn step(&self) -> Result<(), EvalError> {
        self.steps(1)
    }

    /// Charges a number of steps.
    pub fn steps(&self, count: usize) -> Result<(), EvalError> {
        self.steps.set(self.steps.get().checked_sub(count as u64).ok_or(EvalError::TooManySteps)?);
        Ok(())
    }

    /// Charges the reading of a string.
    pub fn bytes_read(&self, count: usize) -> Result<(), EvalError> {
        self.steps(count / 64)
    }

    /// Charges a new value, and the time that it takes to make it.
    pub fn made(&self, bytes: usize) -> Result<(), EvalError> {
        self.bytes_read(bytes)?;
        self.made.set(self.made.get().checked_sub(bytes).ok_or(EvalError::TooMuchMade)?);
        Ok(())
    }

    /// The bytes of new values that are still allowed.
    pub fn left(&self) -> usize {
        self.made.get()
    }

    /// Returns a new array, charged.
    pub fn array<'r>(
        &self,
        elements: impl IntoIterator<Item = Value<'r>>,
    ) -> Result<Value<'r>, EvalError> {
        let mut charged = Vec::new();
        for element in elements {
            self.step()?;
            self.made(size_of::<Value<'_>>())?;
            charged.push(element);
        }
        Ok(charged.into())
    }

    /// Returns a new object, charged.
    pub fn object<'r>(&self, entries: Vec<(Text<'r>, Value<'r>)>) -> Result<Value<'r>, EvalError> {
        self.made(entries.len() * size_of::<(Text<'_>, Value<'_>)>())?;
        Ok(Value::Object(Object::new(entries).into()))
    }

    /// Returns a new string, charged.
    pub fn text<'r>(&self, text: String) -> Result<Value<'r>, EvalError> {
        self.made(text.len())?;
        Ok(Value::Shared(text.into()))
    }

    /// Returns a new array of the results of `each` for every element, charged.
    pub fn map<'r>(
        &self,
        elements: &[Value<'r>],
        skip_null: bool,
        each: impl Fn(&Value<'r>) -> Result<Value<'r>, EvalError>,
    ) -> Result<Value<'r>, EvalError> {
        let mut results = Vec::new();
        for element in elements {
            let result = each(element)?;
            if !(skip_null && matches!(result, Value::Null)) {
                self.made(size_of::<Value<'_>>())?;
                results.push(result);
            }
        }
        Ok(results.into())
    }
}
