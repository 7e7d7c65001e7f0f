//! Indices of apps, webhooks and actions.

/// A configured app, by its place in [`Config::apps`](super::model::Config::apps).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppIndex(pub u32);

/// A configured webhook, by its place in [`Config::webhooks`](super::model::Config::webhooks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebhookIndex(pub u32);

/// A configured action, by its place in [`Config::actions`](super::model::Config::actions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionIndex(pub u32);
