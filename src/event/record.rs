//! A Kafka record, the event that it holds, and the reasons why it may hold none.

use super::lexer::{Fault, Lexer, Token, after_space};
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
    #[derive(PartialOrd, Ord)]
    Invalid {
        /// A tombstone or an empty payload.
        Empty = "empty",
        /// Not JSON, or not UTF-8.
        NotJson = "not_json",
        /// A JSON array, such as a batch of events: one event a record is read.
        Array = "array",
        /// Other JSON that is not an object.
        NotObject = "not_object",
        /// Nested deeper than 127 levels.
        TooDeep = "too_deep",
    }
}

impl<'a> Record<'a> {
    /// Returns the payload's JSON if its first character can start an event; the rest is not
    /// checked yet.
    ///
    /// # Errors
    /// [`Invalid`]: the payload is empty, not UTF-8, not JSON, or JSON but not an object.
    pub fn object(&self) -> Result<&'a [u8], Invalid> {
        let payload = self.payload.unwrap_or_default();
        match payload.get(after_space(payload, 0)) {
            None => Err(Invalid::Empty),
            Some(b'{') => Ok(payload),
            // Events without Confluent's frame cost no further check.
            Some(_) => match unframed(payload) {
                json @ [b'{', ..] => Ok(json),
                other => Err(std::str::from_utf8(other).map_or(Invalid::NotJson, why_not_object)),
            },
        }
    }
}

impl<'a> Event<'a> {
    /// Parses a record's payload as one JSON object.
    ///
    /// # Errors
    /// [`Invalid`]: `Empty` for a tombstone and for white space only, `NotJson` for bytes that are
    /// not UTF-8 or not JSON (a byte order mark is neither), `Array` and `NotObject` for other
    /// JSON, `TooDeep` as soon as level 128 opens, whatever follows.
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

/// Returns the content of a value in Confluent's wire format: what follows the magic byte 0 and a
/// schema id of four bytes. See
/// <https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format>.
#[must_use]
pub fn framed(payload: &[u8]) -> Option<&[u8]> {
    match payload {
        [0, _, _, _, _, content @ ..] => Some(content),
        _ => None,
    }
}

/// Returns a value without Confluent's five bytes, where a JSON object or array follows them.
/// Reading these requires no schema registry.
#[must_use]
pub fn unframed(payload: &[u8]) -> &[u8] {
    framed(payload).filter(|json| matches!(json.first(), Some(b'{' | b'['))).unwrap_or(payload)
}

/// Distinguishes JSON that is not an object from text that is not JSON, without building a value.
fn why_not_object(text: &str) -> Invalid {
    let mut lexer = Lexer::new(text);
    let invalid = match lexer.next_token() {
        Ok(Some(Token::ArrayStart)) => Invalid::Array,
        Err(fault) => return fault.into(),
        Ok(_) => Invalid::NotObject,
    };
    loop {
        match lexer.next_token() {
            Ok(Some(_)) => {}
            Ok(None) => return invalid,
            Err(fault) => return fault.into(),
        }
    }
}
