//! `preview --online`: has Slack check the blocks of the messages, without posting them.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::config::model::{App, Config, Target, WebhookIndex};
use crate::send::client_pool::ClientPool;
use crate::slack_api::{Failure, SlackApi, Validation};

/// How long the check of one message may take.
const LIMIT: Duration = Duration::from_secs(29);

/// Slack's check of blocks.
pub struct Online {
    runtime: Runtime,
    clients: ClientPool,
}

/// What came of the check of one message.
pub struct Checked {
    /// Whether Slack would refuse the blocks, or could not be asked.
    pub is_failed: bool,
    /// What Slack says, fit for printing.
    pub text: String,
}

impl Online {
    pub fn new(runtime: Runtime) -> Self {
        Self { runtime, clients: ClientPool::default() }
    }

    /// Has Slack check the blocks of a payload; `None`: it has none.
    pub fn check(
        &mut self,
        config: &Config,
        webhook: WebhookIndex,
        payload: &[u8],
    ) -> Option<Checked> {
        let payload: Value = serde_json::from_slice(payload).ok()?;
        let (blocks, attachments) = (payload.get("blocks"), payload.get("attachments"));
        let blocks = blocks.cloned().or_else(|| attachments?.get(0)?.get("blocks").cloned())?;
        let webhook = config.webhooks.get(webhook.0 as usize)?;
        let app = match webhook.target()? {
            Target::Channel { app, .. } => config.apps.get(app.0 as usize)?,
            Target::Incoming(_) => {
                let text = "not checked: only an app can have its blocks checked".to_owned();
                return Some(Checked { is_failed: false, text });
            }
        };
        Some(match self.ask(app, &blocks, attachments) {
            Ok(Validation::Valid) => {
                Checked { is_failed: false, text: "Slack accepts the blocks".to_owned() }
            }
            Ok(Validation::Invalid { word, faults }) => {
                let faults: Vec<String> = faults
                    .iter()
                    .map(|fault| format!(" at {}: {}", fault.pointer, fault.message))
                    .collect();
                Checked {
                    is_failed: true,
                    text: format!("Slack refuses: {word}{}", faults.join(";")),
                }
            }
            Err(reason) => Checked { is_failed: true, text: reason },
        })
    }

    fn ask(
        &mut self,
        app: &App,
        blocks: &Value,
        attachments: Option<&Value>,
    ) -> Result<Validation, String> {
        let api = SlackApi::open(app, &mut self.clients, Instant::now() + LIMIT);
        let api = api.map_err(|error| error.to_string())?;
        let asked = self.runtime.block_on(async {
            match attachments {
                Some(attachments) => {
                    let message = json!({ "attachments": attachments });
                    api.validate_message(&message.to_string()).await
                }
                None => api.validate_blocks(&blocks.to_string()).await,
            }
        });
        asked.map_err(|failure| format!("Slack cannot check the blocks: {}", reason(&failure)))
    }
}

fn reason(failure: &Failure) -> String {
    match failure {
        Failure::Refused { word, .. } | Failure::Unavailable(word) => word.clone(),
        Failure::Throttled(_) => "it is asked too often (429)".to_owned(),
        Failure::NotSlack => "the answer is not Slack's".to_owned(),
        Failure::NoAnswer(reason) => format!("no answer: {reason}"),
    }
}
