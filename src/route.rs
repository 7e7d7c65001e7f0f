//! Event → deliveries: which actions apply to a record, and what each of them posts.
//!
//! Pure: the poll loop lends a record, and owns the result. Invariant: every record gets exactly
//! one [`RecordKind`], and every action that applies gets exactly one [`Routed`]. `preview` shows
//! what [`Router::route`] does, because both use `judge`.

use std::sync::Arc;

use crate::config::model::{ActionIndex, Config};
use crate::delivery::Route;
use crate::event::{Document, Event, Invalid, Record};
use crate::expression::template::Rendering;
use crate::expression::{Budget, Context, EvalError, Expression};
use crate::truncation::Truncation;

pub mod trigger;

pub mod message;

pub mod channel;

pub mod explain;

#[cfg(test)]
pub(crate) mod fixture;

#[cfg(test)]
mod tests;

use channel::ChannelChoice;
use message::{EmptyMessage, Message};
use trigger::{Scratch, Triggers};

/// Routes records by one configuration.
pub struct Router {
    config: Arc<Config>,
    triggers: Triggers,
    /// By action.
    channels: Vec<ChannelChoice>,
}

/// The result of routing one record; its buffers are reused for the next one.
#[derive(Debug, Default)]
pub struct Routing {
    /// One delivery for each action that applies, in the file's order.
    pub deliveries: Vec<Routed>,
    /// Each expression that failed, in triggers and messages: an action with two failed variables
    /// is listed twice.
    pub errors: Vec<Failure>,
    matched: Vec<ActionIndex>,
    scratch: Scratch,
}

/// One action that applies.
#[derive(Debug)]
pub struct Routed {
    /// The action, and the sender of its webhook that posts the message.
    pub route: Route,
    /// Whether the action's `channel` rendered one that its webhook does not list: the message goes
    /// to the webhook's own channel.
    pub is_unlisted: bool,
    /// The message to post; a match with an [`EmptyMessage`] is dropped.
    pub message: Result<Message, EmptyMessage>,
}

/// One expression that failed. Its error names types and limits, never a value of the event.
#[derive(Debug)]
pub struct Failure {
    /// The action that has the expression.
    pub action: ActionIndex,
    /// The expression.
    pub expression: Expression,
    /// Why it failed.
    pub error: EvalError,
}

/// The kind of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// Not an event.
    Invalid(Invalid),
    /// An event to which no action applies.
    Unmatched,
    /// An event to which at least one action applies, if only to be dropped.
    Matched,
}

/// Called for each expression that fails, with its action and its error.
type Failed<'f> = dyn FnMut(ActionIndex, &Expression, &EvalError) + 'f;

impl Router {
    /// Prepares the routing by `config`.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let channels = config.actions.iter().map(|action| ChannelChoice::of(action, &config));
        let channels = channels.collect();
        Self { triggers: Triggers::new(Arc::clone(&config)), channels, config }
    }

    /// Routes one record. Its deliveries replace those in `routing`.
    pub fn route(&self, record: &Record<'_>, routing: &mut Routing) -> RecordKind {
        routing.deliveries.clear();
        routing.errors.clear();
        let Routing { deliveries, errors, matched, scratch } = routing;
        let judged = record.object().and_then(|payload| {
            let document = Document::new(*record, payload);
            self.judge(&document, scratch, matched, deliveries, &mut |action, expression, error| {
                let (expression, error) = (expression.clone(), error.clone());
                errors.push(Failure { action, expression, error });
            })
        });
        match judged {
            Err(invalid) => RecordKind::Invalid(invalid),
            Ok(()) if deliveries.is_empty() => RecordKind::Unmatched,
            Ok(()) => RecordKind::Matched,
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
        // The fields were read, so that the payload is valid.
        let event = document.event().ok_or(Invalid::NotJson)?;
        for &index in &*matched {
            let failed = &mut |expression: &Expression, error: &EvalError| {
                failed(index, expression, error);
            };
            deliveries.extend(self.render(index, event, failed));
        }
        Ok(())
    }

    /// Renders the message of an action and chooses its sender, whether or not its trigger is true.
    /// `failed` is called for each expression that fails. `None`: the configuration has no such
    /// action.
    pub fn render(
        &self,
        index: ActionIndex,
        event: &Event<'_>,
        failed: &mut dyn FnMut(&Expression, &EvalError),
    ) -> Option<Routed> {
        let action = self.config.actions.get(index.0 as usize)?;
        let choice = self.channels.get(index.0 as usize)?;
        let budget = Budget::of_delivery();
        let context = Context::lenient(event, &budget, self.config.people.as_deref());
        let mut rendering = Rendering::new(&context, failed);
        let mut message = message::render(action, choice.in_payload(action), &mut rendering);
        let (webhook, is_unlisted) = match (choice, &mut message) {
            (ChannelChoice::Rendered, Ok(message)) => {
                let chosen = channel::choose(action, &self.config, &mut rendering);
                message.truncated.insert_if(Truncation::Rounds, rendering.left_out_rounds());
                chosen
            }
            (ChannelChoice::Fixed(webhook), _) => (*webhook, false),
            _ => (action.webhook, false),
        };
        let route = Route { action: index, webhook };
        Some(Routed { route, is_unlisted, message })
    }
}
