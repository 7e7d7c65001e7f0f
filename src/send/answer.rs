//! What Slack answered to one attempt, and what every destination reads from an answer.
//!
//! Invariant: any answer, however broken, can be read; nothing that is read from it holds a URL, a
//! token or a control character, and only the debug log shows more of it than a word.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::Value;
use tracing::{Level, debug, enabled};

use super::said::Said;
use crate::sanitize;

/// The longest `Retry-After` that is obeyed: a longer one is taken for a mistake.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The most characters of a body in the log.
const TEXT_LIMIT: usize = 300;

/// The answer to one attempt.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After`, where there is one.
    pub retry_after: Option<String>,
    /// The start of the body, as far as the client reads it.
    pub body: Bytes,
    /// How reading the body ended.
    pub body_end: BodyEnd,
}

/// How reading a body ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BodyEnd {
    /// At its end, or at the limit of what is read.
    #[default]
    Complete,
    /// The connection failed before.
    ConnectionLost,
    /// The attempt's timeout passed before.
    TimedOut,
}

impl Answer {
    /// Returns how long to wait before the next attempt: the header (seconds or a date), or else
    /// the body's `retry_after`. `now` is when the answer was read, which matters for a date. At
    /// most [`LONGEST_PAUSE`].
    ///
    /// `None` where neither holds a time over zero. "Wait 0 s" beside a 429 means "send less
    /// often", for which the sender's own backoff is right.
    #[must_use]
    pub fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        let header = self.retry_after.as_deref().map(str::trim);
        header
            .and_then(|header| from_header(header, now))
            .or_else(|| usable_seconds(self.field("retry_after")?.as_f64()?))
    }

    /// Returns what the body says.
    #[must_use]
    pub fn said(&self) -> Said {
        Said::read(&self.body)
    }

    /// Returns Slack's own word in the body, or what kind of answer it is: nothing else of a body
    /// is shown, since it may repeat the request.
    #[must_use]
    pub fn word(&self) -> String {
        self.said().word().map_or_else(|| format!("status {}", self.status), str::to_owned)
    }

    /// [`Answer::word`], with the status where the word does not show that Slack answered.
    #[must_use]
    pub fn word_with_status(&self) -> String {
        match self.said() {
            Said::Html | Said::Empty => format!("{}, status {}", self.word(), self.status),
            _ => self.word(),
        }
    }

    /// Slack's error word in the body, or the status as a word (`http_404`).
    #[must_use]
    pub fn error_word(&self) -> String {
        let said = self.said();
        said.error_word().map_or_else(|| format!("http_{}", self.status), str::to_owned)
    }

    /// Logs the body at the debug level, if [`Answer::word`] does not say all of it. One short
    /// line, without anything that could be a part of a webhook's URL (web servers like to answer
    /// `Cannot POST /services/…`).
    pub fn log_body(&self, webhook: &str) {
        // Reading it takes a while where an app's answer repeats the message.
        if enabled!(Level::DEBUG) && !matches!(self.said(), Said::Ok | Said::Word(_) | Said::Empty)
        {
            debug!(webhook, status = self.status, body = self.text(), "answer in full");
        }
    }

    fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(1024)]);
        let shown: Vec<&str> = text
            .split_whitespace()
            .map(|token| if may_be_secret(token) { "…" } else { token })
            .collect();
        sanitize::one_line(&shown.join(" "), TEXT_LIMIT)
    }

    /// A field of the body; `None` unless the body is a JSON object that has it.
    fn field(&self, name: &str) -> Option<Value> {
        serde_json::from_slice::<Value>(&self.body).ok()?.get_mut(name).map(Value::take)
    }
}

fn from_header(header: &str, now: SystemTime) -> Option<Duration> {
    if header.starts_with(|c: char| c.is_ascii_digit()) {
        return usable_seconds(header.parse().ok()?);
    }
    let pause = httpdate::parse_http_date(header).ok()?.duration_since(now).ok()?;
    Some(pause.min(LONGEST_PAUSE)).filter(|pause| !pause.is_zero())
}

fn usable_seconds(seconds: f64) -> Option<Duration> {
    // `f64::min` would turn NaN into an hour.
    if seconds.is_nan() || seconds <= 0.0 {
        return None;
    }
    Duration::try_from_secs_f64(seconds.min(LONGEST_PAUSE.as_secs_f64()))
        .ok()
        .filter(|pause| !pause.is_zero())
}

/// Whether a part of an answer may be a secret: a path, a URL, or a long run of letters and digits,
/// as tokens are. Slack's own words are lower case with underscores.
fn may_be_secret(token: &str) -> bool {
    let opaque = |run: &str| {
        run.len() >= 16 && run.bytes().any(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    token.contains(['/', '\\', '%'])
        || token.split(|c: char| !c.is_ascii_alphanumeric()).any(opaque)
}

#[cfg(test)]
mod tests;
