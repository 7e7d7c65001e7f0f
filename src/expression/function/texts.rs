//! Functions on strings.

use super::call::{Call, elements};
use crate::event::{Full, Value, View};
use crate::expression::compare::equal;
use crate::expression::error::EvalError;

impl<'r> Call<'_, 'r> {
    pub fn contains(&self) -> Result<Value<'r>, EvalError> {
        let found = match (self.value(0).view(), self.value(1).view()) {
            (View::String(text), View::String(part)) => {
                self.budget.bytes_read(text.len())?;
                text.contains(part)
            }
            (View::Array(elements), _) => {
                for element in elements {
                    if equal(element, self.value(1), self.budget)? {
                        return Ok(Value::Bool(true));
                    }
                }
                false
            }
            _ => false,
        };
        Ok(Value::Bool(found))
    }

    /// Returns whether the first string has the second one at its start or end.
    pub fn has(&self, part_at: fn(&str, &str) -> bool) -> Result<Value<'r>, EvalError> {
        self.budget.bytes_read(self.text(1).len())?;
        Ok(Value::Bool(part_at(self.text(0), self.text(1))))
    }

    pub fn join(&self) -> Result<Value<'r>, EvalError> {
        let mut out = String::new();
        for (at, element) in elements(self.value(1)).iter().enumerate() {
            let View::String(text) = element.view() else { continue };
            let glue = if at == 0 { "" } else { self.text(0) };
            if out.len() + glue.len() + text.len() > self.budget.left() {
                return Err(EvalError::TooMuchMade);
            }
            out.push_str(glue);
            out.push_str(text);
        }
        self.budget.text(out)
    }

    /// Returns a string unchanged, any other value as JSON.
    pub fn to_text(&self) -> Result<Value<'r>, EvalError> {
        if let View::String(_) = self.value(0).view() {
            return Ok(self.value(0).clone());
        }
        let mut out = String::new();
        let written = self.value(0).write_json_within(&mut out, self.budget.left());
        written.map_err(|Full| EvalError::TooMuchMade)?;
        self.budget.text(out)
    }
}
