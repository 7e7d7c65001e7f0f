//! A rendered message as requests: the parts of a long text, and the plain message in place of one
//! whose blocks were refused.
//!
//! Pure: each is computed from the one payload that a queue holds, so that a part costs no memory
//! before its turn. Invariant: a payload that this program has not rendered is posted unchanged.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;

pub mod marks;

pub mod split;

mod plain;

pub use plain::{has_blocks, plain};

use split::{MAX_PART, split};

/// The start of a payload with a text.
const TEXT: &[u8] = br#"{"text":"#;

/// Returns the payload of each part of a text that is longer than one; `None`: it is one part.
#[must_use]
pub fn parts(payload: &[u8]) -> Option<Vec<Bytes>> {
    // Nearly every text is shorter, even in bytes.
    let inside = payload.strip_prefix(TEXT).filter(|inside| inside.len() > MAX_PART)?;
    let mut values = serde_json::Deserializer::from_slice(inside).into_iter::<Text<'_>>();
    let Text(text) = values.next()?.ok()?;
    let others = inside.get(values.byte_offset()..)?;
    text.chars().nth(MAX_PART)?;
    let part = |text: &String| {
        let text = serde_json::to_vec(text).ok()?;
        Some(Bytes::from([TEXT, &text, others].concat()))
    };
    let parts: Vec<Bytes> = split(&text).parts.iter().filter_map(part).collect();
    (!parts.is_empty()).then_some(parts)
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
