//! The text of a `rich_text` block.

use serde_json::Value;

use crate::block_kit::type_of;

/// Returns the text of a rich text, a line for each section and list item.
pub fn flatten(block: &Value) -> String {
    let mut text = String::new();
    for part in parts(block) {
        let items = match type_of(part) {
            "rich_text_list" => parts(part),
            _ => std::slice::from_ref(part),
        };
        for item in items {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            if type_of(part) == "rich_text_list" {
                text.push_str("• ");
            }
            parts(item).iter().for_each(|leaf| text.push_str(&shown(leaf)));
        }
    }
    text
}

fn parts(value: &Value) -> &[Value] {
    value["elements"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn shown(leaf: &Value) -> String {
    let string = |name: &str| leaf[name].as_str();
    match type_of(leaf) {
        "emoji" => format!(":{}:", string("name").unwrap_or_default()),
        "user" => format!("@{}", string("user_id").unwrap_or_default()),
        "channel" => format!("#{}", string("channel_id").unwrap_or_default()),
        "usergroup" => format!("@{}", string("usergroup_id").unwrap_or_default()),
        "broadcast" => format!("@{}", string("range").unwrap_or_default()),
        _ => string("text").or(string("url")).unwrap_or_default().to_owned(),
    }
}
