//! The first step of reading the configuration: YAML text to a tree whose nodes know their places.
//!
//! The only file that uses the YAML library. Invariant: a node's `written` and `defined` are byte
//! ranges of the source text.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned, Tagged};

/// One YAML node, typed only as YAML types it.
pub struct Node {
    /// The place where it is used: of an alias, the alias; of a merged (`<<`) value, the merge.
    /// For a mapping or a sequence at most its first byte.
    pub written: Range<usize>,
    /// The place of its content, which differs from `written` for an alias or a merged value.
    pub defined: Range<usize>,
    /// A tag that YAML does not define, such as `!secret`.
    pub tag: Option<String>,
    pub value: Value,
}

/// A node's content.
pub enum Value {
    Null,
    Bool(bool),
    /// Its text is `defined` in the source.
    Number(f64),
    Text(String),
    List(Vec<Node>),
    /// In the file's order; keys can repeat.
    Map(Vec<(Node, Node)>),
}

/// Why a text is not YAML.
pub struct SyntaxError {
    /// Byte offset into the source.
    pub offset: usize,
    pub message: String,
}

impl From<&Node> for usize {
    fn from(node: &Node) -> Self {
        node.written.start
    }
}

/// Parses `text`, which has no byte order mark. An empty document is [`Value::Null`].
pub fn parse(text: &str) -> Result<Node, SyntaxError> {
    let options = serde_saphyr::options! {
        // Reported by `Reader`, with the lines of both.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // YAML 1.2: `yes`, `on` and `y` are texts.
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        // The library's excerpt would show neighbouring lines, secrets included.
        with_snippet: false,
        // The configuration has five levels. The library's default of 64 overflows the 2 MiB stack
        // of a test's thread.
        budget: serde_saphyr::budget! { max_depth: 16 },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let location = error.location().unwrap_or(Location::UNKNOWN);
        SyntaxError {
            offset: offset_of(text, location),
            message: without_place(&error.to_string(), location),
        }
    })
}

impl Value {
    /// The kind of value in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// Computes the byte offset from line and column: the library does not always know it.
fn offset_of(text: &str, location: Location) -> usize {
    let column = usize::try_from(location.column()).unwrap_or(1).max(1);
    let line = usize::try_from(location.line()).unwrap_or(1).max(1);
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(at, _)| at)
}

/// Removes the place from the end of the library's message: a diagnostic starts with it.
fn without_place(message: &str, location: Location) -> String {
    let place = format!(" at line {}, column {}", location.line(), location.column());
    let first = message.lines().next().unwrap_or_default();
    first.split(&place).next().unwrap_or(first).trim_end().to_owned()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Tagged<Value>>::deserialize(deserializer)?;
        let range = |location: Location| -> Option<Range<usize>> {
            let start = usize::try_from(location.span().byte_offset()?).ok()?;
            let len = usize::try_from(location.span().byte_len()?).ok()?;
            Some(start..start + len)
        };
        let unknown = || D::Error::custom("a node without a place");
        Ok(Self {
            written: range(spanned.referenced).ok_or_else(unknown)?,
            defined: range(spanned.defined).ok_or_else(unknown)?,
            tag: spanned.value.1.filter(|tag| !tag.starts_with("tag:yaml.org")),
            value: spanned.value.0,
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

#[allow(
    clippy::cast_precision_loss,
    reason = "every limit is far below 2^53; the exact text is in the source"
)]
impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = access.next_element()? {
            list.push(node);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }
}
