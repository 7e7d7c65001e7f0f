//! The walk through one event: checks every byte against the grammar, and records the requested
//! fields on its way.
//!
//! Invariant: the end of a string is never searched for: the quote index has it.

use super::found::{Found, Kind};
use crate::event::lexer::{self, Fault, MAX_DEPTH, Quoted};
use crate::event::paths::{Path, Paths};
use crate::event::quote_index::{QuoteIndex, StringSpan};

pub struct Walk<'t, 'p> {
    pub bytes: &'t [u8],
    pub quotes: QuoteIndex<'t, 'p>,
    pub paths: &'p Paths,
    /// The value at each path, by path.
    pub found: &'p mut Vec<Found>,
    /// The paths whose value in `found` is not [`Kind::Missing`].
    pub touched: &'p mut Vec<Path>,
    /// The path of each open array and object. Entries beyond the current depth are stale.
    pub open: &'p mut [Path; MAX_DEPTH as usize + 1],
}

impl Walk<'_, '_> {
    /// Walks through the one value of the text.
    #[inline(always)]
    pub fn run(&mut self) -> Result<(), Fault> {
        // Bit n is set if the nth open array or object, from the innermost on, is an object.
        let mut objects = 0_u128;
        let mut depth = 0_usize;
        let mut path = Path::ROOT;
        let mut at = self.after_space(0);
        loop {
            // A value starts at `at`; its path is `path`.
            match self.byte(at) {
                b'"' => {
                    let (string, escaped) = self.string(at)?;
                    self.record_string(path, string, escaped);
                    at = string.close + 1;
                }
                open @ (b'{' | b'[') => {
                    if depth >= MAX_DEPTH as usize {
                        return Err(Fault::TooDeep);
                    }
                    let object = open == b'{';
                    self.record(path, if object { Kind::Object } else { Kind::Array }, at, at);
                    depth += 1;
                    objects = objects << 1 | u128::from(object);
                    if let Some(open) = self.open.get_mut(depth) {
                        *open = path;
                    }
                    at = self.after_space(at + 1);
                    if object && self.byte(at) == b'"' {
                        (path, at) = self.key(path, at)?;
                        continue;
                    }
                    if self.byte(at) != if object { b'}' } else { b']' } {
                        if object {
                            return Err(Fault::NotJson);
                        }
                        path = Path::NONE;
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => {
                    let end = lexer::number_end(self.bytes, at)?;
                    self.record(path, Kind::Number, at, end);
                    at = end;
                }
                b't' => at = self.word(path, at, "true", Kind::True)?,
                b'f' => at = self.word(path, at, "false", Kind::False)?,
                b'n' => at = self.word(path, at, "null", Kind::Null)?,
                _ => return Err(Fault::NotJson),
            }
            // A value ended before `at`, or the array or object that was just opened is empty.
            loop {
                if depth == 0 {
                    let ended = self.after_space(at) == self.bytes.len();
                    return if ended { Ok(()) } else { Err(Fault::NotJson) };
                }
                at = self.after_space(at);
                let inside = self.open.get(depth).copied().unwrap_or(Path::NONE);
                match (self.byte(at), objects & 1 == 1) {
                    (b',', true) => {
                        (path, at) = self.key(inside, self.after_space(at + 1))?;
                        break;
                    }
                    (b',', false) => {
                        (path, at) = (Path::NONE, self.after_space(at + 1));
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        at += 1;
                        self.end(inside, at);
                        depth -= 1;
                        objects >>= 1;
                    }
                    _ => return Err(Fault::NotJson),
                }
            }
        }
    }

    /// Reads a key with its colon, of an object at `inside`; returns the path of its value and
    /// where that starts. A member that is a string with another member after it, as most are, is
    /// read on the way.
    #[inline(always)]
    fn key(&mut self, inside: Path, mut at: usize) -> Result<(Path, usize), Fault> {
        loop {
            let (string, escaped) = self.string(at)?;
            let path =
                if inside == Path::NONE { Path::NONE } else { self.child(inside, string, escaped) };
            if self.are(string.close, *b"\":\"") {
                at = string.close + 2;
                if self.quotes.peek().is_some_and(|text| self.are(text.close, *b"\",\"")) {
                    let (text, escaped) = self.string(at)?;
                    self.record_string(path, text, escaped);
                    at = text.close + 2;
                    continue;
                }
                return Ok((path, at));
            }
            let colon = self.after_space(string.close + 1);
            if self.byte(colon) != b':' {
                return Err(Fault::NotJson);
            }
            return Ok((path, self.after_space(colon + 1)));
        }
    }

    /// Whether these three bytes are at `at`, with one more after them.
    #[inline(always)]
    fn are(&self, at: usize, three: [u8; 3]) -> bool {
        let four = self.bytes.get(at..at + 4).and_then(<[u8]>::first_chunk::<4>);
        let [a, b, c] = three;
        four.is_some_and(|four| {
            u32::from_le_bytes(*four) & 0x00FF_FFFF == u32::from_le_bytes([a, b, c, 0])
        })
    }

    #[inline(always)]
    fn child(&self, inside: Path, string: StringSpan, escaped: bool) -> Path {
        let name = self.bytes.get(string.open + 1..string.close).unwrap_or_default();
        if escaped {
            let name = std::str::from_utf8(name).unwrap_or_default();
            return self.paths.child(inside, Quoted::new(name, true).decode().as_bytes());
        }
        self.paths.child(inside, name)
    }

    /// Reads the string that starts at `at`; returns whether it has escapes.
    #[inline(always)]
    fn string(&mut self, at: usize) -> Result<(StringSpan, bool), Fault> {
        let string = self.quotes.string().ok_or(Fault::NotJson)?;
        if string.open != at {
            return Err(Fault::NotJson);
        }
        let escaped = self.quotes.special && is_escaped(self.bytes, &self.quotes, string)?;
        Ok((string, escaped))
    }

    #[inline(always)]
    fn word(&mut self, path: Path, at: usize, word: &str, kind: Kind) -> Result<usize, Fault> {
        let end = at + word.len();
        if self.bytes.get(at..end) != Some(word.as_bytes()) {
            return Err(Fault::NotJson);
        }
        self.record(path, kind, at, end);
        Ok(end)
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        lexer::byte(self.bytes, at)
    }

    #[inline(always)]
    fn after_space(&self, at: usize) -> usize {
        lexer::after_space(self.bytes, at)
    }

    #[inline(always)]
    fn record_string(&mut self, path: Path, string: StringSpan, escaped: bool) {
        let kind = if escaped { Kind::Escaped } else { Kind::Plain };
        self.record(path, kind, string.open + 1, string.close);
    }

    #[inline(always)]
    fn record(&mut self, path: Path, kind: Kind, start: usize, end: usize) {
        if path != Path::NONE {
            self.record_requested(path, kind, start, end);
        }
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "the text's length fits")]
    fn record_requested(&mut self, path: Path, kind: Kind, start: usize, end: usize) {
        let Some(found) = self.found.get_mut(path.0 as usize) else { return };
        let again = found.kind != Kind::Missing;
        *found = Found { kind, start: start as u32, end: end as u32 };
        if again {
            forget_below(self.found, self.paths, path);
        } else {
            self.touched.push(path);
        }
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "the text's length fits")]
    fn end(&mut self, path: Path, at: usize) {
        if path != Path::NONE
            && let Some(found) = self.found.get_mut(path.0 as usize)
        {
            found.end = at as u32;
        }
    }
}

/// Whether a string has escapes.
///
/// # Errors
/// [`Fault::NotJson`]: an escape is malformed, or there is a control character.
#[inline(never)]
fn is_escaped(
    bytes: &[u8],
    quotes: &QuoteIndex<'_, '_>,
    string: StringSpan,
) -> Result<bool, Fault> {
    if quotes.has_control(string) {
        return Err(Fault::NotJson);
    }
    if !quotes.may_be_escaped(string) {
        return Ok(false);
    }
    lexer::check_escapes(bytes.get(string.open + 1..string.close).unwrap_or_default())
}

/// Forgets the values below a path: of a repeated key only the last value counts.
#[cold]
#[inline(never)]
fn forget_below(found: &mut [Found], requested: &Paths, path: Path) {
    let mut paths: Vec<Path> = requested.below(path).collect();
    while let Some(path) = paths.pop() {
        if let Some(found) = found.get_mut(path.0 as usize)
            && found.kind != Kind::Missing
        {
            // Not `Missing`: the path is in `touched` already, and must not be added again.
            found.kind = Kind::Null;
        }
        paths.extend(requested.below(path));
    }
}
