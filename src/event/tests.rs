//! Any bytes are an event or a reason; what is read is what serde_json reads, but for the differences that are the point.

use std::cmp::Ordering;

use proptest::prelude::*;
use serde_json::Value as Json;

use super::{
    Event, Fault, Invalid, MAX_WRITTEN, Number, Object, Offset, Partition, Position, Record, Text, TopicIndex, Value,
    View,
};

fn record(payload: Option<&[u8]>) -> Record<'_> {
    let position = Position { partition: Partition { topic: TopicIndex(0), number: 0 }, offset: Offset(0) };
    Record { position, topic: "events", timestamp: None, key: None, headers: &(), payload }
}

fn judge(payload: &[u8]) -> Result<String, Invalid> {
    Event::parse(&record(Some(payload))).map(|event| json(event.root()))
}

fn json(value: &Value<'_>) -> String {
    let mut out = String::new();
    value.write_json(&mut out);
    out
}

fn shown(text: &str) -> String {
    let mut out = String::new();
    Value::parse(text).unwrap().write_text(&mut out);
    out
}

/// Whether two documents are the same. serde_json reads numbers as f64, not always the nearest one.
fn same(ours: &Value<'_>, theirs: &Json) -> bool {
    match (ours.view(), theirs) {
        (View::Null, Json::Null) => true,
        (View::Bool(a), Json::Bool(b)) => a == *b,
        (View::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64(), b.as_f64().unwrap());
            a == b || (a - b).abs() <= a.abs() * 1e-15
        }
        (View::String(a), Json::String(b)) => a == b,
        (View::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        // With `preserve_order`, serde_json's rule for order and repeated keys is ours.
        (View::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && same(a, b))
        }
        _ => false,
    }
}

/// Compares with serde_json, where that is not known to differ.
fn agrees(text: &str) -> Result<(), TestCaseError> {
    match (Value::parse(text), serde_json::from_str::<Json>(text)) {
        (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs), "{ours:?} {theirs}"),
        (Err(_), Err(_)) => {}
        // It has no numbers beyond f64, and no lone surrogates.
        (Ok(_), Err(error)) if error.to_string().contains("out of range") => {}
        (Ok(_), Err(_)) if has_lone_surrogate(text) => {}
        (ours, theirs) => prop_assert!(false, "{text:?}: ours {ours:?}, theirs {theirs:?}"),
    }
    Ok(())
}

fn has_lone_surrogate(text: &str) -> bool {
    text.to_ascii_lowercase().contains("\\ud")
}

fn any_string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -!#-\\[\\]-~äß€🎉]{0,6}",
        1 => prop::sample::select(vec![
            "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0041", "\\u00e4", "\\ud83c\\udf89", "\\uD83C", "\\udf89",
            "\\ud83c\\ud83c\\udf89", "\\ud83cx", "\\u0000",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn any_number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,8})?([eE][+-]?[0-9]{1,3})?"
}

fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any_string(),
        any_number(),
        prop::sample::select(vec!["null", "true", "false", "[]", "{}", "[ ]", "{\n}"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(6, 64, 24, |inner| {
        let key = prop_oneof![2 => "\"[a-c]\"", 1 => "\"[a-z]{3}\"", 1 => any_string()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..24).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec((key, inner), 0..24).prop_map(|all| {
                let all: Vec<_> = all.into_iter().map(|(key, value)| format!("{key} : {value}")).collect();
                format!("{{{}}}", all.join(" ,\t"))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn json_is_read_as_serde_json_reads_it(text in any_json()) {
        agrees(&text)?;
    }

    #[test]
    fn broken_json_is_refused_as_serde_json_refuses_it(text in any_json(), at in any::<prop::sample::Index>(), by in "[\\[\\]{},:\"\\\\ 0-9.eE+tnu-]{0,2}", cut in 0..3usize) {
        let at = text.floor_char_boundary(at.index(text.len() + 1));
        let end = text.ceil_char_boundary((at + cut).min(text.len()));
        agrees(&format!("{}{by}{}", &text[..at], &text[end..]))?;
        agrees(&text[..at])?;
    }

    #[test]
    fn short_texts_are_judged_as_serde_json_judges_them(text in "[\\[\\]{},:\"\\\\ 0-9.eE+tru-]{0,9}") {
        agrees(&text)?;
    }

    #[test]
    fn long_strings_end_where_they_end(before in "[ -!#-\\[\\]-~ä€\u{80}]{0,30}", special in "[\"\\\\\u{0}-\u{1f}]", after in "[ -~ä€]{0,20}") {
        agrees(&format!("\"{before}{special}{after}\""))?;
        agrees(&format!("[\"{before}\",\"{after}\"]"))?;
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _judged = judge(&bytes);
    }

    #[test]
    fn what_is_written_reads_as_the_same_and_keeps_its_numbers(text in any_json()) {
        let value = Value::parse(&text).unwrap();
        let written = json(&value);
        let again = Value::parse(&written).unwrap();
        prop_assert_eq!(json(&again), written);
        prop_assert_eq!(json(&value.to_static()), json(&value));
        let own = value.reborrow();
        prop_assert_eq!(json(&own), json(&value));
    }

    #[test]
    fn of_equal_keys_the_last_value_stands_in_the_first_place(keys in prop::collection::vec("[a-c]{0,3}", 0..80)) {
        let mut model: Vec<(&str, i64)> = Vec::new();
        let mut entries = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let at = i64::try_from(at).unwrap();
            match model.iter_mut().find(|(known, _)| known == key) {
                Some(known) => known.1 = at,
                None => model.push((key, at)),
            }
            entries.push((Text::Borrowed(key.as_str()), Value::Int(at)));
        }
        let object = Object::new(entries);
        let int = |value: &Value<'_>| match value { Value::Int(int) => *int, _ => -1 };
        let entries: Vec<_> = object.iter().map(|(key, value)| (key, int(value))).collect();
        prop_assert_eq!(&entries, &model);
        for (key, at) in model {
            prop_assert_eq!(object.get(key).map(int), Some(at));
        }
        prop_assert!(object.get("d").is_none());
    }

    #[test]
    fn numbers_compare_by_their_decimal_value(a in spelled(), b in spelled()) {
        let (a, b) = ((a.0, Number::Written(&a.1)), (b.0, Number::Written(&b.1)));
        prop_assert_eq!(a.1.cmp(&b.1), a.0.cmp(&b.0), "{:?} {:?}", a.1, b.1);
        prop_assert_eq!(a.1 == b.1, a.0 == b.0);
    }

    #[test]
    fn whole_numbers_compare_with_written_ones(a: i64, b: i64, near in -1..=1i64) {
        for b in [b, a.saturating_add(near)] {
            let (a_text, b_text) = (a.to_string(), b.to_string());
            prop_assert_eq!(Number::Int(a).cmp(&Number::Written(&b_text)), a.cmp(&b));
            prop_assert_eq!(Number::Written(&format!("{a_text}.0")).cmp(&Number::Int(b)), a.cmp(&b));
        }
    }

    #[test]
    fn computed_numbers_are_shown_so_that_they_read_as_the_same(float in any::<f64>().prop_filter("finite", |f| f.is_finite())) {
        let text = Number::Float(float).text();
        prop_assert_eq!(text.parse::<f64>().unwrap(), float);
        prop_assert!(matches!(Value::parse(&text), Ok(Value::Written(_))), "{}", text);
        prop_assert!(!text.ends_with(".0"));
        prop_assert_eq!(Number::Float(float).cmp(&Number::Written(&text)), Ordering::Equal);
    }
}

/// A number as an integer of 10^-12ths, and one of the ways to write it.
fn spelled() -> impl Strategy<Value = (i128, String)> {
    let mantissa = prop_oneof![-9..=9i64, -2000..2000i64, any::<i64>()];
    (mantissa, -6..=6i32, 0..4usize, 0..3usize, -4..=4i32).prop_map(|(mantissa, exponent, zeros, lead, shift)| {
        let value = i128::from(mantissa) * 10i128.pow(u32::try_from(exponent + 12).unwrap());
        let sign = if mantissa < 0 { "-" } else { "" };
        let digits = format!("{}{}", mantissa.unsigned_abs(), "0".repeat(zeros));
        // `exponent` is of the last digit before the added zeros: put the point somewhere and make up for it.
        let digits = format!("{}{digits}", "0".repeat(lead));
        let point = usize::try_from(shift.max(1)).unwrap().min(digits.len());
        let (whole, fraction) = digits.split_at(point);
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            whole => whole,
        };
        let exponent = exponent + i32::try_from(fraction.len()).unwrap() - i32::try_from(zeros).unwrap();
        let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
        let exponent = if exponent == 0 { String::new() } else { format!("e{exponent:+03}") };
        (value, format!("{sign}{whole}{fraction}{exponent}"))
    })
}

#[test]
fn what_is_no_event_has_its_reason() {
    assert!(matches!(Event::parse(&record(None)), Err(Invalid::Empty)));
    let cases: [(&[u8], Invalid); 26] = [
        (b"", Invalid::Empty),
        (b" \r\n\t ", Invalid::Empty),
        (b"[]", Invalid::NotObject),
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
        assert_eq!(judge(payload), Err(reason), "{}", String::from_utf8_lossy(payload));
    }
}

#[test]
fn depth_is_limited_at_127_levels_and_never_overflows_the_stack() {
    let nested = |levels: usize| format!("{{\"x\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    assert!(judge(nested(127).as_bytes()).is_ok());
    assert_eq!(judge(nested(128).as_bytes()), Err(Invalid::TooDeep));
    assert_eq!(judge(nested(100_000).as_bytes()), Err(Invalid::TooDeep));
    assert_eq!(judge("[".repeat(100_000).as_bytes()), Err(Invalid::TooDeep));
    assert_eq!(judge("{\"a\":".repeat(100_000).as_bytes()), Err(Invalid::TooDeep));
    assert!(matches!(Value::parse(&"[".repeat(1_000)), Err(Fault::TooDeep)));
    // The limit is on what is open at once, not on what there is.
    let wide = format!("{{\"x\":[{}[]]}}", "[[]],".repeat(1_000));
    assert!(judge(wide.as_bytes()).is_ok());
    // 127 objects and arrays in turn: closing must know each one's kind again.
    let mixed = format!("{}{{{}", "{\"a\":[".repeat(63), "}".to_owned() + &"]}".repeat(63));
    assert!(judge(mixed.as_bytes()).is_ok());
    assert_eq!(judge(mixed.replacen("]}", "}]", 1).as_bytes()), Err(Invalid::NotJson));
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
        assert!(matches!(Value::parse(&text_of).unwrap().view(), View::String(ours) if ours == text), "{escaped}");
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
fn ten_megabytes_are_read() {
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
        assert!(matches!(value.field(&format!("key{at}")).view(), View::Number(n) if n.as_i64() == Some(at)));
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
