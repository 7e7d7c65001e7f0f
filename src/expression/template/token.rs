//! Splits a template into its text, its variables and its tags.
//!
//! Pure. Invariant: the tokens are the source, byte for byte, in its order.

use std::ops::Range;

use super::super::error::{CompileError, refuse};

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The author's own text, also that inside of `{% raw %}`.
    Text,
    /// `{{ … }}`.
    Variable,
    /// `{{{ … }}}`.
    Raw,
    /// `{% … %}`.
    Tag,
    /// A comment, or the start or end of `{% raw %}`: renders nothing.
    Silent,
}

/// A part of a template.
#[derive(Debug, Clone)]
pub struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
    /// The part between the braces, without the `-` of white-space control.
    pub inside: Range<usize>,
    /// Whether white space before and after it is removed.
    pub strips: (bool, bool),
}

/// How a token is opened and closed, and its kind.
type Form = (&'static str, &'static str, Kind);

const FORMS: [Form; 3] =
    [("{{{", "}}}", Kind::Raw), ("{{", "}}", Kind::Variable), ("{%", "%}", Kind::Tag)];

/// Returns the tokens of a template.
///
/// # Errors
/// A variable or tag that is not closed, and a comment of Jinja.
pub fn read(source: &str) -> Result<Vec<Token>, CompileError> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some((opening, form)) = next_opening(source, at) {
        push_text(source, at..opening, &mut tokens)?;
        let token = token_at(source, opening, form)?;
        at = token.range.end;
        match source.get(token.inside.clone()).map(first_word) {
            Some(word @ ("comment" | "raw")) if token.kind == Kind::Tag => {
                at = push_block(source, token, word, &mut tokens)?;
            }
            _ => tokens.push(token),
        }
    }
    push_text(source, at..source.len(), &mut tokens)?;
    Ok(tokens)
}

/// The word that a tag starts with.
pub fn first_word(inside: &str) -> &str {
    let inside = inside.trim_start();
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    inside.get(..end.unwrap_or(inside.len())).unwrap_or_default()
}

fn next_opening(source: &str, from: usize) -> Option<(usize, Form)> {
    let mut at = from;
    loop {
        at += source.get(at..)?.find('{')?;
        let rest = source.get(at..)?;
        if let Some(form) = FORMS.into_iter().find(|(open, ..)| rest.starts_with(open)) {
            return Some((at, form));
        }
        at += 1;
    }
}

fn push_text(
    source: &str,
    range: Range<usize>,
    tokens: &mut Vec<Token>,
) -> Result<(), CompileError> {
    let text = source.get(range.clone()).unwrap_or_default();
    if let Some(at) = text.find("{#")
        && text.get(at..).is_some_and(|rest| rest.contains("#}"))
    {
        let message = "`{# … #}` is a comment of another template language";
        let help = "write `{% comment %} … {% endcomment %}`";
        return refuse(range.start + at, message, help);
    }
    if !range.is_empty() {
        let inside = range.clone();
        tokens.push(Token { kind: Kind::Text, range, inside, strips: (false, false) });
    }
    Ok(())
}

/// Reads the variable or tag at `opening`.
fn token_at(source: &str, opening: usize, form: Form) -> Result<Token, CompileError> {
    let (open, close, kind) = form;
    let strips_before =
        source.get(opening + open.len()..).is_some_and(|rest| rest.starts_with('-'));
    let start = opening + open.len() + usize::from(strips_before);
    let rest = source.get(start..).unwrap_or_default();
    let length = closing(rest, close).map_err(|quote| unclosed(form, opening, start, quote))?;
    let strips_after = rest.get(..length).is_some_and(|inside| inside.ends_with('-'));
    let inside = start..start + length - usize::from(strips_after);
    let range = opening..start + length + close.len();
    Ok(Token { kind, range, inside, strips: (strips_before, strips_after) })
}

/// Reads the rest of a comment, or the text of `{% raw %}`, up to the first end tag; returns where
/// it ends.
fn push_block(
    source: &str,
    start: Token,
    word: &str,
    tokens: &mut Vec<Token>,
) -> Result<usize, CompileError> {
    let Some(end) = end_tag(source, start.range.end, word) else {
        return refuse(
            start.range.start,
            format!("`{{% {word} %}}` without its end"),
            format!("add `{{% end{word} %}}` after it"),
        );
    };
    let after = end.range.end;
    if word == "comment" {
        let strips = (start.strips.0, end.strips.1);
        let range = start.range.start..after;
        tokens.push(Token { kind: Kind::Silent, inside: range.clone(), range, strips });
        return Ok(after);
    }
    let range = start.range.end..end.range.start;
    tokens.push(Token { kind: Kind::Silent, ..start });
    if !range.is_empty() {
        let inside = range.clone();
        tokens.push(Token { kind: Kind::Text, range, inside, strips: (false, false) });
    }
    tokens.push(end);
    Ok(after)
}

/// The first end tag of `word` from `from` on.
fn end_tag(source: &str, from: usize, word: &str) -> Option<Token> {
    let mut at = from;
    loop {
        at += source.get(at..)?.find("{%")?;
        let rest = source.get(at + 2..)?;
        let name = rest.strip_prefix('-').unwrap_or(rest).trim_start();
        if let Some(after) = name.strip_prefix("end").and_then(|name| name.strip_prefix(word))
            && let Some(after) = after
                .trim_start()
                .strip_prefix("%}")
                .map(|rest| (rest, false))
                .or(after.trim_start().strip_prefix("-%}").map(|rest| (rest, true)))
        {
            let range = at..source.len() - after.0.len();
            let strips = (rest.starts_with('-'), after.1);
            return Some(Token { kind: Kind::Silent, inside: range.clone(), range, strips });
        }
        at += 2;
    }
}

/// A quote that is never closed: its character, and its position.
type OpenQuote = Option<(char, usize)>;

/// Returns where in `inside` the variable or tag ends: at the first `close` outside of the
/// expression's own braces and quotes (`'…'`, `"…"`, `` `…` ``). In quotes, a backslash escapes the
/// next character.
fn closing(inside: &str, close: &str) -> Result<usize, OpenQuote> {
    let mut depth = 0_usize;
    let mut quote: OpenQuote = None;
    let mut characters = inside.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => drop(characters.next()),
            (Some((mark, _)), _) if mark == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some((character, at)),
            (None, '{') => depth += 1,
            (None, '}' | '%')
                if depth == 0 && inside.get(at..).is_some_and(|rest| rest.starts_with(close)) =>
            {
                return Ok(at);
            }
            (None, '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    Err(quote)
}

fn unclosed(form: Form, opening: usize, start: usize, quote: OpenQuote) -> CompileError {
    let (open, close, kind) = form;
    let what = if kind == Kind::Tag { "tag" } else { "variable" };
    match quote {
        Some((mark, at)) => CompileError::new(
            start + at,
            format!("unclosed quote {mark} in the {what} that starts with `{open}`"),
            format!(
                "close the quote before the `{close}`; a `{close}` inside quotes belongs to the \
                 expression"
            ),
        ),
        None => CompileError::new(
            opening,
            format!("unclosed {what}: `{open}` without its `{close}`"),
            format!(
                "close it with `{close}`, or write `{{{{ '{open}' }}}}` to show `{open}` itself"
            ),
        ),
    }
}
