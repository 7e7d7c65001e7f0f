//! The configuration as checked, from which the stages are built. Every value in it is usable.

pub use super::action::Action;
pub use super::admin::Admin;
pub use super::index::{ActionIndex, WebhookIndex};
pub use super::kafka::{Kafka, Start};
pub use super::retry::Retry;
pub use super::webhook::{LISTED_DELIVERIES, Pem, Webhook, WhenFull};

/// A whole configuration without mistakes.
pub struct Config {
    /// How events are read from Kafka.
    pub kafka: Kafka,
    /// The webhooks, in the file's order.
    pub webhooks: Vec<Webhook>,
    /// The actions, in the file's order.
    pub actions: Vec<Action>,
    /// The HTTP endpoint for operators.
    pub admin: Admin,
    /// Equal where the effective configuration is equal, below 2^53 (exact as a float metric).
    /// Leaves out what replicas may differ in; contains nothing of a secret that could be guessed.
    pub hash: u64,
}
