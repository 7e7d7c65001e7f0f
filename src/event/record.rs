//! A Kafka record, the event that it holds, and the reasons why it may hold none.

use super::lexer::{Fault, Lexer, after_space};
use super::position::Position;
use super::value::Value;
use crate::label::label;

/// One Kafka record, borrowed from the client: bytes, nothing decoded.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// Its topic, partition and offset.
    pub position: Position,
    /// The topic's name.
    pub topic: &'a str,
    /// Kafka's timestamp in milliseconds since the epoch, if the record has one.
    pub timestamp: Option<i64>,
    /// The record's key.
    pub key: Option<&'a [u8]>,
    /// The record's headers, read only if an expression uses them.
    pub headers: &'a dyn Headers,
    /// The record's value; `None` is a tombstone.
    pub payload: Option<&'a [u8]>,
}

/// A record's headers, in their order.
pub trait Headers {
    /// Calls `each` with the name and value of every header, first to last.
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, Option<&'a [u8]>));
}

/// No headers.
impl Headers for () {
    fn for_each<'a>(&'a self, _each: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {}
}

/// One record that holds one JSON object, parsed.
#[derive(Clone)]
pub struct Event<'a> {
    record: Record<'a>,
    root: Value<'a>,
}

label! {
    /// Why a record is not an event: the label `reason` of `slackline_events_invalid_total`.
    Invalid {
        /// A tombstone or an empty payload.
        Empty = "empty",
        /// Not JSON, or not UTF-8.
        NotJson = "not_json",
        /// JSON, but not an object.
        NotObject = "not_object",
        /// Nested deeper than 127 levels.
        TooDeep = "too_deep",
    }
}

impl<'a> Record<'a> {
    /// Returns the payload if its first character can start an event; the rest is not checked yet.
    ///
    /// # Errors
    /// [`Invalid`]: the payload is empty, not UTF-8, not JSON, or JSON but not an object.
    pub fn object(&self) -> Result<&'a [u8], Invalid> {
        let payload = self.payload.unwrap_or_default();
        match payload.get(after_space(payload, 0)) {
            None => Err(Invalid::Empty),
            Some(b'{') => Ok(payload),
            Some(_) => Err(std::str::from_utf8(payload).map_or(Invalid::NotJson, why_not_object)),
        }
    }
}

impl<'a> Event<'a> {
    /// Parses a record's payload as one JSON object.
    ///
    /// # Errors
    /// [`Invalid`]: `Empty` for a tombstone and for white space only, `NotJson` for bytes that are
    /// not UTF-8 or not JSON (a byte order mark is neither), `NotObject` for other JSON, `TooDeep`
    /// as soon as level 128 opens, whatever follows.
    pub fn parse(record: &Record<'a>) -> Result<Event<'a>, Invalid> {
        let text = std::str::from_utf8(record.object()?).map_err(|_| Invalid::NotJson)?;
        Ok(Event { record: *record, root: Value::parse(text)? })
    }

    /// Returns an event with this root. It need not be an object: `null` replaces a payload that
    /// is not needed, and JMESPath's own test cases use any value.
    pub fn of(record: Record<'a>, root: Value<'a>) -> Event<'a> {
        Event { record, root }
    }

    /// The event's root: an object.
    #[must_use]
    pub fn root(&self) -> &Value<'a> {
        &self.root
    }

    /// The record that the event was parsed from.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        self.record
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

/// Distinguishes JSON that is not an object from text that is not JSON, without building a value.
fn why_not_object(text: &str) -> Invalid {
    let mut lexer = Lexer::new(text);
    loop {
        match lexer.next_token() {
            Ok(Some(_)) => {}
            Ok(None) => return Invalid::NotObject,
            Err(fault) => return fault.into(),
        }
    }
}
