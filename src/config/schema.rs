//! The JSON Schema of the configuration, for editors, from the tables of keys.

use serde_json::{Map, Value as Json, json};

use super::file::File;
use super::section::{Document, Table};

/// Returns the schema as `deploy/slackline.schema.json` holds it, with a line break at its end.
///
/// # Errors
/// None in practice: it is JSON already.
pub fn json() -> Result<String, serde_json::Error> {
    let root = File::document();
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
    schema.insert("title".to_owned(), "slackline".into());
    schema.extend(section(&root));
    let mut definitions = Map::new();
    define(&root, &mut definitions);
    schema.insert("definitions".to_owned(), definitions.into());
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}

/// Adds the sections inside `document`.
fn define(document: &Document, definitions: &mut Map<String, Json>) {
    for inner in document.keys.iter().filter_map(|key| key.section.as_ref()) {
        definitions.insert(inner.name.to_owned(), section(inner).into());
        define(inner, definitions);
    }
}

fn section(document: &Document) -> Map<String, Json> {
    let keys = &document.keys;
    let properties: Map<String, Json> =
        keys.iter().map(|key| (key.name.to_owned(), key.schema.clone().into())).collect();
    let required: Vec<&str> =
        keys.iter().filter(|key| key.is_required).map(|key| key.name).collect();
    let mut schema = Map::new();
    schema.insert("description".to_owned(), document.about.clone().into());
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    schema.insert("additionalProperties".to_owned(), false.into());
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    if !document.one_of.is_empty() {
        let one_of: Vec<Json> =
            document.one_of.iter().map(|key| json!({ "required": [key] })).collect();
        schema.insert("oneOf".to_owned(), one_of.into());
    }
    schema
}
