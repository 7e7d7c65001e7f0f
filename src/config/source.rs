//! The configuration's text, and the excerpts of it that messages show.
//!
//! Invariant: [`Source::excerpt`] contains no byte of a hidden range.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::mask;
use super::slack_token;
use crate::secret::MASK;

/// The longest line that an excerpt shows in full, in columns.
const WIDTH: usize = 120;

/// A configuration file's text.
pub struct Source<'a> {
    pub text: &'a str,
    /// Byte ranges of secrets, in ascending order, not overlapping.
    hidden: Vec<Range<usize>>,
    /// Byte ranges whose URLs are no secrets, in ascending order, not overlapping.
    shown: Vec<Range<usize>>,
    /// The offset of each line's first byte.
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    pub fn new(text: &'a str) -> Self {
        let lines = [0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, hidden: Vec::new(), shown: Vec::new(), lines }
    }

    /// Sets the byte ranges to mask.
    pub fn hide(&mut self, ranges: Vec<Range<usize>>) {
        self.hidden = merged(ranges);
    }

    /// Sets the byte ranges whose URLs are shown.
    pub fn show(&mut self, ranges: Vec<Range<usize>>) {
        self.shown = merged(ranges);
    }

    /// Returns the line and the column of a byte offset, both from 1, the column in characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = floor(self.text, offset);
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.line_start(offset);
        (line, self.text[start..offset].chars().count() + 1)
    }

    /// Returns the text of a range, or an empty text if the range is not inside the file.
    pub fn slice(&self, range: &Range<usize>) -> &'a str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// Returns the offset of the first byte of the line that contains `offset`.
    pub fn line_start(&self, offset: usize) -> usize {
        let line = self.lines.partition_point(|start| *start <= offset);
        self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0)
    }

    /// Returns whether any byte of `range` is secret.
    pub fn is_hidden(&self, range: &Range<usize>) -> bool {
        // Thousands of webhooks mean as many ranges, and every value of the file is checked.
        let first = self.hidden.partition_point(|hidden| hidden.end <= range.start);
        self.hidden.get(first).is_some_and(|hidden| hidden.start < range.end.max(range.start + 1))
    }

    /// Returns the line of `offset`, masked, and a second line with a caret under that place.
    pub fn excerpt(&self, offset: usize) -> String {
        let offset = floor(self.text, offset);
        let start = self.line_start(offset);
        let end = self.text[offset..].find('\n').map_or(self.text.len(), |at| offset + at);
        let line = self.text[start..end].trim_end();
        // The indentation of a value's further lines is not secret, and shows the place.
        let in_line = |offset: usize| offset.clamp(start, start + line.len()) - start;
        let hidden = &self.hidden[self.hidden.partition_point(|hidden| hidden.end <= start)..];
        let hidden = hidden.iter().take_while(|hidden| hidden.start < end);
        let hidden = hidden.map(|range| in_line(range.start)..in_line(range.end));
        let hidden = hidden.chain(slack_token::tokens_in(line));
        let is_shown = |url: &Range<usize>| {
            let (from, to) = (start + url.start, start + url.end);
            let next = self.shown.partition_point(|shown| shown.end < to);
            self.shown.get(next).is_some_and(|shown| shown.start <= from)
        };
        let urls = mask::urls_in(line).into_iter().filter(|url| !is_shown(url));
        let masks = merged(urls.chain(hidden).collect());

        let at = in_line(offset);
        let at = masks.iter().find(|mask| mask.contains(&at)).map_or(at, |mask| mask.start);
        let (shown, caret) = (masked(line, &masks), masked(&line[..at], &masks).width());
        let number = self.position(offset).0.to_string();
        let (shown, caret) = clip(&shown, caret);
        let pad = " ".repeat(number.len());
        format!("  {number} | {shown}\n  {pad} | {}^", " ".repeat(caret))
    }
}

/// Sorts ranges, and joins those that overlap or touch. Leaves out empty ones.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    ranges.dedup_by(|next, before| {
        let meets = next.start <= before.end;
        before.end = if meets { before.end.max(next.end) } else { before.end };
        meets
    });
    ranges
}

/// Returns `text` with these ranges masked, and without control characters, which could change what
/// the terminal shows. The ranges are in ascending order; those after the text are ignored.
fn masked(text: &str, masks: &[Range<usize>]) -> String {
    let mut shown = String::new();
    let mut from = 0;
    for mask in masks.iter().take_while(|mask| mask.start < text.len()) {
        shown.push_str(&text[from..mask.start]);
        shown.push_str(MASK);
        from = mask.end;
    }
    shown.push_str(&text[from..]);
    // Rare, and thousands of values are checked.
    if shown.contains(char::is_control) {
        shown = shown.replace('\t', " ").replace(char::is_control, "\u{fffd}");
    }
    shown
}

/// Returns a value as a message quotes it: short, printable, without the paths of URLs and without
/// tokens.
pub fn quotable(text: &str) -> String {
    // Nearly every text: without a colon there is no URL, without an x no token.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b':' | b'x' | b'X');
    if text.bytes().all(is_plain) {
        return if text.len() <= 60 { text.to_owned() } else { format!("{}…", &text[..59]) };
    }
    shortened(harmless(text))
}

fn shortened(shown: String) -> String {
    let mut places = shown.char_indices().map(|(at, _)| at).skip(59);
    match (places.next(), places.next()) {
        (Some(end), Some(_)) => format!("{}…", &shown[..end]),
        _ => shown,
    }
}

/// Returns a text without control characters and without the paths of URLs and without tokens.
pub fn harmless(text: &str) -> String {
    let tokens = slack_token::tokens_in(text);
    masked(text, &merged(mask::urls_in(text).into_iter().chain(tokens).collect()))
}

/// Returns a message without the tokens that it quotes from the file.
pub fn without_tokens(message: String) -> String {
    let tokens: Vec<_> = slack_token::tokens_in(&message).collect();
    if tokens.is_empty() { message } else { masked(&message, &tokens) }
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Cuts a long line to the part around the caret.
fn clip(shown: &str, caret: usize) -> (String, usize) {
    if shown.width() <= WIDTH {
        return (shown.to_owned(), caret);
    }
    let first = caret.saturating_sub(WIDTH / 2);
    let (mut text, mut column, mut cut) = (String::new(), 0, None);
    for c in shown.chars() {
        let width = UnicodeWidthStr::width(c.encode_utf8(&mut [0; 4]) as &str);
        if column >= first && column + width <= first + WIDTH {
            cut.get_or_insert(column);
            text.push(c);
        }
        column += width;
    }
    let cut = cut.unwrap_or(0);
    let lead = if cut > 0 { "…" } else { "" };
    let tail = if cut + text.width() < column { "…" } else { "" };
    let caret = caret - cut + lead.width();
    (format!("{lead}{text}{tail}"), caret)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_plain_is_quoted_as_any_other_text(text in "[ -~xX:/.\\-é]{0,70}|[a-z ]{55,65}|(xoxb-1-a|https://h/p|.){0,9}") {
            prop_assert_eq!(quotable(&text), shortened(harmless(&text)));
        }
    }
}
