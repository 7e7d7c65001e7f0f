//! Events: one Kafka record that holds one JSON object, and the terms for its place in Kafka.
//!
//! Pure: a record's bytes become an [`Event`], or the reason why they are refused. No bytes panic.

mod position;

mod log_id;

mod record;

mod shape;

mod lexer;

mod number;

mod marked;

mod object;

mod value;

mod write;

mod parse;

mod document;

mod simd;

mod quote_index;

mod paths;

mod field_reader;

pub use document::Document;
pub use field_reader::{FieldReader, FieldValue, Fields, elements};
pub use lexer::{Fault, Lexer, MAX_DEPTH, Quoted, Token, number_end};
pub use log_id::{ClusterId, LogId, Origin};
pub use marked::Marked;
pub use number::Number;
pub use paths::{Path, Paths};
pub use position::{Offset, Partition, Position, TopicId, TopicIndex};
pub use record::{Event, Headers, Invalid, Record, unframed};
pub use shape::Shape;
pub(crate) use value::NULL;
pub use value::{Object, Text, Value, View};
pub use write::{Full, MAX_WRITTEN};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod examples;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
pub(crate) mod tests;
