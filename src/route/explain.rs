//! [2] What the router does with a record, and why: what `preview` shows.
//!
//! Pure. Invariant: nothing is decided here. What applies and what it posts comes from `judge`, as for [`Router::route`]; this adds the reasons.

use super::Router;
use super::message::Message;
use super::trigger::{Scratch, Set};
use crate::config::model::ActionIndex;
use crate::event::{Document, Invalid, Record};
use crate::expression::condition::Facts;

/// What becomes of one event at one action.
#[derive(Debug)]
pub enum Explained {
    /// It is posted.
    Post {
        /// What is posted.
        message: Message,
        /// The variables that failed and are therefore empty, each with why.
        errors: Vec<String>,
    },
    /// The action does not apply.
    NoMatch {
        /// What the trigger came to, or that the action does not see the topic.
        reason: String,
    },
    /// The action applies, and its message is dropped.
    Drop {
        /// Why.
        reason: String,
    },
    /// The trigger failed, which counts as false.
    Error {
        /// The trigger and its error.
        reason: String,
    },
}

impl Router {
    /// What each action, in the file's order, makes of one record.
    ///
    /// # Errors
    /// Why the record is no event.
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
        let set = self.triggers.of(record.position.partition.topic);
        let nothing = crate::event::Paths::default();
        let paths = set.map_or(&nothing, Set::paths);
        let facts = Facts { fields: scratch.picks.read(payload, paths)?, document: &document };
        let mut deliveries = deliveries.into_iter().peekable();
        let explained = (0..).map(ActionIndex).zip(&self.config.actions).map(|(index, _)| {
            let errors = errors
                .iter()
                .filter(|(of, _)| *of == index)
                .map(|(_, text)| text.clone())
                .collect();
            let explained = match deliveries.next_if(|routed| routed.action == index) {
                Some(routed) => match routed.message {
                    Ok(message) => Explained::Post { message, errors },
                    Err(empty) => Explained::Drop { reason: joined(empty.to_string(), errors) },
                },
                None => unmatched(set, index, &facts, errors),
            };
            (index, explained)
        });
        Ok(explained.collect())
    }
}

fn unmatched(
    set: Option<&Set>,
    action: ActionIndex,
    facts: &Facts<'_, '_>,
    errors: Vec<String>,
) -> Explained {
    let Some((set, condition)) = set.and_then(|set| Some((set, set.condition(action)?))) else {
        let topic = facts.document.record().topic;
        return Explained::NoMatch { reason: format!("not configured for topic `{topic}`") };
    };
    if errors.is_empty() {
        return Explained::NoMatch { reason: condition.why(facts, set.paths()) };
    }
    Explained::Error {
        reason: joined("the trigger failed, which counts as false".to_owned(), errors),
    }
}

fn joined(first: String, more: Vec<String>) -> String {
    if more.is_empty() { first } else { format!("{first}: {}", more.join("; ")) }
}
