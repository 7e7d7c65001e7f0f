//! Functions with arbitrary arguments.

use proptest::prelude::*;

use crate::expression::compliance::event_of;
use crate::expression::signature::Function;
use crate::expression::tests::shown;
use crate::expression::{Budget, Context, Expression};

fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "null",
            "true",
            "false",
            "0",
            "-1",
            "1.5",
            "1e400",
            "-1e-400",
            "1000000000",
            "\"\"",
            "[]",
            "{}",
            "\"2026-11-28\"",
            "\"12\"",
            "[[\"a\",1]]",
            "[\"a\"]",
            "[1]",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}".prop_map(|text| serde_json::Value::from(text).to_string()),
        any::<i64>().prop_map(|int| int.to_string()),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|elements| format!("[{}]", elements.join(","))),
            inner.prop_map(|value| format!("{{\"k\":{value}}}")),
        ]
    })
}

proptest! {
    /// Every function of the table, with any values in any place: no panic, and in a template no
    /// failure of slackline's own functions.
    #[test]
    fn no_argument_panics(
        which in any::<prop::sample::Index>(),
        values in prop::collection::vec(any_value(), 4),
        count in 1..5_usize,
    ) {
        let function = *which.get(Function::ALL);
        let argument = |at: usize| {
            let takes = function.signature().argument(at);
            match (takes.is_value(), takes.describe()) {
                (true, _) => format!("v{at}"),
                (false, "an expression") => "&@".to_owned(),
                (false, _) => "'a*'".to_owned(),
            }
        };
        let arguments: Vec<String> = (0..count).map(argument).collect();
        let source = format!("{}({})", function.name(), arguments.join(", "));
        if let Ok(expression) = Expression::compile(&source) {
            let fields: Vec<String> =
                values.iter().enumerate().map(|(at, value)| format!("\"v{at}\":{value}")).collect();
            let text = format!("{{{}}}", fields.join(","));
            let event = event_of(&text);
            let _ = expression.evaluate(&event);
            let budget = Budget::of_delivery();
            let context = Context::lenient(&event, &budget, None);
            let mut out = String::new();
            expression.evaluate_in(&context).value.write_text(&mut out);
        }
    }

    #[test]
    fn sums_are_those_of_whole_cents(a in -10_i64.pow(15)..10_i64.pow(15), b in -10_i64.pow(15)..10_i64.pow(15)) {
        let decimal = |cents: i128| {
            let sign = if cents < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        let (left, right) = (decimal(a.into()), decimal(b.into()));
        let result = |name: &str| shown(&format!("{name}({left}, {right})"), "{}");
        prop_assert_eq!(result("plus"), decimal(i128::from(a) + i128::from(b)));
        prop_assert_eq!(result("minus"), decimal(i128::from(a) - i128::from(b)));
        if b != 0 {
            let rest = i128::from(a).rem_euclid(i128::from(b).abs());
            let rest = if b < 0 && rest != 0 { rest + i128::from(b) } else { rest };
            prop_assert_eq!(result("modulo"), decimal(rest));
        }
    }

    #[test]
    fn replace_and_split_are_those_of_the_standard_library(text in "[abä]{0,12}", part in "[abä]{1,2}", new in "[aX]{0,2}", count in 0..4_usize) {
        let event = serde_json::json!({"t": text, "p": part, "n": new}).to_string();
        let json = |value: serde_json::Value| value.to_string();
        prop_assert_eq!(shown("replace(t, p, n)", &event), json(text.replace(&part, &new).into()));
        prop_assert_eq!(
            shown(&format!("replace(t, p, n, {count})"), &event),
            json(text.replacen(&part, &new, count).into())
        );
        let all: Vec<_> = text.split(&*part).collect();
        prop_assert_eq!(shown("split(t, p)", &event), json(all.into()));
        let some: Vec<_> = text.splitn(count + 1, &*part).collect();
        prop_assert_eq!(shown(&format!("split(t, p, {count})"), &event), json(some.into()));
        let first = text.find(&part).map(|at| text[..at].chars().count());
        prop_assert_eq!(shown("find_first(t, p)", &event), json(first.into()));
        let last = text.rfind(&part).map(|at| text[..at].chars().count());
        prop_assert_eq!(shown("find_last(t, p)", &event), json(last.into()));
    }
}
