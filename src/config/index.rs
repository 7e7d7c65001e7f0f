//! Indices of webhooks and actions.

/// A configured webhook, by its place in [`Config::webhooks`](super::model::Config::webhooks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebhookIndex(pub u32);

/// A configured action, by its place in [`Config::actions`](super::model::Config::actions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionIndex(pub u32);
