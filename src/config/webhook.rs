//! The section `webhooks`.
//!
//! Invariant: a webhook's URL is only ever held in a [`Secret`].

use std::path::PathBuf;
use std::time::Duration;

use ::url::Url;
use serde_json::{Value as Json, json};
use xxhash_rust::xxh3::Xxh3;

use super::duration::{hours, minutes, seconds};
use super::index::AppIndex;
use super::kinds::{
    Count, FILE_PATH, Flag, Nested, Optional, PATH, Period, Text, Word, read_section,
};
use super::names::NAME_PATTERN;
use super::reader::{Names, Reader};
use super::retry::Retry;
use super::section::{Document, Kind, Section, SettingValue, Table, add_text, section};
use super::tree::Node;
use crate::secret::Secret;
use crate::slack_host::is_slack;

mod mistakes;

mod receiver;

pub(super) mod url;

pub(super) mod kinds;

mod channel;

mod destination;

use channel::{ChannelList, OneChannel};
use kinds::{EntryName, Rate, WebhookUrl, ca_file, proxy_url};

pub use channel::{Channel, key_of};
pub use kinds::Pem;

section! {
    /// One Slack incoming webhook (`url` or `url_file`), or the channels of a Slack app (`app` and
    /// `channel`): exactly one of `url`, `url_file` and `app`. In every value, `${NAME}`
    /// is replaced with the environment variable, `${NAME:-default}` also where it is unset or
    /// empty; `$${` is a plain `${`.
    #[derive(Clone)]
    pub Webhook, WebhookKeys {
        /// Its name in the file, in logs and in metrics.
        name: String = EntryName("a webhook");
        /// The webhook's URL: a credential, better kept in the environment. https, unless it is on
        /// this machine or `allow_http` is set.
        url: Option<Secret<Url>> = WebhookUrl,
            secret = true, listed_as = Some("host"), example = Some("${SALES_WEBHOOK_URL}");
        /// A file that contains the URL, such as a mounted secret. A relative path is resolved
        /// against the configuration's directory.
        url_file: Option<PathBuf> = Optional(FILE_PATH),
            local = true, example = Some("/run/secrets/sales");
        /// The name of one of `apps`, in place of a URL. `channel` is then required, and
        /// `allow_http`, `proxy` and `ca_file` are the app's.
        app: Option<AppIndex> = Optional(Text("text", app_name));
        /// The channel of the app, by name (`#sales`) or ID. A private one, or a direct message, by
        /// ID.
        channel: Option<Channel> = Optional(OneChannel), example = Some("#sales");
        /// Further channels of the app, which an action's `channel` can choose. Each has a queue
        /// and a rate for itself.
        channels: Vec<Channel> = ChannelList;
        /// Messages per second, for the whole consumer group. Can be a fraction.
        rate_per_second: f64 = Rate;
        /// Messages that may be sent back to back after a pause.
        burst: u32 = Count { default: 1, most: 10_000 };
        /// Deliveries that may wait. Each holds a message of up to 40,000 characters in memory.
        queue_capacity: usize = Count { default: 100, most: 100_000 };
        /// What happens to a match when the queue is full: the new one is dropped, the oldest is
        /// dropped for it, or the topics that feed the webhook are paused.
        when_full: WhenFull = WHEN_FULL;
        /// The time limit of one request, from connecting to the last byte of the response.
        timeout: Duration = Period { default: seconds(10), most: minutes(10) };
        /// Deliveries of events that are older are dropped, by Kafka's timestamp. Without it, none
        /// is dropped for its age alone, unless the webhook rests.
        max_age: Option<Duration> = Optional(Period { default: Duration::ZERO, most: hours(24 * 365) });
        /// Allows a plain http URL, for a receiver inside your network.
        allow_http: bool = Flag;
        /// The proxy to send through, http or https. Without it the environment's proxy variables
        /// apply, except on this machine.
        proxy: Option<Secret<Url>> = Optional(Text("URL", proxy_url)),
            secret = true, example = Some("http://proxy:3128");
        /// A PEM file of certificate authorities to trust besides the system's. A relative path is
        /// resolved against the configuration's directory.
        ca_file: Option<Pem> = Optional(Text(PATH, ca_file)),
            example = Some("/etc/ca.pem");
        /// When a failed attempt is retried, and for how long.
        retry: Retry = Nested::<Retry>::OPTIONAL;
    }
}

const WHEN_FULL: Word<WhenFull> = Word(&[
    ("drop_newest", WhenFull::DropNewest),
    ("drop_oldest", WhenFull::DropOldest),
    ("block", WhenFull::Block),
]);

/// A webhook's overflow policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// The new match is dropped.
    #[default]
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

/// Where a webhook posts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// To an incoming webhook.
    Incoming(&'a Secret<Url>),
    /// To a channel, as a Slack app.
    Channel {
        /// The app.
        app: AppIndex,
        /// The channel.
        channel: &'a Channel,
    },
}

/// All webhooks by name.
pub struct Webhooks;

impl Section for Webhook {
    const ONE_OF: &'static [&'static str] = &["url", "url_file", "app"];

    const EXPANDS: bool = true;

    fn check(keys: WebhookKeys, reader: &mut Reader<'_>) -> Option<Self> {
        let (capacity_at, url_at) = (keys.queue_capacity.at, keys.url.at.or(keys.name.at));
        let webhook = Self::complete(keys)?;
        if let Some(at) = capacity_at
            && webhook.when_full != WhenFull::Block
            && webhook.queue_capacity > LISTED_DELIVERIES
        {
            let message = "a queue this long may not fit into a commit's metadata";
            let help = format!(
                "while it holds over {LISTED_DELIVERIES} deliveries, a commit records only the \
                 webhook's position: after a restart, deliveries behind it that `when_full` dropped \
                 may be delivered; stay within {LISTED_DELIVERIES} to rule this out"
            );
            reader.warn(at, message, help);
        }
        let Some(webhook_url) = &webhook.url else {
            reader.destinations.formatting.insert(webhook.name.clone());
            return Some(webhook);
        };
        if url::formats_as_slack(webhook_url.expose()) {
            reader.destinations.formatting.insert(webhook.name.clone());
        }
        if is_slack(webhook_url.expose()) {
            reader.destinations.slack.insert(webhook.name.clone());
        }
        let (url, name) = (webhook_url.clone(), webhook.name.clone());
        if let Some((other, at)) = reader.destinations.urls.insert(url, name).zip(url_at) {
            let message = format!(
                "the webhooks `{other}` and `{}` have the same URL: each would use the whole rate",
                webhook.name
            );
            let help = "remove one of them: several actions can share a webhook";
            reader.error(at, message, help);
        }
        Some(webhook)
    }
}

impl Webhook {
    /// Where it posts to; `None` for neither, which no checked configuration has.
    #[must_use]
    pub fn target(&self) -> Option<Target<'_>> {
        match (&self.url, self.app, &self.channel) {
            (Some(url), ..) => Some(Target::Incoming(url)),
            (None, Some(app), Some(channel)) => Some(Target::Channel { app, channel }),
            _ => None,
        }
    }
}

/// Finds the app of a webhook.
fn app_name(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<AppIndex> {
    let name = reader.located(node, key)?;
    reader.apps.as_ref()?.find(&name, "app", &mut reader.findings).map(AppIndex)
}

impl SettingValue for WhenFull {
    fn shown(&self) -> Json {
        WHEN_FULL.of(*self).into()
    }
}

impl SettingValue for Pem {
    fn shown(&self) -> Json {
        self.path.as_str().into()
    }

    fn add_to(&self, hash: &mut Xxh3) {
        add_text(&String::from_utf8_lossy(&self.bytes), hash);
    }
}

impl Kind for Webhooks {
    type Value = Vec<Webhook>;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Vec<Webhook>> {
        let entries = reader.entries(node, key)?;
        if entries.is_empty() {
            let help = "add one: a name, and below it its `url`";
            reader.error(node, "no webhook is configured", help);
        }
        let names = entries.iter().map(|(name, _)| name.clone()).collect();
        reader.webhooks = Some(Names::new(names));
        let mut webhooks = Vec::with_capacity(entries.len());
        for (name, node) in &entries {
            let title = format!("the webhook `{}`", name.at.shown);
            let Some(mut fields) = reader.fields(node, &title) else { continue };
            fields.name = Some(name.clone());
            webhooks.extend(read_section::<Webhook>(fields, reader));
        }
        (webhooks.len() == entries.len()).then_some(webhooks)
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
