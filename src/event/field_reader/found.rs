//! The fields that were found in one event, as positions in its text.

/// One value, as a range of the text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Missing,
    Null,
    False,
    True,
    Number,
    /// A string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
    Array,
    Object,
}
