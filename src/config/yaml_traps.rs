//! What YAML changes in a text without an error: a ` #` that starts a comment, an escape outside of
//! double quotes, joined lines, typographic quotes, an anchor.
//!
//! Each is reported with its remedy on the author's own text. Invariant: nothing is reported of a
//! text that YAML leaves unchanged, apart from escapes that were meant for it.

use std::ops::Range;

use super::located::Located;
use super::reader::Reader;
use super::scalar_offsets::{Style, style};
use super::source::quotable;
use super::tree::{Node, Value};
use super::yaml_text::{entry, in_quotes};

mod escapes;

mod lines;

/// Reports a text that YAML cuts at a ` #`; returns whether it did. To be used before the text is
/// compiled: the rest of an expression has mistakes that its author did not make.
pub fn is_cut(node: &Node, key: &str, reader: &mut Reader<'_>) -> bool {
    let Some(scalar) = Scalar::of(node, key, reader) else { return false };
    let Some(cut) = scalar.cut() else { return false };
    let dropped = quotable(cut.dropped);
    let quoted = scalar.in_quotes(scalar.text_until(cut.at + cut.dropped.len()));
    if cut.is_certain {
        let message = format!("`{key}` is cut: ` #` starts a comment, so that `{dropped}` is lost");
        let help = format!("{quoted}; a comment has a blank after its `#`");
        reader.error(cut.at, message, help);
    } else {
        let message = format!("`{dropped}` is a comment, not a part of `{key}`");
        reader.warn(cut.at, message, format!("if it belongs to the text, {quoted}"));
    }
    cut.is_certain
}

/// Warns of what YAML made of a text. `outline` is the text with its variables blanked out.
pub fn warn(node: &Node, key: &str, text: &Located, outline: &str, reader: &mut Reader<'_>) {
    let Some(scalar) = Scalar::of(node, key, reader) else { return };
    if let Some(quotes) = scalar.typographic() {
        let message = format!("`{key}` is written in typographic quotes, which YAML reads as text");
        let inside = scalar.in_quotes(quotes);
        let whole = scalar.raw.trim_end().to_owned();
        let help = format!("{inside}; to post them, put quotes around them: `'{whole}'`");
        reader.warn(scalar.token.start, message, help);
    }
    if let Some((at, name)) = scalar.unused_anchor() {
        let message =
            format!("`&{name}` is an anchor, not a part of `{key}`, and no `*{name}` uses it");
        let start = scalar.token.start;
        let help = scalar.in_quotes(&scalar.text[at..start + scalar.raw.trim_end().len()]);
        reader.warn(at, message, help);
    }
    if key != "message" {
        return;
    }
    if let Some(at) = lines::joined(scalar.style, &scalar.lines()) {
        let message = "YAML joins the lines of `message` with blanks";
        let help = "to keep the line breaks, write `message: |` and the text below it";
        reader.warn(at, message, help);
    }
    for found in escapes::find(&text.value, outline, scalar.style) {
        let at = text.at.place(reader.source, &text.value, found.at);
        let help = found.help(&scalar);
        reader.warn(at, found.message, help);
    }
}

/// A scalar as written.
struct Scalar<'a> {
    /// The file's text.
    text: &'a str,
    key: &'a str,
    token: Range<usize>,
    raw: &'a str,
    style: Style,
    /// Its first line, and where that starts.
    line: &'a str,
    line_start: usize,
}

/// A comment behind a plain scalar.
struct Cut<'a> {
    at: usize,
    /// The comment, with its `#`.
    dropped: &'a str,
    /// Whether no comment is written like this.
    is_certain: bool,
}

impl<'a> Scalar<'a> {
    /// `None` if it is no text, or a secret.
    fn of(node: &Node, key: &'a str, reader: &Reader<'a>) -> Option<Self> {
        let (source, token) = (reader.source, node.defined.clone());
        if !matches!(node.value, Value::Text(_)) || node.tag.is_some() || source.is_hidden(&token) {
            return None;
        }
        let text = source.text;
        let line_start = source.line_start(token.start);
        let line = text[line_start..].lines().next().unwrap_or_default();
        let (raw, style) = (source.slice(&token), style(text, &token));
        Some(Self { text, key, token, raw, style, line, line_start })
    }

    /// The comment that a plain scalar ends at, if it is likely that its author meant text.
    fn cut(&self) -> Option<Cut<'a>> {
        if self.style != Style::Plain {
            return None;
        }
        let end = self.token.start + self.raw.trim_end().len();
        let mut lines = self.text[end..].split('\n');
        let rest = lines.next().unwrap_or_default().trim_end();
        let comment = rest.trim_start();
        let at = end + rest.len() - comment.len();
        if let Some(inside) = comment.strip_prefix('#').filter(|_| at > end) {
            let is_text = |c: char| c.is_alphanumeric() || "{<*_$@&".contains(c);
            let is_certain = inside.starts_with(is_text);
            let is_likely = is_certain || inside.trim_start().starts_with("{{");
            return is_likely.then_some(Cut { at, dropped: comment, is_certain });
        }
        // A text of several lines: a line of it that starts with `#`.
        let next = lines.next().filter(|_| comment.is_empty())?.trim_end();
        let dropped = next.trim_start();
        let indentation = next.len() - dropped.len();
        let is_inside = indentation > entry(self.line)?.key_at;
        let inside = dropped.strip_prefix('#').filter(|_| is_inside)?;
        let is_certain = inside.starts_with(|c: char| c == '{' || c.is_ascii_digit());
        let start = self.text[end..].find('\n').map_or(end, |at| end + at + 1);
        is_certain.then_some(Cut { at: start + indentation, dropped, is_certain })
    }

    fn text_until(&self, end: usize) -> &'a str {
        self.text.get(self.token.start..end).unwrap_or_default()
    }

    /// The remedy: `text` in quotes, or in a block if it has several lines.
    fn in_quotes(&self, text: &str) -> String {
        if text.trim().contains('\n') {
            return format!("write `{}: |` and the text below it", self.key);
        }
        let at = self.token.start - self.line_start;
        let anchor = self.unused_anchor().filter(|_| text.starts_with('&'));
        let at = anchor.map_or(at, |(anchor, _)| anchor - self.line_start);
        format!("quote it: `{}`", in_quotes(self.line, at, text))
    }

    /// The text inside of typographic quotes around all of it. A variable alone in them is a
    /// quotation.
    fn typographic(&self) -> Option<&'a str> {
        let raw = self.raw.trim_end();
        let inside =
            raw.strip_prefix(['“', '”', '„', '‘', '’'])?.strip_suffix(['”', '“', '’', '‘'])?;
        let is_variable = inside.starts_with("{{") && inside.find("}}") == Some(inside.len() - 2);
        let is_whole = !inside.contains(['“', '”', '„']) && !is_variable;
        (self.style == Style::Plain && is_whole).then_some(inside)
    }

    /// An anchor before a plain text that no alias uses: its place and its name.
    fn unused_anchor(&self) -> Option<(usize, &'a str)> {
        let before = self.text.get(self.line_start..self.token.start)?;
        let sign = before.rfind(": &")? + 2;
        let name = before[sign + 1..].trim_end();
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let is_alias = |(at, _): (usize, &str)| {
            self.text[at + 1..].strip_prefix(name).is_some_and(|rest| !rest.starts_with(is_name))
        };
        let is_unused = !name.contains(' ') && !self.text.match_indices('*').any(is_alias);
        (self.style == Style::Plain && is_unused).then_some((self.line_start + sign, name))
    }

    /// Its lines as written, each with the offset of its text. Without the quotes around a scalar,
    /// with the indentation of a block.
    fn lines(&self) -> Vec<(usize, &'a str)> {
        let mut start = match self.style {
            Style::Plain => self.token.start,
            Style::Single | Style::Double => self.token.start + 1,
            Style::Literal | Style::Folded => self.line_start,
        };
        let text = self.text.get(start..self.token.end).unwrap_or_default();
        let lines = text.split_inclusive('\n').map(|line| {
            let at = start + line.len() - line.trim_start().len();
            start += line.len();
            (at, line.trim_end())
        });
        lines.collect()
    }
}
