//! Remedies for YAML's own pitfalls: an unquoted `#`, `{{`, `!`, `@` or backtick, and files that
//! are not YAML. A message says what the author probably meant.
//!
//! Invariant: no message contains the value of a secret.

use super::diagnostic::Findings;
use super::source::{Source, harmless, quotable};
use super::tree::{Node, SyntaxError, Value};

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
    let rest = source.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let quoted = |text: &str| {
        let text = quotable(text.trim());
        if text.contains('"') {
            format!("`{name}: '{}'`", text.replace('\'', "''"))
        } else {
            format!("`{name}: \"{text}\"`")
        }
    };
    let is_secret = source.is_hidden(&node.defined);
    let quote_the_value = |text: &str| match is_secret {
        true => "quote the value".to_owned(),
        false => format!("quote the value: {}", quoted(text)),
    };
    if let Some(tag) = &node.tag {
        let line = source.line_start(start);
        let at = source.text[line..start].rfind('!').map_or(start, |at| line + at);
        let tag = quotable(tag);
        let message = format!("{called} starts with `!`, which YAML reads as a tag (`{tag}`)");
        return (at, message, "quote the value".to_owned());
    }
    match &node.value {
        Value::Null => {
            // The place of an empty value is that of the colon.
            let after = rest.trim_start_matches([':', ' ']);
            if !after.starts_with('#') {
                let help = "give it a value, or remove the key".to_owned();
                return (start, format!("{called} is empty"), help);
            }
            let at = start + rest.len() - after.len();
            (at, format!("{called} is empty: `#` starts a comment"), quote_the_value(after))
        }
        Value::Map(_) if wanted != "a mapping" && rest.starts_with("{{") => {
            let message = format!("{called} starts with `{{{{`, which YAML reads as a mapping");
            let before_comment = rest.split(" #").next().unwrap_or(rest);
            (start, message, quote_the_value(before_comment))
        }
        Value::Bool(_) | Value::Number(_) if wanted == "a text" => {
            let text = if is_secret { crate::secret::MASK } else { source.slice(&node.defined) };
            let help = format!("quote it: {}", quoted(text));
            (start, format!("{called} is {kind}, not a text"), help)
        }
        Value::Text(text) if wanted.ends_with("number") && text.parse::<f64>().is_ok() => {
            let help = "write it without quotes".to_owned();
            (start, format!("{called} is {kind}, not {wanted}"), help)
        }
        _ => (start, format!("{called} is {kind}, not {wanted}"), format!("make it {wanted}")),
    }
}

/// Reports a file that is not YAML. The most likely reason is a value that starts with one of
/// YAML's own characters.
pub fn syntax(error: &SyntaxError, source: &Source<'_>, findings: &mut Findings) {
    let offset = error.offset.min(source.text.len());
    let start = source.text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = source.text[start..].lines().next().unwrap_or_default();
    let message = harmless(&error.message);
    // The library notices an unclosed `{{` only lines later.
    let earlier = source.text[..start].split_inclusive('\n').rev().scan(start, |end, line| {
        *end -= line.len();
        Some((*end, line))
    });
    let earlier = earlier.take(if message.contains("flow") { usize::MAX } else { 0 });
    let suspect = [(start, line)]
        .into_iter()
        .chain(earlier)
        .find_map(|(start, line)| unquoted(line).map(|(at, sign)| (start + at, sign)));
    if let Some((at, sign)) = suspect {
        let message = format!("not YAML: a value starts with {sign} ({message})");
        findings.error(at, message, "put the value in quotes");
        return;
    }
    if message.contains("multiple YAML documents") {
        let help = "keep one: remove `---` and the text after it";
        findings.error(offset, "a second YAML document starts here", help);
        return;
    }
    let before = line.get(..offset - start + 1);
    let help = if before.is_some_and(|before| before.contains("${")) {
        "put a value with `${…}` in quotes within `{ }` or `[ ]`"
    } else if message.contains("unexpected character") {
        "put values in quotes that start with `@`, `%` or a backtick"
    } else if message.contains("tabs") {
        "indent with spaces"
    } else if message.contains("unclosed quote") {
        "close the quote"
    } else if message.contains("anchor") {
        "define the anchor (`&name`) before it is used"
    } else {
        "check the indentation, and quote values that contain `: `, ` #`, quotes or brackets"
    };
    findings.error(offset, format!("not YAML: {message}"), help);
}

/// The first value of a line, if it starts with a character that YAML reserves: its place in the
/// line, and the character.
fn unquoted(line: &str) -> Option<(usize, &'static str)> {
    let value = match line.find(": ") {
        Some(colon) => colon + 2,
        None => line.find("- ")? + 2,
    };
    let at = value + line[value..].len() - line[value..].trim_start().len();
    let signs = [("{{", "`{{`"), ("@", "`@`"), ("`", "a backtick"), ("%", "`%`"), ("!", "`!`")];
    signs.into_iter().find(|(sign, _)| line[at..].starts_with(sign)).map(|(_, called)| (at, called))
}
