//! The JSON Schema of blocks: the short forms, and objects with a `type`.

use serde_json::{Map, Value as Json, json};

use crate::block_kit::shapes::BLOCKS;

/// Returns the schema of the key `blocks`.
pub fn blocks() -> Json {
    let entry = |item: Json| {
        object(json!({ "item": item }), &["item"], "An entry that is conditional or repeated.")
    };
    let text = json!({ "type": "string", "minLength": 1 });
    let element = json!({ "type": "object", "required": ["type"] });
    let texts = json!({
        "type": "array",
        "minItems": 1,
        "items": { "anyOf": [text, entry(json!({})), element] },
    });
    let names: Vec<&str> = BLOCKS.iter().map(|shape| shape.name).collect();
    let forms = [
        json!({ "const": "divider", "description": "A line." }),
        object(json!({ "header": text }), &["header"], "A title in plain text."),
        object(json!({ "section": text, "fields": texts }), &["section"], "A text."),
        object(json!({ "fields": texts }), &["fields"], "Texts in two columns."),
        object(
            json!({ "context": { "anyOf": [text, texts] } }),
            &["context"],
            "A small text, or several.",
        ),
        object(
            json!({ "button": text, "url": text, "style": text }),
            &["button", "url"],
            "A button with a link. Neighbours share a block.",
        ),
        object(json!({ "image": text, "alt": text }), &["image", "alt"], "A picture by its URL."),
        json!({
            "description": "A block in Slack's own JSON, with variables in its texts.",
            "type": "object",
            "properties": {
                "type": { "anyOf": [{ "enum": names }, { "type": "string", "minLength": 1 }] },
            },
            "required": ["type"],
        }),
    ];
    json!({ "type": "array", "minItems": 1, "items": { "anyOf": forms } })
}

/// Returns the schema of an object with these members, and those of every block.
fn object(members: Json, required: &[&str], description: &str) -> Json {
    let mut properties = members.as_object().cloned().unwrap_or_default();
    let control: Map<String, Json> = Map::from_iter([
        (
            "if".to_owned(),
            json!({ "type": "string", "description": "An expression: the block is shown where it is true." }),
        ),
        (
            "for_each".to_owned(),
            json!({ "type": "string", "description": "An expression: the block is shown for each element of the list." }),
        ),
        (
            "as".to_owned(),
            json!({ "type": "string", "default": "item", "description": "The name of the element." }),
        ),
        (
            "limit".to_owned(),
            json!({ "type": "integer", "minimum": 1, "maximum": 100, "description": "The most elements." }),
        ),
    ]);
    properties.extend(control);
    json!({
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
