//! Configuration: which bytes of the file nobody may see.
//!
//! Invariant: no byte of a value of `url`, `proxy` or `kafka.properties` stands outside the ranges found here, whatever the file's shape: also
//! where the section is misspelled or misplaced, where the value is anchored elsewhere, and where the file is no YAML at all.

use std::collections::HashMap;
use std::ops::Range;

use super::tree::{Node, Value};

/// Keys that look like a secret's but aren't.
const HARMLESS: [&str; 4] = ["icon_url", "url_file", "user", "ca_file"];

/// Whether a value under `key` is hidden: the three that are secrets, what they are likely misspelled as, and Kafka properties gone astray.
pub(super) fn is_secret_key(key: &str) -> bool {
    if HARMLESS.contains(&key) {
        return false;
    }
    let key = key.to_lowercase();
    let near = |name: &str, distance| strsim::damerau_levenshtein(&key, name) <= distance;
    key.contains('.')
        || ["url", "proxy", "propert", "password", "secret", "token"]
            .iter()
            .any(|part| key.contains(part))
        || near("url", 1)
        || near("proxy", 2)
        || near("properties", 3)
}

/// The secret ranges of a file that is YAML.
pub(super) fn in_tree(root: &Node, text: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    collect(root, text, &mut HashMap::new(), &mut hidden);
    hidden
}

/// `known`: the keys that were judged before. A file has tens of thousands, and few different ones.
fn collect<'t>(
    node: &Node,
    text: &'t str,
    known: &mut HashMap<&'t str, bool>,
    hidden: &mut Vec<Range<usize>>,
) {
    match &node.value {
        Value::List(list) => list.iter().for_each(|node| collect(node, text, known, hidden)),
        Value::Map(map) => {
            for (key, value) in map {
                let name =
                    text.get(key.defined.clone()).unwrap_or_default().trim_matches(['"', '\'']);
                if *known.entry(name).or_insert_with(|| is_secret_key(name)) {
                    match &value.value {
                        // A property's name is no secret; any other key where a secret is expected may well be a part of one.
                        Value::Map(properties) if name.to_lowercase().contains("prop") => {
                            properties.iter().for_each(|(_, value)| hide(value, hidden));
                        }
                        _ => hide(value, hidden),
                    }
                } else {
                    collect(value, text, known, hidden);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

fn hide(node: &Node, hidden: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::List(list) => list.iter().for_each(|node| hide(node, hidden)),
        Value::Map(map) => {
            map.iter().flat_map(|(key, value)| [key, value]).for_each(|node| hide(node, hidden))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
            hidden.push(node.defined.clone())
        }
    }
}

/// The secret ranges of a file that is no YAML: whatever follows a secret's key, to the end of what could still belong to it.
pub(super) fn in_text(text: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    let mut block: Option<Block> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        if let Some(inside) = block.as_mut().filter(|inside| inside.holds(content, indent)) {
            hidden.push(start + indent..start + content.len());
            inside.open.scan(content);
        } else if let Some((key, value)) = secret_in(content) {
            hidden.push(start + value..start + content.len());
            let mut open = Open::default();
            open.scan(&content[..value]);
            open.quote = None;
            open.scan(&content[value..]);
            block = Some(Block { indent: key, open });
        } else {
            block = None;
        }
        start += line.len();
    }
    hidden
}

/// What follows a secret's key and belongs to it.
struct Block {
    /// The key's column: lines indented deeper are the value's.
    indent: usize,
    open: Open,
}

impl Block {
    fn holds(&self, content: &str, indent: usize) -> bool {
        // A line that begins nothing new, however it is indented, may be the rest of a secret that was broken in two.
        let is_open = self.open.depth > 0 || self.open.quote.is_some();
        content.is_empty() || indent > self.indent || is_open || !begins_anew(content)
    }
}

/// Whether a line begins with a key of its own, or an item, or a comment.
fn begins_anew(line: &str) -> bool {
    let line = line.trim_start();
    let is_key = |key: &str| {
        key.trim_matches(['"', '\''])
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    };
    let key = line.strip_suffix(':').or_else(|| line.split_once(": ").map(|(key, _)| key));
    line.starts_with("- ") || line.starts_with('#') || key.is_some_and(is_key)
}

/// Brackets and quotes that were opened and not closed.
#[derive(Default)]
struct Open {
    depth: usize,
    quote: Option<char>,
}

impl Open {
    fn scan(&mut self, text: &str) {
        let mut before = ' ';
        for c in text.chars() {
            match (self.quote, c) {
                (Some('"'), '"') if before == '\\' => {}
                (Some(quote), c) if c == quote => self.quote = None,
                (Some(_), _) => {}
                // Within a plain scalar an apostrophe is a letter.
                (None, '"' | '\'') if matches!(before, ' ' | '{' | '[' | ',' | ':') => {
                    self.quote = Some(c)
                }
                (None, '{' | '[') => self.depth += 1,
                (None, '}' | ']') => self.depth = self.depth.saturating_sub(1),
                (None, _) => {}
            }
            before = if before == '\\' && c == '\\' { ' ' } else { c };
        }
    }
}

/// The first secret's key in a line: where it begins, and where what follows its colon begins.
fn secret_in(line: &str) -> Option<(usize, usize)> {
    line.match_indices(':').find_map(|(colon, _)| {
        let before = line[..colon].trim_end().trim_end_matches(['"', '\'']);
        let key = before.rfind([' ', '{', '[', ',', '"', '\'', '\t']).map_or(0, |at| at + 1);
        is_secret_key(&before[key..]).then_some((key, colon + 1))
    })
}

/// The parts of `line` that look like the path of a URL: a last resort for a secret where none belongs (a key, a comment, an unknown key's value).
/// A picture and the author's own texts are shown, unless they hold a Slack webhook.
pub(super) fn urls_in(line: &str) -> Vec<Range<usize>> {
    let key = line.trim_start_matches([' ', '-']);
    let shown = ["icon_url:", "message:", "trigger:", "user:", "channel:"]
        .iter()
        .any(|shown| key.starts_with(shown));
    if shown && !line.contains("hooks.slack") {
        return Vec::new();
    }
    let mut from = 0;
    let mut found = Vec::new();
    while let Some(at) = line[from..].find("://") {
        let start = from + at + 3;
        let rest = &line[start..];
        let len = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'))
            .unwrap_or(rest.len());
        found.push(start..start + len);
        from = start + len;
    }
    found
}
