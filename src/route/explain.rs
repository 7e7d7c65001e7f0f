//! What the router does with a record, and why: for `preview`.
//!
//! Pure. Invariant: nothing is decided here. The actions that apply and their messages come from
//! `judge`, as for [`Router::route`]; this adds the reasons.

use super::message::Message;
use super::trigger::Scratch;
use super::{Router, channel};
use crate::config::model::{Action, ActionIndex, WebhookIndex};
use crate::event::{Document, Event, Invalid, Record};

/// The result of one action for one event.
#[derive(Debug)]
pub enum Explained {
    /// A message is posted.
    Post {
        /// The sender that posts it.
        webhook: WebhookIndex,
        /// The channel that the action's `channel` renders, where its webhook does not list it.
        unlisted: Option<String>,
        /// The message.
        message: Message,
        /// The variables that failed, and are empty therefore, each with its error.
        errors: Vec<String>,
        /// The fields of the message that are missing, each with the nearest key of the event.
        missing: Vec<String>,
    },
    /// The action does not apply.
    NoMatch {
        /// The part of the trigger that is false, or that the action does not have the topic.
        reason: String,
    },
    /// The action applies, but its message is dropped.
    Drop {
        /// The reason.
        reason: String,
    },
    /// The trigger failed, which counts as false.
    Error {
        /// The trigger and its error.
        reason: String,
    },
}

impl Router {
    /// Returns the result of each action for one record, in the file's order.
    ///
    /// # Errors
    /// [`Invalid`]: the record is not an event.
    pub fn explain(&self, record: &Record<'_>) -> Result<Vec<(ActionIndex, Explained)>, Invalid> {
        let payload = record.object()?;
        let document = Document::new(*record, payload);
        let (mut matched, mut deliveries, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        let mut scratch = Scratch::default();
        self.judge(
            &document,
            &mut scratch,
            &mut matched,
            &mut deliveries,
            &mut |action, expression, error| {
                errors.push((action, format!("`{}`: {error}", expression.source())));
            },
        )?;
        let event = document.event().ok_or(Invalid::NotJson)?;
        let mut deliveries = deliveries.into_iter().peekable();
        let explained = (0..).map(ActionIndex).zip(&self.config.actions).map(|(index, action)| {
            let errors = errors
                .iter()
                .filter(|(of, _)| *of == index)
                .map(|(_, text)| text.clone())
                .collect();
            let explained = match deliveries.next_if(|routed| routed.route.action == index) {
                Some(routed) => {
                    let missing = missing(action, event);
                    let webhook = routed.route.webhook;
                    let unlisted = action.channel.as_ref().filter(|_| routed.is_unlisted);
                    let unlisted =
                        unlisted.map(|template| channel::render(template, event, &mut |_, _| {}));
                    match routed.message {
                        Ok(message) => {
                            Explained::Post { webhook, unlisted, message, errors, missing }
                        }
                        Err(empty) => {
                            let more = errors.into_iter().chain(missing).collect();
                            Explained::Drop { reason: joined(empty.to_string(), more) }
                        }
                    }
                }
                None => unmatched(action, event, errors),
            };
            (index, explained)
        });
        Ok(explained.collect())
    }
}

/// Returns the fields of an action's templates that are missing, with the nearest key each.
fn missing(action: &Action, event: &Event<'_>) -> Vec<String> {
    let optional =
        [&action.channel, &action.user, &action.icon_url, &action.icon_emoji, &action.color];
    let mut templates = vec![&action.message];
    templates.extend(optional.into_iter().flatten());
    if let Some(blocks) = &action.blocks {
        blocks.entries.iter().for_each(|entry| entry.part.templates(&mut templates));
    }
    let mut missing: Vec<String> = Vec::new();
    for found in templates.into_iter().flat_map(|template| template.missing_keys(event)) {
        if !missing.contains(&found) {
            missing.push(found);
        }
    }
    missing
}

fn unmatched(action: &Action, event: &Event<'_>, errors: Vec<String>) -> Explained {
    let record = event.record();
    if !action.topics.contains(&record.position.partition.topic) {
        let reason = format!("not configured for topic `{}`", record.topic);
        return Explained::NoMatch { reason };
    }
    if errors.is_empty() {
        return Explained::NoMatch { reason: action.trigger.why_false(event) };
    }
    Explained::Error {
        reason: joined("the trigger failed, which counts as false".to_owned(), errors),
    }
}

fn joined(first: String, more: Vec<String>) -> String {
    if more.is_empty() { first } else { format!("{first}: {}", more.join("; ")) }
}
