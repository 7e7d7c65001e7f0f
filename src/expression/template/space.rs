//! The white space of a template's own text that tags remove.
//!
//! Pure. A line of only tags, comments and white space is removed with its line break, as if its
//! author had not written it; `{%- … -%}` removes all white space beside it.

use std::ops::Range;

use super::token::{Kind, Token};

/// Returns what is kept of each token's text; nothing is removed from other tokens.
pub fn kept(source: &str, tokens: &[Token]) -> Vec<Range<usize>> {
    let mut kept: Vec<Range<usize>> = tokens.iter().map(|token| token.range.clone()).collect();
    // The tokens of the line so far: the first one, and where in it the line starts.
    let mut line = Line { first: 0, start: 0, is_bare: true, has_tag: false };
    for (at, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Text {
            line.has_tag |= matches!(token.kind, Kind::Tag | Kind::Silent);
            line.is_bare &= matches!(token.kind, Kind::Tag | Kind::Silent);
            continue;
        }
        let mut start = token.range.start;
        let text = source.get(token.range.clone()).unwrap_or_default();
        for (found, _) in text.match_indices('\n') {
            let end = token.range.start + found + 1;
            line.read(source, start..end);
            line.finish(&mut kept, at, end);
            line = Line { first: at, start: end, is_bare: true, has_tag: false };
            start = end;
        }
        line.read(source, start..token.range.end);
    }
    if let Some(last) = tokens.len().checked_sub(1) {
        line.finish(&mut kept, last, source.len());
    }
    strip(source, tokens, &mut kept);
    kept
}

struct Line {
    first: usize,
    start: usize,
    /// Whether there are only tags, comments and white space so far.
    is_bare: bool,
    has_tag: bool,
}

impl Line {
    fn read(&mut self, source: &str, text: Range<usize>) {
        self.is_bare &= source.get(text).is_some_and(|text| text.trim().is_empty());
    }

    /// Removes the texts of the line, which ends at `end` in the token `last`, if it is bare.
    fn finish(&self, kept: &mut [Range<usize>], last: usize, end: usize) {
        if !self.is_bare || !self.has_tag {
            return;
        }
        for range in kept.iter_mut().take(last + 1).skip(self.first) {
            // A text's other lines are before the first one of this line, or after its end.
            if range.start < self.start {
                range.end = range.end.min(self.start);
            } else {
                range.start = range.end.min(end);
            }
        }
    }
}

/// Removes the white space beside `{%-` and `-%}`.
fn strip(source: &str, tokens: &[Token], kept: &mut [Range<usize>]) {
    for (at, token) in tokens.iter().enumerate() {
        let beside = |kept: &mut [Range<usize>], index: Option<usize>, from_end: bool| {
            let Some(index) = index else { return };
            let is_text = tokens.get(index).is_some_and(|token| token.kind == Kind::Text);
            let Some(range) = kept.get_mut(index).filter(|_| is_text) else { return };
            let text = source.get(range.clone()).unwrap_or_default();
            if from_end {
                range.end = range.start + text.trim_end().len();
            } else {
                range.start = range.end - text.trim_start().len();
            }
        };
        if token.strips.0 {
            beside(kept, at.checked_sub(1), true);
        }
        if token.strips.1 {
            beside(kept, Some(at + 1), false);
        }
    }
}
