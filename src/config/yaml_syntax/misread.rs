//! What is wrong with one value that YAML does not read as its author wrote it. Pure.

use crate::config::yaml_text::{bracket_end, quote_end, starts_blank, without_comment};

/// What is wrong with a value that a comment cuts.
pub const COMMENT: &str = "` #` starts a comment";

/// What is wrong with a value that is written in a block mapping or a block list.
pub fn misread(value: &str, message: &str) -> Option<&'static str> {
    let is_end = |end: usize| {
        let rest = value[end..].trim_start();
        rest.is_empty() || (rest.starts_with('#') && starts_blank(&value[end..]))
    };
    let second = value.chars().nth(1);
    Some(match value.chars().next()? {
        '{' if second == Some('{') => "a value starts with `{{`",
        '@' => "a value starts with `@`",
        '`' => "a value starts with a backtick",
        '%' => "a value starts with `%`",
        '!' => "a value starts with `!`",
        ',' => "a value starts with `,`",
        ']' => "a value starts with `]`",
        '}' => "a value starts with `}`",
        '*' if !is_alias(value) => "a value starts with `*`, which YAML reads as an alias",
        '&' if !second.is_some_and(is_name) => {
            "a value starts with `&`, which YAML reads as an anchor"
        }
        '>' if !is_header(value) => "text follows `>` on its line",
        '|' if !is_header(value) => "text follows `|` on its line",
        '[' if bracket_end(value).is_some_and(|end| !is_end(end)) => {
            "a value starts with `[`, which YAML reads as a list"
        }
        '{' if bracket_end(value).is_some_and(|end| !is_end(end)) => {
            "a value starts with `{`, which YAML reads as a mapping"
        }
        '"' | '\'' if quote_end(value).is_some_and(|end| !is_end(end)) => {
            "text follows a closing quote"
        }
        '"' if message.contains("escape") || message.contains("hexadecimal") => {
            "in double quotes, `\\` starts an escape"
        }
        '?' if second.is_none_or(|c| c == ' ') => "a value starts with `?`",
        '-' if second.is_none_or(|c| c == ' ') => "a value starts with `-`",
        '[' | '{' | '"' | '\'' | '*' | '&' | '>' | '|' | '#' => return None,
        _ if message.contains("comment") && value.contains(" #") => COMMENT,
        _ if format!("{} ", without_comment(value)).contains(": ") => "a value contains `: `",
        _ => return None,
    })
}

/// The text that the author meant: without a comment, and without the quotes around it.
pub fn own_text(value: &str) -> &str {
    let text = match value.chars().next() {
        Some('>' | '|') => value[1..].trim_start(),
        _ => without_comment(value),
    };
    // A letter after a quote is inside of it: `"He said "hi""`, not `'a' == 'b'`.
    let mark = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '{' | '"' | '\'');
    let inside = match quote_end(text) {
        Some(end) if !text[end..].is_empty() && !text[end..].starts_with(is_inside) => None,
        _ => mark.and_then(|mark| text.strip_prefix(mark)?.strip_suffix(mark)),
    };
    let inside = inside.or_else(|| text.strip_prefix('“')?.strip_suffix('”'));
    // `>` before a text is Slack's mark of a quote; `|` is YAML's.
    if value.starts_with('>') { value } else { inside.unwrap_or(text) }
}

/// Whether a value is an alias and nothing else: `*name`.
fn is_alias(value: &str) -> bool {
    let name = without_comment(value).get(1..).unwrap_or_default();
    !name.is_empty() && name.chars().all(is_name)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Whether a value is the header of a block scalar and nothing else: `|`, `>-`, `|2+ # why`.
pub fn is_header(value: &str) -> bool {
    let rest =
        value[1..].trim_start_matches(['+', '-', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    let content = rest.trim_start();
    content.is_empty() || (content.starts_with('#') && starts_blank(rest))
}
