//! The bounds on one evaluation, and the new values that are charged to it.
//!
//! Invariant: every step and every new value is charged, whether or not it is kept.

use std::cell::Cell;

use super::error::EvalError;
use super::limits::{DELIVERY_MADE, DELIVERY_STEPS, MAX_MADE, MAX_STEPS};
use crate::event::{Object, Text, Value};

/// The steps and bytes that an evaluation may still use, or all those of one delivery.
pub struct Budget {
    steps: Cell<u64>,
    made: Cell<usize>,
    of_delivery: bool,
    used_up: Cell<bool>,
}

impl Default for Budget {
    fn default() -> Self {
        Budget::new(MAX_STEPS, MAX_MADE)
    }
}

impl Budget {
    /// Returns a budget of `steps` steps and `made` bytes of new values.
    #[must_use]
    pub fn new(steps: u64, made: usize) -> Self {
        let (steps, made) = (Cell::new(steps), Cell::new(made));
        Budget { steps, made, of_delivery: false, used_up: Cell::new(false) }
    }

    /// Returns the budget that the templates and conditions of one delivery share.
    #[must_use]
    pub fn of_delivery() -> Self {
        Budget { of_delivery: true, ..Budget::new(DELIVERY_STEPS, DELIVERY_MADE) }
    }

    /// Whether a charge was refused. What is evaluated after that is null.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.used_up.get()
    }

    #[cold]
    fn refuse(&self, error: EvalError) -> EvalError {
        self.used_up.set(true);
        if self.of_delivery { EvalError::UsedUp } else { error }
    }

    /// Charges one step.
    ///
    /// # Errors
    /// The budget is used up.
    pub fn step(&self) -> Result<(), EvalError> {
        self.steps(1)
    }

    /// Charges a number of steps.
    ///
    /// # Errors
    /// The budget is used up.
    pub fn steps(&self, count: usize) -> Result<(), EvalError> {
        let Some(left) = self.steps.get().checked_sub(count as u64) else {
            return Err(self.refuse(EvalError::TooManySteps));
        };
        self.steps.set(left);
        Ok(())
    }

    /// Charges the reading of a string.
    ///
    /// # Errors
    /// The budget is used up.
    pub fn bytes_read(&self, count: usize) -> Result<(), EvalError> {
        self.steps(count / 64)
    }

    /// Charges a new value, and the time that it takes to make it.
    ///
    /// # Errors
    /// The budget is used up.
    pub fn made(&self, bytes: usize) -> Result<(), EvalError> {
        self.bytes_read(bytes)?;
        let Some(left) = self.made.get().checked_sub(bytes) else {
            return Err(self.refuse(EvalError::TooMuchMade));
        };
        self.made.set(left);
        Ok(())
    }

    /// The error of a value that would be larger than what is left.
    #[must_use]
    pub fn too_much(&self) -> EvalError {
        self.refuse(EvalError::TooMuchMade)
    }

    /// The bytes of new values that are still allowed.
    #[must_use]
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
            charged.push(element.without_markup());
        }
        Ok(charged.into())
    }

    /// Returns a new object, charged.
    pub fn object<'r>(&self, entries: Vec<(Text<'r>, Value<'r>)>) -> Result<Value<'r>, EvalError> {
        self.made(entries.len() * size_of::<(Text<'_>, Value<'_>)>())?;
        let entries = entries.into_iter().map(|(key, value)| (key, value.without_markup()));
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
                results.push(result.without_markup());
            }
        }
        Ok(results.into())
    }
}
