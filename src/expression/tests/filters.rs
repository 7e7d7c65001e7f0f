//! The functions that write values for readers, in triggers and in templates.

use proptest::prelude::*;

use super::{refusal, shown};
use crate::event::tests::any_json;
use crate::expression::budget::Budget;
use crate::expression::compliance::event_of;
use crate::expression::context::Context;
use crate::expression::signature::Function;
use crate::expression::{EvalError, Expression};
use crate::people::People;

const EVENT: &str = r#"{
    "name": "Ann Example", "empty": "", "no": false, "zero": 0, "none": [], "nil": null,
    "list": [3, 1, 3.0, "a", "a", {"x": 1, "y": 2}, {"y": 2, "x": 1.0}], "mixed": [1, null, "a", [2], true],
    "total": 1234.5, "text": "1234.5", "one": 1, "two": 2, "huge": 1e300, "long": "0123456789012345678901234567890123456789012345678901234567890",
    "time": "2026-11-28T12:00:00Z", "seconds": 1795867200, "milliseconds": 1795867200000,
    "url": "https://x.test/?a=1&b=2", "user": "U012AB", "group": "S012AB", "channel": "C012AB",
    "mail": "Ann@X.test", "zone": "Europe/Berlin", "bad": "x"
}"#;

/// The value of an expression in a template as JSON, and what is counted as its error.
fn lenient(source: &str, event: &str) -> (String, Option<EvalError>) {
    let expression =
        Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let people = People::parse(b"ann@x.test,U0ANN\nops@x.test,S0OPS\n").unwrap();
    let (event, budget) = (event_of(event), Budget::of_delivery());
    let result = expression.evaluate_in(&Context::lenient(&event, &budget, Some(&people)));
    let mut out = String::new();
    result.value.write_json(&mut out);
    (out, result.fault)
}

#[test]
fn values_are_written_for_readers() {
    for (source, expected) in [
        ("default(nil, 'x')", "\"x\""),
        ("default(missing.field, name)", "\"Ann Example\""),
        ("default(empty, 'x')", "\"x\""),
        ("default(no, 'x')", "false"),
        ("default(zero, 'x')", "0"),
        ("default(none, 'x')", "[]"),
        // Not evaluated: it would fail.
        ("default(one, length(one))", "1"),
        ("first(list)", "3"),
        ("last(list)", r#"{"y":2,"x":1.0}"#),
        ("first(none)", "null"),
        ("size(list)", "7"),
        ("size(name)", "11"),
        ("uniq(list)", r#"[3,1,"a",{"x":1,"y":2}]"#),
        ("truncate(name, 5)", "\"Ann …\""),
        ("truncate(name, 5, '')", "\"Ann E\""),
        ("truncate(name)", "\"Ann Example\""),
        ("length(truncate(long))", "50"),
        ("pluralize(one, 'item', 'items')", "\"item\""),
        ("pluralize(`1.0`, 'item')", "\"item\""),
        ("pluralize(zero, 'item')", "\"items\""),
        ("pluralize(two, 'child', 'children')", "\"children\""),
        ("round(total)", "1235"),
        ("round(text, 2)", "1234.5"),
        ("round(`-0.5`)", "-1"),
        ("number(total)", "\"1,234.5\""),
        ("number(text, 2)", "\"1,234.50\""),
        ("money(total, 'EUR')", "\"€1,234.50\""),
        ("money(text, 'chf')", "\"CHF 1,234.50\""),
        ("percent(`0.256`, 1)", "\"25.6%\""),
        ("bytes(`1536`)", "\"1.5 kB\""),
        ("duration(`3725`)", "\"1h 2m\""),
        ("duration('3607')", "\"1h\""),
        ("date(time)", "\"2026-11-28 12:00\""),
        ("date(seconds)", "\"2026-11-28 12:00\""),
        ("date(milliseconds, '%H:%M', zone)", "\"13:00\""),
        ("date(time, '%A, %-d %B', 'America/New_York')", "\"Saturday, 28 November\""),
        ("slack_date(time)", "\"2026-11-28 12:00 UTC\""),
        ("slack_date(time, '{date}', 'Europe/Berlin')", "\"2026-11-28 13:00 CET\""),
        ("link(url, name)", "\"Ann Example\""),
        ("link(url)", "\"https://x.test/?a=1&b=2\""),
        ("link(name, 'text')", "\"text\""),
        ("mention(user)", "\"@U012AB\""),
        ("mention(name)", "\"Ann Example\""),
        ("channel(channel)", "\"#C012AB\""),
        ("json(name)", r#""\"Ann Example\"""#),
        ("json(nil)", "\"null\""),
        ("escape('<a> & b')", "\"<a> & b\""),
        ("url_encode('a b/ü')", "\"a%20b%2F%C3%BC\""),
        ("url_encode(one)", "\"1\""),
        ("url_encode(nil)", "null"),
    ] {
        assert_eq!(shown(source, EVENT), expected, "{source}");
        assert_eq!(lenient(source, EVENT), (expected.to_owned(), None), "{source}");
    }
}

#[test]
fn in_templates_null_stays_null_and_other_values_stay_readable() {
    for (source, value, is_counted) in [
        ("truncate(nil, 5)", "null", false),
        ("money(missing, 'EUR')", "null", false),
        ("first(nil)", "null", false),
        ("size(nil)", "null", false),
        ("date(nil)", "null", false),
        ("truncate(one, 5)", "1", true),
        ("money(name, 'EUR')", "\"Ann Example\"", true),
        ("money(huge, 'EUR')", "1e300", true),
        ("round(none)", "[]", true),
        ("date(bad)", "\"x\"", true),
        ("slack_date(huge)", "1e300", true),
        ("pluralize(text, 'item')", "\"1234.5\"", true),
        ("money(total, bad)", "null", true),
        ("money(total, missing)", "null", true),
        ("number(total, huge)", "null", true),
        ("truncate(name, total)", "null", true),
        ("date(time, '%H', bad)", "null", true),
        ("date(time, join('', ['%', '!']))", "null", true),
        ("join(', ', nil)", "null", false),
        ("join(', ', name)", "\"Ann Example\"", false),
        ("join(',', mixed)", r#""1,,a,[2],true""#, false),
        ("join(one, mixed)", "null", true),
        ("mention(one)", "1", true),
    ] {
        let (shown, fault) = lenient(source, EVENT);
        assert_eq!((&*shown, fault.is_some()), (value, is_counted), "{source}: {fault:?}");
    }
}

#[test]
fn in_triggers_they_are_strict() {
    for source in [
        "truncate(nil, 5)",
        "money(name, 'EUR')",
        "money(huge, 'EUR')",
        "first(nil)",
        "date(bad)",
        "join(',', mixed)",
        "join(',', name)",
        "mention(one)",
    ] {
        assert!(shown(source, EVENT).starts_with("error: "), "{source}: {}", shown(source, EVENT));
    }
}

#[test]
fn people_are_found_by_their_address() {
    let mention = |text: &str| {
        let source = format!("mention('{text}')");
        let expression = Expression::compile(&source).unwrap();
        let people = People::parse(b"ann@x.test,U0ANN\nops@x.test,S0OPS\n").unwrap();
        let (event, budget) = (event_of("{}"), Budget::of_delivery());
        let result = expression.evaluate_in(&Context::lenient(&event, &budget, Some(&people)));
        match result.value {
            crate::event::Value::Marked(marked) => marked.markup().to_owned(),
            other => other.type_name().to_owned(),
        }
    };
    assert_eq!(mention(" ANN@x.test"), "<@U0ANN>");
    assert_eq!(mention("ops@x.test"), "<!subteam^S0OPS>");
    assert_eq!(mention("U0ANN"), "<@U0ANN>");
    for text in ["bob@x.test", "S0OPS", "ann", "C012AB", ""] {
        assert_eq!(mention(text), "string", "{text}");
    }
}

#[test]
fn constant_arguments_are_checked_at_start() {
    for (source, message) in [
        ("money(a, 'EURO')", "`money` takes the code of a currency, of three letters"),
        ("number(a, 29)", "`number` takes the number of decimal places, from 0 to 28"),
        ("round(a, `1.5`)", "`round` takes the number of decimal places, from 0 to 28"),
        ("date(a, '%H:%!')", "unknown directive `%!` in the format of a date"),
        ("date(a, '%H', 'Europe/Berln')", "unknown time zone"),
        (
            "slack_date(a, '{date}|')",
            "the format of `slack_date` is empty, or contains `^`, `<`, `>` or `|`",
        ),
        ("date('now')", "`date` has no current time: a restart would render another text"),
        (
            "slack_date(' Today ')",
            "`slack_date` has no current time: a restart would render another text",
        ),
    ] {
        assert_eq!(refusal(source).message, message, "{source}");
    }
    assert_eq!(
        refusal("date('now')").help,
        "write `$record.timestamp | date: …`, the time of the event"
    );
}

#[test]
fn elements_that_are_repeated_cost_no_squares() {
    let many: String = (0..20_000).map(|at| format!("{at},")).collect();
    let event = format!("{{\"a\":[{}0]}}", many);
    assert_eq!(shown("length(uniq(a))", &event), "20000");
    assert_eq!(lenient("length(uniq(a))", &event), ("20000".to_owned(), None));
}

proptest! {
    /// No function panics, and each result is valid JSON, whatever the arguments.
    #[test]
    fn every_function_takes_any_arguments(
        values in prop::collection::vec(any_json(), 4), at in 0..1000_usize, count in 0..5_usize,
    ) {
        let function = Function::ALL[at % Function::ALL.len()];
        let names = ["$.a", "$.b", "$.c", "$.d"];
        let signature = function.signature();
        let argument = |at: usize| match signature.argument(at).is_value() {
            true => names[at].to_owned(),
            false => "&@".to_owned(),
        };
        let arguments: Vec<String> = (0..count.min(4)).map(argument).collect();
        let source = format!("{}({})", function.name(), arguments.join(", "));
        let Ok(expression) = Expression::compile(&source) else { return Ok(()) };
        let members: Vec<String> =
            names.iter().zip(&values).map(|(name, value)| format!("\"{}\":{value}", &name[2..])).collect();
        let json = format!("{{{}}}", members.join(","));
        let event = event_of(&json);
        let strict = expression.evaluate(&event);
        let budget = Budget::of_delivery();
        let lenient = expression.evaluate_in(&Context::lenient(&event, &budget, None));
        let mut out = String::new();
        lenient.value.write_json(&mut out);
        prop_assert!(crate::event::Value::parse(&out).is_ok(), "{}: {}", source, out);
        // What the strict evaluation gives, the lenient one gives too.
        if let Ok(value) = strict {
            let mut expected = String::new();
            value.write_json(&mut expected);
            prop_assert_eq!(out, expected);
            prop_assert_eq!(lenient.fault, None);
        }
    }
}
