//! Splits the inside of a variable or a tag at signs outside of quotes and brackets.
//!
//! Pure.

use std::ops::Range;

/// Returns the parts of `text` between each `sign`; `None` if a bracket closes nothing. `||` is not
/// a sign `|`.
pub fn split(text: &str, sign: char) -> Option<Vec<Range<usize>>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut depth = 0_usize;
    let mut quote = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => drop(characters.next()),
            (Some(mark), _) if mark == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.checked_sub(1)?,
            (None, '|') if characters.next_if(|(_, next)| *next == '|').is_some() => {}
            (None, _) if character == sign && depth == 0 => {
                parts.push(start..at);
                start = at + sign.len_utf8();
            }
            (None, _) => {}
        }
    }
    parts.push(start..text.len());
    Some(parts)
}

/// Returns `range` without the white space at its ends.
pub fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (inside.len() - inside.trim_start().len());
    start..start + inside.trim().len()
}

/// The name that `text` starts with; empty if it starts with something else.
pub fn name(text: &str) -> &str {
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.get(..end).filter(|_| is_name).unwrap_or_default()
}

/// Whether `text` is one text between two of `mark`.
pub fn is_quoted(text: &str, mark: char) -> bool {
    let Some(inside) = text.strip_prefix(mark) else { return false };
    let mut characters = inside.char_indices();
    while let Some((at, c)) = characters.next() {
        if c == '\\' {
            characters.next();
        } else if c == mark {
            return at + mark.len_utf8() == inside.len();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_in_quotes_and_brackets_do_not_split() {
        let parts = |text: &str, sign| {
            split(text, sign)
                .map(|parts| parts.into_iter().map(|it| text[it].to_owned()).collect::<Vec<_>>())
        };
        let of = |parts: &[&str]| Some(parts.iter().map(|&it| it.to_owned()).collect::<Vec<_>>());
        assert_eq!(parts("a | b||c |d", '|'), of(&["a ", " b||c ", "d"]));
        assert_eq!(parts("'|' | \"|\\\"|\" | `|`", '|'), of(&["'|' ", " \"|\\\"|\" ", " `|`"]));
        assert_eq!(parts("(a|b), {c: [d, e]}", ','), of(&["(a|b)", " {c: [d, e]}"]));
        assert_eq!(parts("", ','), of(&[""]));
        assert_eq!(parts("a) | (b", '|'), None);
        assert_eq!(parts("(a | b", '|'), of(&["(a | b"]));
    }

    #[test]
    fn a_lone_text_in_quotes() {
        for (text, expected) in
            [("'x'", true), ("'x' || 'y'", false), (r"'x\''", true), ("'", false), ("x", false)]
        {
            assert_eq!(is_quoted(text, '\''), expected, "{text}");
        }
    }
}
