//! The parsed document of an event, built at its first use and at most once: most events never
//! need it.

use std::cell::OnceCell;

use super::record::{Event, Record};
use super::value::Value;

/// A record whose payload is valid, with its event parsed on demand.
pub struct Document<'a> {
    record: Record<'a>,
    payload: &'a [u8],
    // Boxed: the document is moved for every event, and seldom holds one.
    event: OnceCell<Option<Box<Event<'a>>>>,
    bare: OnceCell<Box<Event<'a>>>,
}

impl<'a> Document<'a> {
    /// Returns the document of `record`, whose payload is `payload`.
    #[must_use]
    pub fn new(record: Record<'a>, payload: &'a [u8]) -> Self {
        Document { record, payload, event: OnceCell::new(), bare: OnceCell::new() }
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        self.record
    }

    /// The record's payload.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Returns the whole event; `None` only if the payload was never validated and is not JSON.
    pub fn event(&self) -> Option<&Event<'a>> {
        let root = || Value::parse(std::str::from_utf8(self.payload).ok()?).ok();
        let parsed = || root().map(|root| Box::new(Event::of(self.record, root)));
        self.event.get_or_init(parsed).as_deref()
    }

    /// Returns the record as an event whose root is `null`, for expressions on `$record` only.
    pub fn bare(&self) -> &Event<'a> {
        self.bare.get_or_init(|| Box::new(Event::of(self.record, Value::Null)))
    }
}
