//! Texts: shortened, and encoded for a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_segmentation::UnicodeSegmentation as _;

/// What RFC 3986 does not name as unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns a text that is longer than `length` characters, cut to this length with `ellipsis` at
/// its end; `None` for a shorter one. Characters are those that a reader sees (graphemes): none of
/// them is split.
pub fn truncated(text: &str, length: usize, ellipsis: &str) -> Option<String> {
    let end = start_of(text, length)?;
    let ending = start_of(ellipsis, length).and_then(|end| ellipsis.get(..end)).unwrap_or(ellipsis);
    let kept = length.saturating_sub(ending.graphemes(true).count());
    let cut = start_of(text, kept).unwrap_or(end);
    Some([text.get(..cut).unwrap_or_default(), ending].concat())
}

/// Returns where the character after the first `count` ones starts, if there is one.
fn start_of(text: &str, count: usize) -> Option<usize> {
    // No character is shorter than a byte.
    if text.len() <= count {
        return None;
    }
    text.grapheme_indices(true).nth(count).map(|(at, _)| at)
}

/// Returns a text as a part of a URL: all but letters, digits, `-`, `.`, `_`, `~` is encoded.
pub fn url_encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}
