//! One HTTP request, to its end.
//!
//! Invariant: a request ends within its timeout, reads at most its client's limit of bytes, and
//! follows no redirect; no error names the URL.

use std::pin::Pin;
use std::time::Duration;

use bytes::BytesMut;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Request, Response};
use tokio::time::{Instant, timeout_at};

use super::answer::{Answer, BodyEnd};
use crate::metrics::AttemptResult;

/// The most bytes of an incoming webhook's answer that are read: it is a word.
pub const BODY_LIMIT: usize = 64 * 1024;

/// The most bytes of an answer to an app that are read: it repeats the message.
pub const APP_BODY_LIMIT: usize = 2 * 1024 * 1024;

/// A request under way.
pub type Executing<'a> = Pin<Box<dyn Future<Output = Result<Answer, NoAnswer>> + Send + 'a>>;

/// Executes requests: [`PooledClient`], or a script in tests.
pub trait HttpClient: Send + Sync {
    /// Sends `request` once and reads the answer. Ends in bounded time.
    fn execute(&self, request: Request) -> Executing<'_>;
}

/// Why an attempt has no answer.
#[derive(Debug, Clone)]
pub struct NoAnswer {
    /// The label `result` of `slackline_attempts_total`.
    pub result: AttemptResult,
    /// The cause, for a log.
    pub word: String,
}

/// The HTTP client of one webhook. Webhooks with equal settings share one connection pool.
pub struct PooledClient {
    /// The HTTP client with its connections.
    pub pool: Client,
    /// How long one request may take, its answer included.
    pub timeout: Duration,
    /// The most bytes of an answer that are read.
    pub body_limit: usize,
}

impl HttpClient for PooledClient {
    fn execute(&self, request: Request) -> Executing<'_> {
        // On the heap, and only while it lasts: thousands of idle senders must stay small.
        Box::pin(async {
            let deadline = Instant::now() + self.timeout;
            let response = match timeout_at(deadline, self.pool.execute(request)).await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => {
                    let word = format!("{:#}", anyhow::Error::from(error.without_url()));
                    return Err(NoAnswer { result: AttemptResult::Connect, word });
                }
                Err(_) => {
                    let word = format!("no answer within {:?}", self.timeout);
                    return Err(NoAnswer { result: AttemptResult::Timeout, word });
                }
            };
            let status = response.status().as_u16();
            let retry_after = response.headers().get(RETRY_AFTER);
            let retry_after = retry_after.and_then(|value| Some(value.to_str().ok()?.to_owned()));
            let mut body = BytesMut::new();
            let body_end =
                match timeout_at(deadline, read_body(response, self.body_limit, &mut body)).await {
                    Ok(Ok(())) => BodyEnd::Complete,
                    Ok(Err(_)) => BodyEnd::ConnectionLost,
                    Err(_) => BodyEnd::TimedOut,
                };
            Ok(Answer { status, retry_after, body: body.freeze(), body_end })
        })
    }
}

/// Reads until the end or the limit; what was read before an error stays in `body`.
async fn read_body(
    mut response: Response,
    limit: usize,
    body: &mut BytesMut,
) -> Result<(), reqwest::Error> {
    while let Some(chunk) = response.chunk().await? {
        let room = limit - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    Ok(())
}
