//! What the fake Slack remembers of each request.

use std::time::{Instant, SystemTime};

use bytes::Bytes;
use hyper::HeaderMap;
use serde::Deserialize;

use super::answer::Answer;

/// Requests that are kept; the oldest go first.
pub const KEPT: usize = 200_000;

/// One request to a webhook, and what became of it.
#[derive(Debug, Clone)]
pub struct Request {
    /// When its last byte had arrived.
    pub at: Instant,
    /// The same, for a person.
    pub time: SystemTime,
    /// The URL's path.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as it came.
    pub body: Bytes,
    /// Its body as Slack reads it; `None`: not a JSON object, or with fields of wrong types.
    pub post: Option<Post>,
    /// What it was answered, or would have been but for the fault.
    pub answer: Answer,
}

impl Request {
    /// Whether it is in the channel now: answered `200 ok`, without a fault that Slack would not have posted for.
    #[must_use]
    pub fn is_posted(&self) -> bool {
        self.answer.fault.is_none() && self.answer.status == 200 && self.answer.body == "ok"
    }

    /// The body as JSON; `null` where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A message, as far as slackline sends one.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Post {
    /// The text.
    pub text: Option<String>,
    /// Where to, other than the webhook's own channel.
    pub channel: Option<String>,
    /// The sender's name.
    pub username: Option<String>,
    /// The sender's picture.
    pub icon_url: Option<String>,
    /// Attachments and blocks are only counted.
    pub attachments: Vec<serde::de::IgnoredAny>,
    /// As above.
    pub blocks: Vec<serde::de::IgnoredAny>,
}
