//! What Slack refuses, with the place and the word.

use super::*;

/// The faults of blocks: pointer, word and Slack's message.
fn faults(blocks: &Value) -> Vec<(String, &'static str, String)> {
    let faults = validate::blocks(blocks);
    faults.into_iter().map(|fault| (fault.pointer, fault.word, fault.problem.message())).collect()
}

fn expect(blocks: &Value, pointer: &str, message: &str) {
    let expected = (pointer.to_owned(), "invalid_blocks", message.to_owned());
    assert_eq!(faults(blocks), [expected], "{blocks}");
}

#[test]
fn each_limit_has_its_place_and_message() {
    let text = |kind: &str, count: usize| json!({ "type": kind, "text": "x".repeat(count) });
    let button = |text: Value, url: &str| json!([{ "type": "actions", "elements": [{ "type": "button", "text": text, "url": url }] }]);
    let open = text("plain_text", 4);
    for (blocks, pointer, message) in [
        (
            json!([{ "type": "header", "text": text("plain_text", 151) }]),
            "/0/text/text",
            "must be less than 151 characters",
        ),
        (
            json!([{ "type": "header", "text": text("mrkdwn", 1) }]),
            "/0/text/type",
            "unsupported type: mrkdwn",
        ),
        (json!([{ "type": "header" }]), "/0", "missing required field: text"),
        (json!([{ "type": "section" }]), "/0", "missing required field: text"),
        (
            json!([{ "type": "section", "text": text("mrkdwn", 3_001) }]),
            "/0/text/text",
            "must be less than 3001 characters",
        ),
        (
            json!([{ "type": "section", "text": text("mrkdwn", 0) }]),
            "/0/text/text",
            "must be more than 0 characters",
        ),
        (json!([{ "type": "section", "text": "x" }]), "/0/text", "must be of type object"),
        (
            json!([{ "type": "section", "fields": vec![text("mrkdwn", 1); 11] }]),
            "/0/fields",
            "no more than 10 items allowed",
        ),
        (
            json!([{ "type": "section", "fields": [text("mrkdwn", 2_001)] }]),
            "/0/fields/0/text",
            "must be less than 2001 characters",
        ),
        (
            json!([{ "type": "context", "elements": [] }]),
            "/0/elements",
            "no less than 1 items allowed",
        ),
        (
            json!([{ "type": "context", "elements": vec![open.clone(); 11] }]),
            "/0/elements",
            "no more than 10 items allowed",
        ),
        (
            button(text("plain_text", 76), "https://x.example"),
            "/0/elements/0/text/text",
            "must be less than 76 characters",
        ),
        (button(open.clone(), "ftp://x.example"), "/0/elements/0/url", "must be a valid URL"),
        (
            button(open.clone(), &format!("https://{}", "x".repeat(3_000))),
            "/0/elements/0/url",
            "must be less than 3001 characters",
        ),
        (
            json!([{ "type": "image", "image_url": "https://x.example" }]),
            "/0",
            "missing required field: alt_text",
        ),
        (json!([{ "type": "image", "alt_text": "a" }]), "/0", "missing required field: image_url"),
        (
            json!([{ "type": "divider", "block_id": "x".repeat(256) }]),
            "/0/block_id",
            "must be less than 256 characters",
        ),
        (
            json!([{ "type": "divider", "block_id": "a" }, { "type": "divider", "block_id": "a" }]),
            "/1/block_id",
            "must be unique",
        ),
        (
            json!([{ "type": "table", "rows": vec![[json!(null)]; 101] }]),
            "/0/rows",
            "no more than 100 items allowed",
        ),
        (
            json!([{ "type": "table", "rows": [vec![json!(null); 21]] }]),
            "/0/rows/0",
            "no more than 20 items allowed",
        ),
        (
            json!([{ "type": "table", "rows": [[{ "type": "raw_text", "text": "" }]] }]),
            "/0/rows/0/0/text",
            "must be more than 0 characters",
        ),
        (
            json!([{ "type": "data_table", "caption": "c", "rows": [[null]] }]),
            "/0/rows",
            "no less than 2 items allowed",
        ),
        (json!([{ "type": "timeline" }]), "/0/type", "unsupported type: timeline"),
        (json!([{}]), "/0", "missing required field: type"),
        (Value::Array(vec![json!({ "type": "divider" }); 51]), "", "no more than 50 items allowed"),
    ] {
        expect(&blocks, pointer, message);
    }
}

#[test]
fn a_message_is_refused_with_its_word() {
    let section =
        json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x".repeat(2_400) } });
    let bad = json!([{ "type": "header" }]);
    for (message, pointer, word) in [
        (json!({ "blocks": vec![section.clone(); 4] }), "/blocks", "msg_blocks_too_long"),
        (json!({ "blocks": [1] }), "/blocks", "invalid_blocks_format"),
        (json!({ "blocks": "[]" }), "/blocks", "invalid_blocks_format"),
        (json!({ "blocks": bad }), "/blocks/0", "invalid_blocks"),
        (
            json!({ "attachments": [{ "color": "good", "blocks": bad }] }),
            "/attachments/0/blocks/0",
            "invalid_attachments",
        ),
        (json!({ "attachments": vec![json!({}); 101] }), "/attachments", "too_many_attachments"),
        (json!({ "attachments": [1] }), "/attachments/0", "invalid_attachments"),
    ] {
        let faults = validate::message(&message["blocks"], &message["attachments"]);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!((faults[0].pointer.as_str(), faults[0].word), (pointer, word));
    }
    let fault = validate::message(&bad, &Value::Null).remove(0);
    assert_eq!(fault.line(), "[ERROR] missing required field: text [json-pointer:/blocks/0]");
    assert_eq!(fault.problem.constraint(), json!({ "type": "required", "expected": ["text"] }));
}

#[test]
fn faults_are_bounded() {
    assert_eq!(validate::blocks(&Value::Array(vec![json!({}); 1_000])).len(), 50);
}

#[test]
fn every_type_of_2026_is_known() {
    for name in super::super::shapes::BLOCKS.iter().map(|shape| shape.name) {
        assert_eq!(block(name).map(|shape| shape.name), Some(name));
        assert_eq!(type_of(&json!({ "type": name })), name);
    }
    assert_eq!(super::super::shapes::BLOCKS.len(), 21);
}
