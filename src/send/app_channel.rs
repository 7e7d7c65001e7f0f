//! A channel of a Slack app: `chat.postMessage` with the app's bot token, which answers with JSON.
//!
//! Sources: <https://docs.slack.dev/reference/methods/chat.postMessage> and
//! <https://docs.slack.dev/apis/web-api/rate-limits>, and what real apps were answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use tracing::warn;
use url::Url;

use super::answer::Answer;
use super::destination::Destination;
use super::refused_blocks;
use super::verdict::Verdict;
use crate::config::model::{App, Channel};
use crate::secret::{MASK, Secret};

mod judge;

mod places;

use places::Places;

/// Built once: a header made from a text would be a copy for each attempt.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The method that posts a message.
const METHOD: &str = "chat.postMessage";

/// The start of a payload of ours.
const TEXT: &str = r#"{"text":"#;

/// The start of a payload's channel. It cannot occur within a text, where quotes have a backslash.
const CHANNEL: &str = r#","channel":"#;

/// What only an app with the scope `chat:write.customize` may set, each with the start of its
/// member.
const CUSTOMIZATION: [(&str, &str); 3] = [
    ("username", r#","username":"#),
    ("icon_url", r#","icon_url":"#),
    ("icon_emoji", r#","icon_emoji":"#),
];

/// The shortest part of a token that counts as a secret. Shorter ones are in ordinary text, too.
const SHORTEST_SECRET: usize = 6;

/// What the channels of one app have in common in their requests, until a reload.
pub struct Credential {
    app: String,
    /// Where messages are posted to.
    pub url: Url,
    authorization: HeaderValue,
    token: Secret<String>,
    /// User and icon are left out: the app lacks the scope.
    without_customization: AtomicBool,
    places: Places,
}

/// One channel of an app.
pub struct AppChannel {
    credential: Arc<Credential>,
    /// As JSON.
    channel: Box<RawValue>,
    /// A message was posted: it is known which channel it is in Slack.
    is_placed: AtomicBool,
    /// The last request had a user or an icon. A sender has one request in flight at a time.
    customized: AtomicBool,
}

/// The part of an answer that names the channel by its ID.
#[derive(Deserialize)]
struct Posted {
    channel: String,
}

impl Credential {
    /// Prepares what the requests of an app need; `None`: no request can carry its token.
    #[must_use]
    pub fn of(app: &App) -> Option<Self> {
        let url = app.api_url.join(METHOD).ok()?;
        let bearer = Secret::new(format!("Bearer {}", app.token.expose()));
        let mut authorization = HeaderValue::from_str(bearer.expose()).ok()?;
        authorization.set_sensitive(true);
        let (app, token) = (app.name.clone(), app.token.clone());
        let without_customization = AtomicBool::new(false);
        let places = Places::default();
        Some(Self { app, url, authorization, token, without_customization, places })
    }
}

impl AppChannel {
    /// The channel, to which the app posts. Always there: any text is JSON.
    #[must_use]
    pub fn new(credential: Arc<Credential>, channel: &Channel) -> Option<Self> {
        let channel = to_raw_value(channel.as_str()).ok()?;
        let (is_placed, customized) = (AtomicBool::new(false), AtomicBool::new(false));
        Some(Self { credential, channel, is_placed, customized })
    }

    /// The body of the request: the payload with this channel, and without user and icon where the
    /// app may not set them.
    fn body(&self, payload: &Bytes) -> Option<Vec<u8>> {
        if self.credential.without_customization.load(Ordering::Relaxed) {
            self.customized.store(false, Ordering::Relaxed);
            let mut members = self.members(payload)?;
            members.retain(|key, _| CUSTOMIZATION.iter().all(|(custom, _)| custom != key));
            return serde_json::to_vec(&members).ok();
        }
        let text = std::str::from_utf8(payload).ok()?;
        let customized = CUSTOMIZATION.iter().any(|(_, member)| text.contains(member));
        self.customized.store(customized, Ordering::Relaxed);
        // Nearly every payload is ours, without a channel.
        match text.strip_suffix('}').filter(|text| text.starts_with(TEXT)) {
            Some(members) if !members.contains(CHANNEL) => {
                Some([members, CHANNEL, self.channel.get(), "}"].concat().into_bytes())
            }
            _ => serde_json::to_vec(&self.members(payload)?).ok(),
        }
    }

    /// Warns where posts to another channel of the configuration arrive in the same one.
    fn place(&self, answer: &Answer) {
        let Ok(Posted { channel: id }) = serde_json::from_slice(&answer.body) else { return };
        let channel = self.channel.get().trim_matches('"');
        if let Some(other) = self.credential.places.record(id, channel) {
            let app = &self.credential.app;
            warn!(
                app,
                channel,
                other,
                "two channels of the configuration are one channel in Slack: its messages have two \
                 rates and no common order; name it once, and let actions share it"
            );
        }
    }

    /// The members of a payload, with this channel.
    fn members<'p>(&'p self, payload: &'p Bytes) -> Option<BTreeMap<&'p str, &'p RawValue>> {
        let mut members: BTreeMap<&str, &RawValue> = serde_json::from_slice(payload).ok()?;
        members.insert("channel", &self.channel);
        Some(members)
    }
}

impl Destination for AppChannel {
    fn request(&self, payload: Bytes) -> Request {
        let mut request = Request::new(Method::POST, self.credential.url.clone());
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(AUTHORIZATION, self.credential.authorization.clone());
        // A payload is always an object. Slack's answer to anything else is clear, too.
        let body = self.body(&payload).map_or(payload, Bytes::from);
        *request.body_mut() = Some(body.into());
        request
    }

    fn judge(&self, payload: &[u8], answer: &Answer, now: SystemTime) -> Verdict {
        let customized = self.customized.load(Ordering::Relaxed);
        let verdict = judge::judge(answer, customized, now);
        if let Verdict::Rejected { word } = &verdict
            && let Some(refused) = refused_blocks::verdict(Some(word), payload, answer)
        {
            return refused;
        }
        if verdict == Verdict::Delivered && !self.is_placed.swap(true, Ordering::Relaxed) {
            self.place(answer);
        }
        let credential = &self.credential;
        if verdict == Verdict::WithoutCustomization
            && !credential.without_customization.swap(true, Ordering::Relaxed)
        {
            warn!(
                app = credential.app,
                "user and icon are left out: the app lacks the scope `chat:write.customize`; add \
                 it, reinstall the app, and reload"
            );
        }
        verdict
    }

    fn mask(&self, text: &str) -> Option<String> {
        let token = self.credential.token.expose();
        // Numbers are the app's IDs, and may be anything else in an answer.
        let last = token.rsplit('-').next().filter(|part| {
            part.len() >= SHORTEST_SECRET && !part.bytes().all(|byte| byte.is_ascii_digit())
        });
        let secrets = [Some(token.as_str()), last].into_iter().flatten();
        secrets.fold(None, |masked: Option<String>, secret| {
            let text = masked.as_deref().unwrap_or(text);
            if text.contains(secret) { Some(text.replace(secret, MASK)) } else { masked }
        })
    }
}

#[cfg(test)]
mod tests;
