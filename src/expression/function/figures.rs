//! Functions that write numbers for readers: rounded, grouped, as money, shares, sizes, durations.
//!
//! They take numbers, and texts that are numbers.

use super::call::Call;
use crate::event::{Value, View};
use crate::expression::decimal::{Decimal, DecimalError};
use crate::expression::error::EvalError;
use crate::expression::format::{duration::duration, figures};
use crate::expression::signature::describe_type;

/// The most decimal places.
const MOST_PLACES: u8 = 28;

/// What a figure costs besides its digits, in steps.
const COST: usize = 40;

/// What the search for the unit of a size costs: up to eight divisions.
const UNIT_COST: usize = 300;

impl<'r> Call<'_, 'r> {
    pub fn round(&self) -> Result<Value<'r>, EvalError> {
        let text = self.figure(0)?.rounded(self.places(1)?.unwrap_or(0)).to_string();
        self.budget.made(text.len())?;
        Ok(Value::Digits(text.into()))
    }

    pub fn number(&self) -> Result<Value<'r>, EvalError> {
        self.budget.text(figures::grouped(&self.figure(0)?, self.places(1)?))
    }

    pub fn money(&self) -> Result<Value<'r>, EvalError> {
        let (amount, code) = (self.figure(0)?, self.text(1));
        if !figures::is_currency(code) {
            return Err(self.wrong(1, "a code of three letters, such as `EUR`"));
        }
        self.budget.text(figures::money(&amount, code))
    }

    pub fn percent(&self) -> Result<Value<'r>, EvalError> {
        let (share, places) = (self.figure(0)?, self.places(1)?.unwrap_or(0));
        self.budget.text(figures::percent(&share, places).map_err(|_| self.beyond(0))?)
    }

    pub fn bytes(&self) -> Result<Value<'r>, EvalError> {
        self.budget.steps(UNIT_COST)?;
        self.budget.text(figures::bytes(&self.figure(0)?).map_err(|_| self.beyond(0))?)
    }

    pub fn duration(&self) -> Result<Value<'r>, EvalError> {
        self.budget.text(duration(&self.figure(0)?).map_err(|_| self.beyond(0))?)
    }

    /// Returns the argument at this index as a decimal number.
    fn figure(&self, at: usize) -> Result<Decimal, EvalError> {
        let text = match self.value(at).view() {
            View::Number(number) => number.text(),
            View::String(text) => text.into(),
            _ => "".into(),
        };
        self.budget.steps(COST + text.len())?;
        Decimal::parse(&text).map_err(|error| match error {
            DecimalError::OutOfRange => self.beyond(at),
            _ => self.wrong(at, "a number"),
        })
    }

    /// Returns the number of decimal places in the argument at this index; `None` without it.
    fn places(&self, at: usize) -> Result<Option<u8>, EvalError> {
        if self.nodes.len() <= at {
            return Ok(None);
        }
        let places = self.figure(at).ok().and_then(|places| places.to_string().parse().ok());
        match places.filter(|places| *places <= MOST_PLACES) {
            Some(places) => Ok(Some(places)),
            None => Err(self.wrong(at, "a whole number from 0 to 28")),
        }
    }

    fn beyond(&self, at: usize) -> EvalError {
        self.wrong(at, "a number up to ±7.9e28")
    }

    /// Returns the error of an argument whose value the function does not take.
    pub fn wrong(&self, at: usize, expected: &'static str) -> EvalError {
        EvalError::Argument {
            function: self.function.name(),
            position: at + 1,
            expected,
            actual: match self.value(at).view() {
                View::Number(_) => "another number".into(),
                View::String(_) => "another text".into(),
                _ => describe_type(self.value(at)),
            },
        }
    }
}
