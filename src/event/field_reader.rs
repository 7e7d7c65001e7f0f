//! Reads a few fields of an event from its bytes, and checks all of its bytes against JSON's
//! grammar. For an event that no action matches, this is nearly the whole cost.
//!
//! Invariant: it accepts the texts that [`Value::parse`](super::Value::parse) accepts, and refuses
//! the others for the same reason; a field has the value that it has in the parsed document.
//! Nothing is allocated, nothing recurses, and the work is linear in the text.

use super::lexer::{Fault, Lexer, MAX_DEPTH, Quoted, Token};
use super::paths::{Path, Paths};
use super::quote_index::{QuoteBuffer, QuoteIndex};

use self::found::{Found, Kind};
use self::walk::Walk;

mod found;

mod walk;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests;

/// The buffers for reading events, reused from event to event.
#[derive(Debug, Clone, Default)]
pub struct FieldReader {
    /// The value at each path, by path.
    found: Vec<Found>,
    /// The paths whose value in `found` is not [`Kind::Missing`].
    touched: Vec<Path>,
    open: Open,
    quotes: QuoteBuffer,
}

/// The path of each open array and object, from the outermost on; the first is not used.
#[derive(Debug, Clone)]
struct Open([Path; MAX_DEPTH as usize + 1]);

impl Default for Open {
    fn default() -> Self {
        Open([Path::NONE; MAX_DEPTH as usize + 1])
    }
}

/// The requested fields of one event.
#[derive(Clone, Copy)]
pub struct Fields<'t, 'p> {
    /// The event's text, in UTF-8.
    bytes: &'t [u8],
    reader: &'p FieldReader,
}

/// The value of one field of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FieldValue<'t> {
    /// `null`, or missing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written.
    Number(&'t str),
    /// A string.
    String(Quoted<'t>),
    /// An array's JSON.
    Array(&'t str),
    /// An object's JSON.
    Object(&'t str),
}

impl FieldReader {
    /// Reads the fields that `paths` request from a JSON text in UTF-8.
    ///
    /// # Errors
    /// The first [`Fault`] of the text; bytes that are not UTF-8 are not JSON.
    pub fn read<'t>(&mut self, bytes: &'t [u8], paths: &Paths) -> Result<Fields<'t, '_>, Fault> {
        self.clear(paths);
        // Positions are stored in 32 bits; Kafka's own sizes have 31.
        if u32::try_from(bytes.len()).is_err() {
            return Err(Fault::NotJson);
        }
        let FieldReader { found, touched, open, quotes } = self;
        let mut walk = Walk {
            bytes,
            quotes: QuoteIndex::new(bytes, quotes),
            paths,
            found,
            touched,
            open: &mut open.0,
        };
        let walked = walk.run();
        // Most events are ASCII, which is valid UTF-8.
        if (walked.is_err() || !walk.quotes.is_ascii())
            && simdutf8::basic::from_utf8(bytes).is_err()
        {
            return Err(Fault::NotJson);
        }
        walked?;
        Ok(Fields { bytes, reader: self })
    }

    /// Forgets the event before, and makes room for the values of `paths`.
    fn clear(&mut self, paths: &Paths) {
        for path in self.touched.drain(..) {
            if let Some(found) = self.found.get_mut(path.0 as usize) {
                found.kind = Kind::Missing;
            }
        }
        if self.found.len() < paths.count() {
            self.found.resize(paths.count(), Found::default());
        }
    }
}

impl<'t> Fields<'t, '_> {
    /// Returns the bytes of a string without escapes; `None` for any other value.
    #[inline]
    #[must_use]
    pub fn plain(&self, path: Path) -> Option<&'t [u8]> {
        let Found { kind, start, end } = self.reader.found.get(path.0 as usize)?;
        if *kind == Kind::Plain { self.bytes.get(*start as usize..*end as usize) } else { None }
    }

    /// Returns the value at a path.
    #[inline]
    #[must_use]
    pub fn get(&self, path: Path) -> FieldValue<'t> {
        let Some(Found { kind, start, end }) = self.reader.found.get(path.0 as usize) else {
            return FieldValue::Null;
        };
        if *kind == Kind::Missing {
            return FieldValue::Null;
        }
        let bytes = self.bytes.get(*start as usize..*end as usize).unwrap_or_default();
        // A part of UTF-8 between two ASCII characters is UTF-8.
        let text = || std::str::from_utf8(bytes).unwrap_or_default();
        match kind {
            Kind::Missing | Kind::Null => FieldValue::Null,
            Kind::False => FieldValue::Bool(false),
            Kind::True => FieldValue::Bool(true),
            Kind::Number => FieldValue::Number(text()),
            Kind::Plain => FieldValue::String(Quoted::new(text(), false)),
            Kind::Escaped => FieldValue::String(Quoted::new(text(), true)),
            Kind::Array => FieldValue::Array(text()),
            Kind::Object => FieldValue::Object(text()),
        }
    }
}

/// Returns the elements of an array's JSON, which is valid. Arrays and objects among them are
/// returned empty.
pub fn elements(array: &str) -> impl Iterator<Item = FieldValue<'_>> {
    let mut lexer = Lexer::new(array);
    let mut depth = 0_u32;
    std::iter::from_fn(move || {
        loop {
            let token = lexer.next_token().ok()??;
            let value = match token {
                Token::ArrayStart | Token::ObjectStart => {
                    depth += 1;
                    if depth != 2 {
                        continue;
                    }
                    if token == Token::ArrayStart {
                        FieldValue::Array("[]")
                    } else {
                        FieldValue::Object("{}")
                    }
                }
                Token::ArrayEnd | Token::ObjectEnd => {
                    depth -= 1;
                    continue;
                }
                Token::Key(_) => continue,
                _ if depth > 1 => continue,
                Token::String(text) => FieldValue::String(text),
                Token::Number(written) => FieldValue::Number(written),
                Token::Bool(bool) => FieldValue::Bool(bool),
                Token::Null => FieldValue::Null,
            };
            return Some(value);
        }
    })
}
