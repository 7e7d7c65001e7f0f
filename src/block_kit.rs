//! Block Kit: the limits of Slack's blocks, a validator, the cutting of rendered blocks to the
//! limits, and blocks as text for a terminal.
//!
//! Pure, over JSON values. Source: <https://docs.slack.dev/reference/block-kit>. Slack's API may
//! know block types and members that this table does not: they are kept unchanged.
//!
//! Invariant: [`fit`] returns blocks in which [`validate`] finds no fault other than an unknown
//! type, whatever the blocks contain, in linear time and with bounded recursion.

use serde_json::Value;

pub mod cut;

pub mod fit;

pub mod limits;

mod more;

mod rows;

pub mod shapes;

pub mod show;

pub mod text;

pub mod validate;

#[cfg(test)]
mod tests;

/// The deepest nesting of objects in one block. Slack's own types nest five deep.
const MAX_DEPTH: usize = 16;

/// What was cut or removed because of a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cuts {
    /// A text was cut.
    pub block_text: bool,
    /// Fields of a section or elements of a context block were removed.
    pub fields: bool,
    /// Rows or columns of a table were removed.
    pub rows: bool,
    /// Blocks were removed, or a button or an image whose URL is too long.
    pub blocks: bool,
}

/// Returns the `type` of a block or an element; empty without one.
#[must_use]
pub fn type_of(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// Returns the number of characters (Unicode scalar values) of a text.
fn characters(text: &str) -> usize {
    text.chars().count()
}
