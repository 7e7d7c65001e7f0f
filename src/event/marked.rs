//! A text with Slack's markup, and the same text as readers see it.

use std::ops::Range;

/// The result of a function that makes markup: a link, a mention, a channel, a date; or of
/// `escape`.
///
/// Invariant: the markup is what slackline wrote. Values are in it only escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    markup: Box<str>,
    kind: Kind,
    plain: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// One `<…>`, with this part of it free text.
    Angle(Range<usize>),
    /// A text that is only escaped.
    Escaped,
}

impl Marked {
    /// Returns the markup of one `<…>`, whose part `label` is free text, for the text `plain`.
    #[must_use]
    pub fn new(markup: impl Into<Box<str>>, label: Range<usize>, plain: &str) -> Self {
        Marked { markup: markup.into(), kind: Kind::Angle(label), plain: plain.into() }
    }

    /// Returns the text `plain`, whose markup is the same text escaped.
    #[must_use]
    pub fn escaped(markup: impl Into<Box<str>>, plain: &str) -> Self {
        Marked { markup: markup.into(), kind: Kind::Escaped, plain: plain.into() }
    }

    /// Returns the parts of a `<…>`: what is before its free text, the free text, and the rest.
    /// `None` for a text that is only escaped.
    #[must_use]
    pub fn angle(&self) -> Option<(&str, &str, &str)> {
        let Kind::Angle(Range { start, end }) = self.kind else { return None };
        let get = |range| self.markup.get(range).unwrap_or_default();
        Some((get(0..start), get(start..end), get(end..self.markup.len())))
    }

    /// Returns the text with its markup.
    #[must_use]
    pub fn markup(&self) -> &str {
        &self.markup
    }

    /// Returns the text without markup.
    #[must_use]
    pub fn plain(&self) -> &str {
        &self.plain
    }

    /// Returns the number of bytes that it holds.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.markup.len() + self.plain.len()
    }
}
