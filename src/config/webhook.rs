//! The section `webhooks`.
//!
//! Invariant: a webhook's URL is only ever held in a [`Secret`].

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use ::url::Url;
use serde_json::{Value as Json, json};
use xxhash_rust::xxh3::Xxh3;

use super::duration::{minutes, seconds};
use super::kinds::{Count, FilePath, Flag, Nested, Optional, Period, Word};
use super::names::NAME_PATTERN;
use super::reader::{Names, Reader};
use super::retry::Retry;
use super::section::{Document, Kind, Section, Shown, Table, add_text, section};
use super::tree::Node;
use crate::secret::Secret;

mod kinds;

mod url;

use kinds::{CaFile, EntryName, Pem, ProxyUrl, Rate, WebhookUrl};

section! {
    /// One Slack incoming webhook: exactly one of `url` and `url_file`. `${NAME}` is replaced with
    /// the environment variable in every value; `$${` is a plain `${`.
    #[derive(Clone)]
    pub Webhook, WebhookKeys {
        name: String = EntryName,
            "Its name in the file, in logs and in metrics.";
        url: Secret<Url> = WebhookUrl,
            "The webhook's URL: a credential, better kept in the environment. https, unless it is \
             on this machine or `allow_http` is set.",
            secret = true, listed_as = "host", example = "\"${SALES_WEBHOOK_URL}\"";
        url_file: Option<PathBuf> = Optional(FilePath),
            "A file that contains the URL, such as a mounted secret. A relative path is resolved against \
             the configuration's directory.",
            local = true, example = "\"/run/secrets/sales\"";
        rate_per_second: f64 = Rate,
            "Messages per second, for the whole consumer group. Can be a fraction.";
        burst: u32 = Count { default: 1, most: 10_000 },
            "Messages that may be sent back to back after a pause.";
        queue_capacity: usize = Count { default: 100, most: 100_000 },
            "Deliveries that may wait. Each holds a message of up to 40,000 characters in memory.";
        when_full: WhenFull = WHEN_FULL,
            "What happens to a match when the queue is full: the new one is dropped, the oldest is \
             dropped for it, or the topics that feed the webhook are paused.";
        timeout: Duration = Period { default: seconds(10), most: minutes(10) },
            "The time limit of one request, from connecting to the last byte of the response.";
        allow_http: bool = Flag,
            "Allows a plain http URL, for a receiver inside your network.";
        proxy: Option<Secret<Url>> = Optional(ProxyUrl),
            "The proxy to send through, http or https. Without it the environment's proxy variables \
             apply, except on this machine.",
            secret = true, example = "\"http://proxy:3128\"";
        ca_file: Option<Pem> = Optional(CaFile),
            "A PEM file of certificate authorities to trust besides the system's. A relative path \
             is resolved against the configuration's directory.",
            example = "\"/etc/ca.pem\"";
        retry: Retry = Nested::<Retry>::OPTIONAL,
            "When a failed attempt is retried, and for how long.";
    }
}

const WHEN_FULL: Word<WhenFull> = Word(&[
    ("drop_newest", WhenFull::DropNewest),
    ("drop_oldest", WhenFull::DropOldest),
    ("block", WhenFull::Block),
]);

/// A webhook's overflow policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// The new match is dropped.
    DropNewest,
    /// The oldest waiting delivery is dropped for the new match.
    DropOldest,
    /// The partitions that feed the webhook are paused until there is room.
    Block,
}

/// How many pending deliveries of one webhook in one partition fit into a commit one by one,
/// whatever their offsets. Beyond it a commit records only the position that each webhook has
/// reached. `check` warns of a queue that can hold more.
pub const LISTED_DELIVERIES: usize = 700;

/// All webhooks by name.
pub(super) struct Webhooks;

impl Section for Webhook {
    const ONE_OF: &'static [&'static str] = &["url", "url_file"];

    fn check(keys: WebhookKeys, reader: &mut Reader<'_>) -> Option<Self> {
        let at = keys.queue_capacity.at;
        let webhook = keys.complete()?;
        if let Some(at) = at
            && webhook.when_full != WhenFull::Block
            && webhook.queue_capacity > LISTED_DELIVERIES
        {
            let message = "a queue this long may not fit into a commit's metadata";
            let help = format!(
                "while it holds over {LISTED_DELIVERIES} deliveries, a commit records only the \
                 webhook's position: after a restart, deliveries behind it that `when_full` dropped \
                 may be delivered; stay within {LISTED_DELIVERIES} to rule this out"
            );
            reader.findings.warn(at, message, help);
        }
        if url::is_slack(webhook.url.expose()) {
            reader.slack_webhooks.insert(webhook.name.clone());
        }
        Some(webhook)
    }
}

impl Shown for WhenFull {
    fn shown(&self) -> Json {
        WHEN_FULL.of(*self).into()
    }
}

impl Shown for Pem {
    fn shown(&self) -> Json {
        format!("{} bytes", self.len()).into()
    }

    fn add_to(&self, hash: &mut Xxh3) {
        add_text(&String::from_utf8_lossy(self), hash);
    }
}

impl Kind for Webhooks {
    type Value = Vec<Webhook>;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Vec<Webhook>> {
        reader.expands = true;
        let webhooks = webhooks(node, key, reader);
        reader.expands = false;
        webhooks
    }

    fn schema(&self) -> Json {
        json!({
            "type": "object",
            "additionalProperties": { "$ref": "#/definitions/Webhook" },
            "propertyNames": { "pattern": NAME_PATTERN },
            "minProperties": 1,
        })
    }

    fn words(&self) -> String {
        "mapping of names to sections".to_owned()
    }

    fn section(&self) -> Option<Document> {
        Some(Webhook::document())
    }
}

fn webhooks(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Vec<Webhook>> {
    let entries = reader.entries(node, key)?;
    if entries.is_empty() {
        let help = "add one: a name, and below it its `url`";
        reader.error(&reader.at(node), "no webhook is configured", help);
    }
    let names = entries.iter().map(|(name, _)| name.clone()).collect();
    reader.webhooks = Some(Names::new(names));
    let (mut webhooks, mut places) = (Vec::new(), Vec::new());
    for (name, node) in &entries {
        let title = format!("the webhook `{}`", name.at.shown);
        let Some(mut fields) = reader.fields(node, &title) else { continue };
        fields.name = Some(name.clone());
        let keys = Webhook::read(fields, reader);
        let at = keys.url.at.unwrap_or(name.at.start);
        if let Some(webhook) = Webhook::check(keys, reader) {
            places.push(at);
            webhooks.push(webhook);
        }
    }
    unique_urls(&webhooks, &places, reader);
    (webhooks.len() == entries.len()).then_some(webhooks)
}

/// Reports webhooks with the URL of another one. `places` are those of the URLs.
fn unique_urls(webhooks: &[Webhook], places: &[usize], reader: &mut Reader<'_>) {
    let mut first: HashMap<&Url, &str> = HashMap::new();
    for (webhook, at) in webhooks.iter().zip(places) {
        if let Some(other) = first.insert(webhook.url.expose(), &webhook.name) {
            let message = format!(
                "the webhooks `{other}` and `{}` have the same URL: each would use the whole rate",
                webhook.name
            );
            let help = "remove one of them: several actions can share a webhook";
            reader.findings.error(*at, message, help);
        }
    }
}
