//! The reference of every key, for `docs/configuration.md`, from the tables of keys.

use serde_json::Value as Json;

use super::file::File;
use super::section::{Document, Key, Table};

/// Returns the tables of all sections as Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::new();
    section("", &File::document(), &mut text);
    text
}

/// Appends the table of one section, and those of the sections inside it.
fn section(path: &str, document: &Document, text: &mut String) {
    let title = if path.is_empty() { "The file".to_owned() } else { format!("`{path}`") };
    *text += &format!("### {title}\n\n{}\n\n", document.about);
    *text += "| key | type | default | reload | meaning |\n| --- | --- | --- | --- | --- |\n";
    for key in &document.keys {
        let reload = match (&key.section, key.options.restart) {
            (Some(_), _) => "",
            (None, true) => "restart",
            (None, false) => "yes",
        };
        *text += &format!(
            "| `{}` | {} | {} | {reload} | {} |\n",
            key.name,
            key.kind,
            default(key, document),
            key.meaning
        );
    }
    *text += "\n";
    for key in &document.keys {
        let Some(inner) = &key.section else { continue };
        let path = if path.is_empty() { String::new() } else { format!("{path}.") };
        let entry = match key.schema.get("type").and_then(Json::as_str) {
            Some("array") => "[]",
            Some("object") => ".NAME",
            _ => "",
        };
        section(&format!("{path}{}{entry}", key.name), inner, text);
    }
}

fn default(key: &Key, document: &Document) -> String {
    match key.schema.get("default") {
        Some(Json::String(text)) => format!("`{text}`"),
        Some(value) => format!("`{value}`"),
        None if key.is_required => "required".to_owned(),
        None if document.one_of.contains(&key.name) => {
            format!("one of {}", super::names::list(document.one_of))
        }
        None => String::new(),
    }
}
