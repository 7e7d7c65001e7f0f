//! A condition is true where its expression is, fails where that fails, and its text means the same.

use proptest::prelude::*;

use super::{Condition, Facts, Kind};
use crate::event::{
    Document, Event, Headers, Offset, Partition, Paths, Picks, Position, Record, TopicIndex,
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

/// What the condition of `source` comes to, and what the whole expression does.
fn both(source: &str, text: &str) -> (Result<bool, EvalError>, Result<bool, EvalError>) {
    let expression =
        Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let mut paths = Paths::default();
    let condition = expression.condition(&mut paths);
    let document = Document::new(record(text), text.as_bytes());
    let mut picks = Picks::default();
    let facts = Facts { fields: picks.read(text.as_bytes(), &paths).unwrap(), document: &document };
    let plain = expression.is_true(&Event::parse(&record(text)).unwrap());
    let ours = condition.is_true(&facts);

    // What it says of itself means the same.
    let shown = condition.show(&paths).to_string();
    let again = Expression::compile(&shown)
        .unwrap_or_else(|error| panic!("{source} is shown as {shown}: {error}"));
    assert_eq!(
        again.is_true(document.event().unwrap()),
        plain,
        "{source} is shown as {shown}, of {text}"
    );
    if ours == Ok(false) {
        assert!(condition.why(&facts, &paths).starts_with('`'));
    }
    (ours, plain)
}

/// Values that are alike, and some that no comparison takes.
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

/// Literals to compare them with.
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

fn any_condition() -> impl Strategy<Value = String> {
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
            let (ours, plain) = both(&source, &text);
            prop_assert_eq!(ours, plain, "{} of {}", source, text);
        }
    }

    #[test]
    fn so_it_is_of_any_expression(source in any_expression(), document in any_document()) {
        if Expression::compile(&source).is_ok() {
            let text = document.to_string();
            let (ours, plain) = both(&source, &text);
            prop_assert_eq!(ours, plain, "{} of {}", source, text);
        }
    }
}

#[test]
fn only_what_is_not_covered_takes_the_document() {
    let whole = |source: &str| {
        let condition: Condition =
            Expression::compile(source).unwrap().condition(&mut Paths::default());
        assert_eq!(condition.needs_document(), condition.whole_part().is_some());
        condition.whole_part()
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
fn nothing_that_is_covered_reads_the_document() {
    let text = r#"{"a":"x","n":1.5,"l":["x",[1]]}"#;
    for source in ["a == 'x' && n < `2`", "contains(l, 'x')", "$record.partition == `7`"] {
        let mut paths = Paths::default();
        let condition = Expression::compile(source).unwrap().condition(&mut paths);
        // The text of the document is not the one that was picked from: whoever reads it is found out.
        let document = Document::new(record(text), b"nonsense");
        let mut picks = Picks::default();
        let facts =
            Facts { fields: picks.read(text.as_bytes(), &paths).unwrap(), document: &document };
        assert_eq!(condition.is_true(&facts), Ok(true), "{source}");
        assert!(!matches!(condition.0, Kind::Whole(_)));
    }
}

#[test]
fn what_takes_the_document_is_shown_as_it_is_written() {
    for source in [
        "items[?price > `5` && sku != 'a'].sku",
        "length(items[*].price) > `2`",
        "items[0].sku == 'x'",
        "a[::-1] | [0]",
        "d.* | [0]",
        "sort_by(items, &price)[0].sku",
        "contains(items[*].sku, 'x')",
        "a.[b, c]",
        "{a: b, \"x-y\": c}",
        "!(a[0] == 'x')",
        "tags == `[1]`",
        "map(&join('-', [sku, $.type]), items)",
        "items[].tags[]",
    ] {
        let mut paths = Paths::default();
        let condition = Expression::compile(source).unwrap().condition(&mut paths);
        assert_eq!(condition.show(&paths).to_string(), source);
    }
}
