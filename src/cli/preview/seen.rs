//! One record as `preview` has read it, and why it is not an event.

use crate::event::{Invalid, Shape, unframed};

/// A record's value and where it was read.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// `FILE:LINE`, or `TOPIC/PARTITION@OFFSET`.
    pub source: &'a str,
    /// The line of the value's first byte, from 1.
    pub line: usize,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
}

impl Seen<'_> {
    /// Returns the reason, what the value looks like, where the mistake is, and advice.
    pub fn why(&self, invalid: Invalid) -> String {
        let (label, shape) = (invalid.as_str(), Shape::of(self.value));
        match self.mistake().filter(|_| invalid == Invalid::NotJson) {
            Some((mistake, at)) if shape.is_mistake() => format!("{label}: {mistake} {at}"),
            Some((_, at)) => format!("{label}: {shape}, {at}; {}", shape.help()),
            None => format!("{label}: {shape}; {}", shape.help()),
        }
    }

    /// Returns what a JSON parser says of an object or array, and where: only for its text, since
    /// the value is known to be invalid.
    fn mistake(&self) -> Option<(String, String)> {
        let json = unframed(self.value?);
        if !matches!(json.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return None;
        }
        let error = serde_json::from_slice::<serde_json::Value>(json).err()?;
        let text = error.to_string();
        let message = text.split_once(" at line ").map_or(&*text, |(message, _)| message);
        let line = self.line - 1 + error.line();
        Some((message.to_owned(), format!("at line {line} column {}", error.column())))
    }
}
