//! Examples of valid and invalid events: edges that a generator seldom finds.

use std::cmp::Ordering;

use super::tests::{json, record, shown, validate};
use super::{Event, Fault, Invalid, MAX_WRITTEN, Number, Value, View};

#[test]
fn invalid_records_have_their_reason() {
    assert!(matches!(Event::parse(&record(None)), Err(Invalid::Empty)));
    let cases: [(&[u8], Invalid); 26] = [
        (b"", Invalid::Empty),
        (b" \r\n\t ", Invalid::Empty),
        (b"[]", Invalid::Array),
        (b" \"text\" ", Invalid::NotObject),
        (b"5", Invalid::NotObject),
        (b"null", Invalid::NotObject),
        (b"[1,2", Invalid::NotJson),
        (b"nul", Invalid::NotJson),
        (b"{", Invalid::NotJson),
        (b"{\"a\":1", Invalid::NotJson),
        (b"{\"a\":1}}", Invalid::NotJson),
        (b"{\"a\":1} {\"a\":2}", Invalid::NotJson),
        (b"{\"a\":1}x", Invalid::NotJson),
        (b"{\"a\":1,}", Invalid::NotJson),
        (b"{a:1}", Invalid::NotJson),
        (b"{'a':1}", Invalid::NotJson),
        (b"{\"a\":01}", Invalid::NotJson),
        (b"{\"a\":NaN}", Invalid::NotJson),
        (b"{\"a\":\"\n\"}", Invalid::NotJson),
        (b"{\"a\":\"\\x\"}", Invalid::NotJson),
        (b"{\"a\":\"\\u12\"}", Invalid::NotJson),
        (b"{\"a\":\"\xff\"}", Invalid::NotJson),
        (b"{\"a\":1}\0", Invalid::NotJson),
        (b"\0", Invalid::NotJson),
        (b"\xef\xbb\xbf{\"a\":1}", Invalid::NotJson),
        // A surrogate in UTF-8 is not UTF-8.
        (b"{\"a\":\"\xed\xa0\xbc\"}", Invalid::NotJson),
    ];
    for (payload, reason) in cases {
        assert_eq!(validate(payload), Err(reason), "{}", String::from_utf8_lossy(payload));
    }
}

#[test]
fn depth_is_limited_at_127_levels_and_never_overflows_the_stack() {
    let nested =
        |levels: usize| format!("{{\"x\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    assert!(validate(nested(127).as_bytes()).is_ok());
    assert_eq!(validate(nested(128).as_bytes()), Err(Invalid::TooDeep));
    assert_eq!(validate(nested(100_000).as_bytes()), Err(Invalid::TooDeep));
    assert_eq!(validate("[".repeat(100_000).as_bytes()), Err(Invalid::TooDeep));
    assert_eq!(validate("{\"a\":".repeat(100_000).as_bytes()), Err(Invalid::TooDeep));
    assert!(matches!(Value::parse(&"[".repeat(1_000)), Err(Fault::TooDeep)));
    // The limit counts open arrays and objects, not all of them.
    let wide = format!("{{\"x\":[{}[]]}}", "[[]],".repeat(1_000));
    assert!(validate(wide.as_bytes()).is_ok());
    // 127 objects and arrays in turn: the lexer must remember the kind of each.
    let mixed = format!("{}{{{}", "{\"a\":[".repeat(63), "}".to_owned() + &"]}".repeat(63));
    assert!(validate(mixed.as_bytes()).is_ok());
    assert_eq!(validate(mixed.replacen("]}", "}]", 1).as_bytes()), Err(Invalid::NotJson));
}

#[test]
fn lone_surrogates_are_the_replacement_character() {
    for (escaped, text) in [
        (r"\ud83c\udf89", "🎉"),
        (r"\uD83C\uDF89", "🎉"),
        (r"\ud83c", "\u{FFFD}"),
        (r"\udf89", "\u{FFFD}"),
        (r"a\ud83c", "a\u{FFFD}"),
        (r"\ud83cb", "\u{FFFD}b"),
        (r"\ud83c\n", "\u{FFFD}\n"),
        (r"\ud83c\u0041", "\u{FFFD}A"),
        (r"\ud83c\ud83c\udf89", "\u{FFFD}🎉"),
        (r"\udf89\ud83c", "\u{FFFD}\u{FFFD}"),
        (r"\ud83c\\udf89", "\u{FFFD}\\udf89"),
        (r"\u0000", "\0"),
        (r"\\u0041", "\\u0041"),
    ] {
        let text_of = format!("\"{escaped}\"");
        assert!(
            matches!(Value::parse(&text_of).unwrap().view(), View::String(ours) if ours == text),
            "{escaped}"
        );
    }
}

#[test]
fn a_message_shows_values_as_they_were_written() {
    for (text, expected) in [
        ("49.90", "49.90"),
        ("9007199254740993", "9007199254740993"),
        ("1e400", "1e400"),
        ("-0.0", "-0.0"),
        ("1E+2", "1E+2"),
        ("null", ""),
        ("true", "true"),
        ("\"a\\\"b\"", "a\"b"),
        ("[ 1.0, \"x\\ny\", null, {} ]", r#"[1.0,"x\ny",null,{}]"#),
        (
            r#"{"b": 49.90, "a": {"z": [], "y": "\u0001\u007f\u00e4\/"}}"#,
            "{\"b\":49.90,\"a\":{\"z\":[],\"y\":\"\\u0001\u{7f}ä/\"}}",
        ),
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
    ] {
        assert_eq!(shown(text), expected);
    }
    for (value, expected) in [
        (Value::Float(3.0), "3"),
        (Value::Float(0.1), "0.1"),
        (Value::Float(-0.0), "0"),
        (Value::Int(i64::MIN), "-9223372036854775808"),
    ] {
        assert_eq!(json(&value), expected);
    }
}

#[test]
fn truth_is_jmespaths() {
    for (text, truth) in [
        ("null", false),
        ("false", false),
        ("\"\"", false),
        ("[]", false),
        ("{}", false),
        ("0", true),
        ("true", true),
        ("\" \"", true),
        ("[null]", true),
        ("{\"a\":null}", true),
    ] {
        assert_eq!(Value::parse(text).unwrap().is_truthy(), truth, "{text}");
    }
}

#[test]
fn numbers_at_the_edges_compare_as_they_should() {
    let long_zero = format!("0.{}1", "0".repeat(1_000_000));
    let huge = format!("1e{}", "9".repeat(100_000));
    let tiny = format!("1e-{}", "9".repeat(100_000));
    let digits = "9".repeat(400);
    for (a, order, b) in [
        ("1", Ordering::Equal, "1.0"),
        ("1e0", Ordering::Equal, "10e-1"),
        ("0", Ordering::Equal, "-0.00e5"),
        ("9007199254740993", Ordering::Greater, "9007199254740992"),
        ("9007199254740993", Ordering::Greater, "9007199254740992.9"),
        ("18446744073709551617", Ordering::Greater, "18446744073709551616"),
        ("0.1", Ordering::Less, "0.10000000000000000000000000001"),
        ("1e400", Ordering::Greater, "1.7976931348623157e308"),
        ("-1e400", Ordering::Less, "-1.7976931348623157e308"),
        ("-1e400", Ordering::Less, "1e400"),
        // Beyond f64 all is infinite.
        ("1e400", Ordering::Equal, "2e500"),
        ("1.8e308", Ordering::Equal, "1e400"),
        (digits.as_str(), Ordering::Equal, huge.as_str()),
        ("1e0000000000000000000000001", Ordering::Equal, "10"),
        ("1e-400", Ordering::Greater, "0"),
        ("1e-400", Ordering::Less, "1.1e-400"),
        (long_zero.as_str(), Ordering::Greater, tiny.as_str()),
        (long_zero.as_str(), Ordering::Equal, "1e-1000001"),
        (tiny.as_str(), Ordering::Greater, "0"),
        ("-2", Ordering::Less, "-1.5"),
    ] {
        let (a, b) = (Number::Written(a), Number::Written(b));
        assert_eq!(a.cmp(&b), order);
        assert_eq!(b.cmp(&a), order.reverse());
    }
}

#[test]
fn ten_megabytes_are_parsed() {
    let payloads = [
        format!("{{\"a\":[{}0]}}", "0,".repeat(5_000_000)),
        format!("{{\"a\":\"{}\"}}", "\\u00e4".repeat(1_700_000)),
        format!("{{\"a\":\"{}\"}}", "ä".repeat(5_000_000)),
        format!("{{{}\"k\":1}}", "\"k\":0,".repeat(300_000)),
        format!("{{\"a\":{}}}", "1".repeat(10_000_000)),
    ];
    let sizes = [5_000_001, 1_700_000 * 2, 10_000_000, 1, 10_000_000];
    for (payload, size) in payloads.iter().zip(sizes) {
        let record = record(Some(payload.as_bytes()));
        let event = Event::parse(&record).unwrap();
        let found = match (event.root().field("a").view(), event.root().field("k").view()) {
            (View::Array(elements), _) => elements.len(),
            (View::String(text), _) => text.len(),
            (View::Number(number), View::Null) => number.text().len(),
            (_, View::Number(number)) => usize::try_from(number.as_i64().unwrap()).unwrap(),
            _ => 0,
        };
        assert_eq!(found, size);
    }
}

#[test]
fn large_objects_find_their_keys() {
    let pairs: Vec<_> = (0..2_000).map(|at| format!("\"key{at}\":{at}")).collect();
    let text = format!("{{{}}}", pairs.join(","));
    let value = Value::parse(&text).unwrap();
    for at in 0..2_000 {
        assert!(
            matches!(value.field(&format!("key{at}")).view(), View::Number(n) if n.as_i64() == Some(at))
        );
    }
    assert!(matches!(value.field("key2000"), Value::Null));
    assert_eq!(json(&value), text);
}

#[test]
fn writing_ends_at_its_limit_between_characters() {
    let text = format!("\"{}\"", "€".repeat(MAX_WRITTEN));
    let mut out = "before ".to_owned();
    Value::parse(&text).unwrap().write_text(&mut out);
    assert_eq!(out.len(), "before ".len() + MAX_WRITTEN / 3 * 3);
    assert!(out.ends_with('€'));
}

#[test]
fn values_are_small_and_go_between_threads() {
    fn goes_between_threads<T: Send + Sync>() {}
    goes_between_threads::<Value<'static>>();
    assert_eq!(size_of::<Value<'_>>(), 24);
}
