//! Configuration: the rules of `actions`.

use std::collections::HashMap;

use ::url::Url;

use super::{Rules, url};
use crate::config::model::{Action, Webhook, WebhookIndex};
use crate::config::values::{Items, Located};
use crate::config::{ActionSection, File, environment};
use crate::event::TopicIndex;
use crate::expression::template::Template;
use crate::expression::{CompileError, Expression};

/// The webhooks that there are: thousands of actions ask for theirs.
struct Known<'f> {
    names: Vec<&'f str>,
    by_name: HashMap<&'f str, WebhookIndex>,
}

impl<'f> Known<'f> {
    fn new(names: Vec<&'f str>) -> Self {
        let by_name = names.iter().copied().zip((0..).map(WebhookIndex)).collect();
        Self { names, by_name }
    }
}

impl Rules<'_> {
    pub(super) fn actions(
        &mut self,
        section: &Located<Items<ActionSection>>,
        file: &File,
        checked: Option<&[Webhook]>,
    ) -> Option<Vec<Action>> {
        let actions = &section.value.list;
        if section.value.is_empty() {
            self.error(
                &section.at,
                "there is no action",
                "add one: `- name: …` with `trigger`, `webhook` and `message`",
            );
            return None;
        }
        let names = actions.iter().filter_map(|action| action.value.name.as_ref());
        self.duplicates(names.map(|name| (name.value.as_str(), &name.at)), "action's name");
        let webhooks = file.webhooks.as_ref().map(|section| Known::new(section.value.names()));
        let topics = file.kafka.as_ref().and_then(|kafka| kafka.value.topics.as_ref());
        let topics: Option<Vec<&str>> = topics
            .filter(|topics| !topics.value.is_broken)
            .map(|topics| topics.value.list.iter().map(|topic| topic.value.as_str()).collect());
        let checked: Vec<_> = actions
            .iter()
            .map(|action| {
                self.warn_of_legacy(&action.value, checked.unwrap_or_default());
                self.action(&action.value, webhooks.as_ref(), topics.as_deref())
            })
            .collect();
        checked.into_iter().collect()
    }

    fn action(
        &mut self,
        section: &ActionSection,
        webhooks: Option<&Known<'_>>,
        topics: Option<&[&str]>,
    ) -> Option<Action> {
        let name = section.name.as_ref().and_then(|name| self.name(name, "an action"));
        let read = match (&section.topics, topics) {
            (Some(chosen), Some(known)) => self.chosen_topics(chosen, known),
            (None, Some(known)) => Some((0..known.len()).filter_map(topic_index).collect()),
            (_, None) => None,
        };
        let webhook = section.webhook.as_ref().zip(webhooks).and_then(|(name, known)| {
            let at = known.by_name.get(name.value.as_str()).copied();
            if at.is_none() {
                self.unknown(name, "webhook", &known.names);
            }
            at
        });
        let trigger = section.trigger.as_ref().and_then(|trigger| self.trigger(trigger));
        let message =
            section.message.as_ref().and_then(|message| self.template(message, "message"));
        let mut optional = |written: &Option<Located<String>>, name| match written {
            Some(written) => self.template(written, name).map(Some),
            None => Some(None),
        };
        let channel = optional(&section.channel, "channel");
        let user = optional(&section.user, "user");
        let icon_url = optional(&section.icon_url, "icon_url");
        if let Some(icon) = &section.icon_url {
            self.icon(icon);
        }
        Some(Action {
            name: name?,
            topics: read?,
            trigger: trigger?,
            webhook: webhook?,
            message: message?,
            channel: channel?,
            user: user?,
            icon_url: icon_url?,
        })
    }

    fn chosen_topics(
        &mut self,
        chosen: &Located<Items<String>>,
        known: &[&str],
    ) -> Option<Vec<TopicIndex>> {
        let chosen_topics = &chosen.value.list;
        if chosen.value.is_empty() {
            self.error(
                &chosen.at,
                "`topics` is empty: the action would never apply",
                "name a topic, or remove the key to read all",
            );
            return None;
        }
        self.duplicates(
            chosen_topics.iter().map(|topic| (topic.value.as_str(), &topic.at)),
            "topic",
        );
        let mut read = Vec::new();
        for topic in chosen_topics {
            match known.iter().position(|known| *known == topic.value) {
                Some(at) => read.extend(topic_index(at)),
                None => self.unknown(topic, "topic", known),
            }
        }
        read.sort_unstable();
        read.dedup();
        (!read.is_empty()).then_some(read)
    }

    fn trigger(&mut self, trigger: &Located<String>) -> Option<Expression> {
        self.filled(trigger, "trigger")?;
        self.warn_of_variable(trigger, "trigger");
        let expression = match Expression::compile(&trigger.value) {
            Ok(expression) => expression,
            Err(error) => {
                self.does_not_compile(trigger, "trigger", &error, false);
                return None;
            }
        };
        for warning in expression.warnings() {
            self.does_not_compile(trigger, "trigger", warning, true);
        }
        Some(expression)
    }

    fn template(&mut self, text: &Located<String>, name: &str) -> Option<Template> {
        if text.value.trim().is_empty() {
            let help = if name == "message" {
                "write the text to post"
            } else {
                "give it a value, or remove the key"
            };
            self.error(&text.at, format!("`{name}` is empty"), help);
            return None;
        }
        self.warn_of_variable(text, name);
        let template = match Template::compile_with(&text.value, &mut self.compiled) {
            Ok(template) => template,
            Err(error) => {
                self.does_not_compile(text, name, &error, false);
                return None;
            }
        };
        for warning in template.warnings() {
            self.does_not_compile(text, name, &warning, true);
        }
        Some(template)
    }

    /// Passes on what the compiler says, at the place in the file that it says it of.
    fn does_not_compile(
        &mut self,
        text: &Located<String>,
        name: &str,
        error: &CompileError,
        warning: bool,
    ) {
        let exact = text.at.exact(self.source, &text.value, error.offset);
        let mut message = format!("{name}: {}", error.message);
        let mut help = error.help.clone();
        if text.at.hidden {
            // The author aliased a secret; the compiler's words would quote it.
            message = format!("`{name}` does not compile");
            "write it out".clone_into(&mut help);
        } else if exact.is_none() {
            let before = text.value.get(..error.offset).unwrap_or(&text.value);
            message = format!("{message} (at character {})", before.chars().count() + 1);
        }
        let offset = exact.unwrap_or(text.at.start);
        if warning {
            self.findings.warn(offset, message, help)
        } else {
            self.findings.error(offset, message, help)
        }
    }

    fn warn_of_variable(&mut self, text: &Located<String>, name: &str) {
        if let Some(variable) = environment::first_variable(&text.value)
            && !text.at.hidden
        {
            let message = format!("`{variable}` is not expanded in an action's `{name}`");
            self.warn(
                &text.at,
                message,
                "the environment counts in `kafka` and `webhooks` only; write the value out",
            );
        }
    }

    /// A picture without variables can be judged now.
    fn icon(&mut self, icon: &Located<String>) {
        if icon.value.contains("{{") || icon.value.trim().is_empty() {
            return;
        }
        let sound = Url::parse(icon.value.trim())
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !sound {
            self.error(
                &icon.at,
                "`icon_url` is no URL",
                "write it whole: `https://host/picture.png`",
            );
        }
    }

    /// Slack's page: apps' webhooks can't override channel, user and icon.
    fn warn_of_legacy(&mut self, section: &ActionSection, webhooks: &[Webhook]) {
        let set = [
            ("channel", &section.channel),
            ("user", &section.user),
            ("icon_url", &section.icon_url),
        ];
        let Some((_, Some(first))) = set.iter().find(|(_, written)| written.is_some()) else {
            return;
        };
        let webhook = section
            .webhook
            .as_ref()
            .and_then(|name| webhooks.iter().find(|webhook| webhook.name == name.value));
        if webhook.is_some_and(|webhook| url::is_slack(webhook.url.expose())) {
            let names: Vec<&str> = set
                .iter()
                .filter(|(_, written)| written.is_some())
                .map(|(name, _)| *name)
                .collect();
            let message = format!("{}: only legacy webhooks honour it", super::list(&names));
            let help = "a Slack app's webhook posts to its own channel under its own name: remove it unless the webhook is a legacy one";
            self.warn(&first.at, message, help);
        }
    }
}

fn topic_index(at: usize) -> Option<TopicIndex> {
    u32::try_from(at).ok().map(TopicIndex)
}
