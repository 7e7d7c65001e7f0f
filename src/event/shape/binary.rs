//! Formats that are recognized by their first bytes: compression, encodings, serializers.

use super::{JSON_OBJECT, Shape, UTF_8};

const COMPRESSION: &str = "compress with the producer's `compression.type`, not the value itself";

/// The first bytes of a format, its name, and the advice.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"\x1f\x8b", "gzip", COMPRESSION),
    (b"\x28\xb5\x2f\xfd", "zstd", COMPRESSION),
    (b"\x04\x22\x4d\x18", "lz4", COMPRESSION),
    (b"\x02\x21\x4c\x18", "lz4", COMPRESSION),
    (b"LZ4Block", "lz4", COMPRESSION),
    (b"\xff\x06\x00\x00sNaPpY", "snappy", COMPRESSION),
    (b"\x82SNAPPY\x00", "snappy", COMPRESSION),
    (b"\xfd7zXZ\x00", "xz", COMPRESSION),
    (b"BZh91AY&SY", "bzip2", COMPRESSION),
    (b"PK\x03\x04", "zip", COMPRESSION),
    (b"Obj\x01", "an Avro file", JSON_OBJECT),
    (b"PAR1", "a Parquet file", JSON_OBJECT),
    (b":)\n", "Smile (binary JSON)", JSON_OBJECT),
    (b"\xd9\xd9\xf7", "CBOR", JSON_OBJECT),
    (b"\xe0\x01\x00\xea", "Ion", JSON_OBJECT),
    (b"\xac\xed\x00\x05", "a serialized Java object", JSON_OBJECT),
    (b"Salted__", "encrypted data (OpenSSL)", JSON_OBJECT),
    // UTF-32 first: its mark starts with that of UTF-16.
    (b"\xff\xfe\x00\x00", "UTF-32 text", UTF_8),
    (b"\x00\x00\xfe\xff", "UTF-32 text", UTF_8),
    (b"\xff\xfe", "UTF-16 text", UTF_8),
    (b"\xfe\xff", "UTF-16 text", UTF_8),
    (b"\xef\xbb\xbf", "UTF-8 with a byte order mark", UTF_8),
];

/// Returns the format that the first bytes name.
pub fn known(bytes: &[u8]) -> Option<Shape> {
    if let Some((_, name, help)) = MAGIC.iter().find(|(magic, ..)| bytes.starts_with(magic)) {
        return Some(Shape::new(*name, help));
    }
    if let Some(name) = wide(bytes) {
        return Some(Shape::new(name, UTF_8));
    }
    let zlib = matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]);
    if zlib && std::str::from_utf8(bytes).is_err() {
        return Some(Shape::new("zlib", COMPRESSION));
    }
    let registry = "have the producer write plain JSON: this format is not read";
    match bytes {
        [3, 0 | 5, id @ ..] if id.len() > 16 && std::str::from_utf8(bytes).is_err() => {
            Some(Shape::new("the wire format of AWS Glue's schema registry", registry))
        }
        [0, 0, 0, 0, 0, 0, 0, high, low, _, ..] if (*high, *low) != (0, 0) => {
            Some(Shape::new("Apicurio's wire format with an id of eight bytes", registry))
        }
        _ => None,
    }
}

/// Returns the name of a wide encoding without a byte order mark: text of which the first two
/// characters are ASCII, as JSON's are.
fn wide(bytes: &[u8]) -> Option<&'static str> {
    let is_text = |byte: u8| byte == b'\t' || byte == b'\n' || (b' '..=b'~').contains(&byte);
    let (name, unit, first, second) = match *bytes {
        [a, 0, 0, 0, b, 0, 0, 0, ..] | [0, 0, 0, a, 0, 0, 0, b, ..] => ("UTF-32 text", 4, a, b),
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] => ("UTF-16 text", 2, a, b),
        _ => return None,
    };
    (is_text(first) && is_text(second) && bytes.len().is_multiple_of(unit)).then_some(name)
}

/// Returns the shape of bytes that are neither text nor in a known format.
pub fn unknown(bytes: &[u8]) -> Shape {
    let is_bson = bytes.first_chunk().is_some_and(|size| {
        usize::try_from(i32::from_le_bytes(*size)) == Ok(bytes.len()) && bytes.ends_with(&[0])
    });
    if is_bson {
        return Shape::new("BSON", JSON_OBJECT);
    }
    if protobuf_fields(bytes).is_some_and(|fields| fields > 1) {
        return Shape::new("binary data, probably Protobuf", JSON_OBJECT);
    }
    Shape::new("binary data", JSON_OBJECT)
}

/// Whether the content of Confluent's frame can be Protobuf: the indexes of the message's type,
/// then a message.
pub fn is_framed_protobuf(content: &[u8]) -> bool {
    let is_message = |bytes: &[u8]| protobuf_fields(bytes).is_some_and(|fields| fields > 0);
    // One byte 0 is short for the first type. The number of indexes is a zigzag.
    let (count, mut rest) = match varint(content) {
        Some((0, rest)) => return is_message(rest),
        Some((count, rest)) if count % 2 == 0 => (count / 2, rest),
        _ => return false,
    };
    for _ in 0..count {
        let Some((_, next)) = varint(rest) else { return false };
        rest = next;
    }
    is_message(rest)
}

/// Returns the number of fields of a Protobuf message; `None` if the bytes are not exactly one.
fn protobuf_fields(mut bytes: &[u8]) -> Option<usize> {
    let mut fields = 0;
    while !bytes.is_empty() {
        let (tag, rest) = varint(bytes)?;
        let (number, kind) = (tag >> 3, tag & 7);
        if number == 0 || number > 0x1fff_ffff {
            return None;
        }
        bytes = match kind {
            0 => varint(rest)?.1,
            1 => rest.get(8..)?,
            2 => {
                let (length, rest) = varint(rest)?;
                rest.get(usize::try_from(length).ok()?..)?
            }
            5 => rest.get(4..)?,
            _ => return None,
        };
        fields += 1;
    }
    Some(fields)
}

/// Splits off a variable-length number.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(at).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}
