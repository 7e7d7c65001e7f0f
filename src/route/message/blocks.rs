//! Blocks of an action → JSON within Slack's limits.
//!
//! Pure. Invariant: time and memory are bounded: by the rounds and the budget of the delivery, by
//! the entries that are built, and by the bytes of the texts.

use serde_json::{Map, Value as Json};

use crate::block_kit::fit::{Fitted, fit};
use crate::config::model::{Content, Each, Entry, Insert, Part};
use crate::event::{Value, View};
use crate::expression::template::{Escape, Rendering, Template, element, forloop};
use crate::expression::{EvalError, Expression};

/// The most entries of lists that are built, the 2,000 cells of a table included. Further ones are
/// only counted: Slack takes fewer.
const MAX_BUILT: usize = 4_000;

/// The most bytes of all texts. What comes after them stays empty: Slack takes far less.
const MAX_BYTES: usize = 1024 * 1024;

/// The length in bytes from which on one text is cut in any case: its longest limit is 12,000
/// characters.
const ENOUGH: usize = 56_000;

/// Renders blocks. `markup` is how values are escaped where Slack reads markup.
pub fn render<'r>(
    entries: &'r [Entry],
    markup: Escape,
    rendering: &mut Rendering<'_, 'r>,
) -> Fitted {
    let mut builder = Builder { rendering, markup, entries: MAX_BUILT, bytes: MAX_BYTES };
    fit(builder.list(entries))
}

/// What is left for the blocks of one message.
struct Builder<'b, 'c, 'r> {
    rendering: &'b mut Rendering<'c, 'r>,
    markup: Escape,
    entries: usize,
    bytes: usize,
}

impl<'r> Builder<'_, '_, 'r> {
    fn list(&mut self, entries: &'r [Entry]) -> Vec<Json> {
        let mut list = Vec::with_capacity(entries.len());
        for entry in entries {
            match &entry.each {
                None => self.entry(entry, &mut list),
                Some(each) => self.repeat(entry, each, &mut list),
            }
        }
        list
    }

    /// Adds an entry if its condition is true: null once there are too many.
    fn entry(&mut self, entry: &'r Entry, list: &mut Vec<Json>) {
        let condition = entry.condition.as_ref();
        if condition.is_some_and(|condition| !self.rendering.value(condition).is_truthy()) {
            return;
        }
        list.push(match self.entries.checked_sub(1) {
            Some(left) => {
                self.entries = left;
                self.part(&entry.part)
            }
            None => Json::Null,
        });
    }

    fn repeat(&mut self, entry: &'r Entry, each: &'r Each, list: &mut Vec<Json>) {
        let elements = self.rendering.value(&each.list);
        let count = self.count(&elements, &each.list);
        let rounds = each.limit.map_or(count, |limit| count.min(limit));
        for at in 0..rounds {
            if !self.rendering.next_round(&each.list, 1) {
                // Nothing decides about the others: they count as not shown.
                list.push(Json::from(rounds - at));
                return;
            }
            self.rendering.enter([element(&elements, at), forloop(at, rounds)]);
            self.entry(entry, list);
            self.rendering.leave();
        }
    }

    /// Returns the number of elements; that of something else is 0, and an expression error.
    fn count(&mut self, elements: &Value<'r>, list: &'r Expression) -> usize {
        match elements.view() {
            View::Array(elements) => elements.len(),
            View::Object(object) => object.len(),
            View::Null => 0,
            _ => {
                let error = EvalError::NotAList { actual: elements.type_name() };
                self.rendering.fail(list, &error);
                0
            }
        }
    }

    /// Recursion is as deep as the configuration.
    fn part(&mut self, part: &'r Part) -> Json {
        match &part.content {
            Content::Constant(value) => value.clone(),
            Content::Text(template, insert) => Json::String(self.text(template, *insert)),
            Content::List(entries) => Json::Array(self.list(entries)),
            Content::Object(members) => {
                let members =
                    members.iter().map(|(name, part)| (name.to_string(), self.part(part)));
                Json::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    fn text(&mut self, template: &'r Template, insert: Insert) -> String {
        let escape = match insert {
            Insert::Markup => self.markup,
            Insert::Plain => Escape::Nothing,
            Insert::Url => Escape::Url,
        };
        let mut text = String::new();
        let enough = ENOUGH.min(self.bytes);
        if enough > 0 {
            template.render_in(self.rendering, escape, enough, &mut text);
        }
        self.bytes = self.bytes.saturating_sub(text.len());
        match insert {
            Insert::Url => text.trim().to_owned(),
            Insert::Markup | Insert::Plain => text,
        }
    }
}
