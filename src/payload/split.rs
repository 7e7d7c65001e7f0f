//! Splits a long text into parts, each of which Slack shows as one message.
//!
//! Pure; the time is linear in the text. Characters are Unicode scalar values. Invariants: a part
//! has 1 to [`MAX_PART`] characters and is not blank; the parts in their order are the text without
//! the white space at the cuts; no cut is inside a form, an entity, an emoji or a code fence,
//! unless that is longer than a part. A longer fence is closed at the cut and opened again behind
//! it.

use unicode_segmentation::UnicodeSegmentation as _;

use super::marks::{FENCE, Marks};

/// The most characters of a part. Slack splits longer texts itself, even inside a URL.
pub const MAX_PART: usize = 4_000;

/// The most parts of a text.
pub const MAX_PARTS: usize = 20;

/// The end of a text that has no room in the most parts.
const ELLIPSIS: &str = "…";

/// The parts of a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Split {
    /// At least one, unless the text is blank.
    pub parts: Vec<String>,
    /// Whether the last one ends with `…`, because the text is longer than [`MAX_PARTS`].
    pub is_cut: bool,
}

/// Splits `text`; one of at most [`MAX_PART`] characters is one part.
#[must_use]
pub fn split(text: &str) -> Split {
    let marks = Marks::of(text);
    let (mut parts, mut start, mut is_in_fence) = (Vec::new(), 0, false);
    while let Some(rest) = text.get(start..).filter(|rest| !rest.trim_start().is_empty()) {
        let opening = if is_in_fence { FENCE } else { "" };
        let room = MAX_PART - opening.len();
        if rest.chars().nth(room).is_none() {
            parts.push([opening, rest].concat());
            break;
        }
        let is_last = parts.len() + 1 == MAX_PARTS;
        let ellipsis = if is_last { ELLIPSIS } else { "" };
        let window = Window { text, marks: &marks, start, room: room - ellipsis.chars().count() };
        let cut = window.cut();
        is_in_fence = window.is_in_fence(cut);
        let (content, next) = window.around(cut, is_in_fence);
        if !content.trim_start().is_empty() {
            let closing = if is_in_fence { FENCE } else { "" };
            parts.push([opening, content, ellipsis, closing].concat());
            if is_last {
                return Split { parts, is_cut: true };
            }
        }
        start = next;
    }
    Split { parts, is_cut: false }
}

/// Where a part starts, and what it has room for.
struct Window<'t> {
    text: &'t str,
    marks: &'t Marks,
    start: usize,
    /// In characters; less inside a fence, which has to be closed.
    room: usize,
}

/// The kinds of white space at a cut, the best one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    Space,
    LineBreak,
    BlankLine,
}

impl Window<'_> {
    /// Returns where the part ends: in the second half, at the last blank line, or else line break,
    /// or else white space; or else at the last place that fits.
    fn cut(&self) -> usize {
        let mut best: Option<(Gap, usize)> = None;
        let (mut count, mut was_space) = (0, true);
        for (at, character) in self.rest().char_indices() {
            if count > self.room {
                break;
            }
            let is_space = character.is_whitespace();
            if is_space && !was_space && self.allows(self.start + at, count) {
                let (gap, length) = gap(&self.rest()[at..]);
                let is_in_second_half = count + length > MAX_PART / 2;
                if is_in_second_half && best.is_none_or(|(kind, _)| kind <= gap) {
                    best = Some((gap, self.start + at));
                }
            }
            was_space = is_space;
            count += 1;
        }
        best.map_or_else(|| self.hard_cut(), |(_, at)| at)
    }

    /// Returns the last place between two characters that fits: before what a cut would divide, or
    /// at the end of the room where the part starts with that.
    fn hard_cut(&self) -> usize {
        let mut ends = self.rest().char_indices().map(|(at, _)| at);
        let end = ends.nth(self.room).unwrap_or(self.rest().len());
        // Whether a grapheme ends there depends on the next character, and on no further one.
        let next = ends.next().unwrap_or(self.rest().len());
        let seen = &self.rest()[..next];
        let (mut count, mut last, mut forced) = (0, None, end);
        for (at, grapheme) in seen.grapheme_indices(true).take_while(|(at, _)| *at <= end) {
            if at > 0 && self.allows(self.start + at, count) {
                last = Some(at);
            }
            count += grapheme.chars().count();
        }
        if last.is_none() {
            let room = self.room_at(self.start + end);
            forced = self.rest().char_indices().nth(room).map_or(end, |(at, _)| at);
        }
        self.start + last.unwrap_or(forced)
    }

    /// Whether a cut at `at`, with `count` characters before it, fits and divides nothing.
    fn allows(&self, at: usize, count: usize) -> bool {
        if count > self.room_at(at) || self.marks.form_around(at).is_some_and(|it| it <= MAX_PART) {
            return false;
        }
        self.marks.fence_around(at).is_none_or(|fence| {
            fence.length > MAX_PART && fence.content.start < at && at < fence.content.end
        })
    }

    /// The most characters of a part that ends at `at`.
    fn room_at(&self, at: usize) -> usize {
        self.room - if self.is_in_fence(at) { FENCE.len() } else { 0 }
    }

    fn is_in_fence(&self, at: usize) -> bool {
        self.marks.fence_around(at).is_some()
    }

    /// Returns what is before a cut, and where the next part starts, without the white space
    /// between them. The next line of a fence keeps its indentation.
    fn around(&self, cut: usize, is_in_fence: bool) -> (&str, usize) {
        let before = self.text.get(self.start..cut).unwrap_or_default();
        let after = self.text.get(cut..).unwrap_or_default();
        let mut dropped = after.len() - after.trim_start().len();
        if is_in_fence && let Some(line) = after[..dropped].rfind('\n') {
            dropped = line + 1;
        }
        (before.trim_end(), cut + dropped)
    }

    fn rest(&self) -> &str {
        self.text.get(self.start..).unwrap_or_default()
    }
}

/// The kind of the white space at the start of `text`, and its length in characters.
fn gap(text: &str) -> (Gap, usize) {
    let space = text.chars().take_while(|character| character.is_whitespace());
    let (mut length, mut breaks) = (0, 0);
    for character in space {
        length += 1;
        breaks += usize::from(character == '\n');
    }
    let kind = match breaks {
        0 => Gap::Space,
        1 => Gap::LineBreak,
        _ => Gap::BlankLine,
    };
    (kind, length)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
