//! Configuration: from a place inside a value to its place in the file.
//!
//! Invariant: a place is only given where undoing the YAML by our own reading yields exactly the value that the YAML library read; whoever asks falls
//! back to the value's beginning otherwise.

use std::ops::Range;

/// A scalar's text with, for each of its bytes, the offset in the source that it came from.
#[derive(Default)]
struct Undone {
    text: String,
    from: Vec<usize>,
}

/// The byte offset in `source` of the byte at `offset` of `value`, which the YAML library read from `token`. `None`: a form that is not undone here.
pub(super) fn place_in(
    source: &str,
    token: &Range<usize>,
    value: &str,
    offset: usize,
) -> Option<usize> {
    let raw = source.get(token.clone())?;
    let undone = match header_before(source, token.start) {
        Some(style) => block(source, token, style),
        None => match raw.as_bytes().first()? {
            b'\'' => flow(raw.get(1..raw.len() - 1)?, token.start + 1, Quote::Single)?,
            b'"' => flow(raw.get(1..raw.len() - 1)?, token.start + 1, Quote::Double)?,
            _ => flow(raw, token.start, Quote::None)?,
        },
    };
    // Block scalars keep or lose trailing breaks (`-`, `+`), which no expression's fault lies in.
    if undone.text != value && undone.text.trim_end() != value.trim_end() {
        return None;
    }
    Some(
        undone
            .from
            .get(offset)
            .copied()
            .unwrap_or(token.end.min(undone.from.last().map_or(token.start, |last| last + 1))),
    )
}

#[derive(Clone, Copy, PartialEq)]
enum Quote {
    None,
    Single,
    Double,
}

/// The sign of a block scalar's header (`|`, `>`), where `start` is the first byte of its content.
fn header_before(source: &str, start: usize) -> Option<char> {
    let before = source.get(..start)?;
    let line_start = before.rfind('\n')?;
    if !before[line_start..].trim().is_empty() {
        return None;
    }
    let header = before[..line_start].lines().rev().find(|line| !line.trim().is_empty())?;
    let header = header
        .split(" #")
        .next()
        .unwrap_or(header)
        .trim_end()
        .trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    let sign = header.chars().last().filter(|sign| matches!(sign, '|' | '>'))?;
    let before_sign = header[..header.len() - 1].chars().last();
    before_sign.is_none_or(|c| c == ' ' || c == ':').then_some(sign)
}

impl Undone {
    fn push(&mut self, c: char, from: usize) {
        self.text.push(c);
        self.from.extend(std::iter::repeat_n(from, c.len_utf8()));
    }
}

fn block(source: &str, token: &Range<usize>, style: char) -> Undone {
    let line_start = source[..token.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = token.start - line_start;
    let mut undone = Undone::default();
    // Blank lines before the first content belong to the value, not to the token.
    for blank in
        source[..line_start].split_inclusive('\n').rev().take_while(|line| line.trim().is_empty())
    {
        undone.push('\n', line_start - blank.len());
    }
    let mut start = line_start;
    let lines: Vec<&str> = source[line_start..token.end].split_inclusive('\n').collect();
    for (number, line) in lines.iter().enumerate() {
        let content = line.trim_end_matches(['\n', '\r']);
        for (at, c) in content.char_indices().filter(|(at, _)| *at >= indent) {
            undone.push(c, start + at);
        }
        let next = lines.get(number + 1).map(|next| next.trim_end());
        let folds =
            style == '>' && !content.trim().is_empty() && next.is_some_and(|next| !next.is_empty());
        // A folded break before blank lines vanishes: the blank lines are the breaks.
        let vanishes =
            style == '>' && !content.trim().is_empty() && next.is_some_and(str::is_empty);
        if line.ends_with('\n') && !vanishes {
            undone.push(if folds { ' ' } else { '\n' }, start + content.len());
        }
        start += line.len();
    }
    undone
}

fn flow(raw: &str, start: usize, quote: Quote) -> Option<Undone> {
    let mut undone = Undone::default();
    let mut chars = raw.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (_, '\n' | '\r') => {
                // Blanks around a break go with it; each further break stays one.
                while undone.text.ends_with([' ', '\t']) {
                    undone.text.pop();
                    undone.from.pop();
                }
                let mut breaks = usize::from(c == '\n');
                while let Some((_, next)) = chars.next_if(|(_, next)| next.is_whitespace()) {
                    breaks += usize::from(next == '\n');
                }
                if breaks < 2 {
                    undone.push(' ', start + at);
                }
                for _ in 1..breaks {
                    undone.push('\n', start + at);
                }
            }
            (Quote::Single, '\'') => {
                chars.next_if(|(_, next)| *next == '\'')?;
                undone.push('\'', start + at);
            }
            (Quote::Double, '\\') => {
                let (_, escape) = chars.next()?;
                let hex =
                    |digits: usize, chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>| {
                        let digits: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
                    };
                let c = match escape {
                    'n' => '\n',
                    't' | '\t' => '\t',
                    'r' => '\r',
                    '0' => '\0',
                    'e' => '\u{1b}',
                    '"' | '\\' | '/' | ' ' => escape,
                    'x' => hex(2, &mut chars)?,
                    'u' => hex(4, &mut chars)?,
                    'U' => hex(8, &mut chars)?,
                    _ => return None,
                };
                undone.push(c, start + at);
            }
            _ => undone.push(c, start + at),
        }
    }
    Some(undone)
}
