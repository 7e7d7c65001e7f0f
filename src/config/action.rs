//! The section `actions`.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::action_text::{color, icon_emoji, icon_url, message, report, source_text};
use super::blocks::{BlockList, Blocks};
use super::duration::hours;
use super::index::WebhookIndex;
use super::kinds::{Flag, Optional, Period, Text, read_section};
use super::long_text::{LONG_TEXT, LongText};
use super::names::{is_name, list, nearest};
use super::reader::Reader;
use super::section::{Document, Kind, Section, Table, section};
use super::slack_markup::Written;
use super::source::quotable;
use super::tree::{Node, Value};
use super::webhook::key_of;
use super::yaml_traps;
use crate::event::TopicIndex;
use crate::expression::Expression;
use crate::expression::template::Template;

section! {
    /// One "post message": when `trigger` is true for an event, `message` is sent to `webhook`.
    #[derive(Clone)]
    pub Action, ActionKeys {
        /// Its name in logs and metrics, unique: letters, digits, `_`, `-` and `.`.
        name: String = Text("text", action_name);
        /// Only events of these topics. Without it, of all of `kafka.topics`.
        topics: Vec<TopicIndex> = ActionTopics;
        /// A JMESPath expression over the event. `$` is the event, `$record` the Kafka record. The
        /// action applies where it is true.
        trigger: Expression = Text("expression", trigger),
            example = Some("type == 'identify' && $.traits.plan == 'enterprise'");
        /// The name of one of `webhooks`.
        webhook: WebhookIndex = Text("text", webhook_name);
        /// The text to post. `{{ expression }}` inserts a value of the event.
        message: Template = MESSAGE,
            example = Some("🎉 {{$.properties.name}} just completed an order for {{$.properties.total}}!");
        /// What becomes of a `message` of more than 4,000 characters: it is cut and ends with `…`,
        /// or it is posted in parts of at most 4,000 characters, at most 20.
        long_text: LongText = LONG_TEXT;
        /// Slack's Block Kit: what Slack shows in place of `message`, which is then the text of
        /// notifications, and of receivers without blocks.
        blocks: Option<Blocks> = Optional(BlockList),
            example = Some(r##"[{"header": "Order {{$.properties.id}}"}, {"section": "*{{$.properties.name}}*"}, {"button": "Open", "url": "https://example.com/orders/{{$.properties.id}}"}]"##);
        /// The color of a bar beside the blocks: `good`, `warning`, `danger`, or `#rrggbb`. May
        /// contain variables; another rendered value is left out.
        color: Option<Template> = Optional(Text("color with variables", color)),
            example = Some("#36a64f");
        /// Which of the channels of an app's webhook to post to; what is not listed goes to the
        /// webhook's `channel`. Of incoming webhooks, only legacy ones honour it. May contain
        /// variables.
        channel: Option<Template> = Optional(MESSAGE),
            example = Some("#sales-alerts");
        /// The name that the message appears under. An app's channel shows it, the app's own name
        /// without it; of incoming webhooks, only legacy ones honour it. May contain variables.
        user: Option<Template> = Optional(MESSAGE),
            default = Some("Slackline");
        /// The URL of that user's picture. Works where `user` does. May contain variables.
        icon_url: Option<Template> = Optional(Text("URL with variables", icon_url)),
            example = Some("https://example.com/bell.png");
        /// An emoji as that user's picture, in place of `icon_url`; colons are added where they are
        /// missing. Works where `user` does. May contain variables.
        icon_emoji: Option<Template> = Optional(Text("emoji with variables", icon_emoji)),
            example = Some(":bell:");
        /// Deliveries of events that are older are dropped; takes the place of the webhook's
        /// `max_age`.
        max_age: Option<Duration> = Optional(Period { default: Duration::ZERO, most: hours(24 * 365) });
        /// Whether Slack shows previews of the links and media in the message. Without it, Slack
        /// decides.
        unfurl: Option<bool> = Optional(Flag);
        /// Whether Slack turns `@name` and `#name` of the template into mentions and links, not
        /// those of values. Without it, it does not.
        link_names: Option<bool> = Optional(Flag);
    }
}

/// All actions.
pub struct Actions;

/// Some of the topics that `kafka` names; all of them by default. Sorted, without duplicates.
struct ActionTopics;

/// A text with variables.
const MESSAGE: Text<Template> = Text("text with variables", message);

impl Action {
    /// Whether a reload has removed it: it applies to no topic any more, and only its deliveries
    /// from before are still pending.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.topics.is_empty()
    }
}

impl Section for Action {
    fn check(keys: ActionKeys, reader: &mut Reader<'_>) -> Option<Self> {
        let legacy = [
            ("channel", keys.channel.at),
            ("user", keys.user.at),
            ("icon_url", keys.icon_url.at),
            ("icon_emoji", keys.icon_emoji.at),
        ];
        if let Some((_, emoji)) = keys.icon_url.at.zip(keys.icon_emoji.at) {
            let message = "the action has both `icon_url` and `icon_emoji`";
            reader.error(emoji, message, "remove one of them: a message has one picture");
        }
        if let (Some(color), None) = (keys.color.at, keys.blocks.at) {
            let message = "the action has a `color` but no `blocks`";
            reader.error(
                color,
                message,
                "add `blocks`, or remove `color`: it is shown beside them",
            );
        }
        let splits = keys.long_text.value == Some(LongText::Split);
        if let (Some(at), Some(_)) = (keys.long_text.at.filter(|_| splits), keys.blocks.at) {
            let message = "`long_text: split` cannot be used with `blocks`";
            let help = "remove one of them: a message with blocks is one post";
            reader.error(at, message, help);
        }
        let customizes = legacy.iter().any(|(key, at)| *key != "channel" && at.is_some());
        if let Some(webhook) = keys.webhook.value.filter(|_| customizes) {
            reader.destinations.customized.extend(name_of(webhook, reader));
        }
        let action = Self::complete(keys)?;
        warn_of_legacy_keys(&action, &legacy, reader);
        refuse_unlisted_channel(&action, legacy[0].1, reader);
        Some(action)
    }
}

/// The name of a webhook.
fn name_of(webhook: WebhookIndex, reader: &Reader<'_>) -> Option<String> {
    let names = reader.webhooks.as_ref()?;
    names.list.get(webhook.0 as usize).map(|name| name.value.clone())
}

/// Refuses a constant `channel` that its app's webhook does not list: every message would go to the
/// webhook's own.
fn refuse_unlisted_channel(action: &Action, at: Option<usize>, reader: &mut Reader<'_>) {
    let written = action.channel.as_ref().and_then(|channel| channel.constant());
    let webhook = name_of(action.webhook, reader);
    let Some(((written, at), webhook)) = written.zip(at).zip(webhook) else { return };
    let Some(listed) = reader.destinations.listed.get(&webhook) else { return };
    let key = key_of(written);
    if listed.iter().any(|channel| key_of(channel) == key) {
        return;
    }
    let known: Vec<&str> = listed.iter().map(String::as_str).collect();
    let near = nearest(&format!("#{key}"), &known);
    let shown = &known[..known.len().min(10)];
    let help = match near {
        Some(near) => format!("did you mean `{}`?", quotable(near)),
        None => format!("choose one of {}, or add it to the webhook's `channels`", list(shown)),
    };
    let message = format!(
        "`{}` is not a channel of the webhook `{}`",
        quotable(written.trim()),
        quotable(&webhook)
    );
    reader.error(at, message, help);
}

/// An incoming webhook of a Slack app ignores channel, user and icon
/// (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>).
fn warn_of_legacy_keys(action: &Action, keys: &[(&str, Option<usize>)], reader: &mut Reader<'_>) {
    let written = || keys.iter().filter_map(|(name, at)| Some((*name, (*at)?)));
    let Some((_, first)) = written().next() else { return };
    let Some(webhook) = name_of(action.webhook, reader) else { return };
    if reader.destinations.slack.contains(&webhook) {
        let names: Vec<&str> = written().map(|(name, _)| name).collect();
        let message = format!("{}: only legacy webhooks honour it", list(&names));
        let help = "a Slack app's incoming webhook posts to its own channel under its own name: \
                    remove it unless the webhook is a legacy one, or replace the webhook's URL \
                    with `app` and `channel`, which honour it";
        reader.warn(first, message, help);
    }
}

impl Kind for Actions {
    type Value = Vec<Action>;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Vec<Action>> {
        let Value::List(nodes) = &node.value else {
            reader.wrong_type(node, key, "a list");
            return None;
        };
        if nodes.is_empty() {
            let help = "add one: `- name: …` with `trigger`, `webhook` and `message`";
            reader.error(node, "no action is configured", help);
            return None;
        }
        // The final capacity from the start: growing would hold thousands of actions twice.
        let mut actions = Vec::with_capacity(nodes.len());
        let mut names = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Some(fields) = reader.fields(node, "the action") else { continue };
            reader.trigger = None;
            reader.block_marks.clear();
            let name = fields.get("name").and_then(|node| reader.located(node, "name"));
            names.extend(name.filter(|name| is_name(&name.value)));
            let written = Written::of(&fields);
            let action = read_section::<Action>(fields, reader);
            if let Some(action) = &action {
                written.warn(&action.message, action.webhook, reader);
            }
            actions.extend(action);
        }
        reader.duplicates(&names, "action name");
        (actions.len() == nodes.len()).then_some(actions)
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "$ref": "#/definitions/Action" }, "minItems": 1 })
    }

    fn words(&self) -> String {
        "list of sections".to_owned()
    }

    fn section(&self) -> Option<Document> {
        Some(Action::document())
    }
}

fn action_name(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<String> {
    if yaml_traps::is_cut(node, key, reader) {
        return None;
    }
    let text = reader.located(node, key)?;
    reader.name(text.value, &text.at, "an action")
}

impl Kind for ActionTopics {
    type Value = Vec<TopicIndex>;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Vec<TopicIndex>> {
        let (chosen, are_all) = reader.texts(node, key)?;
        if are_all && chosen.is_empty() {
            let message = "`topics` is empty: the action would never apply";
            reader.error(node, message, "name a topic, or remove the key to read all");
            return None;
        }
        reader.duplicates(&chosen, "topic");
        let known = reader.topics.as_ref()?;
        let mut topics = Vec::with_capacity(chosen.len());
        for topic in &chosen {
            topics.extend(known.find(topic, "topic", &mut reader.findings).map(TopicIndex));
        }
        topics.sort_unstable();
        topics.dedup();
        (!topics.is_empty()).then_some(topics)
    }

    fn is_required(&self) -> bool {
        false
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 })
    }

    fn words(&self) -> String {
        "list of texts, at least one".to_owned()
    }

    fn absent(&self, reader: &mut Reader<'_>) -> Option<Vec<TopicIndex>> {
        let known = reader.topics.as_ref()?;
        Some((0..).map(TopicIndex).take(known.list.len()).collect())
    }
}

/// Finds the webhook of an action.
fn webhook_name(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<WebhookIndex> {
    let name = reader.located(node, key)?;
    let known = reader.webhooks.as_ref()?;
    known.find(&name, "webhook", &mut reader.findings).map(WebhookIndex)
}

fn trigger(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Expression> {
    let text = source_text(node, key, "give it a value", reader)?;
    let expression = Expression::compile_trigger(&text.value);
    let expression = expression.map_err(|error| report(&text, key, &error, false, reader)).ok()?;
    for warning in expression.warnings().iter().chain(&expression.unguarded_as_trigger()) {
        report(&text, key, warning, true, reader);
    }
    yaml_traps::warn(node, key, &text, "", reader);
    reader.trigger = Some(expression.clone());
    Some(expression)
}
