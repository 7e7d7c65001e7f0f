//! A value as its author wrote it on a line of the file, and the same value in quotes.
//!
//! Pure. Invariant: what it returns to show contains no control characters and no paths of URLs.

use super::source::harmless;

/// The keys whose values can start with any character.
pub const FREE_TEXTS: [&str; 6] =
    ["trigger", "message", "channel", "user", "icon_url", "icon_emoji"];

/// The longest text that a remedy repeats, in characters.
const LONGEST: usize = 160;

/// A key and its value, or an item of a list, on one line.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The key, or an empty text for an item of a list.
    pub key: &'a str,
    /// Where the key starts in the line.
    pub key_at: usize,
    /// Where the value starts in the line.
    pub at: usize,
    pub value: &'a str,
}

/// Returns the entry of a block mapping or a block list that a line starts with.
pub fn entry(line: &str) -> Option<Entry<'_>> {
    let line = line.trim_end();
    let mut key_at = line.len() - line.trim_start().len();
    let mut is_item = false;
    while let Some(rest) = line[key_at..].strip_prefix('-').filter(|rest| starts_blank(rest)) {
        key_at = line.len() - rest.trim_start().len();
        is_item = true;
    }
    let body = &line[key_at..];
    let key = match quote_end(body) {
        Some(end) => end,
        None => body.find(|c: char| !is_key(c)).unwrap_or(body.len()),
    };
    match body[key..].strip_prefix(':').filter(|rest| rest.is_empty() || starts_blank(rest)) {
        Some(rest) if key > 0 => {
            let value = rest.trim_start();
            Some(Entry { key: &body[..key], key_at, at: line.len() - value.len(), value })
        }
        _ => is_item.then_some(Entry { key: "", key_at, at: key_at, value: body }),
    }
}

/// Returns the key of the value at `at`, in a block or a flow mapping: the word before its colon.
pub fn key_of(line: &str, at: usize) -> Option<&str> {
    let key = line.get(..at)?.trim_end().strip_suffix(':')?;
    let start = key.rfind(|c| !is_key(c)).map_or(0, |at| at + char_len(key, at));
    Some(&key[start..]).filter(|key| !key.is_empty())
}

/// Returns the value at `at` of a line as it has to be written, with its key: `key: "text"`.
pub fn in_quotes(line: &str, at: usize, text: &str) -> String {
    match key_of(line, at) {
        Some(key) => format!("{key}: {}", quote(text)),
        None => quote(text),
    }
}

/// Puts a text in those quotes in which it needs no or few changes.
pub fn quote(text: &str) -> String {
    let shown = harmless(text.trim());
    let shown = match shown.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    };
    if shown.contains(['"', '\\']) {
        format!("'{}'", shown.replace('\'', "''"))
    } else {
        format!("\"{shown}\"")
    }
}

/// Returns a plain value without the comment after it: a `#` with a blank on both sides.
pub fn without_comment(value: &str) -> &str {
    let comment = value.find(" # ").or_else(|| value.ends_with(" #").then(|| value.len() - 2));
    value[..comment.unwrap_or(value.len())].trim_end()
}

/// Returns the part of `rest` that belongs to one value of a flow mapping or a flow list.
pub fn flow_value(rest: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' if depth > 0 => depth -= 1,
            '}' | ']' | ',' if depth == 0 => return rest[..at].trim_end(),
            _ => {}
        }
    }
    rest.trim_end()
}

/// Returns where the quoted text that `value` starts with ends: after its closing quote.
pub fn quote_end(value: &str) -> Option<usize> {
    let mark = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut chars = value.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && mark == '"' {
            chars.next();
        } else if c == mark {
            let is_doubled = mark == '\'' && chars.next_if(|(_, next)| *next == mark).is_some();
            if !is_doubled {
                return Some(at + 1);
            }
        }
    }
    None
}

/// Returns where the bracket that `value` starts with is closed: after the closing bracket.
pub fn bracket_end(value: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in value.char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return (at > 0).then_some(at + 1);
        }
    }
    None
}

/// Returns the first blank that is neither a space nor a tab, or a character without any width:
/// such as copied texts contain, and YAML reads as a letter.
pub fn odd_blank(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|(_, c)| is_odd_blank(*c))
}

pub fn is_odd_blank(c: char) -> bool {
    let is_invisible = matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}');
    is_invisible || (c.is_whitespace() && !c.is_ascii())
}

pub fn starts_blank(text: &str) -> bool {
    text.starts_with([' ', '\t'])
}

fn is_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn char_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::tree::{self, Value};

    proptest! {
        #[test]
        fn a_text_in_quotes_is_the_text(text in "[ -~é“🎉]{1,60}") {
            let quoted = tree::parse(&quote(&text)).ok().map(|node| node.value);
            let Some(Value::Text(value)) = quoted else { panic!("{}", quote(&text)) };
            prop_assert_eq!(value, harmless(text.trim()));
        }
    }

    fn parts(line: &str) -> Option<(&str, usize, &str)> {
        entry(line).map(|entry| (entry.key, entry.at, entry.value))
    }

    #[test]
    fn an_entry_is_a_key_and_its_value_or_an_item() {
        assert_eq!(parts("  - name: a b "), Some(("name", 10, "a b")));
        assert_eq!(parts("message:"), Some(("message", 8, "")));
        assert_eq!(parts("'a b': c"), Some(("'a b'", 7, "c")));
        assert_eq!(parts("- - @x"), Some(("", 4, "@x")));
        assert_eq!(parts("message:hello"), None);
        assert_eq!(parts("two words: x"), None);
        assert_eq!(parts("hé: x"), None);
    }

    #[test]
    fn the_quotes_are_those_that_change_least() {
        assert_eq!(in_quotes("  message: a", 11, "a 'b'"), "message: \"a 'b'\"");
        assert_eq!(in_quotes("- {x: 1, user: é}", 15, "é \"b\""), "user: 'é \"b\"'");
        assert_eq!(in_quotes("- a", 2, "it's \\"), "'it''s \\'");
    }

    #[test]
    fn ends_are_those_of_the_first_value() {
        assert_eq!(quote_end("'it''s' x"), Some(7));
        assert_eq!(quote_end(r#""a \" b" x"#), Some(8));
        assert_eq!(quote_end("\"a"), None);
        assert_eq!(bracket_end("[a, [b]](c)"), Some(8));
        assert_eq!(flow_value("*{{b}}* c, d: e}"), "*{{b}}* c");
        assert_eq!(without_comment("a #b # c"), "a #b");
    }
}
