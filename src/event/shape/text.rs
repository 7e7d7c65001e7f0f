//! Text that is not an event: JSON with a mistake, JSON that is not an object, other formats.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::{JSON_OBJECT, ONE_EVENT, Shape};
use crate::event::lexer::{Fault, Lexer, Token, number_end};
use crate::event::value::Value;

pub const CUT_SHORT: &str = "JSON cut short";
pub const WHO_CUTS: &str = "check what limits or cuts values on their way: the producer, a proxy";

/// How the name of a mistake without its own name starts.
pub const MISTAKE: &str = "JSON with a mistake";

/// The longest number or word that can be cut, in bytes.
const LONGEST_WORD: usize = 400;

const STRICT: &str = "have the producer use a JSON library";

/// Returns the first character that is not white space.
pub fn first(text: &str) -> Option<char> {
    text.trim_ascii_start().chars().next()
}

/// Returns what a text looks like.
pub fn shape(text: &str) -> Shape {
    let mut lexer = Lexer::new(text);
    let (mut root, mut depth) = (None, 0_u32);
    loop {
        match lexer.next_token() {
            Ok(Some(token)) => {
                match token {
                    Token::ObjectStart | Token::ArrayStart => depth += 1,
                    Token::ObjectEnd | Token::ArrayEnd => depth -= 1,
                    _ => {}
                }
                root.get_or_insert(token);
            }
            Ok(None) => return root.map_or_else(|| not_json(text), valid),
            Err(Fault::TooDeep) => {
                return Shape::new("JSON nested deeper than 127 levels", JSON_OBJECT);
            }
            Err(Fault::NotJson) => {
                let (before, rest) = text.split_at_checked(lexer.at).unwrap_or((text, ""));
                let starts = matches!(root, Some(Token::ObjectStart | Token::ArrayStart));
                return match (root, depth) {
                    (Some(_), 0) if starts => after_json(rest),
                    (Some(_), _) if starts => mistake(before, rest),
                    _ => not_json(text),
                };
            }
        }
    }
}

/// JSON, of which this is the first token.
fn valid(root: Token<'_>) -> Shape {
    match root {
        Token::ObjectStart => Shape::new("a JSON object", JSON_OBJECT),
        Token::ArrayStart => Shape::new("a JSON array", ONE_EVENT),
        Token::String(quoted) => {
            let text = quoted.decode();
            if matches!(first(&text), Some('{' | '[')) && Value::parse(&text).is_ok() {
                let help = "the producer encodes it twice: have it write the object itself";
                return Shape::new("JSON inside a JSON text", help);
            }
            encoded(&text).unwrap_or_else(|| Shape::new("a JSON text", JSON_OBJECT))
        }
        Token::Null => Shape::new("JSON's null", "a tombstone has no value: it is not this text"),
        Token::Bool(_) => Shape::new("JSON's true or false", JSON_OBJECT),
        _ => Shape::new("a JSON number", JSON_OBJECT),
    }
}

/// One whole object or array, and what follows it.
fn after_json(rest: &str) -> Shape {
    if rest.bytes().all(|byte| byte == 0 || byte.is_ascii_whitespace()) {
        let help = "have the producer leave out the NUL that ends the string";
        return Shape::new("JSON with a NUL at its end", help);
    }
    let next = rest.trim_start_matches([',', ';', '\u{1e}', '\0']);
    match first(next) {
        Some('{' | '[') => Shape::new("several JSON values in one record", ONE_EVENT),
        _ => Shape::new("JSON followed by something else", JSON_OBJECT),
    }
}

/// An object or array that is wrong at `rest`.
fn mistake(before: &str, rest: &str) -> Shape {
    if is_cut(rest) {
        return Shape::new(CUT_SHORT, WHO_CUTS);
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let bare = rest.trim_start_matches(['-', '+']);
    let word = bare.split_once(|c| !is_name(c)).map_or(bare, |(word, _)| word);
    if ["NaN", "Infinity", "Inf", "nan", "inf"].contains(&word) {
        let help = "have the producer write null instead: JSON has no such number";
        return Shape::new("JSON with NaN or Infinity", help);
    }
    let python = "have the producer use `json.dumps`, not `str`";
    if rest.starts_with('\'') {
        return Shape::new("single quotes, such as a Python dictionary", python);
    }
    if ["None", "True", "False"].contains(&word) {
        return Shape::new("a Python dictionary", python);
    }
    if rest.starts_with('\\') {
        let help = "the producer escapes it twice: have it write the object itself";
        return Shape::new("JSON with escaped quotes", help);
    }
    if word == "undefined" || rest.starts_with("object Object]") {
        return Shape::new("a JavaScript object as text", "have the producer use `JSON.stringify`");
    }
    if rest.starts_with("//") || rest.starts_with("/*") {
        return Shape::new("JSON with comments", STRICT);
    }
    let previous = before.trim_ascii_end().chars().next_back();
    if previous == Some(',') && rest.starts_with(['}', ']']) {
        return Shape::new("JSON with a comma too many", STRICT);
    }
    if matches!(previous, Some('{' | ',')) && rest.starts_with(is_name) {
        return match first(rest.trim_start_matches(is_name)) {
            Some('=') => Shape::new("a Java object as text (`toString`)", STRICT),
            _ => Shape::new("keys without quotes, such as JavaScript", STRICT),
        };
    }
    if let Some(string) = rest.strip_prefix('"') {
        let special = string.find(|c: char| c < ' ' || c == '\\' || c == '"');
        let special = special.and_then(|at| string.get(at..)).unwrap_or_default();
        if special.starts_with(|c: char| c < ' ') {
            let what = "JSON with a line break or control character in a text";
            return Shape::new(what, STRICT);
        }
    }
    Shape::new(format!("{MISTAKE} at byte {}", before.len()), STRICT)
}

/// Whether a token that is wrong could continue after the end of the text.
fn is_cut(rest: &str) -> bool {
    if let Some(string) = rest.strip_prefix('"') {
        return ends_within(string.as_bytes());
    }
    if rest.len() > LONGEST_WORD {
        return false;
    }
    // A number is cut where one more digit makes it whole.
    let number = format!("{rest}0");
    rest.is_empty()
        || ["true", "false", "null"].iter().any(|word| word.starts_with(rest))
        || number_end(number.as_bytes(), 0) == Ok(number.len())
}

/// Whether a string has neither an end nor a mistake: it is cut, perhaps within an escape.
fn ends_within(mut string: &[u8]) -> bool {
    loop {
        string = match string {
            [] | [b'\\'] => return true,
            [b'\\', b'u', after @ ..] => {
                let digits = after.iter().take(4).take_while(|byte| byte.is_ascii_hexdigit());
                match digits.count() {
                    4 => after.get(4..).unwrap_or_default(),
                    count => return count == after.len(),
                }
            }
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', after @ ..] => after,
            [b'\\' | b'"' | 0..0x20, ..] => return false,
            [_, after @ ..] => after,
        };
    }
}

/// Text that does not start as JSON, or is one wrong word.
fn not_json(text: &str) -> Shape {
    let text = text.trim_ascii();
    let starts = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    if starts(&["<"]) {
        return Shape::new("XML or HTML", JSON_OBJECT);
    }
    if starts(&["Struct{"]) {
        let help = "have Kafka Connect use JsonConverter with `schemas.enable: false`";
        return Shape::new("Kafka Connect's StringConverter", help);
    }
    if starts(&["b'", "b\"", "'{", "'["]) {
        let help = "have the producer use `json.dumps`, not `str`";
        return Shape::new("a Python text with its quotes", help);
    }
    if starts(&["NaN", "Infinity", "-Infinity"]) {
        return Shape::new("NaN or Infinity", JSON_OBJECT);
    }
    if starts(&["\u{1e}"]) {
        return Shape::new("a JSON text sequence (RFC 7464)", ONE_EVENT);
    }
    if starts(&["%7B", "%7b", "payload="]) {
        return Shape::new("a URL-encoded form", JSON_OBJECT);
    }
    if starts(&["\""]) && is_cut(text) {
        return Shape::new(CUT_SHORT, WHO_CUTS);
    }
    encoded(text).unwrap_or_else(|| Shape::new("text that is not JSON", JSON_OBJECT))
}

/// Recognizes base64 of JSON or of a compressed value.
fn encoded(text: &str) -> Option<Shape> {
    let compact = text.trim_ascii();
    let start = compact.get(..8)?;
    let inner = [STANDARD, URL_SAFE].iter().find_map(|base64| base64.decode(start).ok())?;
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=.\r\n".contains(&byte);
    let is_known = matches!(inner.first(), Some(b'{' | b'[')) || inner.starts_with(b"\x1f\x8b");
    if !is_known || !compact.bytes().all(is_base64) {
        return None;
    }
    let what = if compact.contains('.') { "a JSON Web Token" } else { "base64" };
    Some(Shape::new(what, "have the producer write the JSON itself"))
}
