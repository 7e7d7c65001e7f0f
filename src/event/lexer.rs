//! Reads JSON text token by token: the grammar and the depth limit. It builds no document and
//! allocates nothing.
//!
//! Written here because no crate has all that an untrusted event needs: no recursion (100,000
//! brackets overflow the stack of several parsers), a depth limit, numbers as written (`49.90`,
//! `1e400`), and lone surrogates that are accepted.
//! Invariant: work is linear in the text, memory is constant, and `Ok(None)` is returned only
//! after exactly one whole value.

use std::borrow::Cow;

/// The most arrays and objects that may be open at the same time.
pub const MAX_DEPTH: u32 = 127;

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The text violates JSON's grammar or ends too early.
    NotJson,
    /// More than [`MAX_DEPTH`] arrays and objects are open.
    TooDeep,
}

/// One token of a JSON text. Commas are not returned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Token<'a> {
    /// `{`.
    ObjectStart,
    /// `}`.
    ObjectEnd,
    /// `[`.
    ArrayStart,
    /// `]`.
    ArrayEnd,
    /// A key with its colon.
    Key(Quoted<'a>),
    /// A string that is a value.
    String(Quoted<'a>),
    /// A number as written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// The text between a string's quotes; its escapes are well-formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted<'a> {
    raw: &'a str,
    escaped: bool,
}

/// The tokens that the grammar allows next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    CommaOrEnd,
    Nothing,
}

/// A position in a JSON text, and the state of the grammar there.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    text: &'a str,
    pub(super) at: usize,
    next: Next,
    depth: u32,
    /// Bit n is set if the nth open level, from the innermost on, is an object. The 128 bits are
    /// the reason for the limit of 127 levels.
    objects: u128,
}

impl<'a> Lexer<'a> {
    /// Returns a lexer at the start of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Lexer { text, at: 0, next: Next::Value, depth: 0, objects: 0 }
    }

    /// Returns the next token; `None` after the end of the text's one value.
    ///
    /// # Errors
    /// The first fault. Results after a fault mean nothing.
    pub fn next_token(&mut self) -> Result<Option<Token<'a>>, Fault> {
        loop {
            self.skip_space();
            let Some(byte) = self.peek() else {
                return if self.next == Next::Nothing { Ok(None) } else { Err(Fault::NotJson) };
            };
            return match self.next {
                Next::Nothing => Err(Fault::NotJson),
                Next::CommaOrEnd if byte == b',' => {
                    self.at += 1;
                    self.next = if self.in_object() { Next::Key } else { Next::Value };
                    continue;
                }
                Next::CommaOrEnd => self.close(byte).map(Some),
                Next::KeyOrEnd if byte == b'}' => self.close(byte).map(Some),
                Next::ValueOrEnd if byte == b']' => self.close(byte).map(Some),
                Next::Key | Next::KeyOrEnd => self.key(byte).map(Some),
                Next::Value | Next::ValueOrEnd => self.value(byte).map(Some),
            };
        }
    }

    fn value(&mut self, byte: u8) -> Result<Token<'a>, Fault> {
        let token = match byte {
            b'{' => return self.open(true),
            b'[' => return self.open(false),
            b'"' => Token::String(self.quoted()?),
            b'-' | b'0'..=b'9' => Token::Number(self.number()?),
            b't' => self.word("true", Token::Bool(true))?,
            b'f' => self.word("false", Token::Bool(false))?,
            b'n' => self.word("null", Token::Null)?,
            _ => return Err(Fault::NotJson),
        };
        self.value_ended();
        Ok(token)
    }

    fn open(&mut self, object: bool) -> Result<Token<'a>, Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        self.at += 1;
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(object);
        if object {
            self.next = Next::KeyOrEnd;
            Ok(Token::ObjectStart)
        } else {
            self.next = Next::ValueOrEnd;
            Ok(Token::ArrayStart)
        }
    }

    fn close(&mut self, byte: u8) -> Result<Token<'a>, Fault> {
        let token = match byte {
            b'}' if self.in_object() => Token::ObjectEnd,
            b']' if !self.in_object() => Token::ArrayEnd,
            _ => return Err(Fault::NotJson),
        };
        self.at += 1;
        self.depth -= 1;
        self.objects >>= 1;
        self.value_ended();
        Ok(token)
    }

    fn value_ended(&mut self) {
        self.next = if self.depth == 0 { Next::Nothing } else { Next::CommaOrEnd };
    }

    fn key(&mut self, byte: u8) -> Result<Token<'a>, Fault> {
        if byte != b'"' {
            return Err(Fault::NotJson);
        }
        let key = self.quoted()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(Fault::NotJson);
        }
        self.at += 1;
        self.next = Next::Value;
        Ok(Token::Key(key))
    }

    fn quoted(&mut self) -> Result<Quoted<'a>, Fault> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut escaped = false;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += escape_length(bytes, at).ok_or(Fault::NotJson)?;
                }
                Some(0..0x20) | None => return Err(Fault::NotJson),
                Some(_) => at += plain_run(bytes.get(at..).unwrap_or_default()),
            }
        }
        self.at = at + 1;
        Ok(Quoted { raw: slice(self.text, start, at), escaped })
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.at = number_end(self.text.as_bytes(), start)?;
        Ok(slice(self.text, start, self.at))
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>, Fault> {
        let end = self.at + word.len();
        if self.text.get(self.at..end) != Some(word) {
            return Err(Fault::NotJson);
        }
        self.at = end;
        Ok(token)
    }

    fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        self.at = after_space(self.text.as_bytes(), self.at);
    }
}

/// Returns the byte at `at`; 0, which is never valid outside of a string, after the end.
#[inline(always)]
pub fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// Returns where the white space at `at` ends.
#[inline(always)]
pub fn after_space(bytes: &[u8], at: usize) -> usize {
    // Most values have no white space before them: one comparison.
    if byte(bytes, at) > b' ' { at } else { skip_space(bytes, at) }
}

#[inline(never)]
fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\t' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Returns where the number that starts at `at` ends.
///
/// # Errors
/// [`Fault::NotJson`]: there is no number in JSON's grammar.
#[inline(always)]
pub fn number_end(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let mut at = at + usize::from(byte(bytes, at) == b'-');
    at = match byte(bytes, at) {
        b'0' => at + 1,
        _ => digits_end(bytes, at)?,
    };
    if byte(bytes, at) == b'.' {
        at = digits_end(bytes, at + 1)?;
    }
    if let b'e' | b'E' = byte(bytes, at) {
        at += 1;
        at = digits_end(bytes, at + usize::from(matches!(byte(bytes, at), b'+' | b'-')))?;
    }
    Ok(at)
}

/// Returns where one or more digits end.
#[inline(always)]
fn digits_end(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start;
    while byte(bytes, at).is_ascii_digit() {
        at += 1;
    }
    if at > start { Ok(at) } else { Err(Fault::NotJson) }
}

/// Whether a string has escapes.
///
/// # Errors
/// [`Fault::NotJson`]: an escape is malformed.
pub fn check_escapes(raw: &[u8]) -> Result<bool, Fault> {
    let mut escaped = false;
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        escaped = true;
        rest = rest.get(at + escape_length(rest, at).ok_or(Fault::NotJson)?..).unwrap_or_default();
    }
    Ok(escaped)
}

/// Returns the length of the escape whose backslash is at `at`; `None` if it is malformed.
fn escape_length(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => hex4(bytes, at + 2).map(|_| 6),
        _ => None,
    }
}

impl<'a> Quoted<'a> {
    /// Wraps the text between quotes; its escapes, if there are any, are well-formed.
    pub fn new(raw: &'a str, escaped: bool) -> Self {
        Quoted { raw, escaped }
    }

    /// Whether the string is `""`.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// Returns the text if nothing in it is escaped.
    #[must_use]
    pub fn plain(self) -> Option<&'a str> {
        if self.escaped { None } else { Some(self.raw) }
    }

    /// Whether the string, without its escapes, equals `text`.
    #[inline]
    #[must_use]
    pub fn is(self, text: &str) -> bool {
        if self.escaped { self.decode() == text } else { self.raw == text }
    }

    /// Returns the string without its escapes; borrowed if it has none. A lone surrogate becomes
    /// U+FFFD.
    #[must_use]
    pub fn decode(self) -> Cow<'a, str> {
        if !self.escaped {
            return Cow::Borrowed(self.raw);
        }
        let mut out = String::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some((before, after)) = rest.split_once('\\') {
            out.push_str(before);
            let (escape, length) = unescape(after);
            out.push(escape);
            rest = slice(after, length, after.len());
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

/// Returns the character of an escape, and the length of the escape without its backslash.
fn unescape(after: &str) -> (char, usize) {
    let bytes = after.as_bytes();
    let plain = match bytes.first() {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let unit = hex4(bytes, 1).unwrap_or(0xFFFD);
            if (0xD800..0xDC00).contains(&unit)
                && bytes.get(5..7) == Some(br"\u")
                && let Some(low @ 0xDC00..0xE000) = hex4(bytes, 7)
            {
                let pair = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                return (char::from_u32(pair).unwrap_or(char::REPLACEMENT_CHARACTER), 11);
            }
            return (char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), 5);
        }
        Some(&other) => char::from(other),
        None => char::REPLACEMENT_CHARACTER,
    };
    (plain, 1)
}

/// Returns the number of bytes before the first quote, backslash or control character. It reads
/// eight at a time, since most of an event is strings.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    // Sets the high bit of every byte below `limit`; it can be wrong after the first such byte.
    let below = |eight: u64, limit: u64| eight.wrapping_sub(ONES * limit) & !eight & HIGH;
    let (eights, rest) = bytes.as_chunks::<8>();
    for (at, eight) in eights.iter().enumerate() {
        let eight = u64::from_le_bytes(*eight);
        let special = below(eight, 0x20)
            | below(eight ^ (ONES * u64::from(b'"')), 1)
            | below(eight ^ (ONES * u64::from(b'\\')), 1);
        if special != 0 {
            return at * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let found = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    bytes.len() - rest.len() + found.unwrap_or(rest.len())
}

/// Returns the value of four hexadecimal digits at `at`.
fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?))
}

/// Returns a part of `text` whose ends are next to ASCII characters.
fn slice(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}
