//! Configuration, second step: the located tree → the types of `config`.
//!
//! Invariant: one wrong value hides no other: every key of every section is looked at, and each fault is reported at its own place.

use super::diagnostic::Findings;
use super::environment;
use super::source::{Source, quotable};
use super::traps;
use super::tree::{Node, Value};
use super::values::{At, Located};
use super::{ActionSection, AdminSection, File, KafkaSection, RetrySection, WebhookSection};

/// Something that a YAML node can be read as.
pub(super) trait Decode: Sized {
    /// Reads `node`, the value of `name`; reports what is wrong with it.
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self>;
}

/// Reads a tree and keeps what is wrong with it.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) findings: Findings,
    env: &'a dyn Fn(&str) -> Option<String>,
    /// `${NAME}` is expanded here.
    pub(super) expands: bool,
}

/// The keys of one section, each to be asked for once; what nobody asked for is unknown.
struct Fields<'n> {
    section: String,
    start: usize,
    entries: Vec<(String, &'n Node, &'n Node)>,
    known: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Source<'a>, env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { source, findings: Findings::default(), env, expands: false }
    }

    /// The whole file.
    pub(super) fn file(&mut self, tree: &Node) -> Option<File> {
        let mut fields = self.fields(tree, "the configuration")?;
        self.expands = true;
        let kafka = fields.required("kafka", self);
        let webhooks = fields.required("webhooks", self);
        self.expands = false;
        let actions = fields.required("actions", self);
        let admin = fields.optional("admin", self);
        fields.end(self);
        Some(File { kafka, webhooks, actions, admin })
    }

    /// The text of `node`, and whether something was expanded in it.
    pub(super) fn text(&mut self, node: &Node, name: &str) -> Option<(String, bool)> {
        let Value::Text(text) = &node.value else {
            self.wrong_type(node, name, "a text");
            return None;
        };
        if node.tag.is_some() {
            self.wrong_type(node, name, "a text");
            return None;
        }
        if !self.expands {
            return Some((text.clone(), false));
        }
        match environment::expand(text, self.env) {
            Ok(None) => Some((text.clone(), false)),
            Ok(Some(expanded)) => Some((expanded, true)),
            Err(refused) => {
                let place = self.at(node, false).place(self.source, text, refused.offset);
                self.findings.error(place, refused.message, refused.help);
                None
            }
        }
    }

    /// A number or a boolean as the author wrote it, `None` for anything else.
    pub(super) fn scalar_text(&self, node: &Node) -> Option<String> {
        matches!(node.value, Value::Bool(_) | Value::Number(_))
            .then(|| self.written(node).to_owned())
    }

    /// A mapping's key as text. A number or a word that YAML reads as something else is a text here.
    pub(super) fn key(&mut self, key: &Node) -> Option<String> {
        match &key.value {
            Value::Text(text) => Some(text.clone()),
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(self.written(key).to_owned()),
            Value::List(_) | Value::Map(_) => {
                self.findings.error(
                    key.written.start,
                    format!("a key is {}, not a text", key.value.kind()),
                    "write the key as a plain word",
                );
                None
            }
        }
    }

    pub(super) fn at(&self, node: &Node, expanded: bool) -> At {
        let text = match &node.value {
            Value::Text(text) if !expanded => text.as_str(),
            _ => self.written(node),
        };
        let hidden = self.source.is_hidden(&node.defined);
        At {
            start: node.written.start,
            token: (node.written == node.defined && !expanded).then(|| node.defined.clone()),
            shown: if hidden { crate::secret::MASK.to_owned() } else { quotable(text) },
            hidden,
        }
    }

    pub(super) fn wrong_type(&mut self, node: &Node, name: &str, wanted: &str) {
        let (offset, message, help) = traps::wrong_type(node, name, wanted, self);
        self.findings.error(offset, message, help);
    }

    /// Reports a key that its mapping has already, at the byte offset `first`.
    pub(super) fn twice(&mut self, key: &Node, name: &str, first: usize) {
        let first = self.source.position(first).0;
        let message = format!("the key `{}` is there twice", quotable(name));
        self.findings.error(
            key.written.start,
            message,
            format!("keep one: the first is in line {first}"),
        );
    }

    /// A scalar's bytes in the file.
    pub(super) fn written(&self, node: &Node) -> &'a str {
        self.source.text.get(node.defined.clone()).unwrap_or_default()
    }

    fn fields<'n>(&mut self, node: &'n Node, section: &str) -> Option<Fields<'n>> {
        let Value::Map(map) = &node.value else {
            self.wrong_type(node, section, "a mapping");
            return None;
        };
        let mut fields = Fields {
            section: section.to_owned(),
            start: node.written.start,
            entries: Vec::new(),
            known: Vec::new(),
            missing: Vec::new(),
        };
        for (key, value) in map {
            let Some(name) = self.key(key) else { continue };
            if let Some((_, first, _)) = fields.entries.iter().find(|(other, _, _)| *other == name)
            {
                let first = first.written.start;
                self.twice(key, &name, first);
                continue;
            }
            fields.entries.push((name, key, value));
        }
        Some(fields)
    }
}

impl<'n> Fields<'n> {
    fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _, _)| key == name)
    }

    fn optional<T: Decode>(
        &mut self,
        name: &'static str,
        reader: &mut Reader<'_>,
    ) -> Option<Located<T>> {
        self.known.push(name);
        let at = self.entries.iter().position(|(key, _, _)| key == name)?;
        let (_, _, node) = self.entries.remove(at);
        Located::decode(node, name, reader)
    }

    fn required<T: Decode>(
        &mut self,
        name: &'static str,
        reader: &mut Reader<'_>,
    ) -> Option<Located<T>> {
        if !self.has(name) {
            self.missing.push(name);
        }
        self.optional(name, reader)
    }

    fn end(mut self, reader: &mut Reader<'_>) {
        for (name, key, _) in &self.entries {
            let near = nearest(name, &self.known);
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", list(&self.known)),
            };
            // A misspelled key is one fault, not two.
            self.missing.retain(|missing| Some(*missing) != near);
            reader.findings.error(
                key.written.start,
                format!("unknown key `{}`", quotable(name)),
                help,
            );
        }
        for name in self.missing {
            reader.findings.error(
                self.start,
                format!("{} has no `{name}`", self.section),
                format!("add `{name}:`"),
            );
        }
    }
}

/// The nearest of `known`, if it is near enough to have been meant.
pub(super) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let name = name.to_lowercase();
    let scored = known.iter().map(|known| (strsim::damerau_levenshtein(&name, known), *known));
    let near = scored
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min()
        .map(|(_, known)| known);
    // `webhook_url` is no slip of the finger.
    near.or_else(|| {
        known
            .iter()
            .copied()
            .find(|known| known.len() > 2 && name.split(['_', '-']).any(|part| part == *known))
    })
}

/// Names, each in backticks.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> =
        names.iter().map(|name| format!("`{}`", quotable(name.as_ref()))).collect();
    quoted.join(", ")
}

impl Decode for KafkaSection {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, &format!("`{name}`"))?;
        let section = Self {
            brokers: fields.required("brokers", reader),
            group_id: fields.optional("group_id", reader),
            topics: fields.required("topics", reader),
            start: fields.optional("start", reader),
            instance_id: fields.optional("instance_id", reader),
            drain_timeout: fields.optional("drain_timeout", reader),
            properties: fields.optional("properties", reader),
            property_files: fields.optional("property_files", reader),
            oauth_token_file: fields.optional("oauth_token_file", reader),
        };
        fields.end(reader);
        Some(section)
    }
}

impl Decode for WebhookSection {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, &format!("the webhook `{}`", quotable(name)))?;
        let is_url_given = fields.has("url") || fields.has("url_file");
        let section = Self {
            is_url_given,
            url: fields.optional("url", reader),
            url_file: fields.optional("url_file", reader),
            rate_per_second: fields.optional("rate_per_second", reader),
            burst: fields.optional("burst", reader),
            queue_capacity: fields.optional("queue_capacity", reader),
            when_full: fields.optional("when_full", reader),
            timeout: fields.optional("timeout", reader),
            allow_http: fields.optional("allow_http", reader),
            proxy: fields.optional("proxy", reader),
            ca_file: fields.optional("ca_file", reader),
            retry: fields.optional("retry", reader),
        };
        fields.end(reader);
        Some(section)
    }
}

impl Decode for RetrySection {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, &format!("`{name}`"))?;
        let section = Self {
            initial: fields.optional("initial", reader),
            max: fields.optional("max", reader),
            max_elapsed: fields.optional("max_elapsed", reader),
        };
        fields.end(reader);
        Some(section)
    }
}

impl Decode for ActionSection {
    fn decode(node: &Node, _name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, "the action")?;
        let section = Self {
            name: fields.required("name", reader),
            topics: fields.optional("topics", reader),
            trigger: fields.required("trigger", reader),
            webhook: fields.required("webhook", reader),
            message: fields.required("message", reader),
            channel: fields.optional("channel", reader),
            user: fields.optional("user", reader),
            icon_url: fields.optional("icon_url", reader),
        };
        fields.end(reader);
        Some(section)
    }
}

impl Decode for AdminSection {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let mut fields = reader.fields(node, &format!("`{name}`"))?;
        let section = Self { listen: fields.optional("listen", reader) };
        fields.end(reader);
        Some(section)
    }
}
