//! Whatever the blocks contain, the fitted ones are valid.

use super::*;

/// Texts of every length around the limits, with markup, entities and links.
fn text() -> impl Strategy<Value = Value> {
    let piece = prop_oneof![
        Just("word ".to_owned()),
        Just("&amp;".to_owned()),
        Just("<https://x.example/a|a b>".to_owned()),
        Just("<@U123>".to_owned()),
        Just("👩\u{200D}💻".to_owned()),
        Just("é".to_owned()),
        Just("\u{0}".to_owned()),
        "[ -~]{0,9}",
    ];
    let count = prop_oneof![
        8 => 0usize..4,
        2 => 10usize..40,
        1 => 70usize..80,
        1 => 140usize..160,
        1 => 1_990usize..3_100,
    ];
    (piece, count).prop_map(|(piece, count)| json!(piece.repeat(count)))
}

fn text_object() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![Just("mrkdwn"), Just("plain_text"), Just("other")];
    (kind, text()).prop_map(|(kind, text)| json!({ "type": kind, "text": text }))
}

fn leaf() -> impl Strategy<Value = Value> {
    let url = prop_oneof![
        Just(json!("https://x.example/1")),
        Just(json!("mailto:a@b")),
        Just(json!("http://")),
        (1usize..4_000).prop_map(|count| json!(format!("HTTPS://x/{}", "a".repeat(count)))),
    ];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text(),
        text_object(),
        url,
        Just(json!("primary")),
        (0usize..300).prop_map(|count| json!("i".repeat(count))),
    ]
}

const NAMES: [&str; 20] = [
    "text",
    "fields",
    "elements",
    "accessory",
    "image_url",
    "alt_text",
    "title",
    "rows",
    "caption",
    "child_blocks",
    "block_id",
    "action_id",
    "url",
    "style",
    "value",
    "actions",
    "label",
    "level",
    "hero_image",
    "fallback",
];

const KINDS: [&str; 32] = [
    "actions",
    "alert",
    "card",
    "carousel",
    "container",
    "context",
    "context_actions",
    "data_table",
    "data_visualization",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "markdown",
    "plan",
    "rich_text",
    "section",
    "table",
    "task_card",
    "video",
    "button",
    "raw_text",
    "raw_number",
    "rich_text_section",
    "rich_text_list",
    "text",
    "link",
    "mrkdwn",
    "plain_text",
    "unknown",
    "",
];

/// Objects with the names that blocks have, nested and repeated.
fn object() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(6, 200, 12, |inner| {
        let members =
            prop::collection::vec((prop::sample::select(&NAMES[..]), inner.clone()), 0..6);
        let object = (prop::sample::select(&KINDS[..]), members).prop_map(|(kind, members)| {
            let mut object = json!({ "type": kind });
            for (name, value) in members {
                object[name] = value;
            }
            object
        });
        let repeated = (inner.clone(), prop_oneof![0usize..3, 8usize..30, 90usize..110])
            .prop_map(|(item, count)| Value::Array(vec![item; count]));
        let several = prop::collection::vec(inner, 0..4).prop_map(Value::Array);
        prop_oneof![4 => object, 1 => repeated, 1 => several]
    })
}

/// Blocks that are nearly right.
fn near() -> impl Strategy<Value = Value> {
    let button = (text_object(), leaf())
        .prop_map(|(text, url)| json!({ "type": "button", "text": text, "url": url }));
    let image = (leaf(), leaf())
        .prop_map(|(url, alt)| json!({ "type": "image", "image_url": url, "alt_text": alt }))
        .boxed();
    let cell = prop_oneof![
        text().prop_map(|text| json!({ "type": "raw_text", "text": text })),
        text().prop_map(|text| json!({ "type": "raw_number", "value": text })),
        Just(json!({ "type": "raw_number", "value": "12.50" })),
        Just(Value::Null),
    ];
    let row = prop::collection::vec(cell, 0..23).prop_map(Value::Array);
    prop_oneof![
        text_object().prop_map(|text| json!({ "type": "header", "text": text })),
        (text_object(), prop::collection::vec(text_object(), 0..14), leaf()).prop_map(
            |(text, fields, accessory)| json!({ "type": "section", "text": text, "fields": fields, "accessory": accessory })
        ),
        prop::collection::vec(prop_oneof![text_object(), image.clone()], 0..14)
            .prop_map(|elements| json!({ "type": "context", "elements": elements })),
        (prop::collection::vec(button, 0..3), 0usize..40).prop_map(|(buttons, times)| {
            let elements = buttons.iter().cycle().take(buttons.len() * times).cloned();
            json!({ "type": "actions", "block_id": "same", "elements": elements.collect::<Vec<_>>() })
        }),
        image,
        text().prop_map(|text| json!({ "type": "markdown", "text": text })),
        (prop::collection::vec(row, 0..5), 1usize..40, any::<bool>()).prop_map(
            |(rows, times, data)| {
                let rows: Vec<_> = rows.iter().cycle().take(rows.len() * times).cloned().collect();
                let kind = if data { "data_table" } else { "table" };
                json!({ "type": kind, "caption": "c", "rows": rows })
            }
        ),
        object(),
    ]
}

fn blocks() -> impl Strategy<Value = Vec<Value>> {
    let times = prop_oneof![3 => Just(1usize), 1 => 2usize..20];
    (prop::collection::vec(near(), 0..6), times).prop_map(|(blocks, times)| {
        blocks.iter().cycle().take(blocks.len() * times).cloned().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn fitted_blocks_are_valid_and_stay_the_same(blocks in blocks()) {
        let fitted = fit(blocks);
        let faults = validate::blocks(&Value::Array(fitted.blocks.clone()));
        let unknown = |problem: &Problem| matches!(problem, Problem::UnknownType { expected: [], .. });
        let known: Vec<_> = faults.iter().filter(|fault| !unknown(&fault.problem)).collect();
        prop_assert!(known.is_empty(), "{known:?} in {:?}", fitted.blocks);
        let _ = show::lines(&fitted.blocks);
        let again = fit(fitted.blocks.clone());
        prop_assert_eq!(again.cuts, Cuts::default());
        prop_assert_eq!(again.blocks, fitted.blocks);
    }

    #[test]
    fn a_validator_and_a_terminal_take_any_json(value in object()) {
        let _ = validate::blocks(&value);
        let _ = validate::message(&value, &json!([{ "blocks": value }]));
        let _ = show::lines(std::slice::from_ref(&value));
    }

    #[test]
    fn a_cut_text_is_short_and_its_markup_whole(text in "([a-z ]{0,9}|<[a-z|]{1,12}>|&amp;|&lt;|é|https://x\\.y/[a-z]{0,9} ){0,12}", limit in 1usize..60, markup: bool) {
        match cut(&text, limit, markup) {
            None => prop_assert!(characters(&text) <= limit),
            Some(short) => {
                prop_assert!(characters(&text) > limit && characters(&short) <= limit);
                let kept = short.strip_suffix('…').unwrap();
                prop_assert!(text.starts_with(kept) && kept.trim_end() == kept);
                if markup {
                    prop_assert_eq!(kept.matches('<').count(), kept.matches('>').count());
                    prop_assert_eq!(kept.matches('&').count(), kept.matches(';').count());
                }
            }
        }
    }
}
