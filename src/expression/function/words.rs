//! Functions that shorten, choose and encode words.

use std::sync::Arc;

use super::call::Call;
use crate::event::{Full, Marked, Value, View};
use crate::expression::error::EvalError;
use crate::expression::format::{links, words};

/// How many characters `truncate` leaves without an argument.
const LENGTH: usize = 50;

impl<'r> Call<'_, 'r> {
    pub fn truncate(&self) -> Result<Value<'r>, EvalError> {
        let length = match self.nodes.len() {
            0 | 1 => LENGTH,
            _ => self.whole(1).and_then(|length| length.try_into().ok()).unwrap_or(usize::MAX),
        };
        let ellipsis = if self.nodes.len() > 2 { self.text(2) } else { "…" };
        let text = self.text(0);
        self.budget.bytes_read(text.len())?;
        match words::truncated(text, length, ellipsis) {
            Some(text) => self.budget.text(text),
            None => Ok(self.value(0).clone()),
        }
    }

    pub fn pluralize(&self) -> Result<Value<'r>, EvalError> {
        let is_one = match self.value(0).view() {
            View::Number(number) => number == crate::event::Number::Int(1),
            _ => false,
        };
        match (is_one, self.nodes.len() > 2) {
            (true, _) => Ok(self.value(1).clone()),
            (false, true) => Ok(self.value(2).clone()),
            (false, false) => self.budget.text(format!("{}s", self.text(1))),
        }
    }

    /// Returns the value as JSON, a text too.
    pub fn json(&self) -> Result<Value<'r>, EvalError> {
        let mut out = String::new();
        let written = self.value(0).write_json_within(&mut out, self.budget.left());
        written.map_err(|Full| self.budget.too_much())?;
        self.budget.text(out)
    }

    /// Returns the value as text whose markup is escaped; what has markup already is unchanged.
    pub fn escape(&self) -> Result<Value<'r>, EvalError> {
        if let marked @ Value::Marked(_) = self.value(0) {
            return Ok(marked.clone());
        }
        let plain = self.as_text(0)?;
        let marked = Marked::escaped(links::escaped(&plain), &plain);
        self.marked(marked)
    }

    pub fn url_encode(&self) -> Result<Value<'r>, EvalError> {
        if matches!(self.value(0), Value::Null) {
            return Ok(Value::Null);
        }
        self.budget.text(words::url_encoded(&self.as_text(0)?))
    }

    /// Returns a text with markup, charged.
    pub fn marked(&self, marked: Marked) -> Result<Value<'r>, EvalError> {
        self.budget.made(marked.size())?;
        Ok(Value::Marked(Arc::new(marked)))
    }

    /// Returns the argument at this index as a variable of a message shows it.
    pub fn as_text(&self, at: usize) -> Result<String, EvalError> {
        let mut out = String::new();
        match self.value(at).view() {
            View::Null => {}
            View::String(text) => out.push_str(text),
            _ => {
                let written = self.value(at).write_json_within(&mut out, self.budget.left());
                written.map_err(|Full| self.budget.too_much())?;
            }
        }
        self.budget.made(out.len())?;
        Ok(out)
    }
}
