//! Functions between objects, lists of pairs, and groups.

use std::collections::HashMap;

use super::call::{Call, elements, entries};
use crate::event::{Text, Value, View};
use crate::expression::error::EvalError;

impl<'r> Call<'_, 'r> {
    /// Returns the entries of an object as pairs, in the event's order.
    pub fn items(&self) -> Result<Value<'r>, EvalError> {
        let mut pairs = Vec::new();
        for (key, value) in entries(self.value(0)) {
            self.budget.made(size_of::<Value<'_>>())?;
            pairs.push(self.budget.array([key.clone().into(), value.clone()])?);
        }
        Ok(pairs.into())
    }

    /// Returns the object that has these pairs as entries; of equal keys, the last value counts.
    pub fn object_of_items(&self) -> Result<Value<'r>, EvalError> {
        let mut found = Vec::new();
        for pair in elements(self.value(0)) {
            self.budget.step()?;
            self.budget.made(size_of::<(Text<'_>, Value<'_>)>())?;
            if let [key, value] = elements(pair)
                && let Some(key) = owned_text(key)
            {
                found.push((key, value.clone()));
            }
        }
        self.budget.object(found)
    }

    /// Returns the first elements of all lists, the second ones, …, as far as the shortest list
    /// reaches.
    pub fn zip(&self) -> Result<Value<'r>, EvalError> {
        let lists: Vec<&[Value<'r>]> = self.values.iter().map(elements).collect();
        let length = lists.iter().map(|list| list.len()).min().unwrap_or(0);
        let mut rows = Vec::new();
        for at in 0..length {
            self.budget.made(size_of::<Value<'_>>())?;
            let row = lists.iter().filter_map(|list| list.get(at).cloned());
            rows.push(self.budget.array(row)?);
        }
        Ok(rows.into())
    }

    /// Returns an object with the elements of a list by the text that an expression gives for each
    /// of them, in the order of appearance. Elements with null are left out.
    pub fn group_by(&self) -> Result<Value<'r>, EvalError> {
        // Not the fast hash of configured names: the keys are the event's.
        let mut places: HashMap<Box<str>, usize> = HashMap::new();
        let mut groups: Vec<(Text<'r>, Vec<Value<'r>>)> = Vec::new();
        for element in elements(self.value(0)) {
            let key = (self.evaluate)(self.node(1), element)?;
            if matches!(key, Value::Null) {
                continue;
            }
            let Some(text) = owned_text(&key) else {
                return Err(EvalError::Result {
                    function: self.function.name(),
                    expected: "a string or null",
                    actual: key.type_name(),
                });
            };
            self.budget.step()?;
            self.budget.bytes_read(text.len())?;
            self.budget.made(size_of::<Value<'_>>())?;
            match places.get(&*text).and_then(|place| groups.get_mut(*place)) {
                Some((_, group)) => group.push(element.clone()),
                None => {
                    self.budget.made(text.len() + 2 * size_of::<(Text<'_>, Vec<Value<'_>>)>())?;
                    places.insert((&*text).into(), groups.len());
                    groups.push((text, vec![element.clone()]));
                }
            }
        }
        self.budget.object(groups.into_iter().map(|(key, group)| (key, group.into())).collect())
    }
}

/// Returns a string as a key; `None` for any other value.
fn owned_text<'r>(value: &Value<'r>) -> Option<Text<'r>> {
    match value {
        Value::Text(text) => Some(Text::Borrowed(text)),
        Value::Shared(text) => Some(Text::Shared(text.clone())),
        other => match other.view() {
            View::String(text) => Some(Text::Shared(text.into())),
            _ => None,
        },
    }
}
