//! The texts and links of blocks: how much they count, and whether they show anything.

use serde_json::Value;

use super::characters;
use super::limits::COUNTED;

/// Returns the characters that a block counts towards the limit of a message
/// ([`super::limits::MAX_TOTAL`]).
#[must_use]
pub fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| counted(name, value)).sum(),
        _ => 0,
    }
}

fn counted(name: &str, value: &Value) -> usize {
    match value {
        Value::String(text) if COUNTED.contains(&name) => characters(text),
        value => size(value),
    }
}

/// One text that counts, which can be cut.
pub struct Counted<'a> {
    /// The text.
    pub text: &'a mut String,
    /// Its length in characters.
    pub length: usize,
    /// Whether Slack's markup is read in it.
    pub markup: bool,
}

/// Returns every text of a block that counts.
pub fn counted_texts(value: &mut Value) -> Vec<Counted<'_>> {
    let mut texts = Vec::new();
    collect(value, &mut texts);
    texts
}

fn collect<'a>(value: &'a mut Value, texts: &mut Vec<Counted<'a>>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| collect(item, texts)),
        Value::Object(members) => {
            let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
            let markup = matches!(kind, "mrkdwn" | "markdown");
            for (name, value) in members.iter_mut() {
                let counts = COUNTED.contains(&name.as_str());
                match value {
                    Value::String(text) => {
                        if counts {
                            let length = characters(text);
                            texts.push(Counted { text, length, markup });
                        }
                    }
                    value => collect(value, texts),
                }
            }
        }
        _ => {}
    }
}

/// Whether a text shows nothing.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Whether a URL is one of `http` or `https` with a host, and without characters that end it.
#[must_use]
pub fn is_link(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"');
    is_web && !rest.is_empty() && !rest.starts_with(['/', '?', '#']) && !rest.contains(ends)
}

/// Whether Slack takes a text as the color of an attachment: a known word, or `#rgb` or
/// `#rrggbb`.
#[must_use]
pub fn is_color(text: &str) -> bool {
    let is_hex = |digits: &str| {
        matches!(digits.len(), 3 | 6) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    matches!(text, "good" | "warning" | "danger") || text.strip_prefix('#').is_some_and(is_hex)
}
