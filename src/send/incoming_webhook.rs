//! A Slack incoming webhook: the URL is the credential, and the answer is one word of text.
//!
//! Sources: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks> and
//! <https://docs.slack.dev/apis/web-api/rate-limits>, and what real webhooks answered.

use std::time::SystemTime;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request};
use url::Url;

use super::answer::{Answer, BodyEnd};
use super::destination::Destination;
use super::verdict::Verdict;
use crate::metrics::AttemptResult;
use crate::secret::{MASK, Secret};

/// Built once: a header made from a text would be a copy for each attempt.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The shortest part of a URL that counts as a secret. Shorter ones are in ordinary text, too.
const SHORTEST_SECRET: usize = 6;

/// One incoming webhook.
pub struct IncomingWebhook {
    /// Where it is, and the credential.
    pub url: Secret<Url>,
}

impl Destination for IncomingWebhook {
    fn request(&self, payload: Bytes) -> Request {
        let mut request = Request::new(Method::POST, self.url.expose().clone());
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        *request.body_mut() = Some(payload.into());
        request
    }

    /// White space around `ok` is accepted: a proxy or a compatible receiver that adds a line feed
    /// did post the message, and a retry would duplicate it.
    fn judge(&self, answer: &Answer, now: SystemTime) -> Verdict {
        match answer.status {
            200 if answer.body.trim_ascii() == b"ok" => Verdict::Delivered,
            // The word that decides never arrived. A duplicate does less harm than a lost message.
            200 if answer.body_end == BodyEnd::ConnectionLost => Verdict::Retry {
                result: AttemptResult::Connect,
                word: "connection lost during the answer".to_owned(),
            },
            200 if answer.body_end == BodyEnd::TimedOut => Verdict::Retry {
                result: AttemptResult::Timeout,
                word: "no whole answer within the timeout".to_owned(),
            },
            429 => Verdict::RateLimited { retry_after: answer.retry_after(now) },
            // 501: the receiver will not implement it meanwhile.
            408 | 500 | 502..=599 => {
                Verdict::Retry { result: AttemptResult::ServerError, word: answer.word() }
            }
            _ => Verdict::Rejected { word: answer.word() },
        }
    }

    fn mask(&self, text: &str) -> Option<String> {
        let url = self.url.expose();
        let parts = url.path().split('/').chain(url.query().unwrap_or_default().split(['&', '=']));
        let secrets = parts.filter(|part| part.len() >= SHORTEST_SECRET && *part != "services");
        secrets.fold(None, |masked: Option<String>, secret| {
            let text = masked.as_deref().unwrap_or(text);
            if text.contains(secret) { Some(text.replace(secret, MASK)) } else { masked }
        })
    }
}

#[cfg(test)]
mod tests;
