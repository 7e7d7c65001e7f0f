//! What comes in: one Kafka record holding one JSON object, and the terms for where it stood.
//!
//! Pure: bytes in, an [`Event`] or the reason why it is none out. No event, whatever its bytes, panics.

use std::fmt;

mod scan;

mod number;

mod value;

mod parse;

mod document;

mod look;

mod marks;

mod paths;

mod pick;

pub use document::Document;
pub use number::Number;
pub use paths::{Path, Paths, Shown, write_name};
pub use pick::{Fields, Picks, Seen, elements};
pub use scan::{Fault, Item, MAX_DEPTH, Quoted, Scanner};
pub(crate) use value::NULL;
pub use value::{Full, MAX_WRITTEN, Object, Text, Value, View};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod examples;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests;

/// A configured topic, by its place in `kafka.topics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicIndex(pub u32);

/// What tells a topic from one of the same name that was deleted: Kafka's id of it, a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicId(pub u128);

/// One partition of a configured topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    /// The topic that it is a partition of.
    pub topic: TopicIndex,
    /// Kafka's number of it, from 0.
    pub number: i32,
}

/// The place of one record within its partition, from 0. Offsets can have gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Offset(pub i64);

impl Offset {
    /// The offset to read after this one.
    #[must_use]
    pub fn next(self) -> Offset {
        Offset(self.0.saturating_add(1))
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Where one event stands on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Topic and partition.
    pub partition: Partition,
    /// The record's offset there.
    pub offset: Offset,
}

/// One Kafka record as it is lent to the router: bytes, nothing decoded.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// Where it stands.
    pub position: Position,
    /// The topic's name.
    pub topic: &'a str,
    /// Kafka's timestamp in milliseconds since the epoch, where the record has one.
    pub timestamp: Option<i64>,
    /// The record's key.
    pub key: Option<&'a [u8]>,
    /// The record's headers, read only where an expression asks for them.
    pub headers: &'a dyn Headers,
    /// The record's value; `None` is a tombstone.
    pub payload: Option<&'a [u8]>,
}

/// A record's headers, in their order.
pub trait Headers {
    /// Calls `each` with the name and value of every header, first to last.
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, Option<&'a [u8]>));
}

/// No headers at all.
impl Headers for () {
    fn for_each<'a>(&'a self, _each: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {}
}

/// One record that holds one JSON object, read.
#[derive(Clone)]
pub struct Event<'a> {
    record: Record<'a>,
    root: Value<'a>,
}

/// Why a record is no event: the label `reason` of `slackline_events_invalid_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Invalid {
    /// A tombstone or an empty payload.
    Empty,
    /// Not JSON, or not UTF-8.
    NotJson,
    /// JSON, but no object.
    NotObject,
    /// Nested deeper than 127 levels.
    TooDeep,
}

impl Invalid {
    /// Every reason, in the order of the metric's documentation.
    pub const ALL: [Invalid; 4] =
        [Invalid::Empty, Invalid::NotJson, Invalid::NotObject, Invalid::TooDeep];

    /// The reason as the metric's label and the logs name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Invalid::Empty => "empty",
            Invalid::NotJson => "not_json",
            Invalid::NotObject => "not_object",
            Invalid::TooDeep => "too_deep",
        }
    }
}
