//! Texts with their place in the file, so that a message can point at them.

use std::ops::Range;

use super::scalar_offsets;
use super::source::Source;

/// A text and its place.
#[derive(Clone)]
pub struct Located {
    pub value: String,
    pub at: At,
}

/// A value's place in the file, and how a message may quote the value.
#[derive(Clone)]
pub struct At {
    /// Byte offset of its first byte.
    pub start: usize,
    /// The bytes of the scalar, if an offset inside the value can be mapped to one in the file.
    pub token: Option<Range<usize>>,
    /// The value as a message may quote it: masked if secret, `${NAME}` unexpanded.
    pub shown: String,
    /// The value is a secret: no message may contain any part of it.
    pub hidden: bool,
}

impl From<&At> for usize {
    fn from(at: &At) -> Self {
        at.start
    }
}

impl At {
    /// Returns the offset in the file of the byte at `offset` of `value`, or the value's first byte
    /// if that place is unknown.
    pub fn place(&self, source: &Source<'_>, value: &str, offset: usize) -> usize {
        self.exact(source, value, offset).unwrap_or(self.start)
    }

    /// Returns the offset in the file of the byte at `offset` of `value`, if it is known.
    pub fn exact(&self, source: &Source<'_>, value: &str, offset: usize) -> Option<usize> {
        scalar_offsets::offset_in_file(source.text, self.token.as_ref()?, value, offset)
    }
}
