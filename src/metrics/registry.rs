//! The webhooks and actions that have series.
//!
//! Invariant: a reload adds to them and removes none, so that no counter decreases.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::tally::{ActionTally, Tallied, Tally};
use super::webhook::WebhookMetrics;
use crate::config::model::{ActionIndex, Config, WebhookIndex};

/// Above this number of actions or webhooks, a series appears when it is first counted, not at 0.
const SPARSE_ABOVE: usize = 1_000;

/// Shown in place of the name of an action or webhook that was removed from the configuration.
/// Configured names cannot contain parentheses.
pub(super) const REMOVED: &str = "(removed)";

#[derive(Default)]
pub(super) struct Registry {
    webhooks: Vec<Webhook>,
    actions: Vec<Action>,
}

pub(super) struct Webhook {
    pub(super) name: String,
    capacity: u64,
    /// The webhook's actions, shown with zeros until it has a queue.
    actions: Vec<ActionIndex>,
    pub(super) metrics: WebhookMetrics,
    /// The webhook's queue; `None` until it is created.
    queue: Mutex<Option<Arc<dyn Tallied>>>,
}

pub(super) struct Action {
    pub(super) name: String,
    expression_errors: AtomicU64,
}

impl Registry {
    /// Adds the webhooks and actions that `config` has more.
    pub(super) fn extend(&mut self, config: &Config) {
        let mut actions_of = vec![Vec::new(); config.webhooks.len()];
        for (index, action) in (0..).zip(&config.actions) {
            if let Some(actions) = actions_of.get_mut(action.webhook.0 as usize) {
                actions.push(ActionIndex(index));
            }
        }
        let webhooks = config.webhooks.iter().zip(actions_of).skip(self.webhooks.len());
        self.webhooks.extend(webhooks.map(|(webhook, actions)| Webhook {
            name: webhook.name.clone(),
            capacity: webhook.queue_capacity as u64,
            actions,
            metrics: WebhookMetrics::new(),
            queue: Mutex::new(None),
        }));
        let actions = config.actions.iter().skip(self.actions.len());
        self.actions.extend(actions.map(|action| Action {
            name: action.name.clone(),
            expression_errors: AtomicU64::new(0),
        }));
    }

    /// Whether series that are still 0 are left out.
    pub(super) fn is_sparse(&self) -> bool {
        self.actions.len().max(self.webhooks.len()) > SPARSE_ABOVE
    }

    pub(super) fn webhooks(&self) -> &[Webhook] {
        &self.webhooks
    }

    pub(super) fn actions(&self) -> &[Action] {
        &self.actions
    }

    pub(super) fn webhook(&self, index: WebhookIndex) -> Option<&Webhook> {
        self.webhooks.get(index.0 as usize)
    }

    pub(super) fn action(&self, index: ActionIndex) -> Option<&Action> {
        self.actions.get(index.0 as usize)
    }
}

impl Webhook {
    pub(super) fn set_queue(&self, queue: Arc<dyn Tallied>) {
        *self.queue.lock().unwrap_or_else(PoisonError::into_inner) = Some(queue);
    }

    pub(super) fn tally(&self) -> Tally {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        queue.map_or_else(
            || Tally {
                capacity: self.capacity,
                actions: self.actions.iter().map(|at| (*at, ActionTally::default())).collect(),
                ..Tally::default()
            },
            |queue| queue.tally(),
        )
    }
}

impl Action {
    pub(super) fn add_expression_errors(&self, count: u64) {
        self.expression_errors.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn expression_errors(&self) -> u64 {
        self.expression_errors.load(Ordering::Relaxed)
    }
}
