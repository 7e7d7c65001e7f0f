//! Where a text with Slack's markup may be cut.
//!
//! Pure. Characters are Unicode scalar values: Slack's page does not define what it counts.

/// The last character of a cut text.
pub const ELLIPSIS: char = '…';

/// The starts of the links that Slack makes of bare text.
const LINK_STARTS: [&str; 3] = ["http://", "https://", "mailto:"];

/// Returns where the first `limit - 1` characters end, if there are more than `limit`.
#[must_use]
pub fn end_of(text: &str, limit: usize) -> Option<usize> {
    // Most texts are shorter than their limit even in bytes.
    if text.len() <= limit {
        return None;
    }
    let mut starts = text.char_indices().map(|(at, _)| at).skip(limit.saturating_sub(1));
    let end = starts.next()?;
    starts.next().map(|_| end)
}

/// Returns the last place at or before `end` where a cut divides no entity, no `<…>` form and no
/// bare link of at most `longest` bytes.
#[must_use]
pub fn whole_before(text: &str, end: usize, longest: usize) -> usize {
    let form = form_around(text, end, longest);
    let spans = [form, link_around(text, end, longest), entity_around(text, end)];
    spans.into_iter().flatten().min().unwrap_or(end)
}

/// Returns the start of the `<…>` form that `end` would cut: a mention, a link or a date. One that
/// is never closed, or has more than `longest` bytes, is plain text.
#[must_use]
pub fn form_around(text: &str, end: usize, longest: usize) -> Option<usize> {
    let from = text.floor_char_boundary(end.saturating_sub(longest));
    let start = from + text[from..end].rfind(['<', '>'])?;
    let inside = text[start..].strip_prefix('<')?;
    let length = inside.find(['<', '>', '\n'])?;
    (inside[length..].starts_with('>') && length <= longest).then_some(start)
}

/// Returns the start of the entity that `end` would cut: `&amp;`, `&lt;` or `&gt;`, the three that
/// Slack knows.
fn entity_around(text: &str, end: usize) -> Option<usize> {
    let start = text[..end].rfind('&')?;
    let is_cut = |entity: &str| text[start..].starts_with(entity) && start + entity.len() > end;
    ["&amp;", "&lt;", "&gt;"].into_iter().any(is_cut).then_some(start)
}

/// Returns the start of the bare link that `end` would cut: the shorter link would lead elsewhere.
fn link_around(text: &str, end: usize, longest: usize) -> Option<usize> {
    let ends_link = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '|' | '"');
    if text[end..].starts_with(ends_link) {
        return None;
    }
    let from = text.floor_char_boundary(end.saturating_sub(longest));
    let before = text[from..end].char_indices().rev().find(|(_, c)| ends_link(*c));
    let word = before.map_or(from, |(at, c)| from + at + c.len_utf8());
    LINK_STARTS
        .into_iter()
        .filter_map(|start| text[word..end].find(start))
        .min()
        .map(|at| word + at)
}
