//! Reads a located tree: texts with `${NAME}` expanded, the keys of a section, files that the
//! configuration names. Everything that is wrong is reported at its own place.
//!
//! Invariant: one wrong value hides no other: reading goes on after each mistake. A value that is
//! not known causes no further message: neither one that is wrong, which is reported, nor one that
//! comes from [`Outside`] and is not taken from there.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::block_mark::BlockMark;
use super::destinations::Destinations;
use super::diagnostic::Findings;
use super::environment;
use super::external;
use super::foreign_keys;
use super::located::{At, Located};
use super::names::{is_name, list, nearest};
use super::outside::Outside;
use super::source::{Source, quotable};
use super::tree::{Node, Value};
use super::yaml_hints;
use super::yaml_text::odd_blank;
use crate::expression::{Expression, ExpressionCache};

/// What the configuration is read from, and the mistakes found so far.
pub struct Reader<'a> {
    pub source: &'a Source<'a>,
    pub findings: Findings,
    /// The expressions in messages so far, each compiled once.
    pub expressions: ExpressionCache,
    /// The trigger of the action that is being read: its messages are only for such events.
    pub trigger: Option<Expression>,
    /// What Slack posts as plain text in the blocks of that action.
    pub block_marks: Vec<BlockMark>,
    /// Whether `${NAME}` is expanded in the section that is being read.
    pub expands: bool,
    /// The topics of `kafka`; `None` if they could not be read, which is reported.
    pub topics: Option<Names>,
    /// The names of `apps`; `None` if they could not be read, which is reported.
    pub apps: Option<Names>,
    /// The names of `webhooks`; `None` if there is no such section, which is reported.
    pub webhooks: Option<Names>,
    /// Whether there is a file of `people`, even an invalid one.
    pub has_people: bool,
    /// The destinations so far.
    pub destinations: Destinations,
    outside: &'a Outside<'a>,
}

/// Names that one section declares and another one refers to. A hash map, because thousands of
/// actions look up their webhooks.
pub struct Names {
    pub list: Vec<Located>,
    index: HashMap<String, u32>,
}

/// A file that the configuration names.
pub struct NamedFile {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    /// The place of its name.
    pub at: At,
}

/// A key that a section can have.
pub struct KnownKey {
    pub name: &'static str,
    pub is_required: bool,
    /// The remedy where it is missing, if `add KEY` does not say enough.
    pub if_missing: Option<&'static str>,
}

/// The keys of one section as written. Without keys, every value is its default.
#[derive(Default)]
pub struct Fields<'n> {
    /// How a message calls the section.
    title: String,
    /// The section's own name, if it is an entry of a mapping.
    pub name: Option<Located>,
    start: usize,
    entries: Vec<(Located, &'n Node)>,
}

impl Names {
    pub fn new(list: Vec<Located>) -> Self {
        let index = list.iter().map(|name| name.value.clone()).zip(0..).collect();
        Self { list, index }
    }

    /// Returns the index of `name`, or reports that there is no such `what`.
    pub fn find(&self, name: &Located, what: &str, findings: &mut Findings) -> Option<u32> {
        let index = self.index.get(&name.value).copied();
        if index.is_none() {
            let known: Vec<&str> = self.list.iter().map(|name| name.value.as_str()).collect();
            let help = match nearest(&name.value, &known) {
                Some(near) if !name.at.hidden => format!("did you mean `{near}`?"),
                _ if known.is_empty() => format!("add it under `{what}s`"),
                _ if known.len() > 10 => {
                    format!("known: {} and {} more", list(&known[..10]), known.len() - 10)
                }
                _ => format!("known: {}", list(&known)),
            };
            let message = format!("unknown {what} `{}`", name.at.shown);
            findings.error(name.at.start, message, help);
        }
        index
    }
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a Source<'a>, outside: &'a Outside<'a>) -> Self {
        Self {
            source,
            findings: Findings::default(),
            expressions: ExpressionCache::default(),
            trigger: None,
            block_marks: Vec::new(),
            expands: false,
            topics: None,
            apps: Some(Names::new(Vec::new())),
            webhooks: None,
            has_people: false,
            destinations: Destinations::default(),
            outside,
        }
    }

    pub fn error(
        &mut self,
        at: impl Into<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.error(at.into(), message, help);
    }

    pub fn warn(
        &mut self,
        at: impl Into<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.warn(at.into(), message, help);
    }

    /// The text of `node`, with variables expanded. `None`: it is wrong, which is reported, or not
    /// known.
    pub fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let (Value::Text(text), None) = (&node.value, &node.tag) else {
            self.wrong_type(node, key, "a text");
            return None;
        };
        if !self.expands {
            return Some(text.clone());
        }
        let flaws = RefCell::new(Vec::new());
        let is_known = Cell::new(true);
        let env = |name: &str| {
            if !self.outside.serves(key) {
                is_known.set(false);
                return Some(String::new());
            }
            let value = (self.outside.env)(name)?;
            let content = external::content(&value);
            let flaw = external::flaw(content);
            flaws.borrow_mut().extend(flaw.map(|flaw| (format!("`{name}`"), flaw)));
            Some(content.to_owned())
        };
        match environment::expand(text, &env) {
            Ok(expanded) => {
                for (owner, flaw) in flaws.into_inner() {
                    let warning = flaw.warning(&owner);
                    self.findings.suspect(node.into(), owner, warning);
                }
                is_known.get().then_some(expanded)
            }
            Err(refused) => {
                let place = self.key_at(node).place(self.source, text, refused.offset);
                self.error(place, refused.message, refused.help);
                None
            }
        }
    }

    /// The text of `node` with its place.
    pub fn located(&mut self, node: &Node, key: &str) -> Option<Located> {
        Some(Located { value: self.text(node, key)?, at: self.at(node) })
    }

    /// A text that is not empty, without surrounding blanks.
    pub fn filled(&mut self, node: &Node, key: &str) -> Option<Located> {
        let Located { value, at } = self.located(node, key)?;
        let value = value.trim().to_owned();
        if value.is_empty() {
            self.error(&at, format!("`{key}` is empty"), "give it a value");
            return None;
        }
        Some(Located { value, at })
    }

    /// The name of a webhook or an action, if it is valid. `what` is what it names.
    pub fn name(&mut self, name: String, at: &At, what: &str) -> Option<String> {
        if is_name(&name) {
            return Some(name);
        }
        let help = "use up to 64 letters, digits, `_`, `-` and `.`, \
                    with a letter, a digit or `_` first";
        self.error(at, format!("`{}` cannot name {what}", at.shown), help);
        None
    }

    /// A list of texts, each with its place, and whether all of them could be read.
    pub fn texts(&mut self, node: &Node, key: &str) -> Option<(Vec<Located>, bool)> {
        let Value::List(list) = &node.value else {
            self.wrong_type(node, key, "a list");
            return None;
        };
        let texts: Vec<_> = list.iter().filter_map(|node| self.located(node, key)).collect();
        let are_all = texts.len() == list.len();
        Some((texts, are_all))
    }

    /// The entries of a mapping, each with its name. Reports duplicate names.
    pub fn entries<'n>(&mut self, node: &'n Node, key: &str) -> Option<Vec<(Located, &'n Node)>> {
        let Value::Map(map) = &node.value else {
            self.wrong_type(node, key, "a mapping");
            return None;
        };
        let mut entries = Vec::with_capacity(map.len());
        let mut seen: FxHashMap<String, usize> = FxHashMap::default();
        for (key, value) in map {
            let Some(name) = self.key(key) else { continue };
            if let Some(first) = seen.get(&name) {
                let help = self.remove_one(*first);
                let message = format!("duplicate key `{}`", quotable(&name));
                self.error(key, message, help);
                continue;
            }
            seen.insert(name.clone(), key.written.start);
            entries.push((Located { value: name, at: self.key_at(key) }, value));
        }
        Some(entries)
    }

    /// The keys of the section `node`, which messages call `title`.
    pub fn fields<'n>(&mut self, node: &'n Node, title: &str) -> Option<Fields<'n>> {
        let entries = self.entries(node, title)?;
        let start = node.written.start;
        Some(Fields { title: title.to_owned(), start, entries, ..Fields::default() })
    }

    /// Reads the file that `node` names. A relative path is resolved against the configuration's
    /// directory. `None`: it cannot be read, which is reported, or its content is not known.
    pub fn file(&mut self, node: &Node, key: &str) -> Option<NamedFile> {
        let Located { value, at } = self.filled(node, key)?;
        let path = self.outside.directory.join(value);
        match self.outside.file(key, &path)? {
            Ok(bytes) => Some(NamedFile { path, bytes, at }),
            Err(error) => {
                let help = "name a file that this user may read; \
                            a relative path is resolved against the configuration's directory";
                self.error(&at, format!("`{key}` cannot be read: {error}"), help);
                None
            }
        }
    }

    /// Reads the file that the Kafka property `key` names, as librdkafka will: a relative path is
    /// resolved against the working directory. `None`: its content is not known.
    pub fn kafka_file(&self, key: &str, path: &Path) -> Option<io::Result<Vec<u8>>> {
        self.outside.file(key, path)
    }

    /// Reports each of `texts` that has occurred before.
    pub fn duplicates(&mut self, texts: &[Located], what: &str) {
        let mut first: HashMap<&str, usize> = HashMap::new();
        for Located { value, at } in texts {
            if let Some(start) = first.get(value.as_str()) {
                let help = self.remove_one(*start);
                self.error(at, format!("duplicate {what} `{}`", at.shown), help);
                continue;
            }
            first.insert(value, at.start);
        }
    }

    /// The place of a value, and how a message may quote it.
    pub fn at(&self, node: &Node) -> At {
        self.place(node, self.expands)
    }

    /// The place of a key, in which nothing is expanded.
    fn key_at(&self, node: &Node) -> At {
        self.place(node, false)
    }

    fn place(&self, node: &Node, expands: bool) -> At {
        let hidden = self.source.is_hidden(&node.defined);
        let (text, is_as_written) = match &node.value {
            Value::Text(text) if !expands || !text.contains("${") => (text.as_str(), true),
            Value::Text(_) => (self.source.slice(&node.defined), false),
            _ => (self.source.slice(&node.defined), true),
        };
        let has_token = is_as_written && node.written == node.defined;
        At {
            start: node.written.start,
            token: has_token.then(|| node.defined.clone()),
            shown: if hidden { crate::secret::MASK.to_owned() } else { quotable(text) },
            hidden,
        }
    }

    pub fn wrong_type(&mut self, node: &Node, key: &str, wanted: &str) {
        let (offset, message, help) = yaml_hints::wrong_type(node, key, wanted, self.source);
        self.error(offset, message, help);
    }

    /// A mapping's key as text. A number or a word that YAML reads as something else is a text
    /// here.
    fn key(&mut self, key: &Node) -> Option<String> {
        match &key.value {
            Value::Text(text) => Some(text.clone()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                Some(self.source.slice(&key.defined).to_owned())
            }
            Value::List(_) | Value::Map(_) => {
                self.error(
                    key,
                    format!("a key is {}, not a text", key.value.kind()),
                    "write the key as a plain word",
                );
                None
            }
        }
    }

    pub fn remove_one(&self, first: usize) -> String {
        format!("remove one: the first is on line {}", self.source.position(first).0)
    }
}

impl<'n> Fields<'n> {
    /// The value of `key` as written.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(name, _)| name.value == key).map(|(_, node)| *node)
    }

    /// Leaves out the keys for which `is_ignored` is true.
    pub fn ignore(&mut self, is_ignored: impl Fn(&str) -> bool) {
        self.entries.retain(|(name, _)| !is_ignored(&name.value));
    }

    /// Reports unknown and missing keys.
    pub fn finish(self, known: &[KnownKey], reader: &mut Reader<'_>) {
        let missing = known.iter().filter(|key| key.is_required && self.get(key.name).is_none());
        let mut missing: Vec<&KnownKey> = missing.collect();
        let known: Vec<&str> = known.iter().map(|key| key.name).collect();
        for (name, _) in self.entries.iter().filter(|(name, _)| !known.contains(&&*name.value)) {
            let (near, help) = self.instead_of(&name.value, &known);
            // A misspelled key is one mistake, not two.
            missing.retain(|missing| Some(missing.name) != near);
            reader.error(&name.at, format!("unknown key `{}`", quotable(&name.value)), help);
        }
        for KnownKey { name, if_missing, .. } in missing {
            let message = format!("{} has no `{name}`", self.title);
            let help = if_missing.map_or_else(|| format!("add `{name}:`"), str::to_owned);
            reader.error(self.start, message, help);
        }
    }

    /// What to write in place of the unknown key `name`: a key of the section, if it is clear
    /// which one, and the remedy.
    fn instead_of(&self, name: &str, known: &[&'static str]) -> (Option<&'static str>, String) {
        let advice = foreign_keys::advice(name, known);
        let near = match &advice {
            Some(advice) => advice.key,
            None => nearest(name, known),
        };
        let help = match (odd_blank(name), near, advice) {
            (Some((_, blank)), ..) => {
                format!("it contains the character U+{:04X}: use spaces", u32::from(blank))
            }
            (_, Some(near), _) if self.get(near).is_some() => {
                format!("remove it: `{near}` is there already")
            }
            (.., Some(advice)) => advice.help,
            (_, Some(near), None) => format!("did you mean `{near}`?"),
            (_, None, None) => format!("known here: {}", list(known)),
        };
        (near, help)
    }
}
