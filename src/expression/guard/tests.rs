//! Which calls get a warning, and that their guarded forms get none.

use proptest::prelude::*;

use crate::expression::compliance::event_of;
use crate::expression::{EvalError, Expression};

/// The remedies of the warnings about a trigger.
fn remedies(source: &str) -> Vec<String> {
    let expression =
        Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let warnings = expression.unguarded_as_trigger();
    let remedy =
        |help: &str| help.strip_prefix("write ").unwrap_or_else(|| panic!("{help}")).to_owned();
    warnings.iter().map(|warning| remedy(&warning.help)).collect()
}

/// The remedies of the warnings about an expression of a template.
fn remedies_in_template(source: &str) -> Vec<String> {
    let warnings = Expression::compile(source).unwrap().unguarded(None);
    warnings.into_iter().map(|warning| warning.help).collect()
}

#[test]
fn slacklines_functions_take_a_missing_field_in_a_template_only() {
    for (source, of_trigger, of_template) in [
        ("lower(a) == 'x'", &["a && lower(a) == 'x'"][..], &[][..]),
        ("plus(a, b) > 3", &["a && b && plus(a, b) > 3"], &["write b && plus(a, b) > 3"]),
        ("a && lower(a) == 'x'", &[], &[]),
        ("if(a, lower(a), upper(b)) == 'x'", &["upper(not_null(b, ''))"], &[]),
        ("age(a) > 60", &[], &[]),
        ("matches(a, 'x')", &["a && matches(a, 'x')"], &[]),
        ("length(lower(a)) > 3", &["lower(not_null(a, ''))"], &[]),
    ] {
        let shown = remedies(source);
        let is_like = |(shown, expected): (&String, &&str)| shown.starts_with(expected);
        let all = shown.len() == of_trigger.len() && shown.iter().zip(of_trigger).all(is_like);
        assert!(all, "{source}: {shown:?}");
        assert_eq!(remedies_in_template(source), of_template, "{source}");
    }
}

#[test]
fn unguarded_calls_get_a_warning_with_their_guarded_form() {
    for (source, expected) in [
        ("contains(tags, 'vip')", "tags && contains(tags, 'vip')"),
        ("contains(tags, 'vip') || event == 'Paid'", "tags && contains(tags, 'vip')"),
        ("event == 'Paid' && !contains(tags, 'internal')", "!(tags && contains(tags, 'internal'))"),
        ("event == 'Paid' && contains(tags, 'vip')", "tags && contains(tags, 'vip')"),
        (
            "length($.properties.items) > `2`",
            "$.properties.items && length($.properties.items) > `2`",
        ),
        ("`2` < length(items)", "items && `2` < length(items)"),
        ("length(items)", "length(not_null(items, `[]`))"),
        ("starts_with(a.\"x-y\", b)", "a.\"x-y\" && b && starts_with(a.\"x-y\", b)"),
        ("sum(items[*].price)", "sum(not_null(items[*].price, `[]`))"),
        ("sum(items[*].price) > `5`", "items && sum(items[*].price) > `5`"),
        ("length(items[?price > `3`]) > `2`", "items && length(items[?price > `3`]) > `2`"),
        ("sort_by(items, &price)[0].sku", "sort_by(not_null(items, `[]`), &price)"),
        ("map(&to_string(@), items)", "map(&to_string(@), not_null(items, `[]`))"),
        ("items[?contains(sku, 'x')]", "sku && contains(sku, 'x')"),
        ("items[?name && !contains(sku, 'x')]", "!(sku && contains(sku, 'x'))"),
        ("abs(total)", "total && abs(total)"),
        ("merge(traits, {a: b})", "merge(not_null(traits, `{}`), {a: b})"),
        ("traits && length(traits.tags) == `0`", "traits.tags && length(traits.tags) == `0`"),
        ("tags != 'x' && contains(tags, 'vip')", "tags && contains(tags, 'vip')"),
        ("(a || tags) && contains(tags, 'vip')", "tags && contains(tags, 'vip')"),
        ("tags == `null` && contains(tags, 'vip')", "tags && contains(tags, 'vip')"),
        ("starts_with($record.key, 'a')", "$record.key && starts_with($record.key, 'a')"),
        (
            "starts_with($record.headers.env, 'a')",
            "$record.headers.env && starts_with($record.headers.env, 'a')",
        ),
        ("items[?a] && items[?contains(a, 'x')]", "a && contains(a, 'x')"),
        ("contains(to_string(length(tags)), '2')", "length(not_null(tags, `[]`))"),
    ] {
        assert_eq!(remedies(source), [expected], "{source}");
        assert_eq!(remedies(expected), Vec::<String>::new(), "the remedy {expected}");
    }
    assert_eq!(
        remedies("join(' ', [first, last])"),
        [
            "join(' ', [first, last][?@]), which leaves out what is missing, or not_null(first, '') in place of first"
        ]
    );
    assert_eq!(remedies("contains(a, 'x') && contains(b, 'y')").len(), 2, "each call");
    assert_eq!(remedies("contains(a, 'x') || contains(a, 'y')").len(), 1, "the first that fails");
}

#[test]
fn guarded_calls_get_no_warning() {
    for source in [
        "tags && contains(tags, 'vip')",
        "type == 'track' && tags && contains(tags, 'vip')",
        "!(tags && contains(tags, 'vip'))",
        "!tags || contains(tags, 'vip')",
        "!tags || !contains(tags, 'vip')",
        "!(!tags || contains(tags, 'vip'))",
        "type(tags) == 'array' && contains(tags, 'vip')",
        "'string' == type(name) && starts_with(name, 'A')",
        "type(tags) != 'null' && contains(tags, 'vip')",
        "contains(['array', 'string'], type(tags)) && contains(tags, 'vip')",
        "tags != `null` && contains(tags, 'vip')",
        "tags == `null` || contains(tags, 'vip')",
        "`null` != $.tags && contains(tags, 'vip')",
        "name == 'Ada' && starts_with(name, 'A')",
        "(name == 'Ada' || name == 'Bob') && starts_with(name, 'A')",
        "contains(['Ada', 'Bob'], name) && starts_with(name, 'A')",
        "name != 'Ada' || starts_with(name, 'A')",
        "total > `5` && abs(total) > `6`",
        "tags[0] && contains(tags, 'vip')",
        "tags.a.b && keys(tags)",
        "contains(not_null(tags, `[]`), 'vip')",
        "contains(tags || '', 'vip')",
        "contains(tags || other, 'vip')",
        "contains(to_array(tags), 'vip')",
        "starts_with(to_string(a), 'x')",
        "contains('a b', name)",
        "contains(['a', 'b'], name)",
        "starts_with($record.topic, 'x')",
        "keys($record.headers)",
        "parse_json(payload).plan == 'pro'",
        "length($)",
        "length(@)",
        "items | length(@) > `3`",
        "keys($record)",
        "join(' ', [first, last][?@])",
        "join(' ', [first, last] | [?@])",
        "join(' ', [first, last][])",
        "join(' ', [not_null(first, ''), last || ''])",
        "first && last && join(' ', [first, last])",
        "join(' ', ['a', to_string(b)])",
        "sum([`1`, length('x')])",
        "items && sum(items[*].price)",
        "items[*].price && sum(items[*].price)",
        "items[0] && sort_by(items, &price)[0].sku",
        "items[?tags && contains(tags, 'x')]",
        "items[?tags].contains(tags, 'x')",
        "items[?tags] | [?contains(tags, 'x')]",
        "items[*].name | [?starts_with(@, 'x')]",
        "items[?contains(@, 'x')]",
        "items && (items[?name] | map(&starts_with(name, 'x'), @))",
        "map(&starts_with(@, 'x'), not_null(items, `[]`))",
        "items && map(&to_string(name), items)",
        "tags && (tags | contains(@, 'vip'))",
        "tags && length(tags) > `2` && contains(tags, 'vip')",
        "tags && 'x' == a && contains(tags, 'vip') && b",
        "(tags && contains(tags, 'vip')) || (tags && contains(tags, 'x'))",
    ] {
        assert_eq!(remedies(source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn what_a_trigger_implies_guards_the_message() {
    for (trigger, expression, is_guarded) in [
        ("tags", "length(tags)", true),
        ("$.type == 'x' && tags && a", "length($.tags)", true),
        ("contains(tags, 'x')", "length(tags)", true),
        ("tags || a", "length(tags)", false),
        ("items[?price > `3`]", "sum(items[*].price)", true),
        ("length(items) > `3`", "sum(items[*].price)", true),
        ("!tags", "length(tags)", false),
        ("items[?tags]", "length(tags)", false),
        ("$record.headers.env == 'x'", "length($record.headers.env)", true),
        ("first && last", "join(' ', [first, last])", true),
    ] {
        let of = Expression::compile(trigger).unwrap();
        let warnings = Expression::compile(expression).unwrap().unguarded(Some(&of));
        assert_eq!(warnings.is_empty(), is_guarded, "{trigger}: {expression}: {warnings:?}");
    }
}

/// Conditions over three fields, with calls that fail where one is missing.
fn any_condition() -> impl Strategy<Value = String> {
    let field = || prop::sample::select(vec!["a", "b", "$.c"]);
    let leaf = prop_oneof![
        field().prop_map(str::to_owned),
        field().prop_map(|a| format!("contains({a}, 'x')")),
        field().prop_map(|a| format!("length({a}) > `0`")),
        field().prop_map(|a| format!("{a} == 'x'")),
        field().prop_map(|a| format!("{a} != 'x'")),
        field().prop_map(|a| format!("'x' == {a}")),
        field().prop_map(|a| format!("{a} == `null`")),
        field().prop_map(|a| format!("{a} != `null`")),
        field().prop_map(|a| format!("type({a}) == 'string'")),
        field().prop_map(|a| format!("type({a}) != 'null'")),
        field().prop_map(|a| format!("contains(['x', 'y'], {a})")),
        (field(), field()).prop_map(|(a, b)| format!("{a} == {b}")),
        (field(), field()).prop_map(|(a, b)| format!("starts_with({a}, {b})")),
        (field(), field()).prop_map(|(a, b)| format!("join('-', [{a}, {b}]) == 'x-x'")),
        (field(), field()).prop_map(|(a, b)| format!("join('-', [{a}, {b}][?@]) == 'x'")),
    ];
    leaf.prop_recursive(4, 12, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            two.clone().prop_map(|(a, b)| format!("({a} && {b})")),
            two.prop_map(|(a, b)| format!("({a} || {b})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// The naive model: every event whose three fields are missing or a text.
    #[test]
    fn what_gets_no_warning_fails_for_no_missing_field(source in any_condition()) {
        let expression = Expression::compile(&source).unwrap();
        let warnings = expression.unguarded_as_trigger();
        let values = ["", r#""{n}":"x","#, r#""{n}":"","#];
        let mut fails = false;
        for event in 0..27 {
            let value = |name: &str, place: usize| values[event / place % 3].replace("{n}", name);
            let members = [value("a", 1), value("b", 3), value("c", 9)];
            let text = format!("{{{}\"z\":1}}", members.concat());
            let outcome = expression.evaluate(&event_of(&text)).map(|value| value.is_truthy());
            if let Err(EvalError::Argument { actual, .. }) = outcome {
                fails = true;
                prop_assert!(actual.contains("null"), "{}", actual);
            }
        }
        prop_assert!(!fails || !warnings.is_empty(), "{source} fails without a warning");
    }
}
