//! The forms that slackline adds to JMESPath, and those that it refuses.

use super::compliance::event_of;
use super::{CompileError, EvalError, Expression};
use crate::event::{Event, Headers, Offset, Partition, Position, Record, TopicIndex};

mod bounds;

mod filters;

mod parse_json;

pub const EVENT: &str = r#"{
    "type": "track", "event": "Order Completed", "userId": 9007199254740993, "other": 9007199254740992,
    "properties": {"name": "Ann", "total": 49.90, "limit": 5, "huge": 1e400, "x-y": "dash",
        "items": [{"price": 4, "sku": "a"}, {"price": 6.0, "sku": "b"}, {"price": 7e0, "sku": "c"}]},
    "z": 1, "a": {"c": 1, "b": [2, 3.0]}
}"#;

pub fn shown(source: &str, event: &str) -> String {
    let expression =
        Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let event = event_of(event);
    let mut out = String::new();
    match expression.evaluate(&event) {
        Ok(value) => value.write_json(&mut out),
        Err(error) => out = format!("error: {error}"),
    }
    out
}

pub fn refusal(source: &str) -> CompileError {
    match Expression::compile(source) {
        Err(error) => {
            assert!(
                error.offset <= source.len() && source.is_char_boundary(error.offset),
                "{source}: {error:?}"
            );
            assert!(
                !error.help.is_empty()
                    && !error.message.ends_with('.')
                    && !error.message.contains('\n'),
                "{error:?}"
            );
            error
        }
        Ok(_) => panic!("`{source}` compiles"),
    }
}

#[test]
fn the_root_and_plain_names_are_the_same_at_the_top() {
    for name in [
        "properties.name",
        "$.properties.name",
        "@.properties.name",
        "$ | properties.name",
        "[$][0].properties.name",
    ] {
        assert_eq!(shown(name, EVENT), "\"Ann\"", "{name}");
    }
    assert_eq!(shown("$", r#"{"a": 1}"#), r#"{"a":1}"#);
    assert_eq!(shown("$ == @", r#"{"a": 1}"#), "true");
    assert_eq!(shown("$[0]", "[5]"), "5");
}

#[test]
fn the_root_is_the_root_anywhere() {
    for (source, expected) in [
        ("$.properties.items[?price > $.properties.limit].sku", r#"["b","c"]"#),
        ("properties.items[*].[sku, $.type]", r#"[["a","track"],["b","track"],["c","track"]]"#),
        ("properties.items[*].{s: sku, t: $.type} | [0]", r#"{"s":"a","t":"track"}"#),
        ("map(&join('-', [sku, $.type]), properties.items)", r#"["a-track","b-track","c-track"]"#),
        ("properties.items[?contains(['b', $.z], sku)] | length(@)", "1"),
        ("properties.items[-1] | $.type", r#""track""#),
        ("a.* | [0] == $.z", "true"),
        ("properties.items[?price == `6`] | [0].sku == 'b' && $.type == 'track'", "true"),
        // Inside quotes, a `$` is a `$`.
        ("'$.type'", r#""$.type""#),
        ("\"$\"", "null"),
        ("`\"$record\"`", r#""$record""#),
    ] {
        assert_eq!(shown(source, EVENT), expected, "{source}");
    }
    assert_eq!(shown("\"$\" == $.\"$\"", r#"{"$": 1}"#), "true");
}

struct TwoHeaders;

impl Headers for TwoHeaders {
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
        each("x-y", Some(b"first"));
        each("empty", None);
        each("x-y", Some(b"l\xffast"));
    }
}

#[test]
fn the_record_is_readable() {
    let position = Position {
        partition: Partition { topic: TopicIndex(3), number: 7 },
        offset: Offset(9_007_199_254_740_993),
    };
    let full = Record {
        position,
        topic: "orders",
        timestamp: Some(1_700_000_000_123),
        key: Some(b"k\xff"),
        headers: &TwoHeaders,
        payload: Some(br#"{"topic": "mine", "items": [1]}"#),
    };
    let bare = Record { timestamp: None, key: None, headers: &(), ..full };
    let cases = [
        ("$record.topic", r#""orders""#, r#""orders""#),
        ("$record.partition", "7", "7"),
        ("$record.offset", "9007199254740993", "9007199254740993"),
        ("$record.offset == `9007199254740993`", "true", "true"),
        ("$record.offset == `9007199254740992`", "false", "false"),
        ("$record.timestamp", "1700000000123", "null"),
        ("$record.key", "\"k\u{FFFD}\"", "null"),
        ("$record.headers.\"x-y\"", "\"l\u{FFFD}ast\"", "null"),
        ("$record.headers.empty", "null", "null"),
        ("$record.headers.none", "null", "null"),
        ("keys($record.headers)", r#"["x-y","empty"]"#, "[]"),
        ("$record.[topic, partition]", r#"["orders",7]"#, r#"["orders",7]"#),
        ("$record | topic", r#""orders""#, r#""orders""#),
        (
            "keys($record)",
            r#"["topic","partition","offset","timestamp","key","headers"]"#,
            r#"["topic","partition","offset","timestamp","key","headers"]"#,
        ),
        ("items[?$record.partition == `7`]", "[1]", "[1]"),
        ("$record.topic != topic && $.topic == 'mine'", "true", "true"),
    ];
    for (source, of_full, of_bare) in cases {
        let expression = Expression::compile(source).unwrap();
        for (record, expected) in [(full, of_full), (bare, of_bare)] {
            let event = Event::parse(&record).unwrap();
            let mut out = String::new();
            expression.evaluate(&event).unwrap().write_json(&mut out);
            assert_eq!(out, expected, "{source}");
        }
    }
}

#[test]
fn numbers_keep_their_digits_and_compare_exactly() {
    for (source, expected) in [
        ("properties.total", "49.90"),
        ("properties.{t: total}", r#"{"t":49.90}"#),
        ("`49.90`", "49.90"),
        ("`[1e400, 9007199254740993]`", "[1e400,9007199254740993]"),
        ("userId == other", "false"),
        ("userId == `9007199254740993`", "true"),
        ("userId == `9007199254740992`", "false"),
        ("userId > other", "true"),
        ("properties.total == `49.9`", "true"),
        ("[`1` == `1.0`, `1` == `1e0`, `1` == `10e-1`]", "[true,true,true]"),
        ("properties.huge > `1.7e308`", "true"),
        ("contains([other], userId)", "false"),
        ("contains([`1.0`], `1`)", "true"),
        ("max([other, userId])", "9007199254740993"),
        (
            "sort([userId, other, `1.50`, properties.huge])",
            "[1.50,9007199254740992,9007199254740993,1e400]",
        ),
        ("[other] == [userId]", "false"),
        ("{a: `1`} == {a: `1.00`}", "true"),
        ("to_number('49.90')", "49.90"),
        ("to_number('9007199254740993') == userId", "true"),
        ("to_string(properties.total)", r#""49.90""#),
        ("abs(`-9007199254740993`)", "9007199254740993"),
        ("[abs(`-1.50`), abs(`1.50`), abs(`-1e400`)]", "[1.50,1.50,1e400]"),
        (
            "[ceil(`9007199254740993`), floor(`12345678901234567890`)]",
            "[9007199254740993,12345678901234567890]",
        ),
        ("[ceil(`1.2`), floor(`-1.2`), ceil(`-0.5`), floor(`1.0`)]", "[2,-2,0,1]"),
        ("[sum([`1`, `2`]), sum([`1.5`, `1.5`]), sum(`[]`)]", "[3,3,0]"),
        ("sum([`0.1`, `0.2`])", "0.30000000000000004"),
        ("sum([`0.1`]) == `0.1`", "true"),
        ("sum([`9007199254740993`, `1`])", "9007199254740994"),
        ("[avg([`1`, `2`]), avg([`1`, `3`]), avg(`[]`)]", "[1.5,2,null]"),
        ("sum([`1e400`])", "error: the result of `sum` is not a finite number"),
        ("length('äß🎉')", "3"),
        (
            "[to_number('1 '), to_number('0x1'), to_number(''), to_number('-'), to_number('true'), to_number('01')]",
            "[null,null,null,null,null,null]",
        ),
    ] {
        assert_eq!(shown(source, EVENT), expected, "{source}");
    }
}

#[test]
fn keys_keep_the_order_of_the_event() {
    for (source, expected) in [
        ("a", r#"{"c":1,"b":[2,3.0]}"#),
        ("keys(a)", r#"["c","b"]"#),
        ("a.*", "[1,[2,3.0]]"),
        ("values(a)", "[1,[2,3.0]]"),
        ("{z: z, b: a.c}", r#"{"z":1,"b":1}"#),
        ("merge(a, {b: z, d: z})", r#"{"c":1,"b":1,"d":1}"#),
        ("to_string(a)", r#""{\"c\":1,\"b\":[2,3.0]}""#),
    ] {
        assert_eq!(shown(source, EVENT), expected, "{source}");
    }
}

#[test]
fn wrong_types_are_errors_that_say_what_was_wrong() {
    for (source, expected) in [
        ("contains(missing, 'x')", "`contains` takes an array or a string as argument 1, not null"),
        ("length(z)", "`length` takes an array, an object or a string as argument 1, not a number"),
        ("sum(a.b[*].c)", "0"),
        (
            "sum([z, type])",
            "`sum` takes an array of numbers as argument 1, not an array of number and string",
        ),
        (
            "sort([z, type])",
            "`sort` takes an array of only numbers or only strings as argument 1, not an array of number and string",
        ),
        (
            "sort_by(properties.items, &missing)",
            "the expression of `sort_by` must give a number or a string for every element, not null",
        ),
        (
            "max_by([{a: z}, {a: type}], &a)",
            "the expression of `max_by` must give a number for every element, not string",
        ),
    ] {
        assert_eq!(shown(source, EVENT).trim_start_matches("error: "), expected, "{source}");
    }
    let failing = Expression::compile("contains(missing, 'x')").unwrap();
    assert!(matches!(
        failing.is_true(&event_of(EVENT)),
        Err(EvalError::Argument { position: 1, .. })
    ));
}

#[test]
fn strings_have_no_order() {
    assert_eq!(shown("type < 'zzz'", EVENT), "null");
    assert_eq!(shown("type == 'track'", EVENT), "true");
    assert!(
        !Expression::compile("type < 'zzz' || type > 'a'")
            .unwrap()
            .is_true(&event_of(EVENT))
            .unwrap()
    );
}

#[test]
fn forms_that_cannot_work_are_refused_with_their_offset() {
    for (source, offset, message) in [
        ("", 0, "the expression is empty"),
        (" \n", 0, "the expression is empty"),
        ("a ==", 4, "the expression ends too early"),
        ("a.", 2, "the expression ends too early"),
        ("a = 'x'", 2, "unexpected `=`"),
        ("äb == 'x'", 0, "unexpected `ä`"),
        ("user-id == 'x'", 4, "unexpected `-`"),
        ("a == “x”", 5, "unexpected `“`"),
        ("'ä' == b = c", 10, "unexpected `=`"),
        ("a == 'x", 5, "`'` is never closed"),
        ("a == \"x", 5, "`\"` is never closed"),
        ("a == `x", 5, "the backtick is never closed"),
        ("a == `x`", 5, "`x` is not JSON"),
        ("a == ``", 5, "the literal is empty"),
        ("a == `01`", 5, "`01` is not JSON"),
        ("\"a\\x\"", 0, "the name in double quotes is not a JSON string"),
        ("(a", 0, "`(` is never closed"),
        ("f[?a", 1, "`[?` is never closed"),
        ("a)", 1, "`)` closes nothing"),
        ("(a]", 2, "`]` closes nothing"),
        ("a b", 2, "`b` follows `a` with no operator between"),
        ("[a b]", 3, "`b` follows `a` with no operator between"),
        ("contains(a 'b')", 11, "`'b'` follows `a` with no operator between"),
        ("a == 'x' and b == 'y'", 9, "`and` follows `'x'` with no operator between"),
        ("a & b", 2, "`&` follows `a` with no operator between"),
        ("$$", 1, "`$` follows `$` with no operator between"),
        ("$name", 0, "there is no `$name`"),
        ("$records.topic", 0, "there is no `$records`"),
        ("$record.header", 8, "`$record` has no `header`"),
        ("a.$", 2, "unexpected `$`"),
        ("a[b]", 2, "unexpected `b`"),
        ("a[99999999999]", 2, "unexpected `99999999999`"),
        ("a.b(c)", 4, ""),
        ("lenght(a)", 0, "unknown function `lenght`"),
        ("a == lenght(a)", 5, "unknown function `lenght`"),
        ("a[?frobnicate(@)]", 3, "unknown function `frobnicate`"),
        ("length()", 0, "`length` takes 1 argument, not 0"),
        ("a || contains('a')", 5, "`contains` takes 2 arguments, not 1"),
        ("merge()", 0, "`merge` takes at least 1 argument, not 0"),
        ("abs('x')", 4, "`abs` takes a number as argument 1, not a string"),
        ("sort_by(a, b)", 11, "`sort_by` takes an expression as argument 2, not a value"),
        (
            "length(&a)",
            7,
            "`length` takes an array, an object or a string as argument 1, not an expression",
        ),
        ("&a", 0, "`&` is only for an argument of a function"),
        ("a[::0]", 4, "the step of a slice is 0"),
        ("!a.b", 0, "`!` binds stronger"),
        ("x && !a.b == 'c'", 5, "`!` binds stronger"),
        ("!a[?b]", 0, "`!` binds stronger"),
        ("!a[]", 0, "`!` binds stronger"),
        ("!a.*", 0, "`!` binds stronger"),
        ("!a.b.c[0].d", 0, "`!` binds stronger"),
        ("(!a).b", 1, "`!` binds stronger"),
        ("!a == 'x'", 0, "this compares true or false with a string"),
        ("a == b == 'x'", 0, "this compares true or false with a string"),
        ("`1` < a < `5`", 0, "this compares true or false with a number"),
    ] {
        let error = refusal(source);
        if !message.is_empty() {
            assert!(error.message.starts_with(message), "{source}: {error:?}");
            assert_eq!(error.offset, offset, "{source}: {error:?}");
        }
    }
    assert!(refusal("lenght(a)").help.contains("length(a)"));
    assert!(refusal("startswith(a, 'b')").help.contains("starts_with(a, 'b')"));
    assert!(refusal("frobnicate(a)").help.contains("sort_by"));
    assert!(refusal("a == `x`").help.contains("'x'"));
    assert!(refusal("a == 'x' and b").help.contains("&&"));
    assert!(refusal("user-id == 'x'").help.contains("\"user-id\""));
    assert!(refusal("$name").help.contains("$.name"));
}

#[test]
fn similar_valid_forms_are_allowed() {
    for source in [
        "!(a.b)",
        "!a || b",
        "!a && b.c",
        "!a[0]",
        "!a[*]",
        "!!a",
        "!a | [@, b]",
        "!a == `true`",
        "!a == b",
        "a == b == c",
        "(a == b) == `false`",
        "$record",
        "$.record",
        "\"$record\"",
        "a.*.b",
        "*.a",
        "[*].a",
        "a[1:2].b",
        "a[::-1]",
        "{\"x-y\": a}",
        "a.\"x-y\"",
        "a.{b: c}.b",
        "a[].b[]",
        "sort_by(a, &b)[0].c",
        "type(a)",
        "length(a) > `1`",
        "`1` == a",
        "a.[b, c][0]",
        "(a || b).c",
    ] {
        let expression =
            Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(expression.warnings(), [], "{source}");
    }
}

#[test]
fn suspicious_forms_get_a_warning() {
    for (source, offsets) in [
        ("a == \"x\"", vec![5]),
        ("a != \"x y\"", vec![5]),
        ("\"x\" == a", vec![0]),
        ("type == \"track\" && event == \"Order\"", vec![8, 28]),
        ("a[?b == \"x\"]", vec![8]),
        ("contains(tags, \"vip\")", vec![15]),
        ("contains(tags, \"x-y\")", vec![]),
        ("\"x-y\" == 'z'", vec![]),
        ("\"x-y\" == a", vec![]),
        ("'z' == \"x-y\"", vec![]),
        ("a.\"x\" == b", vec![]),
        ("type == 'track' || 'page'", vec![19]),
        ("name || 'someone'", vec![]),
        ("time > '2024-01-01'", vec![7]),
    ] {
        let expression =
            Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"));
        let found: Vec<_> = expression.warnings().iter().map(|warning| warning.offset).collect();
        assert_eq!(found, offsets, "{source}: {:?}", expression.warnings());
    }
}
