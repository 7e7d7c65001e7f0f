//! One HTTP request, to its end.
//!
//! Invariant: a request ends within its timeout, reads at most [`BODY_LIMIT`] bytes, and follows no
//! redirect; no error names the URL.

use std::error::Error;
use std::time::Duration;

use bytes::BytesMut;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Request, Response};

use super::answer::{Answer, BodyEnd};
use crate::metrics::AttemptResult;

/// The most bytes of a body that are read.
pub const BODY_LIMIT: usize = 64 * 1024;

/// Executes requests: [`PooledClient`], or a script in tests.
pub trait HttpClient: Send + Sync {
    /// Sends `request` once and reads the answer. Ends in bounded time.
    fn execute(&self, request: Request) -> impl Future<Output = Result<Answer, NoAnswer>> + Send;
}

/// Why an attempt has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The attempt's timeout passed.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// No connection, no TLS or no HTTP.
    #[error("{0}")]
    Connect(String),
}

/// The HTTP client of one webhook. Webhooks with equal settings share one connection pool.
#[derive(Clone)]
pub struct PooledClient {
    pool: Client,
    /// How long one request may take, its answer included.
    timeout: Duration,
}

impl NoAnswer {
    /// The label `result` of `slackline_attempts_total`.
    #[must_use]
    pub fn result(&self) -> AttemptResult {
        match self {
            NoAnswer::Timeout(_) => AttemptResult::Timeout,
            NoAnswer::Connect(_) => AttemptResult::Connect,
        }
    }
}

impl PooledClient {
    pub(super) fn new(pool: Client, timeout: Duration) -> Self {
        Self { pool, timeout }
    }
}

impl HttpClient for PooledClient {
    async fn execute(&self, request: Request) -> Result<Answer, NoAnswer> {
        let deadline = tokio::time::Instant::now() + self.timeout;
        let Ok(sent) = tokio::time::timeout_at(deadline, self.pool.execute(request)).await else {
            return Err(NoAnswer::Timeout(self.timeout));
        };
        let response = sent.map_err(|error| NoAnswer::Connect(with_causes(error)))?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let mut body = BytesMut::new();
        let read = tokio::time::timeout_at(deadline, read_body(response, &mut body)).await;
        let body_end = match read {
            Ok(Ok(())) => BodyEnd::Complete,
            Ok(Err(_)) => BodyEnd::ConnectionLost,
            Err(_) => BodyEnd::TimedOut,
        };
        Ok(Answer { status, retry_after, body: body.freeze(), body_end })
    }
}

/// Reads until the end or the limit; what was read before an error stays in `body`.
async fn read_body(mut response: Response, body: &mut BytesMut) -> Result<(), reqwest::Error> {
    while let Some(chunk) = response.chunk().await? {
        let room = BODY_LIMIT - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    Ok(())
}

/// The error and its causes on one line, without the URL.
fn with_causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
