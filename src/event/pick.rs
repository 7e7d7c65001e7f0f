//! Reads a few fields of an event from its bytes, and holds all of them to JSON's grammar: what nearly every event costs, and all that it costs.
//!
//! Invariant: it takes what [`Value::parse`](super::Value::parse) takes and refuses the rest for the same reason; a field is what the document has there. Nothing is
//! allocated, nothing recurses, work is linear in the text.

use super::marks::{Marks, Places};
use super::paths::{Path, Paths};
use super::scan::{Fault, Item, MAX_DEPTH, Quoted, Scanner};

use self::reader::Reader;

mod reader;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests;

/// What was found of one event, to be used again for the next one.
#[derive(Debug, Clone, Default)]
pub struct Picks {
    found: Vec<Found>,
    /// The paths in `found` that are not [`Kind::Missing`].
    touched: Vec<Path>,
    open: Open,
    places: Places,
}

/// Who asks for what is in each of the open arrays and objects, from the outermost on; the first is nobody.
#[derive(Debug, Clone)]
struct Open([Path; MAX_DEPTH as usize + 1]);

impl Default for Open {
    fn default() -> Self {
        Open([Path::NONE; MAX_DEPTH as usize + 1])
    }
}

/// One value, by where it stands in the text.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    kind: Kind,
    start: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Missing,
    Null,
    False,
    True,
    Number,
    Plain,
    Escaped,
    Array,
    Object,
}

/// The fields of one event.
#[derive(Clone, Copy)]
pub struct Fields<'t, 'p> {
    /// UTF-8 as a whole.
    bytes: &'t [u8],
    picks: &'p Picks,
}

/// One field of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Seen<'t> {
    /// `null`, or not there.
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as it is written.
    Number(&'t str),
    /// A string.
    String(Quoted<'t>),
    /// An array's JSON.
    Array(&'t str),
    /// An object's JSON.
    Object(&'t str),
}

impl Picks {
    /// Reads the fields that `paths` ask for from a JSON text in UTF-8.
    ///
    /// # Errors
    /// The first [`Fault`] of the text; what is not UTF-8 is not JSON, whatever else it is.
    pub fn read<'t>(&mut self, bytes: &'t [u8], paths: &Paths) -> Result<Fields<'t, '_>, Fault> {
        self.forget(paths);
        // Positions are kept in 32 bits; Kafka's own sizes are 31.
        if u32::try_from(bytes.len()).is_err() {
            return Err(Fault::NotJson);
        }
        let Picks { found, touched, open, places } = self;
        let mut reader = Reader {
            bytes,
            marks: Marks::new(bytes, places),
            paths,
            found,
            touched,
            open: &mut open.0,
        };
        let read = reader.read();
        // ASCII is UTF-8, and nearly all that comes.
        if (read.is_err() || !reader.marks.is_ascii()) && simdutf8::basic::from_utf8(bytes).is_err()
        {
            return Err(Fault::NotJson);
        }
        read?;
        Ok(Fields { bytes, picks: self })
    }

    fn forget(&mut self, paths: &Paths) {
        for path in self.touched.drain(..) {
            if let Some(found) = self.found.get_mut(path.0 as usize) {
                found.kind = Kind::Missing;
            }
        }
        if self.found.len() < paths.len() {
            self.found.resize(paths.len(), Found::default());
        }
    }
}

impl<'t> Fields<'t, '_> {
    /// The bytes of a text that is as it stands there; `None` for everything else, also for a text with escapes.
    #[inline]
    #[must_use]
    pub fn plain(&self, path: Path) -> Option<&'t [u8]> {
        let Found { kind, start, end } = self.picks.found.get(path.0 as usize)?;
        if *kind == Kind::Plain { self.bytes.get(*start as usize..*end as usize) } else { None }
    }

    /// What stands at a path.
    #[inline]
    #[must_use]
    pub fn get(&self, path: Path) -> Seen<'t> {
        let Some(Found { kind, start, end }) = self.picks.found.get(path.0 as usize) else {
            return Seen::Null;
        };
        if *kind == Kind::Missing {
            return Seen::Null;
        }
        let bytes = self.bytes.get(*start as usize..*end as usize).unwrap_or_default();
        // A part of UTF-8 between two ASCII characters is UTF-8.
        let text = || std::str::from_utf8(bytes).unwrap_or_default();
        match kind {
            Kind::Missing | Kind::Null => Seen::Null,
            Kind::False => Seen::Bool(false),
            Kind::True => Seen::Bool(true),
            Kind::Number => Seen::Number(text()),
            Kind::Plain => Seen::String(Quoted::new(text(), false)),
            Kind::Escaped => Seen::String(Quoted::new(text(), true)),
            Kind::Array => Seen::Array(text()),
            Kind::Object => Seen::Object(text()),
        }
    }
}

/// The elements of an array's JSON, which was read before. Of arrays and objects among them only that they are there.
pub fn elements(array: &str) -> impl Iterator<Item = Seen<'_>> {
    let mut scanner = Scanner::new(array);
    let mut depth = 0_u32;
    std::iter::from_fn(move || {
        loop {
            let item = scanner.next_item().ok()??;
            let seen = match item {
                Item::ArrayStart | Item::ObjectStart => {
                    depth += 1;
                    if depth != 2 {
                        continue;
                    }
                    if item == Item::ArrayStart { Seen::Array("[]") } else { Seen::Object("{}") }
                }
                Item::ArrayEnd | Item::ObjectEnd => {
                    depth -= 1;
                    continue;
                }
                Item::Key(_) => continue,
                _ if depth > 1 => continue,
                Item::String(text) => Seen::String(text),
                Item::Number(written) => Seen::Number(written),
                Item::Bool(bool) => Seen::Bool(bool),
                Item::Null => Seen::Null,
            };
            return Some(seen);
        }
    })
}
