//! One attempt outside of any queue or rate, for `slackline send`.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::client_pool::ClientError;
use super::endpoint::Endpoints;
use super::verdict::Verdict;
use crate::config::model::Webhook;

/// One attempt, and what it came to.
#[derive(Debug)]
pub struct Attempted {
    /// The HTTP status; `None`: there was no answer.
    pub status: Option<u16>,
    /// Slack's word, or why there is no answer; fit for printing.
    pub word: String,
    /// What the worker would do next.
    pub verdict: Verdict,
    /// From the request to the verdict.
    pub took: Duration,
}

/// Posts `payload` once.
///
/// # Errors
/// When no client can be made with the webhook's settings. An attempt that fails is not an error.
pub async fn attempt_once(webhook: &Webhook, payload: Bytes) -> Result<Attempted, ClientError> {
    let endpoint = Endpoints::default().open(webhook)?;
    let started = Instant::now();
    let answered = endpoint.post(payload).await;
    let verdict = endpoint.judge(&answered);
    let (status, word) = match &answered {
        Ok(answer) => (Some(answer.status), answer.word()),
        Err(reason) => (None, reason.to_string()),
    };
    Ok(Attempted { status, word, verdict, took: started.elapsed() })
}
