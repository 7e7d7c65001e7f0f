//! The actions that apply to an event.
//!
//! Pure. Invariant: an action applies exactly if its trigger is true and the event's topic is one
//! of its topics: the index only excludes triggers that cannot be true.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::model::{ActionIndex, Config};
use crate::event::{Document, Fault, FieldReader, Paths, TopicIndex};
use crate::expression::condition::Condition;
use crate::expression::condition::judge::Facts;
use crate::expression::{EvalError, Expression};

mod index;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests;

use index::{Index, TriggerPosition};

/// The triggers of a configuration.
pub struct Triggers {
    config: Arc<Config>,
    sets: Vec<TriggerSet>,
    /// By [`TopicIndex`]: an index into `sets`. Topics with the same actions share a set.
    by_topic: Box<[usize]>,
}

/// The triggers of the actions of a topic.
pub struct TriggerSet {
    /// The fields that the triggers use.
    paths: Paths,
    /// The triggers, in the file's order.
    triggers: Box<[Trigger]>,
    index: Index,
}

struct Trigger {
    action: ActionIndex,
    condition: Condition,
}

/// The buffers that are reused from event to event.
#[derive(Debug, Default)]
pub struct Scratch {
    reader: FieldReader,
    candidates: Vec<TriggerPosition>,
}

impl Triggers {
    /// Prepares the triggers of `config`.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let mut by_topic: Vec<Vec<ActionIndex>> = vec![Vec::new(); config.kafka.topics.len()];
        for (index, action) in (0..).zip(&config.actions) {
            for topic in &action.topics {
                if let Some(actions) = by_topic.get_mut(topic.0 as usize) {
                    actions.push(ActionIndex(index));
                }
            }
        }
        let mut known: BTreeMap<&[ActionIndex], usize> = BTreeMap::new();
        let mut sets = Vec::new();
        let places = by_topic.iter().map(|actions| {
            *known.entry(actions).or_insert_with(|| {
                sets.push(TriggerSet::new(&config, actions));
                sets.len() - 1
            })
        });
        let by_topic = places.collect();
        Self { config, sets, by_topic }
    }

    /// Returns the triggers for the events of a topic.
    pub fn of(&self, topic: TopicIndex) -> Option<&TriggerSet> {
        self.sets.get(*self.by_topic.get(topic.0 as usize)?)
    }

    /// Returns the trigger of an action.
    pub fn source(&self, action: ActionIndex) -> Option<&Expression> {
        self.config.actions.get(action.0 as usize).map(|action| &action.trigger)
    }
}

impl TriggerSet {
    fn new(config: &Config, actions: &[ActionIndex]) -> Self {
        let mut paths = Paths::default();
        let condition = |action: &ActionIndex| {
            let trigger = &config.actions.get(action.0 as usize)?.trigger;
            Some(Trigger { action: *action, condition: trigger.condition(&mut paths) })
        };
        let triggers: Box<[Trigger]> = actions.iter().filter_map(condition).collect();
        let index =
            Index::new(triggers.iter().map(|trigger| trigger.condition.required()).collect());
        Self { paths, triggers, index }
    }

    /// Reads the fields of `document` from its payload, and appends the actions that apply to
    /// `matched`, in the file's order. A trigger that fails is false, and `failed` is called.
    ///
    /// # Errors
    /// The payload's first [`Fault`].
    pub fn matching(
        &self,
        document: &Document<'_>,
        scratch: &mut Scratch,
        matched: &mut Vec<ActionIndex>,
        failed: &mut dyn FnMut(ActionIndex, &EvalError),
    ) -> Result<(), Fault> {
        let Scratch { reader, candidates } = scratch;
        let facts = Facts { fields: reader.read(document.payload(), &self.paths)?, document };
        candidates.clear();
        self.index.candidates(facts.fields, candidates);
        if candidates.len() > 1 {
            candidates.sort_unstable();
            candidates.dedup();
        }
        for place in candidates {
            let Some(Trigger { action, condition }) = self.triggers.get(*place as usize) else {
                continue;
            };
            match condition.is_true(&facts) {
                Ok(true) => matched.push(*action),
                Ok(false) => {}
                Err(error) => failed(*action, &error),
            }
        }
        Ok(())
    }
}
