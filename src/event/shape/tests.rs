use proptest::prelude::*;

use super::Shape;
use crate::event::Invalid;
use crate::event::tests::{any_json, validate};

fn shape(bytes: &[u8]) -> String {
    Shape::of(Some(bytes)).to_string()
}

/// UTF-16 or UTF-32 of a text, in either byte order.
fn wide(text: &str, size: usize, big: bool) -> Vec<u8> {
    let unit = |c: char| {
        let mut bytes = u32::from(c).to_be_bytes()[4 - size..].to_vec();
        if !big {
            bytes.reverse();
        }
        bytes
    };
    text.chars().flat_map(unit).collect()
}

#[test]
fn each_format_has_its_name() {
    assert_eq!(Shape::of(None).to_string(), "a tombstone");
    let event = r#"{"type":"track","name":"Ada"}"#;
    let framed = |content: &[u8]| [b"\0\0\0\0\x0c", content].concat();
    let cases: &[(&[u8], &str)] = &[
        (b"", "an empty value"),
        (b" \n", "white space only"),
        (&[0; 64], "NUL bytes only"),
        (br#"{"type":"track","#, "JSON cut short"),
        (br#"{"type":"tr"#, "JSON cut short"),
        (br#"{"type":"tr\"#, "JSON cut short"),
        (br#"{"type":"tr\u00"#, "JSON cut short"),
        (br#"{"type":"tr\u00x"#, "JSON with a mistake at byte 8"),
        ("{\"name\":\"J\u{fc}".as_bytes().split_last().unwrap().1, "JSON cut short"),
        (br#"[{"type":"track"},"#, "JSON cut short"),
        (br#"[{"type":"track"}]"#, "a JSON array"),
        (br#""{\"type\":\"track\"}""#, "JSON inside a JSON text"),
        (br#""hello""#, "a JSON text"),
        (b"42", "a JSON number"),
        (b"true", "JSON's true or false"),
        (b"null", "JSON's null"),
        (b"{\"a\":1}\0", "JSON with a NUL at its end"),
        (b"{\"a\":1}\n{\"a\":2}", "several JSON values in one record"),
        (b"{\"a\":1}{\"a\":2}", "several JSON values in one record"),
        (b"{\"a\":1},{\"a\":2}", "several JSON values in one record"),
        (b"\x1e{\"a\":1}\n", "a JSON text sequence (RFC 7464)"),
        (b"{\"a\":1} trailing", "JSON followed by something else"),
        (b"{\"a\":NaN}", "JSON with NaN or Infinity"),
        (b"{\"a\":-Infinity}", "JSON with NaN or Infinity"),
        (b"{'a': 1}", "single quotes, such as a Python dictionary"),
        (b"{\"a\": 'b'}", "single quotes, such as a Python dictionary"),
        (b"{\"a\": None}", "a Python dictionary"),
        (b"b'{\"a\": 1}'", "a Python text with its quotes"),
        (b"{a: 1}", "keys without quotes, such as JavaScript"),
        (b"{type=track, n=1}", "a Java object as text (`toString`)"),
        (b"Struct{type=track}", "Kafka Connect's StringConverter"),
        (br#"{\"type\":\"track\"}"#, "JSON with escaped quotes"),
        (b"{\"a\":undefined}", "a JavaScript object as text"),
        (b"[object Object]", "a JavaScript object as text"),
        (b"{\"a\":1,}", "JSON with a comma too many"),
        (b"{\"a\":1 // why\n}", "JSON with comments"),
        (b"{\"a\":\"x\ny\"}", "JSON with a line break or control character in a text"),
        (b"{\"a\":\"x\\y\"}", "JSON with a mistake at byte 5"),
        (b"{\"a\" 1}", "JSON with a mistake at byte 5"),
        (b"{\"a\":\"J\xfcrgen\"}", "JSON that is not UTF-8"),
        (b"\xef\xbb\xbf{\"a\":1}", "UTF-8 with a byte order mark"),
        (b"\xff\xfe{\0}\0", "UTF-16 text"),
        (b"\xfe\xff\0{\0}", "UTF-16 text"),
        (&wide(event, 2, false), "UTF-16 text"),
        (&wide(event, 2, true), "UTF-16 text"),
        (&wide(event, 4, false), "UTF-32 text"),
        (&wide(event, 4, true), "UTF-32 text"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\x28\xb5\x2f\xfd\x20", "zstd"),
        (b"\x04\x22\x4d\x18\x60", "lz4"),
        (b"\x82SNAPPY\0\0\0\0\x01", "snappy"),
        (b"\xff\x06\0\0sNaPpY", "snappy"),
        (b"\x78\x9c\xab\x56", "zlib"),
        (b"<?xml version=\"1.0\"?><a/>", "XML or HTML"),
        (b"hello", "text that is not JSON"),
        (b"x^2 + y^2", "text that is not JSON"),
        (b"BZhelp", "text that is not JSON"),
        (b"eyJ0eXBlIjoidHJhY2sifQ==", "base64"),
        (b"\"eyJ0eXBlIjoidHJhY2sifQ==\"", "base64"),
        (b"eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln", "a JSON Web Token"),
        (b"type=track&n=1", "text that is not JSON"),
        (b"%7B%22a%22%3A1%7D", "a URL-encoded form"),
        (b"\xac\xed\0\x05t\0\x02{}", "a serialized Java object"),
        (b"Obj\x01\x04", "an Avro file"),
        (b"\x09\0\0\0\x0a\xff\x8f\x8f\0", "BSON"),
        (b"\x0a\x03Ada\x12\x02\xff\xfe", "binary data, probably Protobuf"),
        (b"\x96\xff\x01", "binary data"),
        (&framed(b"\x06Ada"), "Confluent's wire format with schema id 12, probably Avro"),
        (&framed(b"\0\x0a\x03Ada"), "Confluent's wire format with schema id 12, probably Protobuf"),
        (
            &framed(b"\x04\x02\0\x0a\x03Ada"),
            "Confluent's wire format with schema id 12, probably Protobuf",
        ),
        (&framed(b""), "Confluent's wire format with schema id 12 and nothing after it"),
        (&framed(b"[1]"), "Confluent's wire format with schema id 12, then a JSON array"),
        (&framed(b"{\"a\":"), "Confluent's wire format with schema id 12, then JSON cut short"),
        (b"\0\0\0\0\0\0\0\0\x07\x06Ada", "Apicurio's wire format with an id of eight bytes"),
        (
            &[b"\x03\0".as_slice(), &[0xa7; 16], b"\x06Ada"].concat(),
            "the wire format of AWS Glue's schema registry",
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(shape(bytes), *expected, "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn json_behind_confluents_five_bytes_is_the_event() {
    for content in [&br#"{"a":1}"#[..], b"{\"a\":1} \n", b"{}"] {
        let payload = [b"\0\0\0\x01\x2c", content].concat();
        assert_eq!(validate(&payload), validate(content));
        assert!(validate(&payload).is_ok());
    }
    for (payload, reason) in [
        (&b"\0\0\0\0\x0c[1]"[..], Invalid::Array),
        (b"\0\0\0\0\x0c[1", Invalid::NotJson),
        (b"\0\0\0\0\x0c\x06Ada", Invalid::NotJson),
        (b"\0\0\0\0\x0c1", Invalid::NotJson),
        (b"\0\0\0\0\x0c", Invalid::NotJson),
        (b"\0\0\0\0{}", Invalid::NotJson),
        (b" \0\0\0\0\x0c{}", Invalid::NotJson),
        (b"\x01\0\0\0\x0c{}", Invalid::NotJson),
    ] {
        assert_eq!(validate(payload), Err(reason), "{payload:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_and_none_is_shown(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let shape = Shape::of(Some(&bytes));
        prop_assert!(!shape.to_string().is_empty() && !shape.help().is_empty());
    }

    /// Prefixes and suffixes that lead into every branch.
    #[test]
    fn no_text_panics_and_none_is_shown(start in prop::sample::select(vec!["", "\0\0\0\0\x0c", "{", "[", "{\"", "{\"a\":", "{\"a\":\"", "\"", "{\"a\":1}", "b'", "eyJ"]), text in "[{}\\[\\]\",:'\\\\a-e0-9zqxNIT=/ \n\0\u{e4}\u{1f600}.-]{0,24}") {
        let secret = format!("{start}{text}qzxqzx");
        let shape = Shape::of(Some(secret.as_bytes())).to_string();
        prop_assert!(!shape.contains("qzx"), "{shape}");
    }

    #[test]
    fn an_event_that_ends_too_early_is_cut_short(value in any_json(), at in any::<prop::sample::Index>()) {
        let event = format!("{{\"a\":{value}}}");
        let length = 1 + at.index(event.len() - 1);
        prop_assert_eq!(shape(&event.as_bytes()[..length]), "JSON cut short");
        prop_assert_eq!(shape(event.as_bytes()), "a JSON object");
    }

    /// The reason and the shape are found independently.
    #[test]
    fn the_shape_agrees_with_the_reason(text in "[{}\\[\\]\",:a1 ]{1,8}") {
        let reason = validate(text.as_bytes()).err();
        let shape = shape(text.as_bytes());
        prop_assert_eq!(reason == Some(Invalid::Array), shape == "a JSON array", "{}", shape);
        prop_assert_eq!(reason.is_none(), shape == "a JSON object", "{}", shape);
    }
}
