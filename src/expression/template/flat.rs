//! The path that one event takes through the tags of a template, as a template without tags.
//!
//! Invariant: the places of its values are those that the scanner finds in exactly this text, so
//! that no tag can lead a value out of the place that the author gave it.

use std::ops::Range;

use super::place::{Place, Scanner};
use crate::event::{Value, View};

/// The author's texts and the values of one path.
#[derive(Default)]
pub struct Flat<'r> {
    pub own: String,
    pub parts: Vec<Part<'r>>,
    /// At least the length of the text.
    length: usize,
}

/// A part of a path.
pub enum Part<'r> {
    /// A range of `own`; no other one is directly before it.
    Text(Range<usize>),
    /// A value, and whether it is written `{{{ … }}}`.
    Value(Value<'r>, bool),
}

impl<'r> Flat<'r> {
    /// Adds a text of the author's.
    pub fn push_text(&mut self, text: &str) {
        let start = self.own.len();
        self.own.push_str(text);
        self.length += text.len();
        match self.parts.last_mut() {
            Some(Part::Text(range)) => range.end = self.own.len(),
            _ => self.parts.push(Part::Text(start..self.own.len())),
        }
    }

    /// Adds a value.
    pub fn push_value(&mut self, value: Value<'r>, is_raw: bool) {
        self.length += match value.view() {
            View::String(text) => text.len(),
            View::Null => 0,
            _ => 1,
        };
        self.parts.push(Part::Value(value, is_raw));
    }

    /// Whether the text is certainly longer than `enough` bytes.
    pub fn is_longer_than(&self, enough: usize) -> bool {
        self.length > enough
    }

    /// The places of the values, in their order.
    pub fn places(&self) -> Vec<Place> {
        let mut scanner = Scanner::new(&self.own);
        let mut at = 0;
        for part in &self.parts {
            match part {
                Part::Text(range) => {
                    scanner.text(range.clone());
                    at = range.end;
                }
                Part::Value(_, is_raw) => scanner.variable(at, *is_raw),
            }
        }
        scanner.finish()
    }
}
