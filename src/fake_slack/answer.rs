//! The answers that the fake Slack can be scripted with, in code or as JSON over HTTP
//! (`fake_slack/control.rs`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Answer {
    /// The HTTP status. A value outside 100 to 999 is sent as 500.
    pub status: u16,
    /// The body.
    pub body: String,
    /// Additional headers.
    pub headers: BTreeMap<String, String>,
    /// The delay of the answer in milliseconds.
    pub delay_ms: u64,
    /// A fault to inject instead of a normal answer.
    pub fault: Option<Fault>,
}

/// The form of an answer in JSON.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    status: u16,
    body: String,
    headers: BTreeMap<String, String>,
    delay_ms: u64,
    fault: Option<Fault>,
    /// An error word of the Web API, in place of a body.
    error: Option<String>,
    /// The scopes that a `missing_scope` names.
    needed: Option<String>,
}

/// How an answer fails. Each fault ends when the client closes the connection, if not before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is reset.
    Reset,
    /// The connection is closed in order, without an answer.
    Close,
    /// Half of the answer, then a reset.
    HalfAnswer,
    /// No answer.
    Hang,
    /// A status and headers, followed by an endless body.
    EndlessBody,
    /// An endless sequence of headers, one every 20 ms.
    SlowHeaders,
    /// An endless sequence of interim responses (`100 Continue`).
    EndlessInterim,
    /// A content length above the length of the body; then the connection is closed.
    ContentTooShort,
    /// A content length below the length of the body.
    ContentTooLong,
    /// Not HTTP.
    Garbage,
    /// A redirect to the requested URL.
    RedirectLoop,
}

/// A rate limit for a path.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Messages a second, above 0.
    pub rate: f64,
    /// Messages that are accepted without a pause.
    #[serde(default = "one")]
    pub burst: u32,
}

/// The body of `POST /control/PATH`. Only the given members are changed.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Answers to the next requests, one each.
    pub answers: Vec<Answer>,
    /// The answer to all requests after them; `null` to answer as Slack does.
    #[serde(deserialize_with = "named")]
    pub default: Option<Option<Answer>>,
    /// The rate limit; `null` for none.
    #[serde(deserialize_with = "named")]
    pub limit: Option<Option<Limit>>,
}

impl Default for Answer {
    /// Slack's answer to an accepted message. The Web API answers with JSON in its place.
    fn default() -> Self {
        Self::new(200, "ok")
    }
}

impl Default for Written {
    fn default() -> Self {
        let Answer { status, body, headers, delay_ms, fault } = Answer::default();
        Self { status, body, headers, delay_ms, fault, error: None, needed: None }
    }
}

impl From<Written> for Answer {
    fn from(written: Written) -> Self {
        let Written { status, mut body, headers, delay_ms, fault, error, needed } = written;
        if let Some(word) = error {
            body = error_body(&word, needed.as_deref());
        }
        Self { status, body, headers, delay_ms, fault }
    }
}

impl Answer {
    /// Creates an answer with a status and a body, without delay.
    #[must_use]
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), headers: BTreeMap::new(), delay_ms: 0, fault: None }
    }

    /// Creates Slack's 429, with this many seconds in header and body.
    #[must_use]
    pub fn rate_limited(seconds: u64) -> Self {
        Self::new(
            429,
            format!("{{\"retry_after\":{seconds},\"ok\":false,\"error\":\"rate_limited\"}}"),
        )
        .with_header("Retry-After", seconds.to_string())
    }

    /// Creates the Web API's answer with an error word, such as `not_in_channel`.
    #[must_use]
    pub fn error(word: &str) -> Self {
        Self::new(200, error_body(word, None))
    }

    /// Creates the Web API's answer to a call that needs these scopes.
    #[must_use]
    pub fn missing_scope(needed: &str) -> Self {
        Self::new(200, error_body("missing_scope", Some(needed)))
    }

    /// Creates the Web API's 429.
    #[must_use]
    pub fn api_rate_limited(seconds: u64) -> Self {
        Self::new(429, error_body("ratelimited", None))
            .with_header("Retry-After", seconds.to_string())
    }

    /// Creates an answer with a fault.
    #[must_use]
    pub fn fault(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Sets the delay in milliseconds.
    #[must_use]
    pub fn after_ms(mut self, delay_ms: u64) -> Self {
        self.delay_ms = delay_ms;
        self
    }
}

/// The body of a refusal by the Web API.
fn error_body(word: &str, needed: Option<&str>) -> String {
    let mut body = serde_json::json!({ "ok": false, "error": word });
    if let Some(needed) = needed {
        body["needed"] = needed.into();
        body["provided"] = "".into();
    }
    body.to_string()
}

fn one() -> u32 {
    1
}

/// Distinguishes `null` from a missing member.
pub fn named<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
