//! Cuts a text that is too long for Slack.
//!
//! Pure. Invariant: the result is a prefix of the text, and its end is not inside an entity, a
//! `<…>` form or a bare link.

use crate::markup_cut::{ELLIPSIS, end_of, form_around, whole_before};

/// The longest text that is split, in characters: Slack cuts longer ones.
pub const MAX_TEXT: usize = 40_000;

/// The longest channel, user or icon that is sent, in characters: far longer than any of them can
/// be, but it bounds the memory of a queue.
pub const MAX_FIELD: usize = 2_000;

/// A cut is at the last white space of this many characters, if there is any.
const LAST_WORDS: usize = 200;

/// The longest `<…>` form or link that is kept whole, in bytes. A longer one is cut like other
/// text: browsers and Slack accept none of that length.
const LONGEST_LINK: usize = 4_000;

/// The length in bytes from which on a text is cut to `limit` characters in any case, at a place
/// that does not depend on the rest: four bytes per character, and the longest link.
#[must_use]
pub const fn enough(limit: usize) -> usize {
    4 * limit + 2 * LONGEST_LINK
}

/// Cuts `text` to at most `limit` characters (at least 1), the last one `…`; returns whether it
/// did.
pub fn cut_text(text: &mut String, limit: usize) -> bool {
    let Some(longest) = end_of(text, limit) else { return false };
    let end = whole_before(text, longest, LONGEST_LINK);
    let from = text.char_indices().nth(limit.saturating_sub(LAST_WORDS)).map_or(0, |(at, _)| at);
    text.truncate(last_space(text, from, end).unwrap_or(end));
    text.push(ELLIPSIS);
    true
}

/// Cuts `value` to `limit` characters, at any place; returns whether it did.
pub fn cut_field(value: &mut String, limit: usize) -> bool {
    let cuts = value.char_indices().nth(limit).map(|(end, _)| end);
    if let Some(end) = cuts {
        value.truncate(end);
    }
    cuts.is_some()
}

/// Returns the end of the last word that ends at or before `end`, but not before `from`. The words
/// of a `<…>` form are not words of the text.
fn last_space(text: &str, from: usize, end: usize) -> Option<usize> {
    let mut end = end;
    loop {
        let is_end = text[end..].starts_with(char::is_whitespace);
        let word = if is_end { end } else { text[..end].rfind(char::is_whitespace)? };
        if word < from {
            return None;
        }
        match form_around(text, word, LONGEST_LINK) {
            Some(start) if start < word => end = start,
            _ => return Some(text[..word].trim_end().len()).filter(|end| *end > 0),
        }
    }
}
