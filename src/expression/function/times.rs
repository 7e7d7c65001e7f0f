//! Functions on times.

use super::call::Call;
use crate::event::{Value, View};
use crate::expression::error::EvalError;
use crate::expression::time;

/// What the reading of a time costs, in steps.
const COST: usize = 50;

impl<'r> Call<'_, 'r> {
    /// Returns the time that the first argument names, in nanoseconds since 1970.
    pub fn time(&self) -> Result<Option<i128>, EvalError> {
        self.budget.steps(COST)?;
        let found = match self.value(0).view() {
            View::String(text) => time::of_text(text),
            View::Number(number) => {
                let text = number.text();
                self.budget.steps(text.len())?;
                time::of_number(&text)
            }
            _ => None,
        };
        Ok(found.map(|time| time.as_nanosecond()))
    }

    /// Returns a time as Unix seconds; null for a text that names none.
    pub fn parse_time(&self) -> Result<Value<'r>, EvalError> {
        Ok(self.time()?.map_or(Value::Null, seconds))
    }

    /// Returns the seconds from a time to the record's timestamp.
    pub fn age(&self) -> Result<Value<'r>, EvalError> {
        let (time, record) = (self.time()?, self.context.event.record().timestamp);
        let age = time.zip(record).map(|(time, record)| i128::from(record) * 1_000_000 - time);
        Ok(age.map_or(Value::Null, seconds))
    }
}

fn seconds(nanoseconds: i128) -> Value<'static> {
    let text = time::seconds(nanoseconds);
    match text.parse() {
        Ok(int) => Value::Int(int),
        Err(_) => Value::Digits(text.into()),
    }
}
