//! The index finds exactly the matches and failures of evaluating every trigger on the whole event.

use proptest::prelude::*;

use super::super::fixture::{action, config, record};
use super::*;
use crate::event::{Event, Value};
use crate::expression::Expression;
use crate::expression::compliance::for_each_case;
use crate::expression::properties::{any_document, any_expression};

/// The matches and failures that the index finds.
fn found(triggers: &Triggers, text: &str) -> (Vec<u32>, Vec<(u32, EvalError)>) {
    let (mut matched, mut failed) = (Vec::new(), Vec::new());
    let document = Document::new(record(0, text.as_bytes()), text.as_bytes());
    let set = triggers.of(TopicIndex(0)).unwrap();
    set.matching(&document, &mut Scratch::default(), &mut matched, &mut |action, error| {
        failed.push((action.0, error.clone()))
    })
    .unwrap();
    (matched.iter().map(|action| action.0).collect(), failed)
}

/// The matches and failures of evaluating every trigger.
fn expected(triggers: &Triggers, text: &str) -> (Vec<u32>, Vec<(u32, EvalError)>) {
    let event = Event::of(record(0, text.as_bytes()), Value::parse(text).unwrap());
    let (mut matched, mut failed) = (Vec::new(), Vec::new());
    for (at, action) in (0..).zip(&triggers.config.actions) {
        match action.trigger.is_true(&event) {
            Ok(true) => matched.push(at),
            Ok(false) => {}
            Err(error) => failed.push((at, error)),
        }
    }
    (matched, failed)
}

fn triggers(sources: &[String]) -> Triggers {
    Triggers::new(config(sources.iter().map(|source| action("a", source, "m")).collect()))
}

/// Triggers as people write them, on few values, so that they share much and many match.
fn any_trigger() -> impl Strategy<Value = String> {
    let text = || {
        prop::sample::select(vec![
            "'x'", "'y'", "'track'", "`1`", "`1.0`", "`2`", "`-0.0`", "`null`", "`true`", "`false`",
        ])
    };
    let field = || prop::sample::select(vec!["type", "a", "$.p.q", "p.r", "\"e-v\""]);
    let part = prop_oneof![
        8 => (field(), text()).prop_map(|(a, b)| format!("{a} == {b}")),
        1 => (field(), text()).prop_map(|(a, b)| format!("{a} != {b}")),
        3 => (field(), prop::sample::select(vec!["<", "<=", ">", ">="]), -3..4i32, any::<bool>())
            .prop_map(|(a, by, n, turned)| if turned { format!("`{n}` {by} {a}") } else { format!("{a} {by} `{n}.0`") }),
        2 => (field(), text(), text()).prop_map(|(a, b, c)| format!("({a} == {b} || {a} == {c})")),
        1 => (field(), text(), field(), text()).prop_map(|(a, b, c, d)| format!("({a} == {b} || {c} == {d} && a == 'x')")),
        1 => (field(), text(), text()).prop_map(|(a, b, c)| format!("contains([{b}, {c}], {a})")),
        1 => (field(), prop::sample::select(vec!["'x'", "'ra'"])).prop_map(|(a, b)| format!("contains({a}, {b})")),
        1 => (field(), prop::sample::select(vec!["'x'", "'tr'"])).prop_map(|(a, b)| format!("starts_with({a}, {b})")),
        1 => field().prop_map(str::to_owned),
        1 => field().prop_map(|a| format!("!({a} == 'x')")),
        1 => field().prop_map(|a| format!("length({a}) > `1`")),
        1 => Just("$record.topic == 'events'".to_owned()),
        1 => Just("p.*[?@ == 'x'] | [0]".to_owned()),
    ];
    let all = prop::collection::vec(part, 1..5);
    prop_oneof![
        5 => all.clone().prop_map(|parts| parts.join(" && ")),
        1 => (all.clone(), all).prop_map(|(a, b)| format!("({}) || ({})", a.join(" && "), b.join(" && "))),
    ]
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec![
            "\"x\"", "\"y\"", "\"track\"", "\"\\u0078\"", "1", "1.0", "10e-1", "2", "-2.5", "0", "-0", "null", "true", "false", "[\"x\",1]", "{\"q\":\"x\"}", "\"\"",
        ]).prop_map(str::to_owned),
        1 => any_document().prop_map(|document| document.to_string()),
    ]
}

fn any_event() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["type", "a", "e-v", "t\\u0079pe", "p", "z"]);
    let inner =
        prop::collection::vec((prop::sample::select(vec!["q", "r", "s"]), any_value()), 0..4);
    let value = prop_oneof![
        3 => any_value(),
        1 => inner.prop_map(|entries| object(&entries.iter().map(|(name, value)| (*name, value.clone())).collect::<Vec<_>>())),
    ];
    prop::collection::vec((name, value), 0..7).prop_map(|entries| object(&entries))
}

fn object(entries: &[(&str, String)]) -> String {
    let entries: Vec<_> =
        entries.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", entries.join(", "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_matches_are_those_of_plain_jmespath(sources in prop::collection::vec(any_trigger(), 1..60), events in prop::collection::vec(any_event(), 1..8)) {
        let sources: Vec<String> = sources.into_iter().filter(|source| Expression::compile(source).is_ok()).collect();
        let triggers = triggers(&sources);
        for event in &events {
            let (ours, plain) = (found(&triggers, event), expected(&triggers, event));
            prop_assert_eq!(ours, plain, "{:?} of {}", sources, event);
        }
    }

    #[test]
    fn the_same_holds_for_any_expression(sources in prop::collection::vec(any_expression(), 1..20), document in any_document()) {
        let sources: Vec<String> = sources.into_iter().filter(|source| Expression::compile(source).is_ok()).collect();
        let text = document.to_string();
        let triggers = triggers(&sources);
        let (ours, plain) = (found(&triggers, &text), expected(&triggers, &text));
        prop_assert_eq!(ours, plain, "{:?} of {}", sources, text);
    }
}

/// Each case that can be a trigger: its truth, or its failure.
#[test]
fn every_case_of_the_compliance_suite_holds_for_triggers() {
    let (mut held, mut failed) = (0, 0);
    for_each_case(|given, case| {
        let source = case["expression"].as_str().unwrap().to_owned();
        if Expression::compile(&source).is_err() {
            return;
        }
        // Enough others that the index is used.
        let others = (0..5).map(|n| format!("foo == '{n}' && ({source})"));
        let sources: Vec<String> = std::iter::once(source.clone()).chain(others).collect();
        let triggers = triggers(&sources);
        let (matched, failures) = found(&triggers, given);
        let truth =
            case.get("result").map(|result| Value::parse(&result.to_string()).unwrap().is_truthy());
        assert_eq!(matched.contains(&0), truth.unwrap_or(false), "{source} of {given}");
        assert_eq!(
            failures.iter().any(|(action, _)| *action == 0),
            truth.is_none(),
            "{source} of {given}"
        );
        assert_eq!((matched, failures), expected(&triggers, given), "{source} of {given}");
        if truth.is_some() { held += 1 } else { failed += 1 }
    });
    assert_eq!((held, failed), (715, 28));
}

fn selective(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| format!("type == 'track' && event == 'E{n}' && properties.total > `{n}`"))
        .collect()
}

#[test]
fn few_of_many_triggers_are_candidates() {
    let candidates = |sources: &[String], text: &str| {
        let triggers = triggers(sources);
        let set = triggers.of(TopicIndex(0)).unwrap();
        let (mut reader, mut found) = (FieldReader::default(), Vec::new());
        set.index.candidates(reader.read(text.as_bytes(), &set.paths).unwrap(), &mut found);
        found.len()
    };
    let event = r#"{"type":"track","event":"E7","properties":{"total":100.5,"plan":"p"}}"#;
    assert_eq!(candidates(&selective(10_000), event), 1);
    assert_eq!(candidates(&selective(10_000), r#"{"type":"page"}"#), 0);
    // Triggers that share their equalities and differ in a number.
    let numbers: Vec<_> = (0..10_000)
        .map(|n| format!("type == 'track' && event == 'E7' && properties.total > `{n}`"))
        .collect();
    assert_eq!(candidates(&numbers, event), 101);
    let numbers: Vec<_> =
        (0..10_000).map(|n| format!("`{n}` >= properties.total && event == 'E7'")).collect();
    assert_eq!(candidates(&numbers, event), 10_000 - 101);
    // No value is rare, but two together are.
    let pairs: Vec<_> = (0..10_000)
        .map(|n| format!("event == 'E{}' && properties.plan == 'p{}'", n / 100, n % 100))
        .collect();
    assert_eq!(candidates(&pairs, r#"{"event":"E3","properties":{"plan":"p9"}}"#), 1);
    assert_eq!(candidates(&pairs, event), 0);
    // The index cannot use a condition after one that can fail: the failure must be counted,
    // whatever the rest of the event.
    let failing: Vec<_> =
        (0..10).map(|n| format!("contains(tags, 'x') && event == 'E{n}'")).collect();
    assert_eq!(candidates(&failing, event), 10);
}

#[test]
fn triggers_with_long_lists_take_bounded_memory() {
    let list: Vec<_> = (0..1_000).map(|n| format!("\"v{n}\"")).collect();
    let sources: Vec<_> = (0..300)
        .map(|_| {
            ["a", "b", "c"]
                .map(|field| format!("contains(`[{}]`, {field})", list.join(",")))
                .join(" && ")
        })
        .collect();
    let triggers = triggers(&sources);
    assert_eq!(found(&triggers, r#"{"a":"v1","b":"v2","c":"v999"}"#).0.len(), 300);
    assert_eq!(found(&triggers, r#"{"a":"v1","b":"v2","c":"w"}"#).0.len(), 0);
}
