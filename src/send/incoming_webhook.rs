//! A Slack incoming webhook, or one of a compatible receiver: the URL is the credential, and
//! Slack's answer is one word of text.
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
use super::refused_blocks;
use super::said::Said;
use super::verdict::{Repair, Verdict};
use crate::metrics::AttemptResult;
use crate::secret::{MASK, Secret};
use crate::slack_host::is_slack;

/// Built once: a header made from a text would be a copy for each attempt.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The user name of a message whose action sets none. A Slack app's webhook shows its own.
const DEFAULT_USER: &str = r#","username":"Slackline"}"#;

/// The start of a payload's user name. It cannot occur within a value, where the quotes have a
/// backslash.
const USER: &str = r#","username":"#;

/// The start of a payload's channel, which a legacy webhook obeys. It cannot occur within a value.
const CHANNEL: &[u8] = br#","channel":"#;

/// Slack's words for what a person must repair.
const RESTING_WORDS: &[&str] = &[
    "account_inactive",
    "action_prohibited",
    "channel_is_archived",
    "channel_not_found",
    "invalid_token",
    "is_archived",
    "no_active_hooks",
    "no_service",
    "no_service_id",
    "no_team",
    "posting_to_general_channel_denied",
    "team_disabled",
    "token_revoked",
];

/// Slack's words about a channel or a user: where the payload names one, that one is meant.
const ADDRESSEE_WORDS: &[&str] = &[
    "channel_is_archived",
    "channel_not_found",
    "invalid_channel",
    "is_archived",
    "no_channel",
    "posting_to_general_channel_denied",
    "user_not_found",
];

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
        *request.body_mut() = Some(with_user(payload).into());
        request
    }

    fn judge(&self, payload: &[u8], answer: &Answer, now: SystemTime) -> Verdict {
        let names_channel = payload.windows(CHANNEL.len()).any(|part| part == CHANNEL);
        let verdict = judge(answer, is_slack(self.url.expose()), names_channel, now);
        match answer.status {
            429 | 500.. => verdict,
            _ if verdict == Verdict::Delivered => verdict,
            _ => {
                let refused = refused_blocks::verdict(answer.said().word(), payload, answer);
                refused.unwrap_or(verdict)
            }
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

/// Returns the body of the request for a payload: it has a user name.
#[must_use]
pub fn with_user(payload: Bytes) -> Bytes {
    let text = std::str::from_utf8(&payload).unwrap_or_default();
    match text.strip_suffix('}') {
        Some(members) if !text.contains(USER) => [members, DEFAULT_USER].concat().into(),
        _ => payload,
    }
}

/// Judges an answer. Slack posts a message where it answers 200 and says so. Other receivers that
/// take Slack's messages answer with any 2xx, unless the body says no.
///
/// A refusal is final where the receiver itself can have given it. What neither Slack nor such a
/// receiver answers (a web page, a redirect, a proxy's status) comes from a server in between, such
/// as a proxy or a sign-in page, and may be over in a minute.
///
/// A webhook that does not exist (404, 410, or Slack's words for it) waits for a person.
fn judge(answer: &Answer, is_slack: bool, names_channel: bool, now: SystemTime) -> Verdict {
    let said = answer.said();
    let retry = |result, word| {
        let retry_after = answer.retry_after(now);
        Verdict::Retry { result, word, retry_after }
    };
    let server_error = || retry(AttemptResult::ServerError, answer.word_with_status());
    let rejected = || Verdict::Rejected { word: answer.word_with_status() };
    let word = said.word().unwrap_or_default();
    let rests = RESTING_WORDS.contains(&word);
    let rest = || {
        if names_channel && ADDRESSEE_WORDS.contains(&word) {
            return rejected();
        }
        Verdict::Rest { word: answer.error_word(), whose: Repair::Channel }
    };
    match answer.status {
        200..=299 if is_slack && answer.status != 200 && said != Said::Html => rejected(),
        200..=299 if said.is_yes(is_slack) => Verdict::Delivered,
        200..=299 => match answer.body_end {
            // The word that decides never arrived. A duplicate does less harm than a lost message.
            BodyEnd::ConnectionLost => {
                retry(AttemptResult::Connect, "connection lost during the answer".to_owned())
            }
            BodyEnd::TimedOut => {
                retry(AttemptResult::Timeout, "no whole answer within the timeout".to_owned())
            }
            BodyEnd::Complete if said == Said::Html => server_error(),
            BodyEnd::Complete if is_slack || said.is_no() => match answer.status {
                200 if rests => rest(),
                _ => rejected(),
            },
            BodyEnd::Complete => Verdict::Delivered,
        },
        429 => Verdict::RateLimited { retry_after: answer.retry_after(now) },
        404 | 410 => rest(),
        400..=499 if rests => rest(),
        // The receiver will not implement it meanwhile.
        501 if said != Said::Html => rejected(),
        // Slack answers with none of these: a redirect, a proxy that wants a password, a request
        // that a proxy does not pass on yet.
        300..=399 | 407 | 408 | 425 | 500..=599 => server_error(),
        _ if said.is_refusal(is_slack) => rejected(),
        _ => server_error(),
    }
}

#[cfg(test)]
mod tests;
