//! What the configuration has said of its destinations so far, for the rules between sections.

use std::collections::{HashMap, HashSet};

use url::Url;

use super::origin::Origin;
use crate::secret::Secret;

/// The destinations read so far.
#[derive(Default)]
pub struct Destinations {
    /// The apps in the file's order, each with the address of its Web API, if it is known.
    pub apps: Vec<(String, Option<Url>)>,
    /// Where the token of each app is from.
    pub token_origins: HashMap<String, Origin>,
    /// The app of each token.
    pub tokens: HashMap<Secret<String>, String>,
    /// The webhook of each URL.
    pub urls: HashMap<Secret<Url>, String>,
    /// The webhook of each app's channel.
    pub channels: HashMap<AppChannel, ChannelPlace>,
    /// The channels of each app's webhook, as written. A webhook with an invalid one is left out.
    pub listed: HashMap<String, Vec<String>>,
    /// Webhooks to which an action posts with its own user or icon.
    pub customized: HashSet<String>,
    /// Webhooks that are Slack's incoming webhooks, not those of a compatible receiver.
    pub slack: HashSet<String>,
    /// Webhooks whose messages Slack formats.
    pub formatting: HashSet<String>,
}

/// A channel of an app, as two of them are compared.
#[derive(PartialEq, Eq, Hash)]
pub struct AppChannel {
    /// The app's name.
    pub app: String,
    /// The channel's key.
    pub key: String,
}

/// Where a channel is configured.
pub struct ChannelPlace {
    /// The webhook's name.
    pub webhook: String,
    /// The offset of the channel's first byte.
    pub at: usize,
}
