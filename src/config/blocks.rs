//! The key `blocks` of an action: Block Kit in short forms or in Slack's own JSON, with templates,
//! conditions and loops.
//!
//! Invariant: what Slack refuses whatever the event is refused here, at its place.

use serde_json::{Map, Value as Json, json};

use super::reader::Reader;
use super::section::{Kind, SettingValue};
use super::tree::{Node, Value};

pub mod part;

mod check;

mod control;

mod schema;

mod scope;

mod short;

mod slack_json;

mod text;

use part::{Entry, Part};
use scope::Scope;

/// The blocks of an action.
#[derive(Clone)]
pub struct Blocks {
    /// The blocks, in order.
    pub entries: Vec<Entry>,
    /// The blocks as written.
    written: Json,
}

/// The key `blocks`.
pub struct BlockList;

impl Blocks {
    /// Whether no block has a template, a condition or a loop.
    #[must_use]
    pub fn are_constant(&self) -> bool {
        let is_constant = |entry: &Entry| entry.is_certain() && entry.part.is_constant();
        self.entries.iter().all(is_constant)
    }
}

impl SettingValue for Blocks {
    fn shown(&self) -> Json {
        self.written.clone()
    }
}

impl Kind for BlockList {
    type Value = Blocks;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Blocks> {
        let Value::List(nodes) = &node.value else {
            reader.wrong_type(node, key, "a list");
            return None;
        };
        if nodes.is_empty() {
            let help = "add a block such as `- section: …`, or remove the key";
            reader.error(node, format!("`{key}` is empty"), help);
            return None;
        }
        let (entries, grouped) = entries(nodes, reader)?;
        let root = Part { at: node.written.start, content: part::Content::List(entries) };
        let is_valid = check::check(&root, &grouped, reader);
        let part::Content::List(entries) = root.content else { return None };
        is_valid.then(|| Blocks { entries, written: as_json(node, reader) })
    }

    fn schema(&self) -> Json {
        schema::blocks()
    }

    fn words(&self) -> String {
        "list of blocks".to_owned()
    }
}

/// Reads the blocks. Neighbouring buttons share one; the indices of those blocks are returned, too.
fn entries(nodes: &[Node], reader: &mut Reader<'_>) -> Option<(Vec<Entry>, Vec<usize>)> {
    let scope = Scope::default();
    let (mut entries, mut grouped) = (Vec::with_capacity(nodes.len()), Vec::new());
    let mut buttons: Vec<Entry> = Vec::new();
    let mut are_all = true;
    let mut end = |buttons: &mut Vec<Entry>, entries: &mut Vec<Entry>| {
        let Some(first) = buttons.first() else { return };
        let part = short::buttons(first.part.at, std::mem::take(buttons));
        grouped.push(entries.len());
        entries.push(Entry { each: None, condition: None, part });
    };
    for node in nodes {
        match block(node, &scope, reader) {
            None => are_all = false,
            Some((entry, true)) => buttons.push(entry),
            Some((entry, false)) => {
                end(&mut buttons, &mut entries);
                entries.push(entry);
            }
        }
    }
    end(&mut buttons, &mut entries);
    are_all.then_some((entries, grouped))
}

/// Reads one block, and whether it is a button.
fn block(node: &Node, scope: &Scope, reader: &mut Reader<'_>) -> Option<(Entry, bool)> {
    let at = node.written.start;
    match &node.value {
        Value::Text(name) if name.trim() == "divider" => {
            let part = short::divider(at);
            return Some((Entry { each: None, condition: None, part }, false));
        }
        Value::Map(_) => {}
        _ => {
            reader.wrong_type(node, "a block", "a mapping, or `divider`");
            return None;
        }
    }
    let mut entries = reader.entries(node, "a block")?;
    let is_button = short::is_button(&entries);
    let control = control::take(&mut entries, scope, reader);
    let inner = control.as_ref().map_or(scope, |control| &control.scope);
    let part = match control::get(&entries, "type") {
        Some(_) => slack_json::object(&entries, at, inner, reader),
        None => short::read(&entries, at, inner, reader),
    };
    let (control, part) = (control?, part?);
    let entry = Entry { each: control.each, condition: control.condition, part };
    Some((entry, is_button))
}

/// Returns a value as the file has it.
fn as_json(node: &Node, reader: &Reader<'_>) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Number(number) => slack_json::as_written(node, *number, reader),
        Value::Text(text) => json!(text),
        Value::List(list) => list.iter().map(|node| as_json(node, reader)).collect(),
        Value::Map(map) => {
            let members = map.iter().map(|(key, value)| {
                let name = match &key.value {
                    Value::Text(name) => name.clone(),
                    _ => reader.source.slice(&key.defined).to_owned(),
                };
                (name, as_json(value, reader))
            });
            Json::Object(members.collect::<Map<_, _>>())
        }
    }
}
