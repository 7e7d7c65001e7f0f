//! Why a trigger is false for an event, and which part of it needs the whole event: for `preview`
//! and `check`.

use std::fmt::Write;

use super::compiled::Expression;
use super::condition::needs_document;
use super::evaluate::{evaluate, is_true};
use super::lexer::Tokens;
use super::nearest_key;
use super::node::{Node, RecordPart};
use super::part::Part;
use crate::event::{Event, Value};

/// The most characters of a value that a reason shows.
const MAX_VALUE: usize = 80;

/// The most values that a reason shows.
const MAX_VALUES: usize = 4;

impl Expression {
    /// Returns why the expression is false for an event: its first operand of `&&` that is false,
    /// and the event's values in that.
    #[must_use]
    pub fn why_false(&self, event: &Event<'_>) -> String {
        self.with_part(|part| reason(first_false(part, event), event))
    }

    /// Returns each path that is null because its key is missing in the event, with the nearest key
    /// that the event has.
    #[must_use]
    pub fn missing_keys(&self, event: &Event<'_>) -> Vec<String> {
        fn collect(part: Part<'_>, event: &Event<'_>, found: &mut Vec<String>) {
            if let Some(key) = near_key(part.node, event) {
                found.push(format!("`{}` is missing (the event has `{key}`)", part.text()));
            }
            part.operands().into_iter().for_each(|operand| collect(operand, event, found));
        }
        self.with_part(|part| {
            let mut found = Vec::new();
            collect(part, event, &mut found);
            found
        })
    }

    /// Returns the first part that only the whole event decides; `None` if a few fields decide the
    /// expression, so that most events need not be parsed in full.
    #[must_use]
    pub fn whole_event_part(&self) -> Option<String> {
        // Nearly no trigger has one, and to read the tokens takes as long as to parse them.
        if !needs_whole(self.node()) {
            return None;
        }
        self.with_part(|part| first_whole(part).map(Part::text))
    }

    /// Calls `use_part` with the whole expression as a part.
    fn with_part<T: Default>(&self, use_part: impl FnOnce(Part<'_>) -> T) -> T {
        // The source was compiled, so that it has tokens.
        let tokens = Tokens::read(self.source());
        tokens.map(|tokens| use_part(Part::new(self.node(), &tokens.all))).unwrap_or_default()
    }
}

fn first_false<'e>(part: Part<'e>, event: &Event<'_>) -> Part<'e> {
    if !matches!(part.node, Node::All(_)) {
        return part;
    }
    let is_true = |part: &Part<'_>| is_true(part.node, event) == Ok(true);
    let operand = part.operands().into_iter().find(|operand| !is_true(operand));
    operand.map_or(part, |operand| first_false(operand, event))
}

fn first_whole(part: Part<'_>) -> Option<Part<'_>> {
    match part.node {
        Node::All(_) | Node::Any(_) | Node::Not(_) => {
            part.operands().into_iter().find_map(first_whole)
        }
        node => needs_document(node).then_some(part),
    }
}

/// Whether [`first_whole`] finds a part in `node`.
fn needs_whole(node: &Node) -> bool {
    match node {
        Node::All(operands) | Node::Any(operands) => operands.iter().any(needs_whole),
        Node::Not(operand) => needs_whole(operand),
        node => needs_document(node),
    }
}

fn reason(part: Part<'_>, event: &Event<'_>) -> String {
    let value = |part: Part<'_>| evaluate(part.node, event).ok().map(|value| brief(&value));
    let is_null_or_false =
        matches!(part.node, Node::All(_) | Node::Any(_) | Node::Not(_) | Node::Compare(..));
    let shown = value(part).filter(|_| !is_null_or_false).unwrap_or_else(|| "false".to_owned());
    let mut values: Vec<(String, String)> = Vec::new();
    for input in inputs(part) {
        let text = input.text();
        if let Some(mut value) =
            value(input).filter(|_| values.iter().all(|(known, _)| *known != text))
        {
            if let Some(key) = near_key(input.node, event) {
                let _ = write!(value, " (the event has `{key}`)");
            }
            values.push((text, value));
        }
    }
    let mut reason = format!("`{}` is {shown}", part.text());
    for (at, (text, value)) in values.iter().take(MAX_VALUES).enumerate() {
        // Writing to a string does not fail.
        let _ = write!(reason, "{}`{text}` is {value}", if at == 0 { ": " } else { ", " });
    }
    if values.len() > MAX_VALUES {
        reason.push_str(", …");
    }
    reason
}

/// Returns the path of a key that the event has, for a path that is null because its key is
/// missing.
fn near_key(node: &Node, event: &Event<'_>) -> Option<String> {
    let steps = match node {
        Node::Path(steps) => steps,
        step => std::slice::from_ref(step),
    };
    let (start, steps) = match steps {
        [headers @ Node::RecordPart(RecordPart::Headers), steps @ ..] => (Some(headers), steps),
        [Node::Root | Node::Current, steps @ ..] => (None, steps),
        steps => (None, steps),
    };
    let name = |step: &'_ Node| match step {
        Node::Field(name) => Some(name.clone()),
        _ => None,
    };
    let names = steps.iter().map(name).collect::<Option<Vec<_>>>()?;
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    match start {
        Some(headers) => {
            let key = nearest_key::nearest(&evaluate(headers, event).ok()?, &names)?;
            Some(format!("$record.headers.{key}"))
        }
        None => nearest_key::nearest(event.root(), &names),
    }
}

/// Returns the operands and arguments that a part depends on, constants aside.
fn inputs(part: Part<'_>) -> Vec<Part<'_>> {
    let mut inputs = Vec::new();
    for operand in part.operands() {
        let is_logic = matches!(part.node, Node::All(_) | Node::Any(_) | Node::Not(_));
        let inner = if is_logic { self::inputs(operand) } else { Vec::new() };
        if !inner.is_empty() {
            inputs.extend(inner);
        } else if !is_constant(operand.node) {
            inputs.push(operand);
        }
    }
    inputs
}

fn is_constant(node: &Node) -> bool {
    match node {
        Node::Literal(_) | Node::Prepared(_) => true,
        Node::List(nodes) => nodes.iter().all(is_constant),
        _ => false,
    }
}

/// Returns a value as JSON, cut to [`MAX_VALUE`] characters.
fn brief(value: &Value<'_>) -> String {
    let mut text = String::new();
    value.write_json(&mut text);
    if let Some((end, _)) = text.char_indices().nth(MAX_VALUE) {
        text.truncate(end);
        text.push('…');
    }
    text
}
