//! Configuration, third step: the types as written → [`model::Config`], in which no rule is broken.
//!
//! Invariant: a `Config` comes out only where nothing was reported; every rule is looked at even where others are broken.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::File;
use super::decode::{list, nearest};
use super::diagnostic::Findings;
use super::duration;
use super::model::Config;
use super::source::Source;
use super::values::{At, Count, Located, Period, Properties};
use crate::expression::Compiled;

pub(super) mod kafka;

mod properties;

mod security;

mod webhook;

mod url;

mod action;

/// A webhook's or an action's name: a metric's label, a word on the command line.
pub(super) const NAME: &str = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$";

/// What the rules look at, and what they found.
pub(super) struct Rules<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) files: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
    /// Where relative files are looked for.
    pub(super) directory: &'a Path,
    pub(super) findings: Findings,
    /// The expressions in messages so far.
    pub(super) compiled: Compiled,
}

impl Rules<'_> {
    /// Everything; `None` only where something was reported.
    pub(super) fn config(&mut self, file: &File) -> Option<Config> {
        let properties =
            file.kafka.as_ref().and_then(|section| self.written_properties(&section.value));
        let kafka =
            file.kafka.as_ref().and_then(|section| self.kafka(&section.value, properties.as_ref()));
        let webhooks = file.webhooks.as_ref().and_then(|section| self.webhooks(section));
        let admin = self.admin(file.admin.as_ref());
        let actions = file
            .actions
            .as_ref()
            .and_then(|section| self.actions(section, file, webhooks.as_deref()));
        self.unused(file);
        self.conflicts(file, properties.as_ref());
        Some(Config {
            kafka: kafka?,
            webhooks: webhooks?,
            actions: actions?,
            admin: admin?,
            hash: 0,
        })
    }

    fn error(&mut self, at: &At, message: impl Into<String>, help: impl Into<String>) {
        self.findings.error(at.start, message, help);
    }

    fn warn(&mut self, at: &At, message: impl Into<String>, help: impl Into<String>) {
        self.findings.warn(at.start, message, help);
    }

    /// A text that must hold something: without blanks around it.
    fn filled(&mut self, text: &Located<String>, name: &str) -> Option<String> {
        let trimmed = text.value.trim();
        if trimmed.is_empty() {
            self.error(&text.at, format!("`{name}` is empty"), "give it a value");
            return None;
        }
        Some(trimmed.to_owned())
    }

    fn name(&mut self, name: &Located<String>, what: &str) -> Option<String> {
        let value = &name.value;
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if !value.is_empty()
            && value.len() <= 64
            && value.bytes().all(legal)
            && !value.starts_with(['.', '-'])
        {
            return Some(value.clone());
        }
        let message = format!("`{}` can't name {what}", name.at.shown);
        self.error(
            &name.at,
            message,
            "use up to 64 letters, digits, `_`, `-` and `.`, with a letter, a digit or `_` first",
        );
        None
    }

    fn period(
        &mut self,
        period: Option<&Located<Period>>,
        name: &str,
        default: Duration,
        most: Duration,
    ) -> Option<Duration> {
        let Some(Located { value: Period(period), at }) = period else { return Some(default) };
        if period.is_zero() || *period > most {
            let what = if period.is_zero() { "zero" } else { "too long" };
            let help = format!(
                "write a duration up to `{}`; the default is `{}`",
                duration::show(most),
                duration::show(default)
            );
            self.error(at, format!("`{name}` is {what}"), help);
            return None;
        }
        Some(*period)
    }

    fn count(
        &mut self,
        count: Option<&Located<Count>>,
        name: &str,
        default: u32,
        most: u32,
    ) -> Option<u32> {
        let Some(Located { value: Count(count), at }) = count else { return Some(default) };
        let count = u32::try_from(*count).ok().filter(|count| (1..=most).contains(count));
        if count.is_none() {
            self.error(
                at,
                format!("`{name}` must be from 1 to {most}"),
                format!("write such a number; the default is `{default}`"),
            );
        }
        count
    }

    /// Reads a file that the configuration names.
    fn read(&mut self, path: &Located<String>, name: &str) -> Option<(PathBuf, Vec<u8>)> {
        let path_text = self.filled(path, name)?;
        let full = self.directory.join(path_text);
        match (self.files)(&full) {
            Ok(bytes) => Some((full, bytes)),
            Err(error) => {
                let help = "name a file that this user may read; a relative one is looked for beside the configuration";
                self.error(&path.at, format!("`{name}` can't be read: {error}"), help);
                None
            }
        }
    }

    /// Reports each of `values` that came before.
    fn duplicates<'v, K: Hash + Eq>(
        &mut self,
        values: impl IntoIterator<Item = (K, &'v At)>,
        what: &str,
    ) {
        let mut first: HashMap<K, usize> = HashMap::new();
        for (key, at) in values {
            if let Some(start) = first.get(&key) {
                let line = self.source.position(*start).0;
                let help = format!("keep one: the first is in line {line}");
                self.error(at, format!("the {what} `{}` is there twice", at.shown), help);
                continue;
            }
            first.insert(key, at.start);
        }
    }

    fn unknown(&mut self, name: &Located<String>, what: &str, known: &[&str]) {
        let help = match nearest(&name.value, known) {
            Some(near) if !name.at.hidden => format!("did you mean `{near}`?"),
            _ if known.is_empty() => format!("configure {what}s first"),
            _ if known.len() > 10 => {
                format!("known: {} and {} more", list(&known[..10]), known.len() - 10)
            }
            _ => format!("known: {}", list(known)),
        };
        self.error(&name.at, format!("unknown {what} `{}`", name.at.shown), help);
    }

    /// What is configured and never used.
    fn unused(&mut self, file: &File) {
        let (Some(actions), Some(webhooks), Some(kafka)) =
            (&file.actions, &file.webhooks, &file.kafka)
        else {
            return;
        };
        let actions = || actions.value.list.iter().map(|action| &action.value);
        let used: HashSet<&str> =
            actions().filter_map(|action| Some(action.webhook.as_ref()?.value.as_str())).collect();
        for (name, _) in &webhooks.value.list {
            if !used.contains(name.value.as_str()) {
                self.warn(
                    &name.at,
                    format!("no action uses the webhook `{}`", name.at.shown),
                    "name it in an action, or remove it",
                );
            }
        }
        let Some(topics) = &kafka.value.topics else { return };
        if actions().any(|action| action.topics.is_none()) {
            return;
        }
        let read = |topic: &str| {
            actions()
                .filter_map(|action| action.topics.as_ref())
                .any(|topics| topics.value.list.iter().any(|read| read.value == topic))
        };
        for topic in &topics.value.list {
            if !read(&topic.value) {
                let message = format!("no action reads the topic `{}`", topic.at.shown);
                self.warn(&topic.at, message, "name it in an action's `topics`, or remove it");
            }
        }
    }

    /// What is legal apart and not together.
    fn conflicts(&mut self, file: &File, properties: Option<&Properties>) {
        let Some(kafka) = &file.kafka else { return };
        if let Some(properties) = properties {
            self.property_conflicts(properties);
            self.security(properties, kafka.value.oauth_token_file.as_ref());
            if let Some(id) = &kafka.value.instance_id
                && properties::is_consumer_protocol(properties)
            {
                let message = "`instance_id` does not go with `group.protocol: consumer`: a worker that is killed and started again could not join until its session has ended";
                let help =
                    "remove `group.protocol` to be back at once after a restart, or `instance_id`";
                self.error(&id.at, message, help);
            }
        }
        let configured = properties
            .and_then(|properties| properties::number(properties, "max.poll.interval.ms"));
        let longest = configured.unwrap_or(kafka::MAX_POLL_INTERVAL_MS);
        let (drain, at) = match (&kafka.value.drain_timeout, &kafka.value.properties) {
            (Some(Located { value: Period(drain), at }), _) => (*drain, at),
            (None, Some(properties)) => (kafka::DRAIN_TIMEOUT, &properties.at),
            (None, None) => return,
        };
        // The commits that follow the drain need their time too, and the other members wait.
        if drain.as_millis() * 2 > u128::from(longest) {
            let limit = duration::show(Duration::from_millis(longest / 2));
            let message = "`drain_timeout` is over half of `max.poll.interval.ms`: a rebalance could outlast the membership";
            self.error(
                at,
                message,
                format!(
                    "stay within `{limit}`; the default is `{}`",
                    duration::show(kafka::DRAIN_TIMEOUT)
                ),
            );
        }
    }
}
