//! The note that things are not shown: `… N more`.

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

/// Removes the marks of things that were not rendered, null for one and a number for several,
/// and returns how many they are.
pub fn take_unrendered(items: &mut Vec<Value>) -> usize {
    let mut count = 0;
    items.retain(|item| match item {
        Value::Null => {
            count += 1;
            false
        }
        Value::Number(several) => {
            let several = several.as_u64().and_then(|several| usize::try_from(several).ok());
            count += several.unwrap_or(0).min(u32::MAX as usize);
            false
        }
        _ => true,
    });
    count
}
