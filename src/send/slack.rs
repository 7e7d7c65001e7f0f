//! [4] What an answer means: one function from status, headers and body to a [`Verdict`].
//!
//! Pure, and total: every answer, however broken, has exactly one verdict. The facts are Slack's pages on incoming webhooks and rate limits and
//! what was seen at the same URLs; the spec (`design.md`, "Retry" and "Rate") decides what follows from them.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::metrics::AttemptResult;
use crate::sanitize;

/// No `Retry-After` holds a webhook longer than this: more is a mistake of whoever says it.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Characters of [`word`], at most.
const WORD_LIMIT: usize = 100;

/// What came back for one attempt.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After`, where there is one.
    pub retry_after: Option<String>,
    /// The body's beginning, [`super::client::BODY_LIMIT`] bytes at most.
    pub body: Bytes,
    /// The connection failed before the body had ended.
    pub broken_off: bool,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Slack took it.
    Delivered,
    /// Final: making the attempt again would change nothing.
    Rejected {
        /// Slack's own word for it, fit for a log.
        word: String,
    },
    /// The webhook, not the message, has to wait.
    RateLimited {
        /// Over zero, at most [`LONGEST_PAUSE`]; `None`: nothing usable was said.
        retry_after: Option<Duration>,
    },
    /// Worth another attempt.
    Retry {
        /// What failed.
        result: AttemptResult,
        /// What was answered, or why nothing was; fit for a log.
        word: String,
    },
}

impl Verdict {
    /// The label `result` of `slackline_attempts_total`.
    #[must_use]
    pub fn result(&self) -> AttemptResult {
        match self {
            Verdict::Delivered => AttemptResult::Ok,
            Verdict::Rejected { .. } => AttemptResult::Rejected,
            Verdict::RateLimited { .. } => AttemptResult::RateLimited,
            Verdict::Retry { result, .. } => *result,
        }
    }
}

/// Judges an answer that was read at `now`, which matters for a `Retry-After` that is a date.
///
/// White space around `ok` is forgiven: a proxy or a compatible receiver that adds a line feed did post the message, and another try would post it twice.
#[must_use]
pub fn judge(answer: &Answer, now: SystemTime) -> Verdict {
    match answer.status {
        200 if answer.body.trim_ascii() == b"ok" => Verdict::Delivered,
        // The word that decides never arrived: a second message is the lesser harm, a lost one the greater.
        200 if answer.broken_off => {
            Verdict::Retry { result: AttemptResult::Connect, word: "answer broken off".to_owned() }
        }
        429 => Verdict::RateLimited { retry_after: retry_after(answer, now) },
        501 => Verdict::Rejected { word: word(&answer.body) },
        408 | 500..=599 => {
            Verdict::Retry { result: AttemptResult::ServerError, word: word(&answer.body) }
        }
        _ => Verdict::Rejected { word: word(&answer.body) },
    }
}

/// The pause that a 429 asks for: the header (seconds or a date), or else the body's `retry_after`. Zero, the past and nonsense are not usable:
/// whoever answers 429 and says "at once" means "slower", which the backoff is.
fn retry_after(answer: &Answer, now: SystemTime) -> Option<Duration> {
    let header = answer.retry_after.as_deref().map(str::trim);
    header.and_then(|header| from_header(header, now)).or_else(|| from_body(&answer.body))
}

fn from_header(header: &str, now: SystemTime) -> Option<Duration> {
    if header.starts_with(|c: char| c.is_ascii_digit()) {
        return usable_seconds(header.parse().ok()?);
    }
    let pause = httpdate::parse_http_date(header).ok()?.duration_since(now).ok()?;
    Some(pause.min(LONGEST_PAUSE)).filter(|pause| !pause.is_zero())
}

fn from_body(body: &[u8]) -> Option<Duration> {
    #[derive(serde::Deserialize)]
    struct Limited {
        retry_after: f64,
    }
    usable_seconds(object::<Limited>(body)?.retry_after)
}

fn usable_seconds(seconds: f64) -> Option<Duration> {
    // Neither JSON nor a header that begins with a digit holds NaN, which `f64::min` would turn into an hour.
    if seconds.is_nan() || seconds <= 0.0 {
        return None;
    }
    Duration::try_from_secs_f64(seconds.min(LONGEST_PAUSE.as_secs_f64()))
        .ok()
        .filter(|pause| !pause.is_zero())
}

/// Slack's own word in a body, as a log may show it: one short line, without anything that could be a part of the webhook's URL
/// (web servers like to answer `Cannot POST /services/…`).
#[must_use]
pub fn word(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Refused {
        error: String,
    }
    let named = object::<Refused>(body);
    let text = match &named {
        Some(refused) => refused.error.as_str().into(),
        None => String::from_utf8_lossy(&body[..body.len().min(1024)]),
    };
    let shown: Vec<&str> = text
        .split_whitespace()
        .map(|token| if may_be_secret(token) { "…" } else { token })
        .take(WORD_LIMIT)
        .collect();
    let line = sanitize::one_line(&shown.join(" "), WORD_LIMIT);
    if line.is_empty() { "(empty answer)".to_owned() } else { line }
}

/// A JSON object's fields. (serde would take a list for a struct, too.)
fn object<T: serde::de::DeserializeOwned>(body: &[u8]) -> Option<T> {
    body.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(body).ok())?
}

/// Paths, URLs, and long runs of letters and digits as tokens are; Slack's words are lower case with underscores.
fn may_be_secret(token: &str) -> bool {
    let opaque = |run: &str| {
        run.len() >= 16 && run.bytes().any(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    token.contains(['/', '\\', '%'])
        || token.split(|c: char| !c.is_ascii_alphanumeric()).any(opaque)
}

#[cfg(test)]
mod tests;
