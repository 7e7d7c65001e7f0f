//! The record that the fake Slack keeps of each request.

use std::time::{Instant, SystemTime};

use bytes::Bytes;
use hyper::HeaderMap;
use serde::Deserialize;

use super::answer::Answer;

/// The number of requests that are kept. The oldest are removed first.
pub const KEPT: usize = 200_000;

/// One request to a webhook, and its answer.
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
    /// The message in its body; `None` if it is not a JSON object or has members of wrong types.
    pub post: Option<Post>,
    /// Its answer.
    pub answer: Answer,
}

impl Request {
    /// Whether the message was posted: answered without a fault, as Slack or a compatible receiver
    /// does then, with a 2xx whose body is `ok`, empty, or a JSON object that says so.
    #[must_use]
    pub fn is_posted(&self) -> bool {
        let Answer { status, body, fault, .. } = &self.answer;
        let says_so = match body.as_str() {
            "ok" | "" => true,
            body => {
                let said: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
                let flags = [said["ok"].as_bool(), said["success"].as_bool()];
                flags.contains(&Some(true)) && !flags.contains(&Some(false))
            }
        };
        fault.is_none() && (200..300).contains(status) && says_so
    }

    /// Returns the body as JSON, or `null` if it is invalid.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
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
    /// Attachments, which are only counted.
    pub attachments: Vec<serde::de::IgnoredAny>,
    /// Blocks, which are only counted.
    pub blocks: Vec<serde::de::IgnoredAny>,
}
