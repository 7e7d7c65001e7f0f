//! Tests of `parse_json`: the value of a JSON text.

use proptest::prelude::*;

use super::shown;
use crate::event::tests::any_json;
use crate::event::{MAX_DEPTH, Value};
use crate::expression::compliance::event_of;
use crate::expression::condition::tests::both;
use crate::expression::evaluate::evaluate_within;
use crate::expression::template::{Escape, Template};
use crate::expression::{EvalError, Expression};

const OUTBOX: &str = r#"{"aggregate":"account","payload":"{\"plan\":\"pro\",\"total\":49.90,\"id\":9007199254740993}","text":"cut {","n":5}"#;

#[test]
fn a_json_text_has_its_value_as_written() {
    for (source, expected) in [
        ("parse_json(payload).plan", r#""pro""#),
        ("parse_json(payload).total", "49.90"),
        ("parse_json(payload).[id, total]", "[9007199254740993,49.90]"),
        ("parse_json(payload).plan == 'pro'", "true"),
        ("parse_json(payload).id == `9007199254740993`", "true"),
        ("parse_json(payload).id == `9007199254740992`", "false"),
        ("parse_json(payload).missing", "null"),
        ("parse_json(missing).plan", "null"),
        ("parse_json(missing)", "null"),
        ("parse_json('[1.50, {\"a\": null}]')", "[1.50,{\"a\":null}]"),
        ("parse_json(' \"x\" ')", r#""x""#),
        ("parse_json('5.0')", "5.0"),
        ("parse_json(to_string($)) == $", "true"),
        (
            "parse_json(text)",
            "error: the text of `parse_json` is not JSON: it looks like text that is not JSON",
        ),
        (
            "parse_json('')",
            "error: the text of `parse_json` is not JSON: it looks like an empty value",
        ),
        (
            "parse_json('{\"a\":')",
            "error: the text of `parse_json` is not JSON: it looks like JSON cut short",
        ),
        ("parse_json(n)", "error: `parse_json` takes a string or null as argument 1, not a number"),
        (
            "parse_json($)",
            "error: `parse_json` takes a string or null as argument 1, not an object",
        ),
    ] {
        assert_eq!(shown(source, OUTBOX), expected, "{source}");
    }
}

#[test]
fn it_works_in_triggers_and_templates() {
    let trigger = "aggregate == 'account' && parse_json(payload).plan == 'pro'";
    assert_eq!(both(trigger, OUTBOX), (Ok(true), Ok(true)));
    assert_eq!(both(trigger, r#"{"aggregate":"account"}"#), (Ok(false), Ok(false)));
    let (of_condition, plain) = both("parse_json(text).plan == 'pro'", OUTBOX);
    assert!(matches!(of_condition, Err(EvalError::NotJson { .. })), "{of_condition:?}");
    assert_eq!(of_condition, plain);
    let (mut out, mut failed) = (String::new(), 0);
    let template = "{{parse_json(payload).total}} {{parse_json(text).a}}{{parse_json(missing).a}}";
    let template = Template::compile(template).unwrap();
    template.render(&event_of(OUTBOX), Escape::Slack, 100, &mut out, &mut |_, _| failed += 1);
    assert_eq!((out.as_str(), failed), ("49.90 ", 1));
}

#[test]
fn its_result_is_charged_before_it_is_built() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let depth = MAX_DEPTH as usize;
    let wide = format!("[{}0]", "0,".repeat(100_000));
    for (text, expected) in [
        (deep(depth), Ok(true)),
        (deep(depth + 1), Err("JSON nested deeper than 127 levels")),
        (wide, Err("more than")),
    ] {
        let event = format!("{{\"t\":{}}}", serde_json::json!(text));
        let (expression, event) = (Expression::compile("parse_json(t)").unwrap(), event_of(&event));
        let result = evaluate_within(expression.node(), &event, 1_000_000, 2 << 20);
        match (result.map(|value| value.is_truthy()), expected) {
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (result, expected) => assert_eq!(result.ok(), expected.ok()),
        }
    }
}

proptest! {
    /// Written as JSON, both are the same text: numbers, keys and their order included.
    #[test]
    fn the_value_of_a_json_text_is_the_value(json in any_json()) {
        let compact = |value: &Value<'_>| {
            let mut out = String::new();
            value.write_json(&mut out);
            out
        };
        let text = serde_json::Value::from(json.as_str());
        let event = format!("{{\"x\":{json},\"t\":{text}}}");
        let event = event_of(&event);
        let parsed = Expression::compile("parse_json(t)").unwrap();
        let written = Expression::compile("parse_json(to_string([x]))[0]").unwrap();
        let expected = compact(event.root().field("x"));
        prop_assert_eq!(compact(&parsed.evaluate(&event).unwrap()), expected.as_str());
        prop_assert_eq!(compact(&written.evaluate(&event).unwrap()), expected);
    }
}
