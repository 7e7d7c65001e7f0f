//! Markdown that Slack does not read: `**bold**`, `__bold__`, `~~struck~~`, `[text](url)`,
//! `# Heading`.

use super::{Mark, Text};
use crate::config::source::quotable;
use crate::expression::template::BLANK;

/// Names of Python that look like `__bold__`.
const PYTHON: &[&str] = &[
    "init", "main", "name", "file", "all", "dict", "doc", "version", "call", "str", "repr", "new",
    "del", "enter", "exit", "class", "len", "eq", "iter", "next",
];

/// A text between two pairs of `*`, `_` or `~`.
pub fn pair(text: &Text<'_>, at: usize) -> Option<Mark> {
    let length = text.run(at);
    let sign = text.outline[at..].chars().next()?;
    if !(2..=3).contains(&length) || (length == 3 && sign == '~') {
        return None;
    }
    let signs = &text.outline[at..at + length];
    let starts = text.before(at).is_none_or(|c| !c.is_alphanumeric() && !"/\\.".contains(c));
    let start = at + length;
    let line = text.line(start);
    let inside = &line[..line.find(signs)?];
    let after = line[inside.len() + length..].chars().next();
    let ends = after.is_none_or(|c| !c.is_alphanumeric() && c != sign);
    let is_tight = !inside.is_empty() && inside.trim() == inside;
    // `**/*.rs and **`, `**, a/**`.
    let is_glob = sign == '*' && inside.starts_with(['/', '.', ',', ')', ';']);
    let is_name = sign == '_' && PYTHON.contains(&inside);
    if !starts || !ends || !is_tight || is_glob || is_name {
        return None;
    }
    let inner = quotable(text.written(start, start + inside.len()));
    let single = match (sign, length) {
        ('_', 2) => "*".to_owned(),
        (_, 3) => "*_".to_owned(),
        _ => sign.to_string(),
    };
    let closing: String = single.chars().rev().collect();
    let message = format!("`{signs}{inner}{signs}` is Markdown, which Slack posts as plain text");
    Some(Mark::new(at, message, format!("write `{single}{inner}{closing}`")))
}

/// `[text](url)`.
pub fn link(text: &Text<'_>, at: usize) -> Option<Mark> {
    let line = text.line(at);
    let middle = line.find("](")?;
    let label = &line[1..middle];
    let url = &line[middle + 2..];
    let url = &url[..url.find(')')?];
    let end = middle + 2 + url.len();
    let (shown_label, shown_url) =
        (text.written(at + 1, at + middle).trim(), text.written(at + middle + 2, at + end).trim());
    let is_url = ["http://", "https://", "mailto:"].iter().any(|scheme| url.starts_with(scheme))
        || (url.starts_with(BLANK) && names_url(shown_url));
    if label.is_empty() || label.contains([']', '[']) || !is_url || url.contains(' ') {
        return None;
    }
    // The path of a URL is never shown: it may be a secret.
    let url = match shown_url.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…"),
        None => quotable(shown_url),
    };
    let label = quotable(shown_label);
    let message = format!("`[{label}](…)` is Markdown, which Slack posts as plain text");
    Some(Mark::new(at, message, format!("write `<{url}|{label}>`")))
}

/// A line that starts with `# `. Not a number sign: `# of orders`, `# 42`, `# {{id}}`.
pub fn heading(text: &Text<'_>, at: usize) -> Option<Mark> {
    let length = text.run(at);
    let line = text.line(at);
    let content = line[length..].strip_prefix(' ')?.trim();
    let is_line_start = text.before(at).is_none_or(|c| c == '\n');
    let is_number = length == 1
        && (content.starts_with(|c: char| c.is_ascii_digit() || c == BLANK)
            || content.starts_with("of "));
    if !is_line_start || length > 6 || content.is_empty() || is_number {
        return None;
    }
    let shown = quotable(text.written(at + length, at + line.len()).trim());
    let message = "Slack has no headings: it posts the `#` as plain text";
    Some(Mark::new(at, message, format!("write a line in bold: `*{shown}*`")))
}

/// Whether a variable's name says that its value is a URL.
fn names_url(variable: &str) -> bool {
    let variable = variable.to_ascii_lowercase();
    ["url", "uri", "link", "href"].iter().any(|part| variable.contains(part))
}
