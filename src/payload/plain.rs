//! The plain message in place of one whose blocks were refused: its text, channel, user and icon.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The starts of the members that hold blocks. Inside a text, quotes have a backslash before them.
const BLOCKS: [&[u8]; 2] = [br#""blocks":["#, br#""attachments":["#];

/// What else a plain message keeps, in the order of a payload.
const KEPT: [&str; 4] = ["channel", "username", "icon_url", "icon_emoji"];

/// What is read of an attachment.
#[derive(Deserialize)]
struct Attachment<'a> {
    #[serde(borrow)]
    fallback: &'a RawValue,
}

/// Whether a payload has blocks or attachments.
#[must_use]
pub fn has_blocks(payload: &[u8]) -> bool {
    BLOCKS.iter().any(|start| payload.windows(start.len()).any(|part| part == *start))
}

/// Returns the payload with nothing but text, channel, user and icon. The text of a message with a
/// colour is its attachment's `fallback`. `None`: it has no blocks, or no text.
#[must_use]
pub fn plain(payload: &[u8]) -> Option<Vec<u8>> {
    if !has_blocks(payload) {
        return None;
    }
    let members: BTreeMap<&str, &RawValue> = serde_json::from_slice(payload).ok()?;
    let text = match members.get("text") {
        Some(text) => text.get(),
        None => {
            let attachments: Vec<Attachment<'_>> =
                serde_json::from_str(members.get("attachments")?.get()).ok()?;
            attachments.first()?.fallback.get()
        }
    };
    let mut plain = format!(r#"{{"text":{text}"#);
    for key in KEPT {
        if let Some(value) = members.get(key) {
            plain.push_str(&format!(r#","{key}":{}"#, value.get()));
        }
    }
    plain.push('}');
    Some(plain.into_bytes())
}
