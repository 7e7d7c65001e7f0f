//! A destination together with the client that executes its requests.
//!
//! Invariant: no part of a destination's secrets is in anything that comes back from a request.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::time::Instant;

use super::answer::Answer;
use super::app::App;
use super::app_channel::AppChannel;
use super::client::{HttpClient, NoAnswer};
use super::client_pool::{ClientError, ClientPool};
use super::destination::Destination;
use super::incoming_webhook::IncomingWebhook;
use super::verdict::Verdict;
use crate::config::model::{App as AppConfig, Target, Webhook};
use crate::sanitize;

/// The most characters of the reason why there is no answer.
const REASON_LIMIT: usize = 300;

/// What one sender posts with.
pub struct Endpoint {
    /// Where it posts to.
    pub destination: Box<dyn Destination>,
    /// Executes the requests.
    pub client: Box<dyn HttpClient>,
    /// What it shares with the other channels of its app.
    pub app: Option<Arc<App>>,
}

/// One attempt outside of any queue or rate, and what it came to.
pub struct Attempted {
    /// The HTTP status; `None`: there was no answer.
    pub status: Option<u16>,
    /// Slack's word, or why there is no answer; fit for printing.
    pub word: String,
    /// The answer, which may repeat the message.
    pub answer: Option<Answer>,
    /// What the worker would do next.
    pub verdict: Verdict,
    /// From the request to the verdict.
    pub took: Duration,
}

impl fmt::Debug for Attempted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempted")
            .field("status", &self.status)
            .field("word", &self.word)
            .field("verdict", &self.verdict)
            .field("took", &self.took)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Opens the endpoint of a configured webhook, without what it shares with the others of its
    /// app. This is the one place that knows all kinds of destinations.
    ///
    /// # Errors
    /// When the webhook's `proxy` or `ca_file` cannot be used, or the system has no certificates.
    pub fn open(
        webhook: &Webhook,
        apps: &[AppConfig],
        clients: &mut ClientPool,
    ) -> Result<Self, ClientError> {
        match webhook.target() {
            Some(Target::Incoming(url)) => {
                let client = Box::new(clients.client(webhook, url.expose())?);
                let destination = Box::new(IncomingWebhook { url: url.clone() });
                Ok(Self { destination, client, app: None })
            }
            Some(Target::Channel { app: index, channel }) => {
                let app = apps.get(index.0 as usize).ok_or(ClientError::NoTarget)?;
                let (client, credential) = clients.app(webhook, index, app)?;
                let destination =
                    AppChannel::new(credential, channel).ok_or(ClientError::NoTarget)?;
                let destination = Box::new(destination);
                Ok(Self { destination, client: Box::new(client), app: None })
            }
            None => Err(ClientError::NoTarget),
        }
    }

    /// Posts `payload` once and returns the answer, without any part of the destination's secrets.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn post(&self, payload: Bytes) -> Result<Answer, NoAnswer> {
        match self.client.execute(self.destination.request(payload)).await {
            Ok(mut answer) => {
                // Slack's usual answer, and too short to hold a secret.
                if &*answer.body != b"ok" {
                    // The check alone takes less time than a replacement of what is not UTF-8.
                    let masked = match std::str::from_utf8(&answer.body) {
                        Ok(text) => self.destination.mask(text),
                        Err(_) => self.destination.mask(&String::from_utf8_lossy(&answer.body)),
                    };
                    if let Some(masked) = masked {
                        answer.body = masked.into();
                    }
                }
                Ok(answer)
            }
            Err(NoAnswer { result, word }) => {
                let masked = self.destination.mask(&word).unwrap_or(word);
                Err(NoAnswer { result, word: sanitize::one_line(&masked, REASON_LIMIT) })
            }
        }
    }

    /// Returns what the attempt to post `payload` came to, answered or not.
    #[must_use]
    pub fn judge(&self, payload: &[u8], answered: Result<Answer, NoAnswer>) -> Verdict {
        match answered {
            Ok(answer) => self.destination.judge(payload, &answer, SystemTime::now()),
            Err(NoAnswer { result, word }) => Verdict::Retry { result, word, retry_after: None },
        }
    }

    /// Posts `payload` once to `webhook`, for `slackline send`.
    pub async fn attempt_once(&self, webhook: &str, payload: Bytes) -> Attempted {
        let started = Instant::now();
        let answered = self.post(payload.clone()).await;
        let (status, word) = match &answered {
            Ok(answer) => {
                answer.log_body(webhook);
                (Some(answer.status), answer.word())
            }
            Err(NoAnswer { word, .. }) => (None, word.clone()),
        };
        let (took, answer) = (started.elapsed(), answered.as_ref().ok().cloned());
        Attempted { status, word, answer, verdict: self.judge(&payload, answered), took }
    }
}
