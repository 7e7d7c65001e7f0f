//! What a value that is not an event looks like, for logs and for `preview`: a format by its name,
//! never the content.
//!
//! Pure. Invariant: no bytes panic, and no byte of the value is in the result, a schema id aside.

use std::borrow::Cow;
use std::fmt;

use super::lexer::after_space;
use super::record::framed;

mod binary;

mod text;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;

/// The likely format of a value, with advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    what: Cow<'static, str>,
    help: &'static str,
}

const JSON_OBJECT: &str = "have the producer write one JSON object a record";
const ONE_EVENT: &str = "have the producer write one event a record";
const UTF_8: &str = "have the producer write UTF-8, without a byte order mark";

impl Shape {
    /// Returns what a record's value looks like; `None` is a tombstone.
    #[must_use]
    pub fn of(value: Option<&[u8]>) -> Self {
        let Some(bytes) = value else {
            return Self::new("a tombstone", "no action is needed: it deletes its key");
        };
        if after_space(bytes, 0) == bytes.len() {
            let what = if bytes.is_empty() { "an empty value" } else { "white space only" };
            return Self::new(what, JSON_OBJECT);
        }
        if bytes.iter().all(|byte| *byte == 0) {
            return Self::new("NUL bytes only", JSON_OBJECT);
        }
        if let Some(shape) = binary::known(bytes) {
            return shape;
        }
        if let Some(content) = framed(bytes)
            && let Some(id) = schema_id(bytes)
        {
            return confluent(id, content);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => text::shape(text),
            Err(error) => {
                let (valid, _) = bytes.split_at(error.valid_up_to());
                let start = text::first(std::str::from_utf8(valid).unwrap_or_default());
                // Cut within a character, or a byte that no character has.
                match (start, error.error_len()) {
                    (Some('{' | '['), None) => Self::new(text::CUT_SHORT, text::WHO_CUTS),
                    (Some('{' | '['), _) => Self::new("JSON that is not UTF-8", UTF_8),
                    _ => binary::unknown(bytes),
                }
            }
        }
    }

    /// Returns the advice; never empty.
    #[must_use]
    pub fn help(&self) -> &'static str {
        self.help
    }

    /// Whether the value is JSON with a mistake, whose line and column help more.
    #[must_use]
    pub fn is_mistake(&self) -> bool {
        self.what.starts_with(text::MISTAKE)
    }

    fn new(what: impl Into<Cow<'static, str>>, help: &'static str) -> Self {
        Self { what: what.into(), help }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Returns the schema id of Confluent's wire format. Registries count from 1.
fn schema_id(bytes: &[u8]) -> Option<i32> {
    let id = i32::from_be_bytes(*bytes.get(1..)?.first_chunk()?);
    (id > 0).then_some(id)
}

fn confluent(id: i32, content: &[u8]) -> Shape {
    let frame = format!("Confluent's wire format with schema id {id}");
    let serializer = "have the producer use a JSON serializer: other formats are not read yet";
    match content.first() {
        None => Shape::new(format!("{frame} and nothing after it"), serializer),
        Some(b'{' | b'[' | b'"') => {
            let inner = Shape::of(Some(content));
            Shape::new(format!("{frame}, then {inner}"), inner.help)
        }
        _ if binary::is_framed_protobuf(content) => {
            Shape::new(format!("{frame}, probably Protobuf"), serializer)
        }
        _ => Shape::new(format!("{frame}, probably Avro"), serializer),
    }
}
