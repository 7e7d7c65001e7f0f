//! Functions that choose values: the default of one that is missing, and elements of a list.

use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash as _, Hasher as _};

use super::call::{Call, elements};
use crate::event::{Value, View};
use crate::expression::budget::Budget;
use crate::expression::compare::equal;
use crate::expression::error::EvalError;

/// Whether a value is missing for `default`: null or an empty text, but not `false`, 0 or `[]`.
pub fn is_missing(value: &Value<'_>) -> bool {
    match value.view() {
        View::Null => true,
        View::String(text) => text.is_empty(),
        _ => false,
    }
}

impl<'r> Call<'_, 'r> {
    pub fn first(&self) -> Value<'r> {
        elements(self.value(0)).first().cloned().unwrap_or(Value::Null)
    }

    pub fn last(&self) -> Value<'r> {
        elements(self.value(0)).last().cloned().unwrap_or(Value::Null)
    }

    /// Returns the elements without those that equal one before.
    pub fn uniq(&self) -> Result<Value<'r>, EvalError> {
        let mut seen: FxHashMap<u64, Vec<&Value<'r>>> = FxHashMap::default();
        let mut kept = Vec::new();
        'elements: for element in elements(self.value(0)) {
            self.budget.made(2 * size_of::<Value<'_>>())?;
            let alike = seen.entry(hash(element, self.budget)?).or_default();
            for other in alike.iter() {
                if equal(other, element, self.budget)? {
                    continue 'elements;
                }
            }
            alike.push(element);
            kept.push(element.clone());
        }
        self.budget.array(kept)
    }
}

/// Returns a hash that is the same for equal values.
fn hash(value: &Value<'_>, budget: &Budget) -> Result<u64, EvalError> {
    budget.step()?;
    let mut hasher = FxHasher::default();
    match value.view() {
        View::Null => 0_u8.hash(&mut hasher),
        View::Bool(bool) => bool.hash(&mut hasher),
        // Equal numbers have one nearest f64; the sum turns -0 into 0.
        View::Number(number) => (number.as_f64() + 0.0).to_bits().hash(&mut hasher),
        View::String(text) => {
            budget.bytes_read(text.len())?;
            text.hash(&mut hasher);
        }
        View::Array(elements) => {
            for element in elements {
                hash(element, budget)?.hash(&mut hasher);
            }
        }
        // In any order of the keys.
        View::Object(object) => {
            let mut sum = 0_u64;
            for (key, value) in object.iter() {
                let mut entry = FxHasher::default();
                key.hash(&mut entry);
                hash(value, budget)?.hash(&mut entry);
                sum = sum.wrapping_add(entry.finish());
            }
            sum.hash(&mut hasher);
        }
    }
    Ok(hasher.finish())
}
