//! Cuts a text of a block to a limit.
//!
//! Invariant: the result is a prefix of the text and `…`, and the cut divides neither a character
//! as readers see it nor, in a text with markup, an entity, a `<…>` form or a bare link.

use unicode_segmentation::GraphemeCursor;

/// The last character of a cut text.
const ELLIPSIS: char = '…';

/// The starts of the links that Slack makes of bare text.
const LINK_STARTS: [&str; 3] = ["http://", "https://", "mailto:"];

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
        end = whole_before(text, end);
    }
    let mut kept = text[..end].trim_end().to_owned();
    kept.push(ELLIPSIS);
    Some(kept)
}

/// Returns where the first `limit - 1` characters end, if there are more than `limit`.
fn end_of(text: &str, limit: usize) -> Option<usize> {
    if text.len() <= limit {
        return None;
    }
    let mut starts = text.char_indices().map(|(at, _)| at).skip(limit.saturating_sub(1));
    let end = starts.next()?;
    starts.next().map(|_| end)
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

/// Returns the last place at or before `end` where a cut divides no markup.
fn whole_before(text: &str, end: usize) -> usize {
    let spans = [form_around(text, end), link_around(text, end), entity_around(text, end)];
    spans.into_iter().flatten().min().unwrap_or(end)
}

/// Returns the start of the entity that `end` would cut.
fn entity_around(text: &str, end: usize) -> Option<usize> {
    let start = text[..end].rfind('&')?;
    let is_cut = |entity: &str| text[start..].starts_with(entity) && start + entity.len() > end;
    ["&amp;", "&lt;", "&gt;"].into_iter().any(is_cut).then_some(start)
}

/// Returns the start of the `<…>` form that `end` would cut, however long it is. One that is never
/// closed is plain text.
fn form_around(text: &str, end: usize) -> Option<usize> {
    let start = text[..end].rfind(['<', '>'])?;
    let inside = text[start..].strip_prefix('<')?;
    let close = inside.find(['<', '>', '\n'])?;
    inside[close..].starts_with('>').then_some(start)
}

/// Returns the start of the bare link that `end` would cut: the shorter link would lead elsewhere.
fn link_around(text: &str, end: usize) -> Option<usize> {
    let ends_link = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '|' | '"');
    if text[end..].starts_with(ends_link) {
        return None;
    }
    let before = text[..end].char_indices().rev().find(|(_, c)| ends_link(*c));
    let word = before.map_or(0, |(at, c)| at + c.len_utf8());
    LINK_STARTS
        .into_iter()
        .filter_map(|start| text[word..end].find(start))
        .min()
        .map(|at| word + at)
}
