//! The short forms of blocks: `header`, `section`, `fields`, `context`, `button`, `image`.

use serde_json::{Value as Json, json};

use super::control::{Entries, get};
use super::part::{Content, Entry, Part};
use super::scope::Scope;
use super::slack_json;
use super::text::{self, Role};
use crate::config::names::{list, nearest};
use crate::config::reader::Reader;
use crate::config::source::quotable;
use crate::config::tree::{Node, Value};

/// One short form: its name, its other keys, and its required keys.
struct Form {
    name: &'static str,
    keys: &'static [&'static str],
    required: &'static [(&'static str, &'static str)],
}

const fn form(name: &'static str, keys: &'static [&'static str]) -> Form {
    Form { name, keys, required: &[] }
}

/// The first one that a block has a key of is its form.
const FORMS: [Form; 6] = [
    form("header", &[]),
    form("section", &["fields"]),
    form("fields", &[]),
    form("context", &[]),
    Form { name: "button", keys: &["url", "style"], required: &[("url", "where it leads to")] },
    Form {
        name: "image",
        keys: &["alt"],
        required: &[("alt", "what it shows, for who cannot see it")],
    },
];

/// The keys that every block may have.
const CONTROL: [&str; 4] = ["if", "for_each", "as", "limit"];

/// Whether the block is a button, which its neighbours share a block with.
pub fn is_button(entries: &Entries<'_>) -> bool {
    get(entries, "type").is_none() && get(entries, "button").is_some()
}

/// Reads a block in its short form. `at` is its place.
pub fn read(
    entries: &Entries<'_>,
    at: usize,
    scope: &Scope,
    reader: &mut Reader<'_>,
) -> Option<Part> {
    let Some(form) = FORMS.iter().find(|form| get(entries, form.name).is_some()) else {
        refuse(entries, at, reader);
        return None;
    };
    let is_valid = check_keys(form, entries, at, reader);
    let of = |key: &str| get(entries, key);
    let mut read = |key: &'static str, role: Role<'_>| {
        of(key).map(|node| text::filled(node, role, scope, reader))
    };
    let members = match form.name {
        "header" => vec![("text", object("plain_text", read("header", Role::plain("header"))??))],
        "button" => {
            let label = read("button", Role::plain("button"))?;
            let url = read("url", Role::url("url"))?;
            let style = read("style", Role::plain("style"));
            let mut members = vec![("text", object("plain_text", label?)), ("url", url?)];
            if let Some(style) = style {
                members.push(("style", style?));
            }
            members
        }
        "image" => {
            let url = read("image", Role::url("image"))?;
            let alt = read("alt", Role::plain("alt"))?;
            vec![("image_url", url?), ("alt_text", alt?)]
        }
        "context" => vec![("elements", texts(of("context")?, "context", scope, reader)?)],
        _ => {
            let text = read("section", Role::mrkdwn("section"));
            let fields = of("fields").map(|node| fields(node, scope, reader));
            let mut members = Vec::new();
            if let Some(text) = text {
                members.push(("text", object("mrkdwn", text?)));
            }
            if let Some(fields) = fields {
                members.push(("fields", fields?));
            }
            members
        }
    };
    let kind = if form.name == "fields" { "section" } else { form.name };
    is_valid.then(|| typed(kind, at, members))
}

/// Returns an object with a type.
pub fn typed(kind: &str, at: usize, members: Vec<(&'static str, Part)>) -> Part {
    let kind = Part { at, content: Content::Constant(Json::from(kind)) };
    let members = std::iter::once(("type", kind)).chain(members);
    let members = members.map(|(name, part)| (name.into(), part)).collect();
    Part { at, content: Content::Object(members) }
}

/// Returns a text object.
fn object(kind: &str, text: Part) -> Part {
    typed(kind, text.at, vec![("text", text)])
}

/// Reads a text, or a list of texts and elements.
fn texts(node: &Node, key: &str, scope: &Scope, reader: &mut Reader<'_>) -> Option<Part> {
    let entries = match &node.value {
        Value::List(nodes) => slack_json::entries(nodes, scope, reader, &|node, scope, reader| {
            item(node, key, scope, reader)
        })?,
        _ => {
            let part = object("mrkdwn", text::filled(node, Role::mrkdwn(key), scope, reader)?);
            vec![Entry { each: None, condition: None, part }]
        }
    };
    Some(Part { at: node.written.start, content: Content::List(entries) })
}

/// Reads the list of a section's fields.
fn fields(node: &Node, scope: &Scope, reader: &mut Reader<'_>) -> Option<Part> {
    if !matches!(node.value, Value::List(_)) {
        reader.wrong_type(node, "fields", "a list");
        return None;
    }
    texts(node, "fields", scope, reader)
}

/// Reads a text, or an element in Slack's JSON.
fn item(node: &Node, key: &str, scope: &Scope, reader: &mut Reader<'_>) -> Option<Part> {
    match &node.value {
        Value::Map(_) => slack_json::value(node, Role::mrkdwn(key), scope, reader),
        _ => Some(object("mrkdwn", text::filled(node, Role::mrkdwn(key), scope, reader)?)),
    }
}

/// Reports the keys that a form does not have, and those that it lacks.
fn check_keys(form: &Form, entries: &Entries<'_>, at: usize, reader: &mut Reader<'_>) -> bool {
    let known: Vec<&str> =
        std::iter::once(form.name).chain(form.keys.iter().copied()).chain(CONTROL).collect();
    let mut is_valid = true;
    let name = form.name;
    // `as` and `limit` are still there where no `for_each` is.
    let is_wrong = |key: &str| !known.contains(&key) || matches!(key, "as" | "limit");
    for (key, _) in entries.iter().filter(|(key, _)| is_wrong(&key.value)) {
        is_valid = false;
        let key_name = key.value.as_str();
        let message = format!("unknown key `{}` of the block `{name}`", quotable(key_name));
        let is_form = FORMS.iter().any(|form| form.name == key_name);
        let help = match nearest(key_name, &known) {
            _ if matches!(key_name, "as" | "limit") => {
                format!("`{key_name}` belongs to `for_each`")
            }
            _ if is_form => format!("start another block with it: `- {key_name}: …`"),
            Some(near) if get(entries, near).is_none() => format!("did you mean `{near}`?"),
            _ => {
                format!("known here: {}; for others, write Slack's JSON with `type`", list(&known))
            }
        };
        reader.error(&key.at, message, help);
    }
    for (key, what) in form.required {
        if get(entries, key).is_none() {
            is_valid = false;
            let misspelt = entries.iter().any(|(name, _)| nearest(&name.value, &[key]).is_some());
            if !misspelt {
                let message = format!("the block `{name}` has no `{key}`");
                reader.error(at, message, format!("add `{key}:`, {what}"));
            }
        }
    }
    is_valid
}

/// Reports a block of no known form.
fn refuse(entries: &Entries<'_>, at: usize, reader: &mut Reader<'_>) {
    let names = FORMS.map(|form| form.name);
    let near = entries.iter().find_map(|(name, _)| Some((name, nearest(&name.value, &names)?)));
    if let Some((name, near)) = near {
        let message = format!("unknown block `{}`", quotable(&name.value));
        reader.error(&name.at, message, format!("did you mean `{near}`?"));
        return;
    }
    let help = match get(entries, "divider") {
        Some(_) => {
            "write `- divider`, or `{ type: divider, if: … }` for a conditional one".to_owned()
        }
        None => format!("write one of {}, `divider`, or Slack's JSON with `type`", list(&names)),
    };
    reader.error(at, "the block has no `type`", help);
}

/// Returns the block that neighbouring buttons share.
pub fn buttons(at: usize, entries: Vec<Entry>) -> Part {
    let elements = Part { at, content: Content::List(entries) };
    typed("actions", at, vec![("elements", elements)])
}

/// Returns the block of `- divider`.
pub fn divider(at: usize) -> Part {
    Part { at, content: Content::Constant(json!({ "type": "divider" })) }
}
