//! [2] Where a text that is too long for Slack ends.
//!
//! Pure. Characters are Unicode scalar values: Slack's page gives a number of "characters" and does not say which. Invariant: what is kept is
//! a prefix of the text, and its end is not inside an entity, a `<…>` form or a bare link.

/// The longest text that Slack takes, in characters ("we will truncate messages containing more than 40,000 characters").
pub const MAX_TEXT: usize = 40_000;

/// The longest channel, user or icon that is sent, in characters: far beyond what any of them can be, so that a queue's memory is bounded.
pub const MAX_FIELD: usize = 2_000;

/// A text longer than this many bytes is cut in any case, at a place that what stands behind does not change: four bytes a character, and the longest link.
pub const ENOUGH: usize = 4 * MAX_TEXT + 2 * LONGEST_LINK;

/// What a cut goes back for at most, in bytes. A longer `<…>` or link is cut like other text: browsers and Slack know none of that length.
const LONGEST_LINK: usize = 4_000;

/// Where a cut text ends.
const ELLIPSIS: char = '…';

/// How the links begin that Slack makes of bare text.
const LINK_STARTS: [&str; 3] = ["http://", "https://", "mailto:"];

/// Cuts `text` to at most `limit` characters (at least 1), the last one `…`; says whether it did.
pub fn cut_text(text: &mut String, limit: usize) -> bool {
    let Some(longest) = end_of(text, limit) else { return false };
    text.truncate(whole_before(text, longest));
    text.push(ELLIPSIS);
    true
}

/// Cuts `value` to `limit` characters, plainly; says whether it did.
pub fn cut_field(value: &mut String, limit: usize) -> bool {
    let cuts = value.char_indices().nth(limit).map(|(end, _)| end);
    if let Some(end) = cuts {
        value.truncate(end);
    }
    cuts.is_some()
}

/// Where the first `limit - 1` characters end, if there are more than `limit`.
fn end_of(text: &str, limit: usize) -> Option<usize> {
    // Most texts are shorter than their limit even in bytes.
    if text.len() <= limit {
        return None;
    }
    let mut starts = text.char_indices().map(|(at, _)| at).skip(limit.saturating_sub(1));
    let end = starts.next()?;
    starts.next().map(|_| end)
}

/// The last place at or before `end` where a cut leaves nothing in halves.
fn whole_before(text: &str, end: usize) -> usize {
    let spans = [form_around(text, end), link_around(text, end), entity_around(text, end)];
    spans.into_iter().flatten().min().unwrap_or(end)
}

/// Where the entity begins that `end` would cut: `&amp;`, `&lt;` or `&gt;`, the three that Slack knows.
fn entity_around(text: &str, end: usize) -> Option<usize> {
    let start = text[..end].rfind('&')?;
    let entity =
        ["&amp;", "&lt;", "&gt;"].into_iter().find(|entity| text[start..].starts_with(entity))?;
    (start + entity.len() > end).then_some(start)
}

/// Where the `<…>` form begins that `end` would cut: a mention, a link or a date. One that nothing closes is plain text.
fn form_around(text: &str, end: usize) -> Option<usize> {
    let from = text.floor_char_boundary(end.saturating_sub(LONGEST_LINK));
    let start = from + text[from..end].rfind(['<', '>'])?;
    let inside = text[start..].strip_prefix('<')?;
    let length = inside.find(['<', '>', '\n'])?;
    (inside[length..].starts_with('>') && length <= LONGEST_LINK).then_some(start)
}

/// Where the bare link begins that `end` would cut. Slack makes a link of it, which would lead elsewhere when cut.
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
