//! A condition is true where its expression is, and fails where that fails.

use proptest::prelude::*;

use super::judge::Facts;
use super::{Condition, Kind};
use crate::event::{
    Document, Event, FieldReader, Headers, Offset, Partition, Paths, Position, Record, TopicIndex,
};
use crate::expression::properties::{any_document, any_expression};
use crate::expression::{EvalError, Expression};

fn record(text: &str) -> Record<'_> {
    let position =
        Position { partition: Partition { topic: TopicIndex(0), number: 7 }, offset: Offset(5) };
    let headers: &dyn Headers = &();
    Record {
        position,
        topic: "events",
        timestamp: Some(9),
        key: Some(b"k"),
        headers,
        payload: Some(text.as_bytes()),
    }
}

/// Returns the results of the condition of `source`, and of the whole expression.
pub(in crate::expression) fn both(
    source: &str,
    text: &str,
) -> (Result<bool, EvalError>, Result<bool, EvalError>) {
    let expression =
        Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let mut paths = Paths::default();
    let condition = expression.condition(&mut paths);
    let document = Document::new(record(text), text.as_bytes());
    let mut reader = FieldReader::default();
    let facts =
        Facts { fields: reader.read(text.as_bytes(), &paths).unwrap(), document: &document };
    let plain = expression.is_true(&Event::parse(&record(text)).unwrap());
    let of_condition = condition.is_true(&facts);
    assert_eq!(has_whole(&condition), expression.whole_event_part().is_some(), "{source}");
    (of_condition, plain)
}

fn has_whole(condition: &Condition) -> bool {
    match &condition.0 {
        Kind::All(conditions) | Kind::Any(conditions) => conditions.iter().any(has_whole),
        Kind::Not(condition) => has_whole(condition),
        kind => matches!(kind, Kind::Whole(_)),
    }
}

/// Values that resemble each other, and some that no comparison takes.
const VALUES: [&str; 20] = [
    "null",
    "true",
    "false",
    "\"\"",
    "\"x\"",
    "\"xy\"",
    "\"\\u0078\"",
    "\"it's\"",
    "1",
    "1.0",
    "10e-1",
    "-0.0",
    "0",
    "9007199254740993",
    "9007199254740992",
    "1e400",
    "[]",
    "[\"x\", 1.0, [1]]",
    "{ }",
    "{\"a\":1}",
];

/// Literals to compare the values with.
const LITERALS: [&str; 14] = [
    "`null`",
    "`true`",
    "`false`",
    "''",
    "'x'",
    "'xy'",
    "'it\\'s'",
    "`1`",
    "`1.00`",
    "`0`",
    "`9007199254740993`",
    "`1e999`",
    "`[]`",
    "`[\"x\"]`",
];

pub(in crate::expression) fn any_condition() -> impl Strategy<Value = String> {
    let field = || prop::sample::select(vec!["a", "b", "$.c", "@.d.e", "\"a\"", "missing", "d"]);
    let literal = || prop::sample::select(LITERALS.to_vec());
    let leaf = prop_oneof![
        6 => (field(), prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]), literal(), any::<bool>())
            .prop_map(|(a, by, b, turned)| if turned { format!("{b} {by} {a}") } else { format!("{a} {by} {b}") }),
        2 => (field(), prop::sample::select(vec!["==", "!=", "<", ">="]), field()).prop_map(|(a, by, b)| format!("{a} {by} {b}")),
        2 => field().prop_map(str::to_owned),
        2 => (prop::sample::select(vec!["starts_with", "ends_with"]), field(), prop::sample::select(vec!["'x'", "''", "'y'"]))
            .prop_map(|(test, a, b)| format!("{test}({a}, {b})")),
        2 => (field(), literal()).prop_map(|(a, b)| format!("contains({a}, {b})")),
        1 => (field(), literal(), literal()).prop_map(|(a, b, c)| format!("contains([{b}, {c}], {a})")),
        1 => field().prop_map(|a| format!("contains(`[\"x\", 1, null]`, {a})")),
        1 => prop::sample::select(vec![
            "$record.topic == 'events'", "$record.partition > `7`", "$record.headers.x", "length($record.key) == `1`", "contains($record.headers.x, 'a')",
            "`true`", "''", "length(a) > `1`", "a[0] == 'x'", "d.* | [0]", "@", "$", "type(b) == 'number'", "$.d == $",
        ]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|all| format!("({})", all.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|all| format!("({})", all.join(" || "))),
            inner.prop_map(|it| format!("!({it})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_condition_is_true_where_its_expression_is(source in any_condition(), values in prop::collection::vec(prop::sample::select(VALUES.to_vec()), 4)) {
        let text = format!("{{\"a\":{},\"b\":{} , \"c\":{},\"d\":{{\"e\":{}}}}}", values[0], values[1], values[2], values[3]);
        if Expression::compile(&source).is_ok() {
            let (of_condition, plain) = both(&source, &text);
            prop_assert_eq!(of_condition, plain, "{} of {}", source, text);
        }
    }

    #[test]
    fn the_same_holds_for_any_expression(source in any_expression(), document in any_document()) {
        if Expression::compile(&source).is_ok() {
            let text = document.to_string();
            let (of_condition, plain) = both(&source, &text);
            prop_assert_eq!(of_condition, plain, "{} of {}", source, text);
        }
    }
}

#[test]
fn only_a_part_that_fields_cannot_decide_needs_the_document() {
    let whole = |source: &str| {
        let expression = Expression::compile(source).unwrap();
        let part = expression.whole_event_part();
        assert_eq!(has_whole(&expression.condition(&mut Paths::default())), part.is_some());
        part
    };
    for covered in [
        "type == 'track' && $.properties.total > `100` && !(a.b || c)",
        "contains(tags, 'vip') && starts_with(name, 'A') || ends_with(\"x-y\", 'z')",
        "contains(['a', 'b'], type) || contains(`[1, 2]`, n)",
        "a == b && a.b != c.d",
        "$record.topic == 'orders' && contains($record.headers.kind, 'x')",
        "`true`",
    ] {
        assert_eq!(whole(covered), None, "{covered}");
    }
    for (source, part) in [
        ("type == 'track' && length(items) > `2`", "length(items) > `2`"),
        ("items[?price > `5`]", "items[?price > `5`]"),
        ("a || items[0].sku == 'x'", "items[0].sku == 'x'"),
        ("tags == `[1]`", "tags == `[1]`"),
        ("@", "@"),
        ("!(contains(keys($), 'a'))", "contains(keys($), 'a')"),
    ] {
        assert_eq!(whole(source).as_deref(), Some(part), "{source}");
    }
}

#[test]
fn a_condition_on_fields_never_reads_the_document() {
    let text = r#"{"a":"x","n":1.5,"l":["x",[1]]}"#;
    for source in ["a == 'x' && n < `2`", "contains(l, 'x')", "$record.partition == `7`"] {
        let mut paths = Paths::default();
        let condition = Expression::compile(source).unwrap().condition(&mut paths);
        // The document's text differs from that of the fields, so that reading it fails.
        let document = Document::new(record(text), b"nonsense");
        let mut reader = FieldReader::default();
        let facts =
            Facts { fields: reader.read(text.as_bytes(), &paths).unwrap(), document: &document };
        assert_eq!(condition.is_true(&facts), Ok(true), "{source}");
        assert!(!matches!(condition.0, Kind::Whole(_)));
    }
}

#[test]
fn a_bare_number_is_as_good_as_one_in_backticks() {
    let number = regex::Regex::new(r"-?[0-9]+(\.[0-9]+)?").unwrap();
    for bare in
        ["a > 5", "-2.50 <= a.b", "contains([1, 2.0], a)", "a == 1 || a == 2", "contains(l, 3)"]
    {
        let condition = |source: &str| {
            let mut paths = Paths::default();
            format!("{:?}", Expression::compile(source).unwrap().condition(&mut paths))
        };
        assert_eq!(condition(bare), condition(&number.replace_all(bare, "`$0`")), "{bare}");
        assert_eq!(Expression::compile(bare).unwrap().whole_event_part(), None, "{bare}");
    }
}

#[test]
fn slacklines_functions_need_the_event_unless_they_are_on_the_record() {
    for (source, text) in [
        ("lower(type) == 'track'", r#"{"type":"Track"}"#),
        ("plus(a, 1) == 2 && glob(b, 'x*')", r#"{"a":1.0,"b":"xy"}"#),
        ("matches($record.topic, '^ev') && age(0.009) == 0", "{}"),
        ("if(a, b, c)", r#"{"a":[],"c":1}"#),
        ("!upper(a)", r#"{"a":1}"#),
    ] {
        let (of_condition, plain) = both(source, text);
        assert_eq!(of_condition, plain, "{source}");
        assert_ne!(plain, Ok(false), "{source}");
    }
    let mut paths = Paths::default();
    let source = "matches($record.topic, '^ev')";
    let condition = Expression::compile(source).unwrap().condition(&mut paths);
    assert!(matches!(condition.0, Kind::Record(_)));
}
