//! Any bytes are an event or have a reason for being invalid; values are those of serde_json, apart
//! from intended differences.

use std::cmp::Ordering;

use proptest::prelude::*;
use serde_json::Value as Json;

use super::{
    Event, Invalid, Number, Object, Offset, Partition, Position, Record, Text, TopicIndex, Value,
    View,
};

pub fn record(payload: Option<&[u8]>) -> Record<'_> {
    let position =
        Position { partition: Partition { topic: TopicIndex(0), number: 0 }, offset: Offset(0) };
    Record { position, topic: "events", timestamp: None, key: None, headers: &(), payload }
}

pub fn validate(payload: &[u8]) -> Result<String, Invalid> {
    Event::parse(&record(Some(payload))).map(|event| json(event.root()))
}

pub fn json(value: &Value<'_>) -> String {
    let mut out = String::new();
    value.write_json(&mut out);
    out
}

pub fn shown(text: &str) -> String {
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
        (View::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        // With `preserve_order`, serde_json has the same rule for order and repeated keys.
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

pub fn any_string() -> impl Strategy<Value = String> {
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

pub fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any_string(),
        any_number(),
        prop::sample::select(vec!["null", "true", "false", "[]", "{}", "[ ]", "{\n}"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(6, 64, 24, |inner| {
        let key = prop_oneof![2 => "\"[a-c]\"", 1 => "\"[a-z]{3}\"", 1 => any_string()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..24)
                .prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec((key, inner), 0..24).prop_map(|all| {
                let all: Vec<_> =
                    all.into_iter().map(|(key, value)| format!("{key} : {value}")).collect();
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
    fn short_texts_are_accepted_or_refused_as_by_serde_json(text in "[\\[\\]{},:\"\\\\ 0-9.eE+tru-]{0,9}") {
        agrees(&text)?;
    }

    #[test]
    fn long_strings_end_at_their_quote(before in "[ -!#-\\[\\]-~ä€\u{80}]{0,30}", special in "[\"\\\\\u{0}-\u{1f}]", after in "[ -~ä€]{0,20}") {
        agrees(&format!("\"{before}{special}{after}\""))?;
        agrees(&format!("[\"{before}\",\"{after}\"]"))?;
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _judged = validate(&bytes);
    }

    #[test]
    fn written_json_parses_to_the_same_value_with_its_digits(text in any_json()) {
        let value = Value::parse(&text).unwrap();
        let written = json(&value);
        let again = Value::parse(&written).unwrap();
        prop_assert_eq!(json(&again), written);
        prop_assert_eq!(json(&value.to_static()), json(&value));
        let own = value.reborrow();
        prop_assert_eq!(json(&own), json(&value));
    }

    #[test]
    fn of_equal_keys_the_last_value_takes_the_first_place(keys in prop::collection::vec("[a-c]{0,3}", 0..80)) {
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
    (mantissa, -6..=6i32, 0..4usize, 0..3usize, -4..=4i32).prop_map(
        |(mantissa, exponent, zeros, lead, shift)| {
            let value = i128::from(mantissa) * 10i128.pow(u32::try_from(exponent + 12).unwrap());
            let sign = if mantissa < 0 { "-" } else { "" };
            let digits = format!("{}{}", mantissa.unsigned_abs(), "0".repeat(zeros));
            // `exponent` is that of the last digit before the added zeros: adjust it to the point.
            let digits = format!("{}{digits}", "0".repeat(lead));
            let point = usize::try_from(shift.max(1)).unwrap().min(digits.len());
            let (whole, fraction) = digits.split_at(point);
            let whole = match whole.trim_start_matches('0') {
                "" => "0",
                whole => whole,
            };
            let exponent =
                exponent + i32::try_from(fraction.len()).unwrap() - i32::try_from(zeros).unwrap();
            let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
            let exponent = if exponent == 0 { String::new() } else { format!("e{exponent:+03}") };
            (value, format!("{sign}{whole}{fraction}{exponent}"))
        },
    )
}
