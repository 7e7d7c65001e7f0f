//! The JSON Schema of the configuration, for editors, from the tables of keys.

use serde_json::{Map, Value as Json, json};

use super::file::{EXTENSION, File};
use super::section::{Document, Table};

/// Returns the schema as `deploy/slackline.schema.json` holds it, with a line break at its end.
///
/// # Errors
/// None in practice: it is JSON already.
pub fn json() -> Result<String, serde_json::Error> {
    let root = File::document();
    let mut definitions = Map::new();
    define(&root, &mut definitions);
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
    schema.insert("title".to_owned(), "slackline".into());
    schema.extend(section(&root).as_object().cloned().into_iter().flatten());
    schema.insert("patternProperties".to_owned(), json!({ format!("^{EXTENSION}"): {} }));
    schema.insert("definitions".to_owned(), definitions.into());
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}

/// Adds the sections inside `document`.
fn define(document: &Document, definitions: &mut Map<String, Json>) {
    for inner in document.keys.iter().filter_map(|key| key.section.as_ref()) {
        definitions.insert(inner.name.to_owned(), section(inner));
        define(inner, definitions);
    }
}

fn section(document: &Document) -> Json {
    let keys = &document.keys;
    let properties: Map<String, Json> =
        keys.iter().map(|key| (key.name.to_owned(), key.schema.clone().into())).collect();
    let required: Vec<&str> =
        keys.iter().filter(|key| key.is_required).map(|key| key.name).collect();
    let mut schema = json!({
        "description": document.about,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    if !document.one_of.is_empty() {
        let one_of = document.one_of.iter().map(|key| json!({ "required": [key] }));
        schema["oneOf"] = one_of.collect();
    }
    schema
}
