//! An event's document, built when somebody first asks for it, and at most once.

use std::cell::OnceCell;

use super::value::Value;
use super::{Event, Record};

/// A record whose payload was read and found to be an event.
pub struct Document<'a> {
    record: Record<'a>,
    text: &'a str,
    event: OnceCell<Option<Event<'a>>>,
    bare: OnceCell<Event<'a>>,
}

impl<'a> Document<'a> {
    /// The document that `text`, the record's payload, holds.
    #[must_use]
    pub fn new(record: Record<'a>, text: &'a str) -> Self {
        Document { record, text, event: OnceCell::new(), bare: OnceCell::new() }
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        self.record
    }

    /// The payload.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The event with all that is in it; `None` only where the text was not read before, and is no JSON.
    pub fn event(&self) -> Option<&Event<'a>> {
        let read = || Value::parse(self.text).ok().map(|root| Event { record: self.record, root });
        self.event.get_or_init(read).as_ref()
    }

    /// The record, and nothing of what it holds: null.
    pub fn bare(&self) -> &Event<'a> {
        self.bare.get_or_init(|| Event { record: self.record, root: Value::Null })
    }
}
