//! Escapes such as `\n` where they are text: YAML knows them in double quotes only, and an
//! expression in JSON only.

use std::collections::HashSet;

use super::Scalar;
use crate::config::scalar_offsets::Style;
use crate::config::yaml_text::key_of;

/// An escape that is posted with its backslash.
pub struct Escape {
    /// Its place in the text.
    pub at: usize,
    pub message: String,
    is_in_variable: bool,
    is_break: bool,
}

/// Returns the escapes of a text, each kind once; `outline` is the text with its variables blanked
/// out.
pub fn find(text: &str, outline: &str, style: Style) -> Vec<Escape> {
    if !text.contains('\\') {
        return Vec::new();
    }
    let own = outline.match_indices('\\').filter_map(|(at, _)| {
        let length = escape(&outline[at + 1..]).filter(|_| style != Style::Double)?;
        (!is_path(outline, at)).then(|| found(text, at, length, false))
    });
    let mut all: Vec<Escape> = own.collect();
    all.extend(in_raw_strings(text, outline));
    all.sort_by_key(|escape| escape.at);
    // One remedy is enough for all equal ones.
    let mut seen = HashSet::new();
    all.retain(|escape| seen.insert(escape.message.clone()));
    all
}

fn found(text: &str, at: usize, length: usize, is_in_variable: bool) -> Escape {
    let written = text.get(at..=at + length).unwrap_or("\\");
    let message = match is_in_variable {
        true => format!("message: in single quotes, `{written}` is a backslash and a letter"),
        false => format!("message: `{written}` is posted with its backslash"),
    };
    Escape { at, message, is_in_variable, is_break: matches!(written, "\\n" | "\\t" | "\\r") }
}

impl Escape {
    /// The remedy.
    pub fn help(&self, scalar: &Scalar<'_>) -> String {
        if self.is_in_variable {
            return "write JSON in backticks: `` `\"\\n\"` `` is a line break".to_owned();
        }
        let raw = scalar.raw.trim_end();
        let inside = match scalar.style {
            Style::Literal | Style::Folded => {
                return match self.is_break {
                    true => "write the line break or the tab itself".to_owned(),
                    false => "write the character itself, without the backslash".to_owned(),
                };
            }
            Style::Single => raw.trim_matches('\'').replace("''", "'"),
            Style::Plain | Style::Double => raw.to_owned(),
        };
        if raw.contains('\n') || inside.chars().count() > 160 {
            return "use double quotes, or `|` and the text below it".to_owned();
        }
        let key = key_of(scalar.line, scalar.token.start - scalar.line_start).unwrap_or(scalar.key);
        let quoted = inside.replace("\\\"", "\"").replace('"', "\\\"").replace("\\'", "'");
        let or = if self.is_break { ", or `|` and the text below it" } else { "" };
        format!("use double quotes: `{key}: \"{quoted}\"`{or}")
    }
}

/// The length of the escape whose backslash is before `rest`.
fn escape(rest: &str) -> Option<usize> {
    let is_hex = |digits: usize| {
        rest.get(1..=digits).is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    match rest.chars().next()? {
        'n' | 't' | 'r' | '"' | '\'' => Some(1),
        'u' if is_hex(4) => Some(5),
        'U' if is_hex(8) => Some(9),
        _ => None,
    }
}

/// Whether the backslash at `at` is in a path of Windows: `C:\temp`, `\\server\new`.
fn is_path(text: &str, at: usize) -> bool {
    let start = text[..at].rfind(|c: char| c.is_whitespace()).map_or(0, |at| at + 1);
    let word = text[start..].trim_start_matches(['(', '[', '"', '\'', '`', '<', '*', '_']);
    let is_drive = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic()) && word[1..].starts_with(":\\")
    };
    is_drive(word) || word.starts_with("\\\\") || word.starts_with('%')
}

/// Line breaks and tabs in the strings in single quotes of variables.
fn in_raw_strings(text: &str, outline: &str) -> Vec<Escape> {
    let mut all = Vec::new();
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if outline
            .get(at..)
            .is_none_or(|rest| !rest.starts_with(crate::expression::template::BLANK))
        {
            quote = None;
            continue;
        }
        match (quote, c) {
            (Some('\''), '\\') if text[at + 1..].starts_with(['n', 't']) => {
                all.push(found(text, at, 1, true));
                chars.next();
            }
            (Some(_), '\\') => drop(chars.next()),
            (Some(mark), _) if mark == c => quote = None,
            (None, '\'' | '"' | '`') => quote = Some(c),
            _ => {}
        }
    }
    all
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::expression::template::Template;

    fn count(text: &str, style: Style) -> usize {
        find(text, &Template::compile(text).unwrap().outline(), style).len()
    }

    #[test]
    fn an_escape_outside_of_double_quotes_is_found() {
        for text in [r"Paid\nby {{name}}", r"a\tb", r#"He said \"hi\""#, r"\u2022 a", r"{{a}}\n"] {
            assert!(count(text, Style::Plain) > 0, "{text}");
            assert!(count(text, Style::Literal) > 0, "{text}");
            assert_eq!(count(text, Style::Double), 0, "{text}");
        }
        assert_eq!(count(r"{{ join('\n', a) }}", Style::Double), 1);
    }

    #[test]
    fn a_path_is_not_an_escape() {
        for text in [
            r"see C:\temp\new",
            r"on \\server\new\table",
            r"%TEMP%\new",
            r"¯\_(ツ)_/¯",
            r"50\% off",
            r#"{{ a."x\ty" }} {{ join(`"\n"`, b) }}"#,
            r"{{ join(', ', b) }}",
        ] {
            assert_eq!(count(text, Style::Plain), 0, "{text}");
        }
    }
}
