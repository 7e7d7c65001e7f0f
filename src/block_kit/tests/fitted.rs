//! How each limit is applied.

use super::*;

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

fn more(count: usize) -> Value {
    let text = format!("… {count} more");
    json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": text }] })
}

fn raw(text: &str) -> Value {
    json!({ "type": "raw_text", "text": text })
}

#[test]
fn what_fits_is_unchanged() {
    let blocks = json!([
        { "type": "header", "text": { "type": "plain_text", "text": "Order 1" } },
        { "type": "section", "text": { "type": "mrkdwn", "text": "*a*" }, "fields": [{ "type": "mrkdwn", "text": "b" }], "expand": true },
        { "type": "divider", "block_id": "d" },
        { "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": "Open", "emoji": true }, "url": "https://x.example" }] },
        { "type": "table", "rows": [[raw("a"), raw("b")], [raw("1"), Value::Null]] },
        { "type": "timeline", "text": "" },
    ]);
    let fitted = fit(blocks.as_array().unwrap().clone());
    assert_eq!((json!(fitted.blocks), fitted.cuts), (blocks, Cuts::default()));
}

#[test]
fn what_shows_nothing_is_left_out_and_not_counted() {
    let fitted = fit(vec![
        section(" \n"),
        json!({ "type": "header", "text": { "type": "plain_text", "text": "" } }),
        json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": " " }] }),
        json!({ "type": "section", "text": { "type": "mrkdwn", "text": "" }, "fields": [{ "type": "mrkdwn", "text": "b" }, { "type": "mrkdwn", "text": "" }] }),
        json!({ "type": "image", "image_url": "ftp://x.example/a.png", "alt_text": "a" }),
        json!({ "type": "actions", "elements": [
            { "type": "button", "text": { "type": "plain_text", "text": "Open" }, "url": "" },
            { "type": "button", "text": { "type": "plain_text", "text": " " }, "url": "https://x.example" },
            { "type": "button", "text": { "type": "plain_text", "text": "Approve" }, "action_id": "a" },
        ] }),
        json!({ "type": "divider" }),
    ]);
    assert_eq!(
        json!(fitted.blocks),
        json!([
            { "type": "section", "fields": [{ "type": "mrkdwn", "text": "b" }] },
            { "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": "Approve" }, "action_id": "a" }] },
            { "type": "divider" },
        ])
    );
    assert_eq!(fitted.cuts, Cuts::default());
    assert!(fit(vec![section("")]).blocks.is_empty());
}

#[test]
fn a_text_is_cut_at_the_last_white_space_of_its_last_tenth() {
    assert_eq!(cut("0123456789", 10, true), None);
    assert_eq!(cut("01234567 9x", 10, true).unwrap(), "01234567…");
    assert_eq!(cut("01234567  9x", 10, true).unwrap(), "01234567…");
    assert_eq!(cut("0123456 89x", 10, true).unwrap(), "0123456 8…", "not in the last tenth");
    assert_eq!(cut("éééééééé éé", 10, true).unwrap(), "éééééééé…");
    assert_eq!(cut("a <https://x.example|a b c>", 12, true).unwrap(), "a…");
    assert_eq!(cut("<https://x.example|a b c>", 12, true).unwrap(), "…");
    assert_eq!(cut("<https://x.example|a b c>", 12, false).unwrap(), "<https://x.…");
    assert_eq!(cut("0123456&amp;x", 10, true).unwrap(), "0123456…");
    assert_eq!(cut("0123456&amp;x", 10, false).unwrap(), "0123456&a…");
    assert_eq!(cut("a https://x.example/abc", 12, true).unwrap(), "a…");
    assert_eq!(cut("0123456👩\u{200D}💻89", 10, false).unwrap(), "0123456…");
    let fitted = fit(vec![section(&"word ".repeat(601))]);
    assert!(
        fitted.cuts.block_text
            && fitted.blocks[0]["text"]["text"].as_str().unwrap().ends_with("word…")
    );
}

#[test]
fn the_last_place_of_a_list_says_how_many_are_missing() {
    let texts: Vec<_> =
        (0..13).map(|n| json!({ "type": "mrkdwn", "text": n.to_string() })).collect();
    let rows: Vec<_> = (0..140).map(|n| json!([raw(&n.to_string()), raw("x")])).collect();
    let fitted = fit(vec![
        json!({ "type": "section", "fields": texts }),
        json!({ "type": "context", "elements": texts }),
        json!({ "type": "table", "rows": rows }),
    ]);
    let marker = json!({ "type": "mrkdwn", "text": "… 4 more" });
    assert_eq!(fitted.blocks[0]["fields"].as_array().unwrap().len(), 10);
    assert_eq!(
        (&fitted.blocks[0]["fields"][8]["text"], &fitted.blocks[0]["fields"][9]),
        (&json!("8"), &marker)
    );
    assert_eq!(fitted.blocks[1]["elements"][9], marker);
    assert_eq!(fitted.blocks[2]["rows"].as_array().unwrap().len(), 100);
    assert_eq!(fitted.blocks[2]["rows"][99], json!([raw("… 41 more"), raw(" ")]));
    assert_eq!(fitted.cuts, Cuts { fields: true, rows: true, ..Cuts::default() });

    let fitted = fit((0..70).map(|n| section(&n.to_string())).collect());
    assert_eq!(
        (fitted.blocks.len(), &fitted.blocks[48], &fitted.blocks[49]),
        (50, &section("48"), &more(21))
    );
    assert_eq!(fitted.cuts, Cuts { blocks: true, ..Cuts::default() });
    assert_eq!(fit((0..50).map(|n| section(&n.to_string())).collect()).blocks.len(), 50);
}

#[test]
fn the_26th_button_starts_another_block() {
    let button = |n: usize| json!({ "type": "button", "text": { "type": "plain_text", "text": n.to_string() }, "url": "https://x.example" });
    let buttons: Vec<_> = (0..60).map(button).collect();
    let fitted = fit(vec![json!({ "type": "actions", "block_id": "b", "elements": buttons })]);
    let counts: Vec<_> =
        fitted.blocks.iter().map(|block| block["elements"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [25, 25, 10]);
    assert_eq!(
        (&fitted.blocks[0]["block_id"], fitted.blocks[1].get("block_id")),
        (&json!("b"), None)
    );
    assert_eq!(fitted.cuts, Cuts::default());
}

#[test]
fn a_url_that_is_too_long_takes_its_button_along() {
    let long = format!("https://x.example/{}", "a".repeat(3_000));
    let fitted = fit(vec![
        json!({ "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": "Open" }, "url": long }] }),
        json!({ "type": "image", "image_url": long, "alt_text": "a" }),
    ]);
    assert!(fitted.blocks.is_empty() && fitted.cuts.blocks);
}

#[test]
fn the_total_is_kept_by_removing_small_blocks_and_cutting_large_ones() {
    let text = "x".repeat(2_900);
    let fitted = fit((0..5).map(|_| section(&text)).collect());
    assert_eq!(fitted.blocks, [section(&text), section(&text), section(&text), more(2)]);

    // The first one, and a large one after it.
    let markdown = json!({ "type": "markdown", "text": "y".repeat(11_000) });
    for first in [vec![], vec![section("a")]] {
        let at = first.len();
        let fitted = fit(first.into_iter().chain([markdown.clone(), section("b")]).collect());
        assert_eq!((fitted.blocks.len(), &fitted.blocks[at + 1]), (at + 2, &more(1)));
        let total: usize = fitted.blocks.iter().map(size).sum();
        assert!((MAX_TOTAL - 20..=MAX_TOTAL).contains(&total), "{total}");
        assert_eq!(fitted.cuts, Cuts { block_text: true, blocks: true, ..Cuts::default() });
    }

    let rows: Vec<_> =
        (0..100).map(|n| json!([raw(&n.to_string()), raw(&"z".repeat(200))])).collect();
    let fitted = fit(vec![json!({ "type": "table", "rows": rows })]);
    let shown = fitted.blocks[0]["rows"].as_array().unwrap().len();
    assert_eq!(fitted.blocks[0]["rows"][shown - 1][0], raw(&format!("… {} more", 101 - shown)));
    assert!(shown > 40 && fitted.cuts == Cuts { rows: true, ..Cuts::default() });
}

#[test]
fn cells_keep_their_places() {
    let fitted = fit(vec![json!({ "type": "table", "rows": [
        [raw(""), { "type": "raw_number", "value": "12.50" }, { "type": "raw_number", "value": "n/a" }],
        [{ "type": "rich_text", "elements": [] }, 5, Value::Null],
    ] })]);
    assert_eq!(
        fitted.blocks[0]["rows"].to_string(),
        r#"[[{"type":"raw_text","text":" "},{"type":"raw_number","value":12.5},{"type":"raw_text","text":"n/a"}],[{"type":"raw_text","text":" "},{"type":"raw_text","text":" "},null]]"#
    );
}

#[test]
fn a_choice_or_an_identifier_that_slack_refuses_is_left_out() {
    let button = json!({ "type": "button", "text": { "type": "plain_text", "text": "a" }, "style": "red", "action_id": "same" });
    let fitted = fit(vec![
        json!({ "type": "actions", "block_id": "b", "elements": [button, button] }),
        json!({ "type": "divider", "block_id": "b" }),
    ]);
    let text = json!({ "type": "plain_text", "text": "a" });
    assert_eq!(
        json!(fitted.blocks),
        json!([
            { "type": "actions", "block_id": "b", "elements": [{ "type": "button", "text": text, "action_id": "same" }, { "type": "button", "text": text }] },
            { "type": "divider" },
        ])
    );
}

#[test]
fn a_terminal_shows_blocks_as_text() {
    let blocks = json!([
        { "type": "header", "text": { "type": "plain_text", "text": "Order *1*" } },
        { "type": "section", "text": { "type": "mrkdwn", "text": "*a*\nb" }, "fields": [{ "type": "mrkdwn", "text": "*Plan*\npro" }] },
        { "type": "divider" },
        { "type": "context", "elements": [{ "type": "mrkdwn", "text": "c" }, { "type": "image", "image_url": "https://x.example/i.png", "alt_text": "i" }] },
        { "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": "Open" }, "url": "https://x.example" }] },
        { "type": "table", "rows": [[raw("Item"), raw("Price")], [raw("Tea"), { "type": "raw_number", "value": 3 }], [raw(&"w".repeat(50)), raw("x")]] },
        { "type": "container", "title": "T", "child_blocks": [{ "type": "rich_text", "elements": [{ "type": "rich_text_list", "elements": [{ "type": "rich_text_section", "elements": [{ "type": "text", "text": "one" }] }] }] }] },
        { "type": "timeline" },
    ]);
    let lines = show::lines(blocks.as_array().unwrap());
    let text: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    let wide = format!("{}… │ x", "w".repeat(39));
    let padded = |text: &str| format!("{text:<40}");
    assert_eq!(
        text,
        [
            "Order *1*",
            "*a*",
            "b",
            "*Plan*  pro",
            "────────────────────",
            "c",
            "[image: i] https://x.example/i.png",
            "[ Open ] https://x.example",
            &format!("{} │ Price", padded("Item")),
            &format!("{} │ 3", padded("Tea")),
            &wide,
            "T",
            "  • one",
            "[timeline]",
        ]
    );
    assert!(!lines[0].markup && lines[1].markup && lines[3].markup);
}

#[test]
fn what_was_not_rendered_counts_as_not_shown() {
    let nulls = || std::iter::repeat_n(Value::Null, 10).chain([json!(990)]);
    let text = json!({ "type": "mrkdwn", "text": "a" });
    let fields: Vec<_> = std::iter::once(text.clone()).chain(nulls()).collect();
    let rows: Vec<_> = std::iter::once(json!([raw("a")])).chain(nulls()).collect();
    let blocks = vec![
        json!({ "type": "section", "fields": fields }),
        json!({ "type": "table", "rows": rows }),
    ];
    let fitted = fit(blocks.into_iter().chain(nulls()).collect());
    let marker = json!({ "type": "mrkdwn", "text": "… 1000 more" });
    assert_eq!(fitted.blocks[0]["fields"], json!([text, marker]));
    assert_eq!(fitted.blocks[1]["rows"], json!([[raw("a")], [raw("… 1000 more")]]));
    assert_eq!(fitted.blocks[2..], [more(1_000)]);
    let cuts = Cuts { fields: true, rows: true, blocks: true, ..Cuts::default() };
    assert_eq!(fitted.cuts, cuts);
    let alone = fit(nulls().collect());
    assert!(alone.blocks.is_empty() && alone.cuts.blocks);
}
