//! A destination together with the client that executes its requests.
//!
//! Invariant: no part of a destination's secrets is in anything that comes back from a request.

use std::time::SystemTime;

use bytes::Bytes;

use super::answer::Answer;
use super::client::{HttpClient, NoAnswer, PooledClient};
use super::client_pool::{ClientError, ClientPool};
use super::destination::Destination;
use super::incoming_webhook::IncomingWebhook;
use super::verdict::Verdict;
use crate::config::model::Webhook;
use crate::sanitize;

/// The most characters of the reason why there is no answer.
const REASON_LIMIT: usize = 300;

/// What one sender posts with.
pub struct Endpoint<C> {
    destination: Box<dyn Destination>,
    client: C,
}

/// Opens the endpoints of configured webhooks.
#[derive(Default)]
pub struct Endpoints {
    pool: ClientPool,
}

impl Endpoints {
    /// Returns the endpoint of `webhook`. This is the one place that knows all kinds of
    /// destinations.
    ///
    /// # Errors
    /// When the webhook's `proxy` or `ca_file` cannot be used, or the system has no certificates.
    pub fn open(&mut self, webhook: &Webhook) -> Result<Endpoint<PooledClient>, ClientError> {
        let client = self.pool.client(webhook, webhook.url.expose())?;
        Ok(Endpoint::new(Box::new(IncomingWebhook::new(webhook.url.clone())), client))
    }
}

impl<C> Endpoint<C> {
    /// Posts to `destination` with `client`.
    #[must_use]
    pub fn new(destination: Box<dyn Destination>, client: C) -> Self {
        Self { destination, client }
    }

    /// Returns what an attempt came to, answered or not.
    #[must_use]
    pub fn judge(&self, answered: &Result<Answer, NoAnswer>) -> Verdict {
        match answered {
            Ok(answer) => self.destination.judge(answer, SystemTime::now()),
            Err(reason) => Verdict::Retry { result: reason.result(), word: reason.to_string() },
        }
    }

    fn masked(&self, mut answer: Answer) -> Answer {
        // Slack's usual answer, and too short to hold a secret.
        if &*answer.body != b"ok"
            && let Some(masked) = self.destination.mask(&String::from_utf8_lossy(&answer.body))
        {
            answer.body = Bytes::from(masked);
        }
        answer
    }

    fn fit_for_a_log(&self, reason: NoAnswer) -> NoAnswer {
        match reason {
            NoAnswer::Connect(text) => {
                let masked = self.destination.mask(&text).unwrap_or(text);
                NoAnswer::Connect(sanitize::one_line(&masked, REASON_LIMIT))
            }
            timeout @ NoAnswer::Timeout(_) => timeout,
        }
    }
}

impl<C: HttpClient> Endpoint<C> {
    /// Posts `payload` once and returns the answer, without any part of the destination's secrets.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn post(&self, payload: Bytes) -> Result<Answer, NoAnswer> {
        let request = self.destination.request(payload);
        match self.client.execute(request).await {
            Ok(answer) => Ok(self.masked(answer)),
            Err(reason) => Err(self.fit_for_a_log(reason)),
        }
    }
}
