//! The configuration that senders work with, replaced as a whole by a reload.

use std::sync::{Arc, PoisonError, RwLock};

use super::endpoint::Endpoint;
use crate::config::model::{Config, WebhookIndex};

/// The active configuration, with each webhook's endpoint.
pub struct ActiveConfig<C>(RwLock<Snapshot<C>>);

struct Snapshot<C> {
    config: Arc<Config>,
    /// By webhook.
    endpoints: Vec<Arc<Endpoint<C>>>,
}

impl<C> ActiveConfig<C> {
    /// `endpoints` are by webhook.
    #[must_use]
    pub fn new(config: Arc<Config>, endpoints: Vec<Arc<Endpoint<C>>>) -> Self {
        Self(RwLock::new(Snapshot { config, endpoints }))
    }

    /// Replaces it. A sender reads it when [`crate::sender_control::SenderControl::generation`] has
    /// changed.
    pub fn replace(&self, config: Arc<Config>, endpoints: Vec<Arc<Endpoint<C>>>) {
        let snapshot = Snapshot { config, endpoints };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    /// Returns the configuration and the webhook's endpoint; `None`: it has no such webhook.
    #[must_use]
    pub fn get(&self, webhook: WebhookIndex) -> Option<(Arc<Config>, Arc<Endpoint<C>>)> {
        let snapshot = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let endpoint = snapshot.endpoints.get(webhook.0 as usize)?;
        Some((Arc::clone(&snapshot.config), Arc::clone(endpoint)))
    }
}
