//! What stands for things that are not shown: `… N more`.

use serde_json::{Value, json};

/// Returns the text in place of `count` things.
pub fn text(count: usize) -> String {
    format!("… {count} more")
}

/// Returns it as a text object: a field, or an element of a context block.
pub fn object(count: usize) -> Value {
    json!({ "type": "mrkdwn", "text": text(count) })
}

/// Returns it as a block.
pub fn block(count: usize) -> Value {
    json!({ "type": "context", "elements": [object(count)] })
}
