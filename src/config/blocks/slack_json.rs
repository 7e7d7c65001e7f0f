//! Slack's own JSON in `blocks`: any object, with templates in its texts.

use serde_json::Value as Json;

use super::control::{self, Entries};
use super::part::{Content, Entry, Part};
use super::scope::Scope;
use super::text::{self, Role};
use crate::config::names::list;
use crate::config::reader::Reader;
use crate::config::source::quotable;
use crate::config::tree::{Node, Value};

/// Reads one item of a list.
pub type ReadItem<'r> = &'r dyn Fn(&Node, &Scope, &mut Reader<'_>) -> Option<Part>;

/// Reads an object, whose entries hold no condition any more.
pub fn object(
    entries: &Entries<'_>,
    at: usize,
    scope: &Scope,
    reader: &mut Reader<'_>,
) -> Option<Part> {
    let kind = match control::get(entries, "type").map(|node| &node.value) {
        Some(Value::Text(kind)) => kind.as_str(),
        _ => "",
    };
    let mut members = Vec::with_capacity(entries.len());
    let mut are_all = true;
    for (name, node) in entries {
        let key = name.value.as_str();
        if has_template(key) {
            let message = format!("the key `{}` has a template", name.at.shown);
            reader.error(&name.at, message, "write templates in values only");
            are_all = false;
        } else if key == "type" && matches!(&node.value, Value::Text(kind) if has_template(kind)) {
            let help = "write the name of one type; use `if` for blocks of several types";
            reader.error(*node, "`type` has a template", help);
            are_all = false;
        } else if let Some(part) = value(node, Role::of_member(key, kind), scope, reader) {
            members.push((key.into(), part));
        } else {
            are_all = false;
        }
    }
    are_all.then_some(Part { at, content: Content::Object(members) })
}

fn has_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Reads a value.
pub fn value(node: &Node, role: Role<'_>, scope: &Scope, reader: &mut Reader<'_>) -> Option<Part> {
    let at = node.written.start;
    let constant = |value: Json| Some(Part { at, content: Content::Constant(value) });
    match &node.value {
        Value::Text(_) => text::any(node, role, scope, reader),
        Value::Null => constant(Json::Null),
        Value::Bool(flag) => constant(Json::from(*flag)),
        Value::Number(number) => constant(as_written(node, *number, reader)),
        Value::List(nodes) => {
            let item = |node: &Node, scope: &Scope, reader: &mut Reader<'_>| {
                value(node, role, scope, reader)
            };
            let entries = entries(nodes, scope, reader, &item)?;
            Some(Part { at, content: Content::List(entries) })
        }
        Value::Map(_) => {
            let entries = reader.entries(node, role.key)?;
            if let Some((name, _)) = entries.iter().find(|(name, _)| is_control(&name.value)) {
                let message = format!("`{}` is not in a list", name.at.shown);
                reader.error(&name.at, message, "conditions are for blocks and entries of lists");
                return None;
            }
            object(&entries, at, scope, reader)
        }
    }
}

fn is_control(name: &str) -> bool {
    matches!(name, "if" | "for_each")
}

/// A number as the file has it, so that `1.50` stays.
pub fn as_written(node: &Node, number: f64, reader: &Reader<'_>) -> Json {
    let written = reader.source.slice(&node.defined).trim().parse::<serde_json::Number>();
    written.map_or_else(|_| Json::from(number), Json::Number)
}

/// Reads the entries of a list: `item` reads what is neither conditional nor repeated.
pub fn entries(
    nodes: &[Node],
    scope: &Scope,
    reader: &mut Reader<'_>,
    item: ReadItem<'_>,
) -> Option<Vec<Entry>> {
    let mut read = Vec::with_capacity(nodes.len());
    for node in nodes {
        read.extend(entry(node, scope, reader, item));
    }
    (read.len() == nodes.len()).then_some(read)
}

fn entry(node: &Node, scope: &Scope, reader: &mut Reader<'_>, item: ReadItem<'_>) -> Option<Entry> {
    let is_conditional = match &node.value {
        Value::Map(map) => map.iter().any(|(key, _)| match &key.value {
            Value::Text(name) => is_control(name) || name == "item",
            _ => false,
        }),
        _ => false,
    };
    if !is_conditional {
        let part = item(node, scope, reader)?;
        return Some(Entry { each: None, condition: None, part });
    }
    let mut entries = reader.entries(node, "an entry")?;
    let control = control::take(&mut entries, scope, reader)?;
    let part = match control::get(&entries, "item") {
        Some(inner) => {
            for (name, _) in entries.iter().filter(|(name, _)| name.value != "item") {
                let message = format!("unknown key `{}` beside `item`", quotable(&name.value));
                let known = list(&["if", "for_each", "as", "limit", "item"]);
                reader.error(&name.at, message, format!("known here: {known}"));
            }
            item(inner, &control.scope, reader)?
        }
        None if control::get(&entries, "type").is_some() => {
            object(&entries, node.written.start, &control.scope, reader)?
        }
        None => {
            let help = "add `item:` with what is shown";
            reader.error(node, "the entry has no `item`", help);
            return None;
        }
    };
    Some(Entry { each: control.each, condition: control.condition, part })
}
