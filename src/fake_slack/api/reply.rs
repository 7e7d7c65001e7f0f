//! What the methods have in common: a call, and what it is answered.

use hyper::HeaderMap;
use serde_json::{Map, Value};

/// One call of a method.
pub struct Call<'a> {
    pub method: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
    /// The time stamp of a message that is posted, unique in its channel.
    pub ts: &'a str,
}

/// Why a method refuses.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub word: &'static str,
    /// For `missing_scope`: the scopes that are needed.
    pub needed: String,
    /// Members of the answer that explain it.
    pub details: Map<String, Value>,
}

impl From<&'static str> for Refusal {
    fn from(word: &'static str) -> Self {
        Self { word, needed: String::new(), details: Map::new() }
    }
}

impl Refusal {
    pub fn missing_scope(needed: impl Into<String>) -> Self {
        Self { needed: needed.into(), ..Self::from("missing_scope") }
    }

    /// A refusal with members of the answer that explain it.
    pub fn with(word: &'static str, details: Value) -> Self {
        Self { details: members(details), ..Self::from(word) }
    }
}

/// The members of an answer besides `ok`.
pub type Reply = Result<Map<String, Value>, Refusal>;

/// Returns the members of an object.
pub fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
