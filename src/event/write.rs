//! A value as text: for a message, and as compact JSON.
//!
//! Invariant: no more than the limit is written, however large the text of a value would be.
//! Expressions share parts of values: a list that is doubled thirty times takes a few allocations,
//! but has a billion elements when it is written.

use super::value::{Value, View};

/// The most bytes that [`Value::write_text`] and [`Value::write_json`] write: far more than the
/// 40,000 characters of a message.
pub const MAX_WRITTEN: usize = 1 << 20;

/// The error of text that is longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

struct Writer<'o> {
    out: &'o mut String,
    left: usize,
}

impl Value<'_> {
    /// Appends the value as a message variable shows it: strings without quotes, numbers as
    /// written, nothing for null, JSON for arrays and objects. Stops after [`MAX_WRITTEN`] bytes.
    pub fn write_text(&self, out: &mut String) {
        let mut writer = Writer { out, left: MAX_WRITTEN };
        // A message is cut to 40,000 characters anyway.
        let _cut = match self.view() {
            View::Null => Ok(()),
            View::String(text) => writer.push(text),
            _ => writer.value(self),
        };
    }

    /// Appends the value as compact JSON: keys in their order, numbers as written. Stops after
    /// [`MAX_WRITTEN`] bytes.
    pub fn write_json(&self, out: &mut String) {
        let _cut = self.write_json_within(out, MAX_WRITTEN);
    }

    /// Appends the value as compact JSON of at most `limit` bytes.
    ///
    /// # Errors
    /// [`Full`] if the JSON is longer; its first `limit` bytes are written.
    pub fn write_json_within(&self, out: &mut String, limit: usize) -> Result<(), Full> {
        Writer { out, left: limit }.value(self)
    }
}

impl Writer<'_> {
    fn push(&mut self, text: &str) -> Result<(), Full> {
        if text.len() > self.left {
            let cut = text.floor_char_boundary(self.left);
            self.out.push_str(text.get(..cut).unwrap_or_default());
            self.left = 0;
            return Err(Full);
        }
        self.left -= text.len();
        self.out.push_str(text);
        Ok(())
    }

    /// Recursion is as deep as the value: the 127 levels of an event and those that the expression
    /// adds.
    fn value(&mut self, value: &Value<'_>) -> Result<(), Full> {
        match value.view() {
            View::Null => self.push("null"),
            View::Bool(bool) => self.push(if bool { "true" } else { "false" }),
            View::Number(number) => self.push(&number.text()),
            View::String(text) => self.string(text),
            View::Array(elements) => {
                self.push("[")?;
                for (at, element) in elements.iter().enumerate() {
                    self.comma(at)?;
                    self.value(element)?;
                }
                self.push("]")
            }
            View::Object(object) => {
                self.push("{")?;
                for (at, (key, value)) in object.iter().enumerate() {
                    self.comma(at)?;
                    self.string(key)?;
                    self.push(":")?;
                    self.value(value)?;
                }
                self.push("}")
            }
        }
    }

    fn comma(&mut self, at: usize) -> Result<(), Full> {
        if at == 0 { Ok(()) } else { self.push(",") }
    }

    fn string(&mut self, text: &str) -> Result<(), Full> {
        self.push("\"")?;
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') {
            let (before, special) = rest.split_at(at);
            self.push(before)?;
            match special.as_bytes().first() {
                Some(b'\n') => self.push("\\n")?,
                Some(b'\r') => self.push("\\r")?,
                Some(b'\t') => self.push("\\t")?,
                Some(b'"') => self.push("\\\"")?,
                Some(b'\\') => self.push("\\\\")?,
                byte => self.push(&format!("\\u{:04x}", byte.copied().unwrap_or_default()))?,
            }
            rest = special.get(1..).unwrap_or_default();
        }
        self.push(rest)?;
        self.push("\"")
    }
}
