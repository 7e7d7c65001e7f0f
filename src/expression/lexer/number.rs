//! Numbers as values, without backticks: `x > 3`.
//!
//! Invariant: an index and a slice stay what they are, and what JMESPath refuses with a number in
//! it (`foo.[0, 1]`, `foo.1`) stays refused.

use super::{Kind, Token, brief};
use crate::event::{Value, number_end};
use crate::expression::error::{CompileError, refuse};

/// How a number is written.
pub const SPELLING: &str = "a number is written as in JSON, such as 7, -2.5 or 1e3";

/// The bracket that a token is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// `(…)`, `[?…]`, or no bracket.
    Expression,
    /// `[a, b]`.
    List,
    /// `a.[b, c]`.
    ListAfterDot,
    /// `a[0]`.
    Index,
    /// `{a: b}`.
    Object,
}

/// Returns the length of the number that `text` starts with, in bytes.
pub fn length(text: &str) -> usize {
    let digits = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        rest.bytes().take_while(u8::is_ascii_digit).count()
    };
    let byte = |at: usize| text.as_bytes().get(at).copied();
    let whole = usize::from(byte(0) == Some(b'-'));
    let mut end = whole + digits(whole);
    if byte(end) == Some(b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(byte(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(byte(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        end += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    end
}

/// Gives each number that is a value its value, and puts `@` in its place in the input of the
/// crate's parser, which knows no such numbers.
///
/// # Errors
/// A number that is not spelled as in JSON; an index that is not a whole number.
pub fn values(all: &mut [Token<'_>], plain: &mut String) -> Result<(), CompileError> {
    let mut bytes = std::mem::take(plain).into_bytes();
    let mut levels = vec![Inside::Expression];
    for at in 0..all.len() {
        let (before, rest) = all.split_at_mut(at);
        let Some((token, after)) = rest.split_first_mut() else { break };
        let next = after.first();
        match (token.kind, token.text) {
            (Kind::Sign, "(" | "[?") => levels.push(Inside::Expression),
            (Kind::Sign, "{") => levels.push(Inside::Object),
            (Kind::Sign, "[") => levels.push(list_or_index(before.last())),
            (Kind::Sign, ")" | "]" | "}") => drop(levels.pop()),
            (Kind::Number, _) => {
                let inside = levels.last().copied().unwrap_or(Inside::Expression);
                let is_value = is_value(inside, before.last(), next);
                check(token, before, next, is_value)?;
                if is_value {
                    token.value = Value::Digits(token.text.into());
                    let places = token.offset..token.offset + token.text.len();
                    for (place, byte) in bytes.get_mut(places).into_iter().flatten().enumerate() {
                        *byte = if place == 0 { b'@' } else { b' ' };
                    }
                }
            }
            _ => {}
        }
    }
    // Only ASCII was replaced, by ASCII.
    *plain = String::from_utf8(bytes).unwrap_or_default();
    Ok(())
}

/// What a `[` opens after this token.
fn list_or_index(before: Option<&Token<'_>>) -> Inside {
    match before {
        Some(token) if token.is_sign(".") => Inside::ListAfterDot,
        Some(token) if token.ends_operand() || token.is_sign("*") => Inside::Index,
        _ => Inside::List,
    }
}

fn is_value(inside: Inside, before: Option<&Token<'_>>, next: Option<&Token<'_>>) -> bool {
    let Some(before) = before else { return true };
    let is_next = |signs: &[&str]| next.is_some_and(|next| signs.iter().any(|it| next.is_sign(it)));
    match (inside, before.text) {
        _ if before.kind != Kind::Sign => true,
        (_, "." | "{") | (Inside::Index, "[" | ",") => false,
        (Inside::Object, ":") => true,
        (_, ":") | (Inside::Object, ",") => false,
        (Inside::List, "[") => !is_next(&["]", ":"]),
        (Inside::ListAfterDot, "[" | ",") => !is_next(&["]", ":", ","]),
        _ => true,
    }
}

fn check(
    number: &Token<'_>,
    before: &[Token<'_>],
    next: Option<&Token<'_>>,
    is_value: bool,
) -> Result<(), CompileError> {
    let end = number.offset + number.text.len();
    if let [earlier @ .., dot] = before
        && dot.is_sign(".")
        && dot.offset + 1 == number.offset
        && !earlier.last().is_some_and(|token| token.ends_operand() || token.is_sign("*"))
    {
        let message = format!("`.{}` is not a number", brief(number.text));
        return refuse(dot.offset, message, format!("write 0.{}", brief(number.text)));
    }
    let is_glued = |sign: &str| next.is_some_and(|it| it.is_sign(sign) && it.offset == end);
    let is_whole = number.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let is_json = number_end(number.text.as_bytes(), 0) == Ok(number.text.len());
    if is_value && (is_glued(".") || !is_json) {
        let dot = if is_glued(".") { "." } else { "" };
        let message = format!("`{}{dot}` is not a number", brief(number.text));
        return refuse(number.offset, message, SPELLING);
    }
    let after_dot = before.last().is_some_and(|token| token.is_sign("."));
    if !is_value && !is_whole && !after_dot {
        let message = format!("`{}` is not an index", brief(number.text));
        let help = "an index or slice is a whole number, such as 0 or -1";
        return refuse(number.offset, message, help);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use crate::expression::Expression;
    use crate::expression::compliance::event_of;

    const EVENT: &str = r#"{"x":4,"list":[7,8,9],"o":{"a":[1,2]},"type":"t"}"#;

    fn shown(source: &str) -> String {
        let expression = match Expression::compile(source) {
            Ok(expression) => expression,
            Err(error) => return format!("refused: {}: {}", error.message, error.help),
        };
        let mut out = String::new();
        expression.evaluate(&event_of(EVENT)).unwrap().write_json(&mut out);
        out
    }

    #[test]
    fn a_number_is_a_value_as_written() {
        for (source, expected) in [
            ("x > 3", "true"),
            ("3<x", "true"),
            ("x == 4.0", "true"),
            ("x >-3", "true"),
            ("1.50", "1.50"),
            ("-0", "-0"),
            ("1e3", "1e3"),
            ("1E+3", "1E+3"),
            (" 12345678901234567890 ", "12345678901234567890"),
            ("[1, x]", "[1,4]"),
            ("[x, 1]", "[4,1]"),
            ("[1, 2]", "[1,2]"),
            ("[1, 2][0]", "1"),
            ("[1 > x]", "[false]"),
            ("{a: 1, b: -2.5}", r#"{"a":1,"b":-2.5}"#),
            ("sum([1, 2])", "3"),
            ("list[?@ > 7]", "[8,9]"),
            ("list[?@ == 8] | [0]", "8"),
            ("missing || 0", "0"),
            ("!0", "false"),
            ("(5)", "5"),
            ("map(&1, list)", "[1,1,1]"),
            ("contains([1, 4], x)", "true"),
            ("x | 3", "3"),
            ("o.{b: 1}", r#"{"b":1}"#),
            ("o.[abs(-1)]", "[1]"),
            ("o.[a[0] > 0]", "[true]"),
        ] {
            assert_eq!(shown(source), expected, "{source}");
        }
    }

    #[test]
    fn indexes_and_slices_stay() {
        for (source, expected) in [
            ("list[1]", "8"),
            ("list[-1]", "9"),
            ("list[0:2]", "[7,8]"),
            ("list[::2]", "[7,9]"),
            ("list | [1]", "8"),
            ("list | [1:2]", "[8]"),
            ("[0]", "null"),
            ("o.a[1]", "2"),
            ("o.*[0]", "[1]"),
            ("list[ 1 ]", "8"),
        ] {
            assert_eq!(shown(source), expected, "{source}");
        }
    }

    #[test]
    fn other_spellings_and_places_are_refused() {
        for (source, message) in [
            ("007", "`007` is not a number"),
            ("x > 007", "`007` is not a number"),
            (".5", "`.5` is not a number"),
            ("x > .5", "`.5` is not a number"),
            ("5.", "`5.` is not a number"),
            ("5. > x", "`5.` is not a number"),
            ("5.x", "`5.` is not a number"),
            ("0x1", "`x1` follows `0`"),
            ("1_000", "`_000` follows `1`"),
            ("1.5.2", "`1.5.` is not a number"),
            ("foo.[0, 1]", "unexpected `0`"),
            ("foo.[0]", "unexpected `0`"),
            ("foo.[x, 1]", "unexpected `1`"),
            ("foo.1", "unexpected `1`"),
            ("foo.1.5", "unexpected `1.5`"),
            ("foo[0, 1]", "unexpected `,`"),
            ("foo[1.5]", "`1.5` is not an index"),
            ("list[1:1e1]", "`1e1` is not an index"),
            ("{1: x}", "unexpected `1`"),
            ("x 5", "`5` follows `x`"),
            ("5 x", "`x` follows `5`"),
            ("user-id", "unexpected `-`"),
            ("user-1", "`-1` follows `user`"),
            ("x - 1", "unexpected `-`"),
        ] {
            let shown = shown(source);
            assert!(shown.starts_with(&format!("refused: {message}")), "{source}: {shown}");
        }
        assert!(shown("user-id").contains("\"user-id\""));
        assert!(shown("x > 0x1").contains("as in JSON"));
    }
}
