//! Tests of the limits of an expression: of its length and depth, and of one evaluation.

use super::{EVENT, refusal, shown};
use crate::event::Value;
use crate::expression::compliance::event_of;
use crate::expression::evaluate::evaluate_within;
use crate::expression::{EvalError, Expression, MAX_DEPTH, MAX_SOURCE, MAX_TOKENS};

/// Runs `work` on a stack of 1 MiB: half of that of Rust's and tokio's threads, although a debug
/// build needs several times as much as a release build.
fn on_a_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(1024 * 1024);
        thread.spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

#[test]
fn deep_and_long_expressions_are_refused_before_the_parser_recurses() {
    let chain = format!("a{}", " || a.a".repeat(900));
    let limits = ["nested deeper than 64", "parts, more than 4096", "bytes, more than 262144"];
    for (head, repeated, middle, closing) in [
        ("", "(", "a", ")"),
        ("", "!", "a", ""),
        ("", "[", "a", "]"),
        ("a", "[?", "a", "]"),
        ("a", "[?", chain.as_str(), "]"),
        ("", "!", chain.as_str(), ""),
        ("", "{a:", "a", "}"),
        ("", "abs(", "a", ")"),
        ("", "map(&", "a", ", a)"),
        ("a", "[]", "", ""),
        ("a", "[*]", "", ""),
        ("a", ".*", "", ""),
        ("a", "[0]", "", ""),
        ("a", "[1:]", "", ""),
        ("a", "[?b]", "", ""),
        ("a", " == a", "", ""),
        ("a", ".[a]", "", ""),
        ("a", ".a", "", ""),
        ("a", " || a", "", ""),
        ("a", " && a", "", ""),
        ("a", " | a", "", ""),
        ("a", " || a && a", "", ""),
        ("a", " || !a[0] == a[0]", "", ""),
        ("", "`0` |", "a", ""),
        ("'", "x", "'", ""),
    ] {
        for count in [10, 60, 100, 1_300, 2_047, 3_000, 10_000, 100_000, 300_000] {
            let source =
                format!("{head}{}{middle}{}", repeated.repeat(count), closing.repeat(count));
            let error = on_a_small_stack(|| {
                // An expression that compiles is evaluated as well.
                Expression::compile(&source)
                    .map(|expression| expression.evaluate(&event_of("{\"a\":{}}")).is_ok())
                    .err()
            });
            if let Some(error) = &error {
                assert!(
                    limits.iter().any(|limit| error.message.contains(limit)),
                    "{count} × `{repeated}`: {error:?}"
                );
            }
            let chain = matches!(repeated, ".a" | " || a" | " && a" | " | a");
            assert_eq!(
                error.is_none(),
                count <= 10
                    || chain && count <= 2_047
                    || repeated == "x" && count <= 100_000
                    || error.is_none(),
                "{count} × `{repeated}`"
            );
            assert!(error.is_some() || count < 300_000, "{count} × `{repeated}`");
        }
    }
    assert!(refusal(&"a || ".repeat(MAX_TOKENS)).help.contains("contains"));
    assert!(
        Expression::compile(&format!("{}a{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH)))
            .is_ok()
    );
    refusal(&format!("{}a{}", "(".repeat(MAX_DEPTH + 1), ")".repeat(MAX_DEPTH + 1)));
    refusal(&format!("`{}`", "[".repeat(MAX_SOURCE - 2)));
    refusal(&format!("`{}`", "[".repeat(10_000)));
}

#[test]
fn a_chain_of_a_thousand_comparisons_works() {
    let chain: Vec<_> = (0..1_000).map(|at| format!("z == `{at}`")).collect();
    assert_eq!(on_a_small_stack(|| shown(&chain.join(" || "), EVENT)), "true");
    assert_eq!(on_a_small_stack(|| shown(&chain.join(" && "), EVENT)), "false");
}

#[test]
fn expressions_without_end_are_stopped() {
    let doubled = vec!["[@, @]"; 50].join(" | ");
    let flat = vec!["[@, @][]"; 50].join(" | ");
    let joined = vec!["join('', [@, @])"; 50].join(" | ");
    let written = vec!["to_string([@, @])"; 50].join(" | ");
    let event = format!("{{\"a\":[{}0],\"t\":\"x\"}}", "0,".repeat(20_000));
    for (source, expected) in [
        (format!("a | {doubled} | to_string(@)"), EvalError::TooMuchMade),
        (format!("a | [({doubled}), ({doubled})] | [0] == [1]"), EvalError::TooManySteps),
        (format!("a | {flat}"), EvalError::TooMuchMade),
        (format!("t | {joined}"), EvalError::TooMuchMade),
        (format!("t | {written}"), EvalError::TooMuchMade),
        ("a[?$.a[?@ == `1`]]".to_owned(), EvalError::TooManySteps),
        ("map(&contains($.a, `1`), a)".to_owned(), EvalError::TooManySteps),
        ("map(&length(sort($.a)), a)".to_owned(), EvalError::TooMuchMade),
    ] {
        let expression = Expression::compile(&source).unwrap();
        let event = event_of(&event);
        let result = evaluate_within(expression.node(), &event, 1_000_000, 2 << 20);
        assert_eq!(result.map(|value| value.is_truthy()), Err(expected), "{source}");
    }
    // The value fits in memory, since its parts are shared; writing it stops at the limit.
    let mut out = String::new();
    let (expression, event) = (Expression::compile(&doubled).unwrap(), event_of("{\"a\":0}"));
    expression.evaluate(&event).unwrap().write_text(&mut out);
    assert_eq!(out.len(), crate::event::MAX_WRITTEN);
}

#[test]
fn functions_pay_for_what_they_compute() {
    let (x, zeros) = ("x".repeat(200), "0,".repeat(10_000));
    let spaces = " ".repeat(400);
    let event = format!(
        "{{\"a\":[{zeros}0],\"x\":\"{x}\",\"u\":\"https://x.test/{spaces}y\",\"n\":0.{}}}",
        "1".repeat(60)
    );
    for call in [
        "trim($.x, 'x')",
        "trim($.x, 'xy')",
        "round(@, `2`)",
        "number(@, `2`)",
        "money($.n, 'EUR')",
        "percent(@, `2`)",
        "bytes(@)",
        "link($.u, 'x')",
        "link($.u)",
        "date(@)",
        "divided_by(@, `7`)",
    ] {
        let expression = Expression::compile(&format!("map(&{call}, a)")).unwrap();
        let event = event_of(&event);
        let result = evaluate_within(expression.node(), &event, 500_000, 64 << 20);
        let error = result.map(|value| value.is_truthy());
        assert_eq!(error, Err(EvalError::TooManySteps), "{call}");
    }
}

#[test]
fn a_projection_copies_no_content() {
    let text = "x".repeat(1 << 20);
    let event = format!("{{\"a\":[{}0]}}", format!("[\"{text}\"],").repeat(3));
    let event = event_of(&event);
    let expression = Expression::compile("a[*][0]").unwrap();
    let Value::Array(found) = expression.evaluate(&event).unwrap() else { panic!() };
    assert!(found.iter().all(|element| matches!(element, Value::Text(_))));
    let expression = Expression::compile("$.a").unwrap();
    let (Value::Array(found), Value::Array(own)) =
        (expression.evaluate(&event).unwrap(), event.root().field("a"))
    else {
        panic!()
    };
    assert!(std::ptr::eq(&*found, &**own));
}

#[test]
fn expressions_go_between_threads() {
    fn goes_between_threads<T: Send + Sync + Clone>() {}
    goes_between_threads::<Expression>();
}
