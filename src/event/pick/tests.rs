//! What is picked is what the document has; what is refused is what the document's reader refuses.

use proptest::prelude::*;

use super::super::scan::Fault;
use super::super::tests::{any_json, any_string, json};
use super::super::{Path, Paths, Value, View};
use super::{Picks, Seen, elements};

/// A field as JSON; `null` where it is missing.
fn shown(seen: Seen<'_>) -> String {
    match seen {
        Seen::Null => "null".to_owned(),
        Seen::Bool(bool) => bool.to_string(),
        Seen::Number(written) => written.to_owned(),
        Seen::String(text) => {
            assert!(text.plain().is_none_or(|plain| text.is(plain)) && text.is(&text.decode()));
            json(&text.decode().into())
        }
        Seen::Array(text) | Seen::Object(text) => json(&Value::parse(text).unwrap()),
    }
}

fn field<'v>(document: &'v Value<'v>, names: &[&str]) -> String {
    json(names.iter().fold(document, |value, name| value.field(name)))
}

/// Holds what is picked against the document, again and again with the same buffer.
fn agrees(picks: &mut Picks, text: &str, asked: &[Vec<&str>]) -> Result<(), TestCaseError> {
    let mut paths = Paths::default();
    let of: Vec<Path> = asked.iter().map(|names| paths.ask(names.iter().copied())).collect();
    match (picks.read(text.as_bytes(), &paths), Value::parse(text)) {
        (Ok(fields), Ok(document)) => {
            for (path, names) in of.iter().zip(asked) {
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

fn asked() -> Vec<Vec<&'static str>> {
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

/// Objects in objects, with the names that are asked for, also escaped, also twice.
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
        let mut picks = Picks::default();
        for text in &texts {
            agrees(&mut picks, text, &asked())?;
            agrees(&mut picks, text, &[])?;
        }
    }

    #[test]
    fn what_is_broken_is_refused_for_the_same_reason(text in any_event(), at in any::<prop::sample::Index>(), by in "[\\[\\]{},:\"\\\\ 0-9.eE+tnu\u{1}\n-]{0,2}", cut in 0..3usize) {
        let at = text.floor_char_boundary(at.index(text.len() + 1));
        let end = text.ceil_char_boundary((at + cut).min(text.len()));
        let mut picks = Picks::default();
        agrees(&mut picks, &format!("{}{by}{}", &text[..at], &text[end..]), &asked())?;
        agrees(&mut picks, &text[..at], &asked())?;
        agrees(&mut picks, &text, &asked())?;
    }

    #[test]
    fn short_texts_are_refused_for_the_same_reason(text in "[\\[\\]{},:\"\\\\ 0-9.eE+tru\u{1}-]{0,9}") {
        agrees(&mut Picks::default(), &text, &asked())?;
        agrees(&mut Picks::default(), &format!("{{\"a\":{text}}}"), &asked())?;
        agrees(&mut Picks::default(), &format!("{{{text}}}"), &asked())?;
    }

    /// Blocks of 64 bytes and windows of 64 blocks end somewhere in a string, between an escape's bytes, between two quotes.
    #[test]
    fn the_ends_of_blocks_and_windows_are_no_places(before in 0..9_000usize, special in "(\\\\[\\\\\"nu]|[\"\u{1}ä]){0,3}", between in 0..140usize, after in any_string()) {
        let text = format!("{{\"b\":\"{}\",\"a\":\"{}{special}\",\"c\":{after}}}", "x".repeat(before), "y".repeat(between));
        agrees(&mut Picks::default(), &text, &asked())?;
        let numbers = format!("{{\"b\":[{}0],\"a\":\"{special}\",\"c\":{after}}}", "1,".repeat(before / 2));
        agrees(&mut Picks::default(), &numbers, &asked())?;
        let quotes = format!("{{\"b\":[{}0],\"a\":{after}}}", "\"\",".repeat(before / 3));
        agrees(&mut Picks::default(), &quotes, &asked())?;
        let escapes = format!("{{\"b\":\"{}\",\"a\":{after}}}", "\\\\".repeat(before / 2));
        agrees(&mut Picks::default(), &escapes, &asked())?;
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\\"".to_vec())], 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        agrees(&mut Picks::default(), &text, &asked())?;
    }

    /// Also where something else is wrong with it.
    #[test]
    fn what_is_not_utf_8_is_not_json(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\\"a1".to_vec())], 0..40), before in 0..80usize) {
        let mut payload = format!("{{\"a\":\"{}", "x".repeat(before)).into_bytes();
        payload.extend(&bytes);
        payload.extend(b"\"}");
        let mut picks = Picks::default();
        let picked = picks.read(&payload, &Paths::default()).map(|_| ()).err();
        let expected = std::str::from_utf8(&payload).map_or(Some(Fault::NotJson), |text| Value::parse(text).err());
        prop_assert_eq!(picked, expected);
        let deep = [&b"[".repeat(200)[..], b"\xff"].concat();
        prop_assert_eq!(picks.read(&deep, &Paths::default()).err(), Some(Fault::NotJson));
    }

    #[test]
    fn elements_are_those_of_the_document(text in any_json()) {
        let document = Value::parse(&text).unwrap();
        if let View::Array(values) = document.view() {
            let found: Vec<_> = elements(&text).map(|seen| match seen {
                Seen::Array(_) => "array".to_owned(),
                Seen::Object(_) => "object".to_owned(),
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
fn of_a_key_that_is_there_twice_the_last_value_counts_with_all_that_is_in_it() {
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
        let asked = [&["a"][..], &["a", "b"], &["a", "a"], &["a", "a", "a"]]
            .map(|names| paths.ask(names.iter().copied()));
        let mut picks = Picks::default();
        for _again in 0..2 {
            let fields = picks.read(text.as_bytes(), &paths).unwrap();
            assert_eq!(
                asked.map(|path| shown(fields.get(path))),
                expected.map(str::to_owned),
                "{text}"
            );
        }
    }
}

#[test]
fn many_names_are_told_apart() {
    let names: Vec<String> = (0..5_000).map(|at| format!("property_{at}")).collect();
    let mut paths = Paths::default();
    let asked: Vec<Path> = names.iter().map(|name| paths.ask(["properties", name])).collect();
    assert_eq!(
        asked,
        names.iter().map(|name| paths.ask(["properties", name])).collect::<Vec<_>>(),
        "asked for once"
    );
    let entries: Vec<String> =
        names.iter().enumerate().map(|(at, name)| format!("\"{name}\":{at}")).collect();
    let text = format!("{{\"properties\":{{{}}}}}", entries.join(","));
    let mut picks = Picks::default();
    let fields = picks.read(text.as_bytes(), &paths).unwrap();
    for (at, path) in asked.iter().enumerate() {
        assert_eq!(fields.get(*path), Seen::Number(&at.to_string()));
    }
    let empty = picks.read(b"{\"property_1\":1}", &paths).unwrap();
    assert!(asked.iter().all(|path| empty.get(*path) == Seen::Null));
}

#[test]
fn depth_is_limited_before_anything_that_follows() {
    let mut picks = Picks::default();
    let deep = format!("{{\"x\":{}\"\u{1}", "[".repeat(127));
    assert_eq!(picks.read(deep.as_bytes(), &Paths::default()).err(), Some(Fault::TooDeep));
    let open = "{\"a\":".repeat(100_000);
    let mut paths = Paths::default();
    paths.ask(["a"; 200]);
    assert_eq!(picks.read(open.as_bytes(), &paths).err(), Some(Fault::TooDeep));
    let most = format!("{}1{}", "{\"a\":".repeat(127), "}".repeat(127));
    assert!(picks.read(most.as_bytes(), &paths).is_ok());
}
