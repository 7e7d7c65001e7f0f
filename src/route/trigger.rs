//! [2] Which actions apply to an event.
//!
//! Pure. Invariant: an action applies exactly where its trigger is true and the event's topic is one of its topics: the index only leaves out what cannot be true.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::model::{ActionIndex, Config};
use crate::event::{Document, Fault, Paths, Picks, TopicIndex};
use crate::expression::condition::{Condition, Facts};
use crate::expression::{EvalError, Expression};

mod index;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests;

use index::{Index, Place};

/// The triggers of a configuration.
pub struct Triggers {
    config: Arc<Config>,
    sets: Vec<Set>,
    /// By [`TopicIndex`]: the place in `sets`. Topics that the same actions see share one.
    by_topic: Box<[usize]>,
}

/// The triggers that see the events of a topic.
pub(super) struct Set {
    /// What they ask for.
    paths: Paths,
    /// In the file's order.
    triggers: Box<[Trigger]>,
    index: Index,
}

struct Trigger {
    action: ActionIndex,
    condition: Condition,
}

/// What is used again from event to event.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) picks: Picks,
    candidates: Vec<Place>,
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
                sets.push(Set::new(&config, actions));
                sets.len() - 1
            })
        });
        let by_topic = places.collect();
        Self { config, sets, by_topic }
    }

    /// Those that see the events of a topic.
    pub(super) fn of(&self, topic: TopicIndex) -> Option<&Set> {
        self.sets.get(*self.by_topic.get(topic.0 as usize)?)
    }

    /// An action's trigger as it was written.
    pub(super) fn source(&self, action: ActionIndex) -> Option<&Expression> {
        self.config.actions.get(action.0 as usize).map(|action| &action.trigger)
    }
}

impl Set {
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

    /// What they ask for.
    pub(super) fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The condition of an action's trigger; `None` where the action does not see the topic.
    pub(super) fn condition(&self, action: ActionIndex) -> Option<&Condition> {
        let at = self.triggers.binary_search_by_key(&action, |trigger| trigger.action).ok()?;
        self.triggers.get(at).map(|trigger| &trigger.condition)
    }

    /// Reads `document`'s fields from its payload, and appends the actions that apply to `matched`, in the file's order. A trigger that fails is false, and `failed` is told.
    ///
    /// # Errors
    /// The payload's first [`Fault`].
    pub(super) fn matching(
        &self,
        document: &Document<'_>,
        scratch: &mut Scratch,
        matched: &mut Vec<ActionIndex>,
        failed: &mut dyn FnMut(ActionIndex, &EvalError),
    ) -> Result<(), Fault> {
        let Scratch { picks, candidates } = scratch;
        let facts = Facts { fields: picks.read(document.payload(), &self.paths)?, document };
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
