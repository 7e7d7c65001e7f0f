//! The record that the fake Slack keeps of each request.

use std::time::{Instant, SystemTime};

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::Value;

use super::answer::Answer;
use crate::block_kit::validate::{self, Fault};

/// The path of the Web API.
pub const API: &str = "/api/";

/// The number of requests that are kept. The oldest are removed first.
pub const KEPT: usize = 200_000;

/// One request to a webhook or to the Web API, and its answer.
#[derive(Debug, Clone)]
pub struct Request {
    /// When its last byte arrived.
    pub at: Instant,
    /// The same as wall-clock time.
    pub time: SystemTime,
    /// The URL's path.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// The message in its body, without what Slack ignores; `None` if it is not a JSON object or
    /// has members of wrong types.
    pub post: Option<Post>,
    /// The channel to which an app posts, by its name without `#`; `None` for a webhook, and for
    /// the other methods of the Web API.
    pub channel: Option<String>,
    /// Its answer.
    pub answer: Answer,
}

impl Request {
    /// Whether the message was posted: answered without a fault, as Slack or a compatible receiver
    /// does then, with a 2xx whose body is `ok`, empty, or a JSON object that says so. To an app it
    /// is JSON always.
    #[must_use]
    pub fn is_posted(&self) -> bool {
        let Answer { status, body, fault, .. } = &self.answer;
        let says_so = match body.as_str() {
            "ok" | "" => !self.is_call(),
            _ if self.is_call() && self.channel.is_none() => false,
            body => {
                let said: Value = serde_json::from_str(body).unwrap_or_default();
                let flags = [said["ok"].as_bool(), said["success"].as_bool()];
                flags.contains(&Some(true)) && !flags.contains(&Some(false))
            }
        };
        fault.is_none() && (200..300).contains(status) && says_so
    }

    /// Whether it is for the Web API.
    #[must_use]
    pub fn is_call(&self) -> bool {
        self.path.starts_with(API)
    }

    /// Returns the token of the app that sent it; empty without one.
    #[must_use]
    pub fn token(&self) -> &str {
        token(&self.headers)
    }

    /// Returns the body as JSON, or `null` if it is invalid.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Returns the token of a request's headers; empty without one.
#[must_use]
pub fn token(headers: &HeaderMap) -> &str {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().trim()
}

/// A message, with the members that slackline sends.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Post {
    /// The text.
    pub text: Option<String>,
    /// A channel other than the webhook's own.
    pub channel: Option<String>,
    /// The sender's name.
    pub username: Option<String>,
    /// The URL of the sender's picture.
    pub icon_url: Option<String>,
    /// The emoji in its place.
    pub icon_emoji: Option<String>,
    /// Whether links are shown with a preview.
    pub unfurl_links: Option<bool>,
    /// Whether media are.
    pub unfurl_media: Option<bool>,
    /// Whether names become mentions.
    pub link_names: Option<bool>,
    /// Attachments, as sent; null without any.
    pub attachments: Value,
    /// Blocks, as sent; null without any.
    pub blocks: Value,
}

impl Post {
    /// Returns what Slack refuses in the blocks and attachments.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        validate::message(&self.blocks, &self.attachments)
    }

    /// Whether it has neither blocks nor attachments.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let is_empty = |list: &Value| list.is_null() || list.as_array().is_some_and(Vec::is_empty);
        is_empty(&self.blocks) && is_empty(&self.attachments)
    }

    /// Whether it sets its user or icon.
    #[must_use]
    pub fn customizes(&self) -> bool {
        self.username.is_some() || self.icon_url.is_some() || self.icon_emoji.is_some()
    }

    /// Removes user and icon, which Slack does not show without the scope.
    pub fn hide_customization(&mut self) {
        (self.username, self.icon_url, self.icon_emoji) = (None, None, None);
    }
}
