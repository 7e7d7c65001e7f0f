//! [2] Event → deliveries: which actions apply to a record, and what each of them posts.
//!
//! Pure: the poll loop lends a record, and owns what comes of it. Invariant: every record gets exactly one [`Verdict`], and every action that applies exactly
//! one [`Routed`]; `preview` shows what [`Router::route`] does because both take the one way, `judge`.

use std::sync::Arc;

use crate::config::model::{ActionIndex, Config, WebhookIndex};
use crate::event::{Document, Invalid, Record};
use crate::expression::{EvalError, Expression};

pub mod trigger;

pub mod message;

pub mod explain;

#[cfg(test)]
pub(crate) mod fixture;

#[cfg(test)]
mod tests;

use message::{EmptyMessage, Message};
use trigger::{Scratch, Triggers};

/// Routes records as one configuration says.
pub struct Router {
    config: Arc<Config>,
    triggers: Triggers,
}

/// What one record came to; a buffer to use again for the next one.
#[derive(Debug, Default)]
pub struct Routing {
    /// One for each action that applies, in the file's order.
    pub deliveries: Vec<Routed>,
    /// The action of each expression that failed, in triggers and messages: an action with two failed variables stands here twice.
    pub errors: Vec<ActionIndex>,
    matched: Vec<ActionIndex>,
    scratch: Scratch,
}

/// One action that applies.
#[derive(Debug)]
pub struct Routed {
    /// The action.
    pub action: ActionIndex,
    /// Its webhook.
    pub webhook: WebhookIndex,
    /// What it posts; [`EmptyMessage`] is a match that is dropped.
    pub message: Result<Message, EmptyMessage>,
}

/// What kind of record it was: each is exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// No event.
    Invalid(Invalid),
    /// An event to which no action applies.
    Unmatched,
    /// An event to which at least one action applies, if only to be dropped.
    Matched,
}

/// Who is told of an expression that failed: its action, itself, and why.
type Failed<'f> = dyn FnMut(ActionIndex, &Expression, &EvalError) + 'f;

impl Router {
    /// Prepares the routing that `config` asks for.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self { triggers: Triggers::new(Arc::clone(&config)), config }
    }

    /// Judges one record; what is to be delivered stands in `routing` afterwards, and nothing of what stood there before.
    pub fn route(&self, record: &Record<'_>, routing: &mut Routing) -> Verdict {
        routing.deliveries.clear();
        routing.errors.clear();
        let Routing { deliveries, errors, matched, scratch } = routing;
        let judged = record.object().and_then(|payload| {
            let document = Document::new(*record, payload);
            self.judge(&document, scratch, matched, deliveries, &mut |action, _, _| {
                errors.push(action)
            })
        });
        match judged {
            Err(invalid) => Verdict::Invalid(invalid),
            Ok(()) if deliveries.is_empty() => Verdict::Unmatched,
            Ok(()) => Verdict::Matched,
        }
    }

    fn judge(
        &self,
        document: &Document<'_>,
        scratch: &mut Scratch,
        matched: &mut Vec<ActionIndex>,
        deliveries: &mut Vec<Routed>,
        failed: &mut Failed<'_>,
    ) -> Result<(), Invalid> {
        matched.clear();
        let Some(set) = self.triggers.of(document.record().position.partition.topic) else {
            return Ok(());
        };
        set.matching(document, scratch, matched, &mut |action, error| {
            if let Some(trigger) = self.triggers.source(action) {
                failed(action, trigger, error);
            }
        })?;
        if matched.is_empty() {
            return Ok(());
        }
        // What was read has a document.
        let event = document.event().ok_or(Invalid::NotJson)?;
        for &index in &*matched {
            let Some(action) = self.config.actions.get(index.0 as usize) else { continue };
            let message = message::render(action, event, &mut |expression, error| {
                failed(index, expression, error)
            });
            deliveries.push(Routed { action: index, webhook: action.webhook, message });
        }
        Ok(())
    }
}
