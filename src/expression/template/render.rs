//! Renders a template for one event.
//!
//! Invariant: time and memory are bounded: by the rounds of a delivery, by its budget, and by the
//! length from which on a text is cut anyway.

use super::flat::{Flat, Part};
use super::form::{Escape, Form, clip};
use super::insert::{Spot, insert};
use super::rendering::Rendering;
use super::tag::MAX_ROUNDS;
use super::tree::{Case, Choice, For, Node};
use crate::event::{Object, Text, Value, View};
use crate::expression::bindings::FORLOOP;
use crate::expression::error::EvalError;

/// Renders a template without tags: the places of its variables are known.
pub fn plain<'r>(
    nodes: &'r [Node],
    own: &str,
    (rendering, form): (&mut Rendering<'_, 'r>, Form),
    out: &mut String,
) {
    for node in nodes {
        match node {
            Node::Text(range) => out.push_str(own.get(range.clone()).unwrap_or_default()),
            Node::Variable(variable) => {
                let value = rendering.evaluate(&variable.site);
                insert(out, &value, &Spot { place: &variable.place, form, own });
            }
            // A template with tags is rendered by `branching`.
            Node::Choice(_) | Node::Case(_) | Node::For(_) => {}
        }
        if clip(out, form.enough) {
            return;
        }
    }
}

/// Renders a template with tags: the path of the event first, then its text.
pub fn branching<'r>(
    nodes: &'r [Node],
    own: &str,
    (rendering, form): (&mut Rendering<'_, 'r>, Form),
    out: &mut String,
) {
    let mut walk = Walk { own, rendering, enough: form.enough, flat: Flat::default() };
    walk.nodes(nodes);
    let Flat { own, parts, .. } = &walk.flat;
    let mut places = match form.escape {
        Escape::Slack | Escape::SlackNames => walk.flat.places().into_iter(),
        Escape::Nothing | Escape::Url => Vec::new().into_iter(),
    };
    for part in parts {
        match part {
            Part::Text(range) => out.push_str(own.get(range.clone()).unwrap_or_default()),
            Part::Value(value, _) => {
                let place = places.next().unwrap_or_default();
                insert(out, value, &Spot { place: &place, form, own });
            }
        }
        // Also a blank text is cut: its loops must not make more than a template may have.
        if out.len() > form.enough {
            out.truncate(out.floor_char_boundary(form.enough));
            return;
        }
    }
}

/// Follows one event through the tags of a template. Recursion is as deep as the tags.
struct Walk<'w, 'c, 'r> {
    /// The author's own text.
    own: &'w str,
    rendering: &'w mut Rendering<'c, 'r>,
    enough: usize,
    flat: Flat<'r>,
}

impl<'r> Walk<'_, '_, 'r> {
    fn nodes(&mut self, nodes: &'r [Node]) {
        for node in nodes {
            if self.flat.is_longer_than(self.enough) {
                return;
            }
            match node {
                Node::Text(range) => {
                    self.flat.push_text(self.own.get(range.clone()).unwrap_or_default());
                }
                Node::Variable(variable) => {
                    let value = self.rendering.evaluate(&variable.site);
                    self.flat.push_value(value, variable.is_raw);
                }
                Node::Choice(choice) => self.choice(choice),
                Node::Case(case) => self.case(case),
                Node::For(repeat) => self.repeat(repeat),
            }
        }
    }

    fn choice(&mut self, choice: &'r Choice) {
        for branch in &choice.branches {
            let is_true = self.rendering.evaluate(&branch.condition).is_truthy();
            if is_true != branch.is_negated {
                return self.nodes(&branch.nodes);
            }
        }
        self.nodes(&choice.otherwise);
    }

    fn case(&mut self, case: &'r Case) {
        let value = self.rendering.evaluate(&case.value);
        for (values, nodes) in &case.branches {
            if values.iter().any(|other| self.rendering.is_equal(&value, other)) {
                return self.nodes(nodes);
            }
        }
        self.nodes(&case.otherwise);
    }

    fn repeat(&mut self, repeat: &'r For) {
        let list = self.rendering.evaluate(&repeat.list);
        let elements = match list.view() {
            View::Array(elements) => elements.len(),
            View::Object(object) => object.len(),
            View::Null => 0,
            _ => {
                let error = EvalError::NotAList { actual: list.type_name() };
                self.rendering.fail(&repeat.list.expression, &error);
                0
            }
        };
        let limit = usize::from(repeat.limit.unwrap_or(MAX_ROUNDS));
        let rounds = elements.min(limit);
        if elements == 0 {
            return self.nodes(&repeat.otherwise);
        }
        if repeat.limit.is_none() && elements > limit {
            self.rendering.leave_out();
        }
        for at in 0..rounds {
            let list_of = &repeat.list.expression;
            let ends = self.flat.is_longer_than(self.enough)
                || !self.rendering.next_round(list_of, repeat.nodes.len());
            if ends {
                return;
            }
            let element = element(&list, at);
            let forloop = if repeat.counts { forloop(at, rounds) } else { Value::Null };
            self.rendering.enter([element, forloop]);
            self.nodes(&repeat.nodes);
            self.rendering.leave();
        }
    }
}

/// The element of a list, or the pair of a key and a value of an object.
pub fn element<'r>(list: &Value<'r>, at: usize) -> Value<'r> {
    match list.view() {
        View::Array(elements) => elements.get(at).cloned().unwrap_or(Value::Null),
        View::Object(object) => match object.entries().get(at) {
            Some((key, value)) => vec![Value::from(key.clone()), value.clone()].into(),
            None => Value::Null,
        },
        _ => Value::Null,
    }
}

/// The value of `forloop` in the round `at`, counted from 0.
pub fn forloop<'r>(at: usize, rounds: usize) -> Value<'r> {
    let number = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let values =
        [number(at + 1), Value::Bool(at == 0), Value::Bool(at + 1 == rounds), number(rounds)];
    let entries = FORLOOP.into_iter().map(Text::Borrowed).zip(values);
    Value::Object(Object::new(entries.collect::<Vec<_>>()).into())
}
