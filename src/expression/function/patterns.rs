//! Functions that compare a text with patterns.

use super::call::{Call, elements};
use crate::event::{Value, View};
use crate::expression::error::EvalError;
use crate::expression::node::Node;
use crate::expression::prepared::Prepared;

impl<'r> Call<'_, 'r> {
    /// Whether the text has a part that the pattern matches; of a glob, which is anchored, whether
    /// all of it matches.
    pub fn matches(&self) -> Result<Value<'r>, EvalError> {
        let Node::Prepared(prepared) = self.node(1) else { return Ok(Value::Null) };
        let Prepared::Pattern(pattern) = &**prepared;
        let text = self.text(0);
        self.budget.steps(pattern.cost(text))?;
        Ok(Value::Bool(pattern.matches(text)))
    }

    /// Whether the text starts with one of the texts of a list.
    pub fn starts_with_any(&self) -> Result<Value<'r>, EvalError> {
        let text = self.text(0);
        for element in elements(self.value(1)) {
            let View::String(start) = element.view() else { continue };
            self.budget.step()?;
            self.budget.bytes_read(start.len().min(text.len()))?;
            if text.starts_with(start) {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }
}
