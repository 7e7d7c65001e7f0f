//! The topics, apps, webhooks and actions that have series.
//!
//! Invariant: a reload adds to them and removes none, so that no counter decreases.

use std::sync::{Arc, OnceLock};

use super::tally::{Tallied, Tally};
use super::webhook::{AppMetrics, WebhookMetrics};
use crate::config::model::Config;

/// Above this number of actions or webhooks, their counters appear when first counted, not at 0.
const SPARSE_ABOVE: usize = 1_000;

#[derive(Default)]
pub struct Registry {
    pub topics: Vec<String>,
    /// Name and metrics of each app.
    pub apps: Vec<(String, AppMetrics)>,
    pub webhooks: Vec<Webhook>,
    pub actions: Vec<String>,
}

pub struct Webhook {
    pub name: String,
    pub metrics: WebhookMetrics,
    /// The webhook's queue, once its sender is created.
    pub queue: OnceLock<Arc<dyn Tallied>>,
}

impl Registry {
    /// Adds the topics, apps, webhooks and actions that `config` has more.
    pub fn extend(&mut self, config: &Config) {
        self.topics.extend(config.kafka.topics.iter().skip(self.topics.len()).cloned());
        let apps = config.apps.iter().skip(self.apps.len());
        self.apps.extend(apps.map(|app| (app.name.clone(), AppMetrics::default())));
        let webhooks = config.webhooks.iter().skip(self.webhooks.len());
        self.webhooks.extend(webhooks.map(|webhook| Webhook {
            name: webhook.name.clone(),
            metrics: WebhookMetrics::default(),
            queue: OnceLock::new(),
        }));
        let actions = config.actions.iter().skip(self.actions.len());
        self.actions.extend(actions.map(|action| action.name.clone()));
    }

    /// Whether counters of actions and webhooks that are still 0 are left out.
    pub fn is_sparse(&self) -> bool {
        self.actions.len().max(self.webhooks.len()) > SPARSE_ABOVE
    }
}

impl Webhook {
    pub fn tally(&self) -> Tally {
        self.queue.get().map(|queue| queue.tally()).unwrap_or_default()
    }
}
