//! Configuration: YAML's own traps, told as what the author meant: unquoted `#`, `{{`, `!`, `@`, backticks; and files that are no YAML.
//!
//! Invariant: pure; no text here holds a secret's value.

use super::decode::Reader;
use super::diagnostic::Findings;
use super::source::{Source, harmless, quotable};
use super::tree::{Node, SyntaxError, Value};

/// What is wrong with a value of a wrong type, YAML's own traps told apart.
pub(super) fn wrong_type(
    node: &Node,
    name: &str,
    wanted: &str,
    reader: &Reader<'_>,
) -> (usize, String, String) {
    // A section comes with its kind: "the webhook `sales`".
    let called = if name.contains([' ', '`']) { name.to_owned() } else { format!("`{name}`") };
    let start = node.written.start;
    let source = reader.source;
    let is = node.value.kind();
    let rest = source
        .text
        .get(node.written.start..)
        .unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default();
    let quoted = |text: &str| {
        let text = quotable(text.trim());
        if text.contains('"') {
            format!("`{name}: '{}'`", text.replace('\'', "''"))
        } else {
            format!("`{name}: \"{text}\"`")
        }
    };
    let secret = source.is_hidden(&node.defined);
    if let Some(tag) = &node.tag {
        let tag = quotable(tag);
        let line = source.line_start(start);
        let at = source.text[line..start].rfind('!').map_or(start, |at| line + at);
        return (
            at,
            format!("{called} begins with `!`, which YAML reads as a tag (`{tag}`)"),
            "quote the value".to_owned(),
        );
    }
    match &node.value {
        Value::Null => {
            // Nothing stands where the colon stands.
            let after = rest.trim_start_matches([':', ' ']);
            if !after.starts_with('#') {
                return (
                    start,
                    format!("{called} is empty"),
                    "give it a value, or remove the key".to_owned(),
                );
            }
            let help = if secret {
                "quote the value".to_owned()
            } else {
                format!("quote the value: {}", quoted(after))
            };
            (
                start + rest.len() - after.len(),
                format!("{called} is empty: `#` begins a comment"),
                help,
            )
        }
        Value::Map(_) if wanted != "a mapping" && rest.starts_with("{{") => {
            let help = if secret {
                "quote the value".to_owned()
            } else {
                format!("quote the value: {}", quoted(before_comment(rest)))
            };
            (start, format!("{called} begins with `{{{{`, which YAML reads as a mapping"), help)
        }
        Value::Bool(_) | Value::Number(_) if wanted == "a text" => {
            let text = if secret { crate::secret::MASK } else { reader.written(node) };
            (start, format!("{called} is {is}, not a text"), format!("quote it: {}", quoted(text)))
        }
        Value::Text(text) if wanted.ends_with("number") && text.parse::<f64>().is_ok() => {
            (start, format!("{called} is {is}, not {wanted}"), "write it without quotes".to_owned())
        }
        _ => (start, format!("{called} is {is}, not {wanted}"), format!("make it {wanted}")),
    }
}

fn before_comment(line: &str) -> &str {
    line.split(" #").next().unwrap_or(line)
}

/// Reports a file that is no YAML. A value that begins with a character of YAML's own is by far the likeliest reason.
pub(super) fn syntax(error: &SyntaxError, source: &Source<'_>, findings: &mut Findings) {
    let offset = error.offset.min(source.text.len());
    let start = source.text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = source.text[start..].lines().next().unwrap_or_default();
    let message = harmless(&error.message);
    // What was opened with `{{` and not closed is found out lines later.
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
        findings.error(
            at,
            format!("not YAML: a value begins with {sign} ({message})"),
            "put the value in quotes",
        );
        return;
    }
    if message.contains("multiple YAML documents") {
        findings.error(
            offset,
            "a second YAML document begins here",
            "keep one: remove `---` and what follows",
        );
        return;
    }
    let help = if line.get(..offset - start + 1).is_some_and(|before| before.contains("${")) {
        "put a value with `${…}` in quotes within `{ }` or `[ ]`"
    } else if message.contains("unexpected character") {
        "put values in quotes that begin with `@`, `%` or a backtick"
    } else if message.contains("tabs") {
        "indent with spaces"
    } else if message.contains("unclosed quote") {
        "close the quote"
    } else if message.contains("anchor") {
        "define the anchor (`&name`) before it is used"
    } else {
        "look at the indentation, and quote values that hold `: `, ` #`, quotes or brackets"
    };
    findings.error(offset, format!("not YAML: {message}"), help);
}

/// The first value of a line that begins with a sign which YAML keeps for itself, with its place in the line.
fn unquoted(line: &str) -> Option<(usize, &'static str)> {
    let value = match line.find(": ") {
        Some(colon) => colon + 2,
        None => line.find("- ")? + 2,
    };
    let at = value + line[value..].len() - line[value..].trim_start().len();
    let signs = [("{{", "`{{`"), ("@", "`@`"), ("`", "a backtick"), ("%", "`%`"), ("!", "`!`")];
    signs.into_iter().find(|(sign, _)| line[at..].starts_with(sign)).map(|(_, called)| (at, called))
}
