//! What the fake Slack can be told to answer, in code and, as JSON, over HTTP (`fake_slack/control.rs`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answer {
    /// The HTTP status; 100 to 599 are sent as they are, anything else as 500.
    pub status: u16,
    /// The body.
    pub body: String,
    /// More headers.
    pub headers: BTreeMap<String, String>,
    /// Milliseconds from the request to the answer.
    pub delay_ms: u64,
    /// What goes wrong instead of a plain answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// How an answer breaks. Each ends when the client closes the connection, if not before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is reset.
    Reset,
    /// The connection is closed in order, without a byte.
    Close,
    /// Half of the answer's bytes, then a reset.
    HalfAnswer,
    /// No answer, ever.
    Hang,
    /// The answer's head, and then a body that has no end.
    EndlessBody,
    /// A header every now and then, for ever.
    SlowHeaders,
    /// Interim answers (`100 Continue`), for ever.
    EndlessInterim,
    /// The content length promises more than comes; then the connection is closed.
    ContentTooShort,
    /// The content length promises less than comes.
    ContentTooLong,
    /// Not HTTP.
    Garbage,
    /// A redirect to the very URL that was asked for.
    RedirectLoop,
}

/// A rate that a path is held to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Posts a second, over 0.
    pub rate: f64,
    /// Posts that may come at once.
    #[serde(default = "one")]
    pub burst: u32,
}

/// What `POST /control/PATH` takes: only what is named is changed.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// For the next requests, one each.
    pub answers: Vec<Answer>,
    /// From then on; `null`: as Slack does.
    #[serde(deserialize_with = "named")]
    pub default: Option<Option<Answer>>,
    /// `null`: none.
    #[serde(deserialize_with = "named")]
    pub limit: Option<Option<Limit>>,
}

impl Default for Answer {
    /// What Slack says when all is well.
    fn default() -> Self {
        Self::new(200, "ok")
    }
}

impl Answer {
    /// A status with a body, at once.
    #[must_use]
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), headers: BTreeMap::new(), delay_ms: 0, fault: None }
    }

    /// Slack's 429, with this many seconds in header and body.
    #[must_use]
    pub fn rate_limited(seconds: u64) -> Self {
        Self::new(
            429,
            format!("{{\"retry_after\":{seconds},\"ok\":false,\"error\":\"rate_limited\"}}"),
        )
        .with_header("Retry-After", seconds.to_string())
    }

    /// A fault.
    #[must_use]
    pub fn fault(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// With one more header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// This many milliseconds late.
    #[must_use]
    pub fn after_ms(mut self, delay_ms: u64) -> Self {
        self.delay_ms = delay_ms;
        self
    }
}

fn one() -> u32 {
    1
}

/// Tells `null` from absence.
fn named<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
