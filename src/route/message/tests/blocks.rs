//! Blocks: their payload, their escapes, and Slack's limits whatever the event is.
#![allow(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::block_kit::validate;
use crate::config::fixture::checked;

/// An action with these keys in flow style.
fn with(keys: &str) -> Action {
    let text = format!(
        "kafka: {{brokers: k, group_id: g, topics: [events]}}\n\
         webhooks: {{w: {{url: 'https://chat.example/hooks/x'}}}}\n\
         actions:\n- name: a\n  trigger: a\n  webhook: w\n  message: \"m {{{{a}}}}\"\n{keys}"
    );
    checked(&text).actions.remove(0)
}

fn blocks(keys: &str, event: &Json) -> Json {
    posted(&with(keys), event)["blocks"].clone()
}

fn posted(action: &Action, event: &Json) -> Json {
    serde_json::from_str(&payload(action, &event.to_string())).unwrap()
}

fn mrkdwn(text: &str) -> Json {
    json!({ "type": "mrkdwn", "text": text })
}

const ALL: &str = r#"
  color: "{{color}}"
  blocks:
    - header: "Order {{a}}"
    - { section: "*{{a}}*", fields: ["*Plan*\n{{b}}", { if: c, item: "{{c}}" }] }
    - fields: [{ for_each: list, as: x, limit: 2, item: "{{x}} {{forloop.index}}" }]
    - { if: c, context: "{{c}}" }
    - { for_each: list, as: x, if: "x != 'no'", section: "• {{x}}" }
    - { button: "Open {{a}}", url: "https://x.example/{{a}}", style: primary }
    - { if: c, button: More, url: "{{c}}" }
    - divider
    - { image: "https://x.example/{{a}}.png", alt: "{{b}}" }
    - type: table
      rows:
        - [{ type: raw_text, text: Item }]
        - { for_each: list, item: [{ type: raw_text, text: "{{item}}" }] }
"#;

#[test]
fn short_forms_are_slacks_json() {
    let event = json!({ "a": "<A&B>", "b": "<p>", "list": ["1", "no", "3"], "color": " good " });
    let posted = posted(&with(ALL), &event);
    let plain = |text: &str| json!({ "type": "plain_text", "text": text });
    let raw = |text: &str| json!([{ "type": "raw_text", "text": text }]);
    let section = |text: &str| json!({ "type": "section", "text": mrkdwn(text) });
    assert_eq!(
        posted,
        json!({ "attachments": [{
            "color": "good",
            "fallback": "m &lt;A&amp;B&gt;",
            "blocks": [
                { "type": "header", "text": plain("Order <A&B>") },
                {
                    "type": "section",
                    "text": mrkdwn("*&lt;A&amp;B&gt;*"),
                    "fields": [mrkdwn("*Plan*\n&lt;p&gt;")],
                },
                { "type": "section", "fields": [mrkdwn("1 1"), mrkdwn("no 2")] },
                section("• 1"),
                section("• 3"),
                { "type": "actions", "elements": [{
                    "type": "button",
                    "text": plain("Open <A&B>"),
                    "url": "https://x.example/%3CA&B%3E",
                    "style": "primary",
                }] },
                { "type": "divider" },
                {
                    "type": "image",
                    "image_url": "https://x.example/%3CA&B%3E.png",
                    "alt_text": "<p>",
                },
                { "type": "table", "rows": [raw("Item"), raw("1"), raw("no"), raw("3")] },
            ],
        }] })
    );
}

#[test]
fn a_color_that_slack_does_not_know_is_left_out() {
    let action = with("  color: '{{color}}'\n  blocks: [{section: '{{a}}'}]\n");
    let section = json!([{ "type": "section", "text": mrkdwn("x") }]);
    for color in ["", "red", "#12", "#zzz"] {
        let posted = posted(&action, &json!({ "a": "x", "color": color }));
        assert_eq!(posted, json!({ "text": "m x", "blocks": section }), "{color}");
    }
    let posted = posted(&action, &json!({ "a": "x", "color": "#aBc" }));
    assert_eq!(posted["attachments"][0]["color"], "#aBc");
}

#[test]
fn without_a_block_the_message_alone_is_posted() {
    let action = with("  color: good\n  blocks: [{section: '{{b}}'}, {if: b, header: x}]\n");
    assert_eq!(posted(&action, &json!({ "a": "x" })), json!({ "text": "m x" }));
}

#[test]
fn loops_hide_the_events_fields_and_take_objects() {
    let keys = "  blocks:\n    - {for_each: b, as: a, section: '{{a[0]}}={{a[1]}} {{$.a}} {{forloop.last}}'}\n";
    let found = blocks(keys, &json!({ "a": "x", "b": { "k": 1, "l": 2 } }));
    let texts: Vec<_> =
        found.as_array().unwrap().iter().map(|block| &block["text"]["text"]).collect();
    assert_eq!(texts, ["k=1 x false", "l=2 x true"]);
    assert_eq!(blocks(keys, &json!({ "a": "x", "b": [] })), Json::Null);
    let mut failed = 0;
    let action = with(keys);
    let record = record(0, br#"{"a":"x","b":5}"#);
    let event = Event::parse(&record).unwrap();
    let message = render_for(&action, &event, &mut |_, _| failed += 1).unwrap();
    assert_eq!((failed, message.truncated.names()), (1, vec![]));
}

#[test]
fn a_long_list_is_counted_to_its_end() {
    let keys = "  blocks:\n    - {for_each: list, section: '{{item}}'}\n";
    for (count, more) in [(50, None), (51, Some(2)), (5_000, Some(4_951)), (20_000, Some(19_951))] {
        let event = json!({ "a": "x", "list": vec!["y"; count] });
        let action = with(keys);
        let found = posted(&action, &event)["blocks"].as_array().unwrap().clone();
        assert_eq!(found.len(), 50, "{count}");
        let last = more.map_or("y".to_owned(), |more| format!("… {more} more"));
        assert!(found[49].to_string().contains(&last), "{count} {}", found[49]);
        let truncated = of(&action, &event.to_string()).unwrap().truncated.names();
        let rounds = count > 10_000;
        assert_eq!(truncated.contains(&"rounds"), rounds, "{truncated:?}");
        assert_eq!(truncated.contains(&"blocks"), more.is_some(), "{truncated:?}");
    }
    let limited = "  blocks:\n    - {for_each: list, limit: 3, section: '{{item}}'}\n";
    let action = with(limited);
    let event = json!({ "a": "x", "list": vec!["y"; 500] });
    assert_eq!(posted(&action, &event)["blocks"].as_array().unwrap().len(), 3);
    assert!(of(&action, &event.to_string()).unwrap().truncated.is_empty());
}

/// Values of every length around the limits.
fn value() -> impl Strategy<Value = Json> {
    let text = ("[a <>&|*\n\"é@#]{0,6}", prop_oneof![0usize..3, 20usize..900])
        .prop_map(|(text, count)| json!(text.repeat(count)));
    let leaf = prop_oneof![
        text,
        Just(Json::Null),
        any::<i32>().prop_map(Json::from),
        Just(json!("https://x.example/a b")),
        Just(json!("good")),
    ];
    leaf.prop_recursive(2, 40, 10, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), 1usize..60).prop_map(|(list, times)| {
                Json::Array(list.iter().cycle().take(list.len() * times).cloned().collect())
            }),
            inner.prop_map(|value| json!({ "k": value })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_payload_is_within_slacks_limits_whatever_the_event_is(
        (a, b, c, list) in (value(), value(), value(), value()),
        color in prop_oneof![Just("good"), Just("x")],
    ) {
        let event = json!({ "a": a, "b": b, "c": c, "list": list, "color": color });
        let action = with(ALL);
        if let Ok(message) = of(&action, &event.to_string()) {
            let payload: Json = serde_json::from_slice(&message.payload).unwrap();
            let faults = validate::message(&payload["blocks"], &payload["attachments"]);
            prop_assert!(faults.is_empty(), "{faults:?} {payload}");
            prop_assert!(payload["text"].is_string() != payload["attachments"].is_array());
        }
    }
}
