//! [2] Which actions apply to an event.
//!
//! Pure. Invariant: an action applies exactly where its trigger is true and the event's topic is one of its topics. How that is found out is nobody
//! else's business: today every trigger of the topic is evaluated, an index of them can take this place.

use std::sync::Arc;

use crate::config::check::{ActionIndex, Config};
use crate::event::{Event, TopicIndex};
use crate::expression::{EvalError, Expression};

/// The triggers of a configuration, by topic.
pub struct Triggers {
    config: Arc<Config>,
    /// By [`TopicIndex`]: the actions that see the topic's events, in the file's order.
    by_topic: Box<[Box<[ActionIndex]>]>,
}

impl Triggers {
    /// Prepares the triggers of `config`.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let mut by_topic = vec![Vec::new(); config.kafka.topics.len()];
        for (index, action) in (0..).zip(&config.actions) {
            for topic in &action.topics {
                if let Some(actions) = by_topic.get_mut(topic.0 as usize) {
                    actions.push(ActionIndex(index));
                }
            }
        }
        Self { config, by_topic: by_topic.into_iter().map(Vec::into_boxed_slice).collect() }
    }

    /// Whether `action` sees the events of `topic` at all.
    #[must_use]
    pub fn sees(&self, action: ActionIndex, topic: TopicIndex) -> bool {
        // The lists are in ascending order.
        self.of(topic).binary_search(&action).is_ok()
    }

    /// Appends the actions that apply to `event` of `topic` to `matched`, in the file's order. A trigger that fails is false, and `failed` is told.
    pub fn matching(
        &self,
        event: &Event<'_>,
        topic: TopicIndex,
        matched: &mut Vec<ActionIndex>,
        failed: &mut dyn FnMut(ActionIndex, &Expression, &EvalError),
    ) {
        for &index in self.of(topic) {
            let Some(action) = self.config.actions.get(index.0 as usize) else { continue };
            match action.trigger.is_true(event) {
                Ok(true) => matched.push(index),
                Ok(false) => {}
                Err(error) => failed(index, &action.trigger, &error),
            }
        }
    }

    fn of(&self, topic: TopicIndex) -> &[ActionIndex] {
        self.by_topic.get(topic.0 as usize).map_or(&[], |actions| actions)
    }
}
