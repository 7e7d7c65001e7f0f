//! The configuration as checked: what the stages are built from. Every value in it is usable.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::event::TopicIndex;
use crate::expression::Expression;
use crate::expression::template::Template;
use crate::secret::Secret;

/// A whole configuration in which no rule is broken.
pub struct Config {
    /// The bus.
    pub kafka: Kafka,
    /// The webhooks, in the file's order.
    pub webhooks: Vec<Webhook>,
    /// The actions, in the file's order.
    pub actions: Vec<Action>,
    /// The HTTP endpoint for operators.
    pub admin: Admin,
    /// A number that is equal where the effective configuration is equal, below 2^53 (exact as a float metric).
    pub hash: u64,
}

/// So many pending deliveries of one webhook in one partition fit into a commit one by one, whatever their offsets; beyond it a commit says only up to where each
/// webhook has come. `check` warns of a queue that holds more.
pub const LISTED_DELIVERIES: usize = 700;

/// How the bus is reached and read.
pub struct Kafka {
    /// Comma-separated `host:port`, as librdkafka wants them.
    pub brokers: String,
    /// The consumer group.
    pub group_id: String,
    /// The topics to read; a [`TopicIndex`] is a place in this list.
    pub topics: Vec<String>,
    /// Where a topic is read from of which the group has no committed offset.
    pub start: Start,
    /// Static membership.
    pub instance_id: Option<String>,
    /// How long a stop or a rebalance waits for attempts in flight.
    pub drain_timeout: Duration,
    /// librdkafka's own properties, passed on as they are. Values can be secrets.
    pub properties: BTreeMap<String, Secret<String>>,
    /// Where the token of `sasl.mechanism: OAUTHBEARER` is.
    pub oauth_token_file: Option<PathBuf>,
}

/// Where to begin in a topic without a committed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the end: only what comes from now on.
    Latest,
    /// At the beginning of what the topic still holds.
    Earliest,
}

/// A configured webhook, by its place in [`Config::webhooks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebhookIndex(pub u32);

/// A configured action, by its place in [`Config::actions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionIndex(pub u32);

/// One Slack incoming webhook with its rate, queue and overflow policy.
#[derive(Clone)]
pub struct Webhook {
    /// Its name in the file, in logs and in metrics.
    pub name: String,
    /// Where to post. A credential.
    pub url: Secret<Url>,
    /// Where the URL was read from, if not from the file itself.
    pub url_file: Option<PathBuf>,
    /// Posts a second for the whole group, over 0.
    pub rate_per_second: f64,
    /// Posts that may leave at once after a pause, at least 1.
    pub burst: u32,
    /// Deliveries that may wait, at least 1.
    pub queue_capacity: usize,
    /// What happens to a match when the queue is full.
    pub when_full: WhenFull,
    /// Of one attempt, from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// A proxy to use instead of the environment's. Can hold a password.
    pub proxy: Option<Secret<Url>>,
    /// More certificate authorities besides the system's: the PEM text of `ca_file`.
    pub ca_pem: Option<Vec<u8>>,
    /// When and how long a failed attempt is made again.
    pub retry: Retry,
}

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

/// The backoff of failed attempts: exponential with full jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The first pause's upper bound.
    pub initial: Duration,
    /// The longest pause's upper bound.
    pub max: Duration,
    /// From the first attempt on; then the delivery is dropped (`retries_exhausted`).
    pub max_elapsed: Duration,
}

/// One configured "post message".
#[derive(Clone)]
pub struct Action {
    /// Its name in the file, in logs and in metrics.
    pub name: String,
    /// The topics whose events it sees: all of [`Kafka::topics`] unless the file names some. Sorted, without repetition. None: see [`Action::is_retired`].
    pub topics: Vec<TopicIndex>,
    /// The action applies where this is true.
    pub trigger: Expression,
    /// Where the message goes.
    pub webhook: WebhookIndex,
    /// The message's text.
    pub message: Template,
    /// Overrides the webhook's channel (legacy webhooks only).
    pub channel: Option<Template>,
    /// Overrides the sender's name (legacy webhooks only).
    pub user: Option<Template>,
    /// Overrides the sender's picture (legacy webhooks only).
    pub icon_url: Option<Template>,
}

impl Action {
    /// A reload has taken it out of the configuration: it sees no topic, and only what it had asked for before is still under way.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.topics.is_empty()
    }
}

/// The HTTP endpoint for `/metrics`, `/healthz` and `/readyz`.
pub struct Admin {
    /// `host:port` to listen on.
    pub listen: String,
}
