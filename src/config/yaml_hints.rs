//! Remedies for values that YAML reads as another type than their author meant: an unquoted `#`,
//! `{{`, `[`, `!` or number. A message says what the author probably meant.
//!
//! Invariant: no message contains the value of a secret.

use super::source::{Source, quotable};
use super::tree::{Node, Value};
use super::yaml_syntax::close_colon;
use super::yaml_text::{FREE_TEXTS, bracket_end, entry, flow_value, in_quotes};

/// Describes a value of a wrong type: its place, what is wrong, and the remedy. `wanted` is the
/// type that it should have.
pub fn wrong_type(
    node: &Node,
    name: &str,
    wanted: &str,
    source: &Source<'_>,
) -> (usize, String, String) {
    // A section's name comes with its kind: "the webhook `sales`".
    let called = if name.contains([' ', '`']) { name.to_owned() } else { format!("`{name}`") };
    let start = node.written.start;
    let kind = node.value.kind();
    let line_start = source.line_start(start);
    let line = source.text[line_start..].lines().next().unwrap_or_default();
    let rest = source.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let is_secret = source.is_hidden(&node.defined);
    // The text at `at` in quotes, with its key as the file has it.
    let quoted = |at: usize, text: &str| format!("`{}`", in_quotes(line, at - line_start, text));
    let quote_the_value = |at: usize, text: &str| match source.is_hidden(&(at..at + text.len())) {
        true => "quote the value".to_owned(),
        false => format!("quote the value: {}", quoted(at, text)),
    };
    if let Some(tag) = &node.tag {
        let at = source.text[line_start..start].rfind('!').map_or(start, |at| line_start + at);
        let text = source.text[at..].lines().next().unwrap_or_default();
        let tag = quotable(tag);
        let message = format!("{called} starts with `!`, which YAML reads as a tag (`{tag}`)");
        return (at, message, quote_the_value(at, text));
    }
    let is_free_text = FREE_TEXTS.contains(&name);
    let is_flow = rest.starts_with(['{', '[']);
    match &node.value {
        Value::Null => {
            // The place of nothing is behind an anchor or a comment.
            let entry = entry(line).filter(|entry| !entry.value.starts_with(['{', '[']));
            let at = entry.map_or(start, |entry| start.min(line_start + entry.at));
            let rest = &line[at - line_start..];
            empty(&called, at, rest, &quote_the_value)
        }
        Value::Map(_) if wanted != "a mapping" && rest.starts_with("{{") => {
            let message = format!("{called} starts with `{{{{`, which YAML reads as a mapping");
            let before_comment = rest.split(" #").next().unwrap_or(rest);
            (start, message, quote_the_value(start, before_comment))
        }
        Value::Map(_) | Value::List(_) if is_free_text && is_flow => {
            let sign = &rest[..1];
            let message = format!("{called} starts with `{sign}`, which YAML reads as {kind}");
            let text = &rest[..bracket_end(rest).unwrap_or(rest.len())];
            (start, message, quote_the_value(start, text))
        }
        Value::Map(_) | Value::List(_) if is_free_text => {
            let message = format!("{called} is {kind}, not a text");
            let help = format!(
                "put the text in quotes, or write `{name}: |` and the text below it, indented"
            );
            (start, message, help)
        }
        Value::Text(text) if wanted == "a mapping" && !is_secret && close_colon(text).is_some() => {
            let (key, value) = text.split_once(':').unwrap_or_default();
            let help = format!("write a blank after the colon: `{}: {}`", key, quotable(value));
            (start, format!("{called} is {kind}, not {wanted}"), help)
        }
        Value::Text(_) if wanted == "a mapping" && rest.contains(" #") => {
            let message = format!("{called} is {kind}, not {wanted}: ` #` starts a comment");
            (start, message, "put a name that contains ` #` in quotes".to_owned())
        }
        Value::Bool(_) | Value::Number(_) if wanted == "a text" => {
            let text = if is_secret { crate::secret::MASK } else { source.slice(&node.defined) };
            let help = match &node.value {
                // A bare word would be a field; JSON is written in backticks.
                Value::Bool(value) if name == "trigger" => {
                    format!("quote it, with backticks: {name}: \"`{value}`\"")
                }
                _ => format!("quote it: {}", quoted(start, text)),
            };
            (start, format!("{called} is {kind}, not a text"), help)
        }
        Value::Text(text) if wanted.ends_with("number") && text.parse::<f64>().is_ok() => {
            let help = "write it without quotes".to_owned();
            (start, format!("{called} is {kind}, not {wanted}"), help)
        }
        _ => (start, format!("{called} is {kind}, not {wanted}"), format!("make it {wanted}")),
    }
}

/// A value that YAML reads as nothing. Its place is that of the colon, or of `~`, `null` or an
/// anchor.
fn empty(
    called: &str,
    start: usize,
    rest: &str,
    quote_the_value: &dyn Fn(usize, &str) -> String,
) -> (usize, String, String) {
    let after = rest.trim_start_matches([':', '-', ' ', '\t']);
    let at = start + rest.len() - after.len();
    let why = match after.chars().next() {
        Some('#') => "`#` starts a comment",
        Some('&') => "`&` starts an anchor",
        Some('~') => "`~` means nothing in YAML",
        Some('n' | 'N') => "`null` means nothing in YAML",
        _ => {
            let help = "give it a value, or remove the key".to_owned();
            return (start, format!("{called} is empty"), help);
        }
    };
    let text = if after.starts_with('#') { after } else { flow_value(after) };
    (at, format!("{called} is empty: {why}"), quote_the_value(at, text))
}
