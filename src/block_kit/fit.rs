//! Fits rendered blocks into Slack's limits: leaves out what shows nothing, cuts long texts, and
//! replaces the rest of a long list by `… N more`.

use std::collections::HashSet;
use std::mem::take;

use serde_json::{Map, Value, json};

use super::cut::cut;
use super::limits::{COMMON, Field, Form, Holds, MAX_ACTIONS, MAX_TEXT, MAX_URL, Need, Of, Shape};
use super::text::{is_blank, is_link};
use super::{Cuts, MAX_DEPTH, characters, more, rows, shapes, type_of};

mod total;

/// Blocks within Slack's limits.
#[derive(Debug, Default)]
pub struct Fitted {
    /// The blocks; empty if nothing is left to show.
    pub blocks: Vec<Value>,
    /// What is missing.
    pub cuts: Cuts,
}

/// Fits blocks into Slack's limits. In a list of blocks, fields, context elements or rows, null
/// represents one that was not rendered, and a number that many: they count as not shown.
#[must_use]
pub fn fit(mut blocks: Vec<Value>) -> Fitted {
    let mut fitter = Fitter::default();
    let rest = more::take_unrendered(&mut blocks);
    let mut blocks = fitter.blocks(blocks, 0);
    unique(&mut blocks, "block_id");
    let blocks = total::fit(blocks, rest, &mut fitter.cuts);
    Fitted { blocks, cuts: fitter.cuts }
}

/// Removes the identifiers that an earlier object of the list has: Slack refuses them.
fn unique(items: &mut [Value], name: &str) {
    let mut seen = HashSet::new();
    for item in items {
        let Some(members) = item.as_object_mut() else { continue };
        let id = members.get(name).and_then(Value::as_str);
        if id.is_some_and(|id| !seen.insert(id.to_owned())) {
            members.shift_remove(name);
        }
    }
}

/// The fitting of blocks one by one. Its methods return whether a value can be shown; one that
/// cannot is left out by its owner.
#[derive(Default)]
struct Fitter {
    cuts: Cuts,
}

impl Fitter {
    fn blocks(&mut self, blocks: Vec<Value>, depth: usize) -> Vec<Value> {
        let mut kept = Vec::with_capacity(blocks.len());
        for mut block in blocks {
            if type_of(&block) == "actions" {
                self.actions(block, depth, &mut kept);
            } else if self.block(&mut block, depth) {
                kept.push(block);
            }
        }
        kept
    }

    /// Fits a block with buttons; those beyond the limit get a block for themselves.
    fn actions(&mut self, mut block: Value, depth: usize, kept: &mut Vec<Value>) {
        let Some(Value::Array(elements)) = block.get_mut("elements") else { return };
        let mut elements = take(elements);
        self.cuts.blocks |= more::take_unrendered(&mut elements) > 0;
        elements.retain_mut(|element| self.element(element, depth + 1));
        let mut elements = elements.into_iter();
        let mut first = Some(block);
        loop {
            let mut part: Vec<Value> = elements.by_ref().take(MAX_ACTIONS).collect();
            if part.is_empty() {
                return;
            }
            unique(&mut part, "action_id");
            let mut block = first.take().unwrap_or_else(|| json!({ "type": "actions" }));
            if let Some(members) = block.as_object_mut() {
                self.members(members, COMMON, depth);
                members.insert("elements".to_owned(), Value::Array(part));
            }
            kept.push(block);
        }
    }

    /// Fits a block. One of an unknown type is kept unchanged.
    fn block(&mut self, block: &mut Value, depth: usize) -> bool {
        let kind = type_of(block);
        let (shape, is_typed) = (shapes::block(kind), !kind.is_empty());
        self.shaped(block, shape, is_typed, depth)
    }

    fn element(&mut self, element: &mut Value, depth: usize) -> bool {
        let kind = type_of(element);
        let (shape, is_typed) = (shapes::element(kind), !kind.is_empty());
        self.shaped(element, shape, is_typed, depth)
    }

    fn shaped(
        &mut self,
        value: &mut Value,
        shape: Option<&Shape>,
        is_typed: bool,
        depth: usize,
    ) -> bool {
        let Value::Object(members) = value else { return false };
        let Some(shape) = shape else { return is_typed };
        depth < MAX_DEPTH
            && self.members(members, COMMON, depth)
            && self.members(members, shape.fields, depth)
            && (shape.one_of.is_empty() || shape.one_of.iter().any(|name| has(members, name)))
    }

    fn members(
        &mut self,
        members: &mut Map<String, Value>,
        fields: &[Field],
        depth: usize,
    ) -> bool {
        fields.iter().all(|field| {
            let is_fit = match members.get_mut(field.name) {
                None | Some(Value::Null) => None,
                Some(value) => Some(self.value(value, field.holds, depth)),
            };
            match (is_fit, field.need) {
                (Some(true), _) => true,
                (None, Need::Required) | (Some(false), Need::Required | Need::IfPresent) => false,
                (None, _) | (Some(false), Need::Optional) => {
                    members.shift_remove(field.name);
                    true
                }
            }
        })
    }

    fn value(&mut self, value: &mut Value, holds: Holds, depth: usize) -> bool {
        match (holds, value) {
            (Holds::Text(form, max), value) => self.text(value, form, max),
            (Holds::String(max), Value::String(text)) => self.string(text, max, false),
            (Holds::Markup(max), Value::String(text)) => self.string(text, max, true),
            (Holds::Word(max), Value::String(word)) => {
                !word.is_empty() && (word.len() <= max || characters(word) <= max)
            }
            (Holds::Url, Value::String(url)) => self.url(url),
            (Holds::Choice(words), Value::String(word)) => words.contains(&word.as_str()),
            (Holds::One(of), value) => self.object(value, of, depth + 1),
            (Holds::List(max, of), Value::Array(items)) => self.list(items, max, of, depth),
            (Holds::Rows(min, max), Value::Array(list)) => self.rows(list, (min, max), depth),
            _ => false,
        }
    }

    fn object(&mut self, value: &mut Value, of: Of, depth: usize) -> bool {
        match of {
            Of::Block => self.block(value, depth),
            Of::Only(name) => type_of(value) == name && self.block(value, depth),
            Of::Text(max) => self.text(value, Form::Any, max),
            Of::Context if type_of(value) == "image" => self.element(value, depth),
            Of::Context => self.text(value, Form::Any, MAX_TEXT),
            Of::Element => self.element(value, depth),
        }
    }

    fn list(&mut self, items: &mut Vec<Value>, max: usize, of: Of, depth: usize) -> bool {
        let rest = more::take_unrendered(items);
        match of {
            Of::Block => *items = self.blocks(take(items), depth + 1),
            of => items.retain_mut(|item| self.object(item, of, depth + 1)),
        }
        let count = items.len() + rest;
        if rest > 0 || count > max {
            match of {
                Of::Text(_) | Of::Context => self.cuts.fields = true,
                _ => self.cuts.blocks = true,
            }
            let stands_for: Option<fn(usize) -> Value> = match of {
                Of::Text(_) | Of::Context => Some(more::object),
                Of::Block => Some(more::block),
                Of::Only(_) | Of::Element => None,
            };
            items.truncate(max.saturating_sub(usize::from(stands_for.is_some())));
            items.extend(stands_for.map(|more| more(count - items.len())));
        }
        unique(items, if of == Of::Block { "block_id" } else { "action_id" });
        !items.is_empty()
    }

    fn rows(&mut self, rows: &mut Vec<Value>, counts: (usize, usize), depth: usize) -> bool {
        let (is_fit, is_cut) =
            rows::fit(rows, counts, &mut |cell: &mut Value| self.block(cell, depth + 1));
        self.cuts.rows |= is_cut;
        is_fit
    }

    fn text(&mut self, value: &mut Value, form: Form, max: usize) -> bool {
        let markup = match (type_of(value), form) {
            ("mrkdwn", Form::Any | Form::Loose) => true,
            ("plain_text", _) => false,
            _ => {
                let is_string = form == Form::Loose && value.is_string();
                return is_string && self.value(value, Holds::String(max), 0);
            }
        };
        match value.get_mut("text") {
            Some(Value::String(text)) => self.string(text, max, markup),
            _ => false,
        }
    }

    fn string(&mut self, text: &mut String, max: usize, markup: bool) -> bool {
        if is_blank(text) {
            return false;
        }
        if let Some(cut) = cut(text, max, markup) {
            *text = cut;
            self.cuts.block_text = true;
        }
        true
    }

    fn url(&mut self, url: &str) -> bool {
        if !is_link(url) {
            return false;
        }
        let is_short = url.len() <= MAX_URL || characters(url) <= MAX_URL;
        self.cuts.blocks |= !is_short;
        is_short
    }
}

fn has(members: &Map<String, Value>, name: &str) -> bool {
    members.get(name).is_some_and(|value| !value.is_null())
}
