//! An event's document, built when somebody first asks for it, and at most once.

use std::cell::OnceCell;

use super::value::Value;
use super::{Event, Record};

/// A record whose payload was read and found to be an event.
pub struct Document<'a> {
    record: Record<'a>,
    payload: &'a [u8],
    // Boxed: this is moved for every event, and seldom holds one.
    event: OnceCell<Option<Box<Event<'a>>>>,
    bare: OnceCell<Box<Event<'a>>>,
}

impl<'a> Document<'a> {
    /// The document that `payload`, the record's, holds.
    #[must_use]
    pub fn new(record: Record<'a>, payload: &'a [u8]) -> Self {
        Document { record, payload, event: OnceCell::new(), bare: OnceCell::new() }
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        self.record
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The event with all that is in it; `None` only where the payload was not read before, and is no JSON.
    pub fn event(&self) -> Option<&Event<'a>> {
        let root = || Value::parse(std::str::from_utf8(self.payload).ok()?).ok();
        let read = || root().map(|root| Box::new(Event { record: self.record, root }));
        self.event.get_or_init(read).as_deref()
    }

    /// The record, and nothing of what it holds: null.
    pub fn bare(&self) -> &Event<'a> {
        self.bare.get_or_init(|| Box::new(Event { record: self.record, root: Value::Null }))
    }
}
