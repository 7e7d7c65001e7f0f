//! Maps an offset inside a YAML scalar's value to its offset in the file.
//!
//! Invariant: an offset is returned only if decoding the scalar here yields exactly the value that
//! the YAML library read. Callers fall back to the value's first byte otherwise.

use std::ops::Range;

/// A scalar's value, and for each of its bytes the offset in the file that it comes from.
#[derive(Default)]
struct Decoded {
    text: String,
    offsets: Vec<usize>,
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    Plain,
    Single,
    Double,
    /// `|`.
    Literal,
    /// `>`.
    Folded,
}

/// Returns how the scalar is written whose content or quotes are at `token`.
pub fn style(source: &str, token: &Range<usize>) -> Style {
    match header_before(source, token.start) {
        Some('>') => Style::Folded,
        Some(_) => Style::Literal,
        None => match source.as_bytes().get(token.start) {
            Some(b'\'') => Style::Single,
            Some(b'"') => Style::Double,
            _ => Style::Plain,
        },
    }
}

/// Returns the byte offset in `source` of the byte at `offset` of `value`, which the YAML library
/// read from `token`. `None` for a form of scalar that is not decoded here.
pub fn offset_in_file(
    source: &str,
    token: &Range<usize>,
    value: &str,
    offset: usize,
) -> Option<usize> {
    let raw = source.get(token.clone())?;
    let style = style(source, token);
    let decoded = match style {
        Style::Literal | Style::Folded => block(source, token, style),
        Style::Plain => flow(raw, token.start, style)?,
        Style::Single | Style::Double => flow(raw.get(1..raw.len() - 1)?, token.start + 1, style)?,
    };
    // Block scalars keep or strip trailing line breaks (`-`, `+`), which no mistake points at.
    if decoded.text != value && decoded.text.trim_end() != value.trim_end() {
        return None;
    }
    Some(
        decoded
            .offsets
            .get(offset)
            .copied()
            .unwrap_or(token.end.min(decoded.offsets.last().map_or(token.start, |last| last + 1))),
    )
}

/// The indicator (`|`, `>`) of the block scalar whose content starts at `start`.
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

impl Decoded {
    fn push(&mut self, c: char, from: usize) {
        self.text.push(c);
        self.offsets.extend(std::iter::repeat_n(from, c.len_utf8()));
    }
}

fn block(source: &str, token: &Range<usize>, style: Style) -> Decoded {
    let line_start = source[..token.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = token.start - line_start;
    let mut decoded = Decoded::default();
    // Blank lines before the first line of content belong to the value, but not to the token.
    for blank in
        source[..line_start].split_inclusive('\n').rev().take_while(|line| line.trim().is_empty())
    {
        decoded.push('\n', line_start - blank.len());
    }
    let mut start = line_start;
    let lines: Vec<&str> = source[line_start..token.end].split_inclusive('\n').collect();
    for (number, line) in lines.iter().enumerate() {
        let content = line.trim_end_matches(['\n', '\r']);
        for (at, c) in content.char_indices().filter(|(at, _)| *at >= indent) {
            decoded.push(c, start + at);
        }
        let next = lines.get(number + 1).map(|next| next.trim_end());
        let line_break = match next {
            // A folded line break before blank lines is dropped: these are the line breaks.
            Some("") if style == Style::Folded && !content.trim().is_empty() => None,
            Some(_) if style == Style::Folded && !content.trim().is_empty() => Some(' '),
            _ => Some('\n'),
        };
        if let Some(c) = line_break.filter(|_| line.ends_with('\n')) {
            decoded.push(c, start + content.len());
        }
        start += line.len();
    }
    decoded
}

fn flow(raw: &str, start: usize, style: Style) -> Option<Decoded> {
    let mut decoded = Decoded::default();
    let mut chars = raw.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (style, c) {
            (_, '\n' | '\r') => {
                // Blanks around a line break are dropped with it; each further line break is kept.
                while decoded.text.ends_with([' ', '\t']) {
                    decoded.text.pop();
                    decoded.offsets.pop();
                }
                let mut breaks = usize::from(c == '\n');
                while let Some((_, next)) = chars.next_if(|(_, next)| next.is_whitespace()) {
                    breaks += usize::from(next == '\n');
                }
                if breaks < 2 {
                    decoded.push(' ', start + at);
                }
                for _ in 1..breaks {
                    decoded.push('\n', start + at);
                }
            }
            (Style::Single, '\'') => {
                chars.next_if(|(_, next)| *next == '\'')?;
                decoded.push('\'', start + at);
            }
            (Style::Double, '\\') => {
                let (_, escape) = chars.next()?;
                let mut hex = |digits: usize| {
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
                    'x' => hex(2)?,
                    'u' => hex(4)?,
                    'U' => hex(8)?,
                    _ => return None,
                };
                decoded.push(c, start + at);
            }
            _ => decoded.push(c, start + at),
        }
    }
    Some(decoded)
}
