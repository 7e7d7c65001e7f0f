//! Finds the secrets in the configuration's text, so that excerpts and messages can mask them.
//!
//! Invariant: every byte of a secret key's value is inside a range found here, whatever the shape
//! of the file: also if a key or a section is misspelled or misplaced, if the value is anchored
//! elsewhere, and if the file is not YAML at all.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::names::tolerance;
use super::section::Document;
use super::slack_token;
use super::tree::{Node, Value};

/// The key of an action whose texts are for readers, URLs included.
const BLOCKS: &str = "blocks";

/// The keys whose values are secrets, and those whose values are not.
pub struct SecretKeys {
    secret: Vec<&'static str>,
    plain: Vec<&'static str>,
}

impl SecretKeys {
    /// The keys of a section and of the sections inside it.
    pub fn new(document: &Document) -> Self {
        let mut keys = Self { secret: Vec::new(), plain: Vec::new() };
        keys.add(document);
        keys
    }

    fn add(&mut self, document: &Document) {
        for key in &document.keys {
            let list = if key.options.secret { &mut self.secret } else { &mut self.plain };
            list.push(key.name);
            key.section.iter().for_each(|inner| self.add(inner));
        }
    }

    /// Whether a value under `key` is hidden: the secrets, likely misspellings of their keys, and
    /// misplaced Kafka properties.
    fn is_secret(&self, key: &str) -> bool {
        if self.plain.contains(&key) {
            return false;
        }
        let key = key.to_lowercase();
        let is_near = |name: &&str| strsim::damerau_levenshtein(&key, name) <= tolerance(name);
        key.contains('.')
            || [
                "url",
                "proxy",
                "propert",
                "password",
                "secret",
                "token",
                "credential",
                "api_key",
                "apikey",
            ]
            .iter()
            .any(|part| key.contains(part))
            || self.secret.iter().any(is_near)
    }

    /// Returns the secret ranges of a file that is YAML.
    pub fn in_tree(&self, root: &Node, text: &str) -> Vec<Range<usize>> {
        let mut hidden = Vec::new();
        self.collect(root, text, &mut FxHashMap::default(), &mut hidden);
        hidden
    }

    /// Adds the secret ranges of `node`. `known` are the keys that were judged before: a file has
    /// tens of thousands, and few different ones.
    fn collect<'t>(
        &self,
        node: &Node,
        text: &'t str,
        known: &mut FxHashMap<&'t str, bool>,
        hidden: &mut Vec<Range<usize>>,
    ) {
        match &node.value {
            Value::List(list) => {
                list.iter().for_each(|node| self.collect(node, text, known, hidden))
            }
            Value::Map(map) => {
                for (key, value) in map {
                    let name =
                        text.get(key.defined.clone()).unwrap_or_default().trim_matches(['"', '\'']);
                    let is_secret = *known.entry(name).or_insert_with(|| self.is_secret(name));
                    match &value.value {
                        // Their `url` is a link for readers.
                        Value::List(_) if name == BLOCKS => {
                            texts(value, &mut |node, text| {
                                if has_credential(text) {
                                    hide(node, hidden);
                                }
                            });
                        }
                        _ if !is_secret => self.collect(value, text, known, hidden),
                        // A property's name is not secret. Any other key in the place of a secret
                        // may be a part of it.
                        Value::Map(properties) if name.to_lowercase().contains("prop") => {
                            properties.iter().for_each(|(_, value)| hide(value, hidden));
                        }
                        _ => hide(value, hidden),
                    }
                }
            }
            // It may go on in the next line, which an excerpt shows by itself.
            Value::Text(text) if slack_token::has_token(text) => hide(node, hidden),
            _ => {}
        }
    }

    /// Returns the secret ranges of a file that is not YAML: what follows a secret's key, up to the
    /// end of what could still belong to it.
    pub fn in_text(&self, text: &str) -> Vec<Range<usize>> {
        let mut hidden = Vec::new();
        let mut block: Option<Block> = None;
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end();
            let indent = content.len() - content.trim_start().len();
            if let Some(inside) = block.as_mut().filter(|inside| inside.holds(content, indent)) {
                hidden.push(start + indent..start + content.len());
                inside.open.scan(content);
            } else if let Some((key, value)) = self.secret_in(content) {
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

    /// The first secret's key in a line: the offset of the key, and that of the text after its
    /// colon.
    fn secret_in(&self, line: &str) -> Option<(usize, usize)> {
        line.match_indices(':').find_map(|(colon, _)| {
            let before = line[..colon].trim_end().trim_end_matches(['"', '\'']);
            let key = before.rfind([' ', '{', '[', ',', '"', '\'', '\t']).map_or(0, |at| at + 1);
            self.is_secret(&before[key..]).then_some((key, colon + 1))
        })
    }
}

/// Calls `each` for the texts of a value, those of keys aside.
fn texts(node: &Node, each: &mut dyn FnMut(&Node, &str)) {
    match &node.value {
        Value::List(list) => list.iter().for_each(|node| texts(node, each)),
        Value::Map(map) => map.iter().for_each(|(_, value)| texts(value, each)),
        Value::Text(text) => each(node, text),
        _ => {}
    }
}

/// Whether a text for readers holds a credential: a Slack webhook, a token, or the user of a URL.
fn has_credential(text: &str) -> bool {
    let has_user = text.match_indices("://").any(|(at, _)| {
        let host = text[at + 3..].split(['/', '?', '#', ' ', '<', '>', '|']).next();
        host.is_some_and(|host| host.contains('@'))
    });
    has_user || text.contains("hooks.slack") || slack_token::has_token(text)
}

/// Returns the ranges of the texts in blocks of actions that hold no credential: excerpts show
/// their URLs.
pub fn shown_in_blocks(root: &Node) -> Vec<Range<usize>> {
    let mut shown = Vec::new();
    let Some(Value::List(actions)) = member_of(root, "actions").map(|node| &node.value) else {
        return shown;
    };
    for blocks in actions.iter().filter_map(|action| member_of(action, BLOCKS)) {
        texts(blocks, &mut |node, text| {
            if !has_credential(text) {
                shown.push(node.defined.clone());
            }
        });
    }
    shown
}

fn member_of<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Value::Map(map) = &node.value else { return None };
    let is_named = |key: &Node| matches!(&key.value, Value::Text(key) if key == name);
    map.iter().find(|(key, _)| is_named(key)).map(|(_, value)| value)
}

fn hide(node: &Node, hidden: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::List(list) => list.iter().for_each(|node| hide(node, hidden)),
        Value::Map(map) => {
            map.iter().flat_map(|(key, value)| [key, value]).for_each(|node| hide(node, hidden))
        }
        _ => hidden.push(node.defined.clone()),
    }
}

/// The lines after a secret's key that belong to its value.
struct Block {
    /// The key's column: lines with a deeper indentation belong to the value.
    indent: usize,
    open: Open,
}

impl Block {
    fn holds(&self, content: &str, indent: usize) -> bool {
        // A line that starts neither a key, an item nor a comment may be the rest of a secret that
        // was broken in two, whatever its indentation.
        let is_open = self.open.depth > 0 || self.open.quote.is_some();
        content.is_empty() || indent > self.indent || is_open || !starts_another(content)
    }
}

/// Whether a line starts with a key, an item or a comment.
fn starts_another(line: &str) -> bool {
    let line = line.trim_start();
    let is_key = |key: &str| {
        key.trim_matches(['"', '\''])
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    };
    let key = line.strip_suffix(':').or_else(|| line.split_once(": ").map(|(key, _)| key));
    line.starts_with("- ") || line.starts_with('#') || key.is_some_and(is_key)
}

/// Brackets and quotes that are open.
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
                // Inside a plain scalar an apostrophe is a letter.
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

/// Returns the parts of `line` that look like the rest of a URL: a last resort for a secret in a
/// place where none belongs (a key, a comment, an unknown key's value). The values of an action's
/// texts are shown, unless they contain a Slack webhook.
pub fn urls_in(line: &str) -> Vec<Range<usize>> {
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
