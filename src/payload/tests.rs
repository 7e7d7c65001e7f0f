//! Payloads of parts, and plain ones.

use serde_json::{Value, json};

use super::*;

fn texts(payload: &str) -> Option<Vec<Value>> {
    let read = |part: &Bytes| serde_json::from_slice(part).unwrap();
    parts(payload.as_bytes()).map(|parts| parts.iter().map(read).collect())
}

#[test]
fn each_part_has_the_other_members() {
    let text = format!("\"é\\{}", "a".repeat(8_000));
    let payload = format!(
        r##"{{"text":{},"channel":"#x","username":"A \"text\":","unfurl_links":false}}"##,
        json!(text)
    );
    let parts = texts(&payload).unwrap();
    assert_eq!(parts.len(), 3);
    let whole: String = parts.iter().map(|part| part["text"].as_str().unwrap()).collect();
    assert_eq!(whole, text);
    for mut part in parts {
        part["text"] = json!(text);
        assert_eq!(part, serde_json::from_str::<Value>(&payload).unwrap());
    }
}

#[test]
fn a_short_text_and_what_is_not_a_payload_has_no_parts() {
    let long = "a".repeat(5_000);
    for payload in [
        r#"{"text":"x"}"#.to_owned(),
        json!({ "text": "é".repeat(4_000) }).to_string(),
        json!({ "attachments": [{ "fallback": long }] }).to_string(),
        format!(r#"{{"text":"{long}"#),
        format!(r#"{{"text":5,"x":"{long}"}}"#),
        long,
    ] {
        assert_eq!(texts(&payload), None, "{}", payload.len());
    }
}

/// Its only part has less: the white space at its end.
#[test]
fn a_text_of_one_part_after_the_cut_is_one_payload() {
    let payload = json!({ "text": format!("a{}", " ".repeat(5_000)) }).to_string();
    assert_eq!(texts(&payload), Some(vec![json!({ "text": "a" })]));
}

#[test]
fn a_plain_message_has_text_channel_user_and_icon() {
    for (payload, expected) in [
        (
            json!({ "text": "a \"b\"", "blocks": [{ "type": "divider" }], "username": "U", "icon_emoji": ":x:", "unfurl_links": false }),
            Some(json!({ "text": "a \"b\"", "username": "U", "icon_emoji": ":x:" })),
        ),
        (
            json!({ "attachments": [{ "color": "good", "fallback": "f", "blocks": [] }], "channel": "#c", "icon_url": "u" }),
            Some(json!({ "text": "f", "channel": "#c", "icon_url": "u" })),
        ),
        (json!({ "text": "\"blocks\":[" }), None),
        (json!({ "attachments": [{ "blocks": [] }] }), None),
        (json!({ "attachments": [] }), None),
    ] {
        let found = plain(payload.to_string().as_bytes());
        let found: Option<Value> = found.map(|plain| serde_json::from_slice(&plain).unwrap());
        assert_eq!(found, expected, "{payload}");
    }
}
