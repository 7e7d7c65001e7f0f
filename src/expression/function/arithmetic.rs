//! Decimal arithmetic.

use super::call::Call;
use crate::event::{Value, View};
use crate::expression::decimal::{Decimal, DecimalError};
use crate::expression::error::EvalError;

/// What an operation costs besides the reading of the operands, in steps.
const COST: usize = 50;

/// An operation on two numbers.
type Operation = fn(&Decimal, &Decimal) -> Result<Decimal, DecimalError>;

impl<'r> Call<'_, 'r> {
    pub fn arithmetic(&self, operation: Operation) -> Result<Value<'r>, EvalError> {
        let (a, b) = (self.decimal(0)?, self.decimal(1)?);
        let result = operation(&a, &b).map_err(|error| self.no_result(error))?;
        let text = result.to_string();
        match text.parse() {
            Ok(int) => Ok(Value::Int(int)),
            Err(_) => {
                self.budget.made(text.len())?;
                Ok(Value::Digits(text.into()))
            }
        }
    }

    fn decimal(&self, at: usize) -> Result<Decimal, EvalError> {
        let View::Number(number) = self.value(at).view() else { return Ok(Decimal::from(0)) };
        let text = number.text();
        self.budget.steps(COST / 2 + text.len())?;
        Decimal::parse(&text).map_err(|error| self.no_result(error))
    }

    fn no_result(&self, error: DecimalError) -> EvalError {
        self.problem(match error {
            DecimalError::NotANumber => "takes a number only",
            DecimalError::OutOfRange => "has a number beyond ±7.9e28",
            DecimalError::DivisionByZero => "divides by zero",
        })
    }
}
