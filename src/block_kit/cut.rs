//! Cuts a text of a block to a limit.
//!
//! Invariant: the result is a prefix of the text and `…`, and the cut divides neither a character
//! as readers see it nor, in a text with markup, an entity, a `<…>` form or a bare link.

use unicode_segmentation::GraphemeCursor;

use crate::markup_cut::{ELLIPSIS, end_of, whole_before};

/// Returns `text` cut to `limit` characters (at least 1), the last one `…`, at the last white space
/// of the last tenth if there is any; `None`: it is short enough. With `markup`, `<…>` forms,
/// entities and links stay whole.
#[must_use]
pub fn cut(text: &str, limit: usize, markup: bool) -> Option<String> {
    let end = end_of(text, limit)?;
    let tenth = text[..end].char_indices().rev().take(limit / 10).last();
    let window = tenth.map_or(end, |(at, _)| at);
    // White space directly after the kept characters ends a word, too.
    let to = end + text[end..].chars().next().map_or(0, char::len_utf8);
    let space = text[window..to].char_indices().rev().find(|(_, c)| c.is_whitespace());
    let mut end = space.map_or_else(|| grapheme_before(text, end), |(at, _)| window + at);
    if markup {
        end = whole_before(text, end, usize::MAX);
    }
    let mut kept = text[..end].trim_end().to_owned();
    kept.push(ELLIPSIS);
    Some(kept)
}

/// Returns the last place at or before `end` that is not inside a grapheme. One that fills the text
/// is divided.
fn grapheme_before(text: &str, end: usize) -> usize {
    let mut cursor = GraphemeCursor::new(end, text.len(), true);
    if cursor.is_boundary(text, 0) == Ok(true) {
        return end;
    }
    cursor.prev_boundary(text, 0).ok().flatten().filter(|at| *at > 0).unwrap_or(end)
}
