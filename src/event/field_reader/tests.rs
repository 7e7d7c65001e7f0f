//! A field has the value that the parsed document has, and a text is refused if parsing refuses it.

use proptest::prelude::*;

use super::super::lexer::Fault;
use super::super::tests::{any_json, any_string, json};
use super::super::{Path, Paths, Value, View};
use super::{FieldReader, FieldValue, elements};

/// A field as JSON; `null` where it is missing.
fn shown(seen: FieldValue<'_>) -> String {
    match seen {
        FieldValue::Null => "null".to_owned(),
        FieldValue::Bool(bool) => bool.to_string(),
        FieldValue::Number(written) => written.to_owned(),
        FieldValue::String(text) => {
            assert!(text.plain().is_none_or(|plain| text.is(plain)) && text.is(&text.decode()));
            json(&text.decode().into())
        }
        FieldValue::Array(text) | FieldValue::Object(text) => json(&Value::parse(text).unwrap()),
    }
}

fn field<'v>(document: &'v Value<'v>, names: &[&str]) -> String {
    json(names.iter().fold(document, |value, name| value.field(name)))
}

/// Compares the fields with the document; the reader is used for several texts.
fn agrees(
    reader: &mut FieldReader,
    text: &str,
    requested: &[Vec<&str>],
) -> Result<(), TestCaseError> {
    let mut paths = Paths::default();
    let of: Vec<Path> =
        requested.iter().map(|names| paths.request(names.iter().copied())).collect();
    match (reader.read(text.as_bytes(), &paths), Value::parse(text)) {
        (Ok(fields), Ok(document)) => {
            for (path, names) in of.iter().zip(requested) {
                prop_assert_eq!(
                    shown(fields.get(*path)),
                    field(&document, names),
                    "{:?} of {}",
                    names,
                    text
                );
            }
        }
        (picked, parsed) => {
            prop_assert_eq!(picked.map(|_| ()).err(), parsed.map(|_| ()).err(), "{}", text)
        }
    }
    Ok(())
}

fn requested() -> Vec<Vec<&'static str>> {
    let names = [
        "a",
        "b",
        "c",
        "a.a",
        "a.b",
        "b.a",
        "a.a.a",
        "a.b.c",
        "c.c.c.c",
        "\u{e4}.a",
        "abcdefgh",
        "abcdefghi",
        "abcdefghj.a",
        "",
        "a.",
    ];
    names.iter().map(|path| path.split('.').collect()).collect()
}

/// Objects in objects with the requested names, also escaped, also repeated.
fn any_event() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any_json(),
        any_string(),
        prop::sample::select(vec!["1", "-0.0e1", "null", "true", "\"\"", "{}", "[]"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let name = prop::sample::select(vec![
            "a",
            "b",
            "c",
            "\\u0061",
            "\u{e4}",
            "\\u00e4",
            "abcdefgh",
            "abcdefghi",
            "abcdefghj",
            "",
            "d",
            "abcdefgx",
        ]);
        let space = prop::sample::select(vec!["", "", "", " ", "\n\t", "\r "]);
        prop::collection::vec((name, space, inner), 0..6).prop_map(|entries| {
            let entries: Vec<_> = entries
                .iter()
                .map(|(name, s, value)| format!("{s}\"{name}\"{s}:{s}{value}{s}"))
                .collect();
            format!("{{{}}}", entries.join(","))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_field_is_what_the_document_has_there(texts in prop::collection::vec(any_event(), 1..4)) {
        let mut reader = FieldReader::default();
        for text in &texts {
            agrees(&mut reader, text, &requested())?;
            agrees(&mut reader, text, &[])?;
        }
    }

    #[test]
    fn broken_json_is_refused_for_the_same_reason(text in any_event(), at in any::<prop::sample::Index>(), by in "[\\[\\]{},:\"\\\\ 0-9.eE+tnu\u{1}\n-]{0,2}", cut in 0..3usize) {
        let at = text.floor_char_boundary(at.index(text.len() + 1));
        let end = text.ceil_char_boundary((at + cut).min(text.len()));
        let mut reader = FieldReader::default();
        agrees(&mut reader, &format!("{}{by}{}", &text[..at], &text[end..]), &requested())?;
        agrees(&mut reader, &text[..at], &requested())?;
        agrees(&mut reader, &text, &requested())?;
    }

    #[test]
    fn short_texts_are_refused_for_the_same_reason(text in "[\\[\\]{},:\"\\\\ 0-9.eE+tru\u{1}-]{0,9}") {
        agrees(&mut FieldReader::default(), &text, &requested())?;
        agrees(&mut FieldReader::default(), &format!("{{\"a\":{text}}}"), &requested())?;
        agrees(&mut FieldReader::default(), &format!("{{{text}}}"), &requested())?;
    }

    /// Blocks of 64 bytes and windows of 64 blocks end anywhere: in a string, between the bytes of
    /// an escape, between two quotes.
    #[test]
    fn the_ends_of_blocks_and_windows_do_not_matter(before in 0..9_000usize, special in "(\\\\[\\\\\"nu]|[\"\u{1}ä]){0,3}", between in 0..140usize, after in any_string()) {
        let text = format!("{{\"b\":\"{}\",\"a\":\"{}{special}\",\"c\":{after}}}", "x".repeat(before), "y".repeat(between));
        agrees(&mut FieldReader::default(), &text, &requested())?;
        let numbers = format!("{{\"b\":[{}0],\"a\":\"{special}\",\"c\":{after}}}", "1,".repeat(before / 2));
        agrees(&mut FieldReader::default(), &numbers, &requested())?;
        let quotes = format!("{{\"b\":[{}0],\"a\":{after}}}", "\"\",".repeat(before / 3));
        agrees(&mut FieldReader::default(), &quotes, &requested())?;
        let escapes = format!("{{\"b\":\"{}\",\"a\":{after}}}", "\\\\".repeat(before / 2));
        agrees(&mut FieldReader::default(), &escapes, &requested())?;
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\\"".to_vec())], 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        agrees(&mut FieldReader::default(), &text, &requested())?;
    }

    /// Also if something else is wrong with it.
    #[test]
    fn bytes_that_are_not_utf_8_are_not_json(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\\"a1".to_vec())], 0..40), before in 0..80usize) {
        let mut payload = format!("{{\"a\":\"{}", "x".repeat(before)).into_bytes();
        payload.extend(&bytes);
        payload.extend(b"\"}");
        let mut reader = FieldReader::default();
        let picked = reader.read(&payload, &Paths::default()).map(|_| ()).err();
        let expected = std::str::from_utf8(&payload).map_or(Some(Fault::NotJson), |text| Value::parse(text).err());
        prop_assert_eq!(picked, expected);
        let deep = [&b"[".repeat(200)[..], b"\xff"].concat();
        prop_assert_eq!(reader.read(&deep, &Paths::default()).err(), Some(Fault::NotJson));
    }

    #[test]
    fn elements_are_those_of_the_document(text in any_json()) {
        let document = Value::parse(&text).unwrap();
        if let View::Array(values) = document.view() {
            let found: Vec<_> = elements(&text).map(|seen| match seen {
                FieldValue::Array(_) => "array".to_owned(),
                FieldValue::Object(_) => "object".to_owned(),
                seen => shown(seen),
            }).collect();
            let expected: Vec<_> = values.iter().map(|value| match value.view() {
                View::Array(_) => "array".to_owned(),
                View::Object(_) => "object".to_owned(),
                _ => json(value),
            }).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn of_a_repeated_key_the_last_value_counts_with_all_its_fields() {
    for (text, expected) in [
        (r#"{"a":{"b":1,"a":{"a":2}},"a":{"a":3}}"#, ["{\"a\":3}", "null", "3", "null"]),
        (r#"{"a":{"b":1},"a":5}"#, ["5", "null", "null", "null"]),
        (r#"{"a":5,"a":{"b":1}}"#, ["{\"b\":1}", "1", "null", "null"]),
        (r#"{"a":{"b":1},"\u0061":{}}"#, ["{}", "null", "null", "null"]),
        (
            r#"{"a":{"a":{"a":1}},"a":{"a":{"a":2}},"a":{"a":{}}}"#,
            ["{\"a\":{}}", "null", "{}", "null"],
        ),
    ] {
        let mut paths = Paths::default();
        let requested = [&["a"][..], &["a", "b"], &["a", "a"], &["a", "a", "a"]]
            .map(|names| paths.request(names.iter().copied()));
        let mut reader = FieldReader::default();
        for _again in 0..2 {
            let fields = reader.read(text.as_bytes(), &paths).unwrap();
            assert_eq!(
                requested.map(|path| shown(fields.get(path))),
                expected.map(str::to_owned),
                "{text}"
            );
        }
    }
}

#[test]
fn many_names_are_distinguished() {
    let names: Vec<String> = (0..5_000).map(|at| format!("property_{at}")).collect();
    let mut paths = Paths::default();
    let requested: Vec<Path> =
        names.iter().map(|name| paths.request(["properties", name])).collect();
    assert_eq!(
        requested,
        names.iter().map(|name| paths.request(["properties", name])).collect::<Vec<_>>(),
        "requested once"
    );
    let entries: Vec<String> =
        names.iter().enumerate().map(|(at, name)| format!("\"{name}\":{at}")).collect();
    let text = format!("{{\"properties\":{{{}}}}}", entries.join(","));
    let mut reader = FieldReader::default();
    let fields = reader.read(text.as_bytes(), &paths).unwrap();
    for (at, path) in requested.iter().enumerate() {
        assert_eq!(fields.get(*path), FieldValue::Number(&at.to_string()));
    }
    let empty = reader.read(b"{\"property_1\":1}", &paths).unwrap();
    assert!(requested.iter().all(|path| empty.get(*path) == FieldValue::Null));
}

#[test]
fn depth_is_limited_before_anything_that_follows() {
    let mut reader = FieldReader::default();
    let deep = format!("{{\"x\":{}\"\u{1}", "[".repeat(127));
    assert_eq!(reader.read(deep.as_bytes(), &Paths::default()).err(), Some(Fault::TooDeep));
    let open = "{\"a\":".repeat(100_000);
    let mut paths = Paths::default();
    paths.request(["a"; 200]);
    assert_eq!(reader.read(open.as_bytes(), &paths).err(), Some(Fault::TooDeep));
    let most = format!("{}1{}", "{\"a\":".repeat(127), "}".repeat(127));
    assert!(reader.read(most.as_bytes(), &paths).is_ok());
}
