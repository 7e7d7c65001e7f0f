//! Cuts a text that is too long for Slack.
//!
//! Pure. Characters are Unicode scalar values: Slack's page does not define what it counts.
//! Invariant: the result is a prefix of the text, and its end is not inside an entity, a `<…>`
//! form or a bare link.

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

/// The last character of a cut text.
const ELLIPSIS: char = '…';

/// The starts of the links that Slack makes of bare text.
const LINK_STARTS: [&str; 3] = ["http://", "https://", "mailto:"];

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
    let end = whole_before(text, longest);
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

/// Returns where the first `limit - 1` characters end, if there are more than `limit`.
fn end_of(text: &str, limit: usize) -> Option<usize> {
    // Most texts are shorter than their limit even in bytes.
    if text.len() <= limit {
        return None;
    }
    let mut starts = text.char_indices().map(|(at, _)| at).skip(limit.saturating_sub(1));
    let end = starts.next()?;
    starts.next().map(|_| end)
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
        match form_around(text, word) {
            Some(start) if start < word => end = start,
            _ => return Some(text[..word].trim_end().len()).filter(|end| *end > 0),
        }
    }
}

/// Returns the last place at or before `end` where a cut divides nothing.
fn whole_before(text: &str, end: usize) -> usize {
    let spans = [form_around(text, end), link_around(text, end), entity_around(text, end)];
    spans.into_iter().flatten().min().unwrap_or(end)
}

/// Returns the start of the entity that `end` would cut: `&amp;`, `&lt;` or `&gt;`, the three that
/// Slack knows.
fn entity_around(text: &str, end: usize) -> Option<usize> {
    let start = text[..end].rfind('&')?;
    let entity =
        ["&amp;", "&lt;", "&gt;"].into_iter().find(|entity| text[start..].starts_with(entity))?;
    (start + entity.len() > end).then_some(start)
}

/// Returns the start of the `<…>` form that `end` would cut: a mention, a link or a date. One that
/// is never closed is plain text.
fn form_around(text: &str, end: usize) -> Option<usize> {
    let from = text.floor_char_boundary(end.saturating_sub(LONGEST_LINK));
    let start = from + text[from..end].rfind(['<', '>'])?;
    let inside = text[start..].strip_prefix('<')?;
    let length = inside.find(['<', '>', '\n'])?;
    (inside[length..].starts_with('>') && length <= LONGEST_LINK).then_some(start)
}

/// Returns the start of the bare link that `end` would cut: the shorter link would lead elsewhere.
fn link_around(text: &str, end: usize) -> Option<usize> {
    let ends_link =
        |character: char| character.is_whitespace() || matches!(character, '<' | '>' | '|' | '"');
    if text[end..].starts_with(ends_link) {
        return None;
    }
    let from = text.floor_char_boundary(end.saturating_sub(LONGEST_LINK));
    let word =
        text[from..end].rfind(ends_link).map_or(from, |at| text.ceil_char_boundary(from + at + 1));
    LINK_STARTS
        .into_iter()
        .filter_map(|start| text[word..end].find(start))
        .min()
        .map(|at| word + at)
}
