//! Functions on strings.

use super::call::{Call, elements};
use crate::event::{Fault, Full, Lexer, Shape, Text, Value, View};
use crate::expression::compare::equal;
use crate::expression::error::EvalError;

/// Returns the number of tokens of a JSON text.
fn tokens(text: &str) -> Result<usize, Fault> {
    let (mut lexer, mut count) = (Lexer::new(text), 0);
    while lexer.next_token()?.is_some() {
        count += 1;
    }
    Ok(count)
}

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
                return Err(self.budget.too_much());
            }
            out.push_str(glue);
            out.push_str(text);
        }
        self.budget.text(out)
    }

    /// Returns a list joined in a template: elements as variables show them. Another value
    /// than a list is unchanged.
    pub fn join_leniently(&self) -> Result<Value<'r>, EvalError> {
        let View::Array(elements) = self.value(1).view() else { return Ok(self.value(1).clone()) };
        if let Err(error) = self.check(0) {
            self.context.record(error);
            return Ok(Value::Null);
        }
        let (glue, mut out) = (self.text(0), String::new());
        for (at, element) in elements.iter().enumerate() {
            self.budget.step()?;
            let start = out.len();
            out.push_str(if at == 0 { "" } else { glue });
            match element.view() {
                View::Null => {}
                View::String(text) => out.push_str(text),
                _ => {
                    let written = element.write_json_within(&mut out, self.budget.left());
                    written.map_err(|Full| self.budget.too_much())?;
                }
            }
            self.budget.made(out.len() - start)?;
        }
        Ok(Value::Shared(out.into()))
    }

    /// Returns the value of a JSON text, numbers as written; null for null, so that a field that is
    /// missing stays missing.
    pub fn parse_json(&self) -> Result<Value<'r>, EvalError> {
        if matches!(self.value(0), Value::Null) {
            return Ok(Value::Null);
        }
        let text = self.text(0);
        self.budget.bytes_read(text.len())?;
        // Counted before anything is built: a text of `[0,0,…` takes twelve times its size.
        let not_json = |_| EvalError::NotJson {
            function: self.function.name(),
            looks_like: Shape::of(Some(text.as_bytes())),
        };
        let tokens = tokens(text).map_err(not_json)?;
        self.budget.steps(tokens)?;
        self.budget.made(text.len() + tokens * size_of::<(Text<'_>, Value<'_>)>())?;
        match self.value(0) {
            Value::Text(text) => Value::parse(text).map_err(not_json),
            // Not borrowed from the event: it has escapes, as JSON in a JSON text usually has.
            _ => Value::parse(text).map(|value| value.to_static()).map_err(not_json),
        }
    }

    /// Returns a string unchanged, any other value as JSON.
    pub fn to_text(&self) -> Result<Value<'r>, EvalError> {
        if let View::String(_) = self.value(0).view() {
            return Ok(self.value(0).clone());
        }
        let mut out = String::new();
        let written = self.value(0).write_json_within(&mut out, self.budget.left());
        written.map_err(|Full| self.budget.too_much())?;
        // Escaping takes far longer than copying.
        self.budget.steps(out.len() / 2)?;
        self.budget.text(out)
    }
}
