//! Builds the document of an event out of what the scanner reads.
//!
//! Invariant: no recursion, and an allocation per array and object (and escaped string) at most.

use std::sync::{Arc, LazyLock};

use super::scan::{Fault, Item, Scanner};
use super::value::{Object, Text, Value};
use super::{Event, Invalid, Record};

/// All empty objects: three bytes of an event should not cost an allocation.
static EMPTY: LazyLock<Arc<Object<'static>>> = LazyLock::new(Arc::default);

impl<'a> Event<'a> {
    /// Reads a record's payload as one JSON object.
    ///
    /// # Errors
    /// [`Invalid`]: `Empty` for a tombstone and for nothing but white space, `NotJson` for what is not UTF-8 or not JSON (a
    /// byte order mark is neither), `NotObject` for other JSON, `TooDeep` as soon as level 128 opens, whatever follows.
    pub fn parse(record: &Record<'a>) -> Result<Event<'a>, Invalid> {
        let text = std::str::from_utf8(record.object()?).map_err(|_| Invalid::NotJson)?;
        Ok(Event { record: *record, root: Value::parse(text)? })
    }

    /// An event with any root: JMESPath's own cases are not only objects.
    #[cfg(test)]
    pub(crate) fn of(record: Record<'a>, root: Value<'a>) -> Event<'a> {
        Event { record, root }
    }

    /// The event's root: an object.
    #[must_use]
    pub fn root(&self) -> &Value<'a> {
        &self.root
    }

    /// The record that it was read from.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        self.record
    }
}

impl<'a> Record<'a> {
    /// The payload, if it begins as an event does; nothing else is known of it.
    ///
    /// # Errors
    /// [`Invalid`]: nothing, not UTF-8, JSON but no object.
    pub fn object(&self) -> Result<&'a [u8], Invalid> {
        let payload = self.payload.unwrap_or_default();
        if payload.first() == Some(&b'{') {
            return Ok(payload);
        }
        match payload.iter().find(|byte| !matches!(byte, b' ' | b'\n' | b'\t' | b'\r')) {
            None => Err(Invalid::Empty),
            Some(b'{') => Ok(payload),
            Some(_) => Err(std::str::from_utf8(payload).map_or(Invalid::NotJson, why_no_object)),
        }
    }
}

impl From<Fault> for Invalid {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotJson => Invalid::NotJson,
            Fault::TooDeep => Invalid::TooDeep,
        }
    }
}

/// Tells other JSON from what is none, without building it.
fn why_no_object(text: &str) -> Invalid {
    let mut scanner = Scanner::new(text);
    loop {
        match scanner.next_item() {
            Ok(Some(_)) => {}
            Ok(None) => return Invalid::NotObject,
            Err(fault) => return fault.into(),
        }
    }
}

impl<'a> Value<'a> {
    /// Reads one JSON value of any type.
    ///
    /// # Errors
    /// The first [`Fault`] of the text.
    pub fn parse(text: &'a str) -> Result<Value<'a>, Fault> {
        let mut scanner = Scanner::new(text);
        // All values that are done but whose container is not, and likewise the keys of all open objects.
        let mut values: Vec<Value<'a>> = Vec::new();
        let mut keys: Vec<Text<'a>> = Vec::new();
        // Where in both the open containers begin.
        let mut open: Vec<(usize, usize)> = Vec::new();
        while let Some(item) = scanner.next_item()? {
            let value = match item {
                Item::ObjectStart | Item::ArrayStart => {
                    open.push((values.len(), keys.len()));
                    continue;
                }
                Item::Key(key) => {
                    keys.push(key.decode().into());
                    continue;
                }
                Item::ArrayEnd => {
                    let (first, _) = open.pop().unwrap_or_default();
                    // An empty one is shared by the standard library: nothing is allocated.
                    if first == values.len() {
                        Value::Array(Arc::default())
                    } else {
                        Value::Array(values.drain(first..).collect())
                    }
                }
                Item::ObjectEnd => {
                    let (first, first_key) = open.pop().unwrap_or_default();
                    if first == values.len() {
                        values.push(Value::Object(Arc::clone(&EMPTY)));
                        continue;
                    }
                    let entries = keys.drain(first_key..).zip(values.drain(first..)).collect();
                    Value::Object(Arc::new(Object::new(entries)))
                }
                Item::String(text) => text.decode().into(),
                Item::Number(text) => Value::Written(text),
                Item::Bool(bool) => Value::Bool(bool),
                Item::Null => Value::Null,
            };
            values.push(value);
        }
        values.pop().ok_or(Fault::NotJson)
    }
}
