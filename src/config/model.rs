//! The configuration as checked, from which the stages are built. Every value in it is usable.

use std::sync::Arc;
use std::time::Duration;

pub use super::action::Action;
pub use super::admin::Admin;
pub use super::app::App;
pub use super::blocks::Blocks;
pub use super::blocks::part::{Content, Each, Entry, Insert, Part};
pub use super::index::{ActionIndex, AppIndex, WebhookIndex};
pub use super::kafka::{Kafka, Start};
pub use super::long_text::LongText;
pub use super::retry::Retry;
pub use super::senders::{ChannelIndex, Reach, webhook_of_channel};
pub use super::webhook::{Channel, LISTED_DELIVERIES, Pem, Target, Webhook, WhenFull, key_of};

use crate::people::People;

/// A whole configuration without mistakes.
pub struct Config {
    /// How events are read from Kafka.
    pub kafka: Kafka,
    /// The apps, in the file's order.
    pub apps: Vec<App>,
    /// One for each sender: the webhooks in the file's order, then the further channels of each.
    pub webhooks: Vec<Webhook>,
    /// The senders of the webhooks with several channels.
    pub channels: ChannelIndex,
    /// Whom messages can mention by e-mail address, if configured.
    pub people: Option<Arc<People>>,
    /// The actions, in the file's order.
    pub actions: Vec<Action>,
    /// The HTTP endpoint for operators.
    pub admin: Admin,
    /// Equal where the effective configuration is equal, below 2^53 (exact as a float metric).
    /// Leaves out what replicas may differ in; contains nothing of a secret that could be guessed.
    pub hash: u64,
}

impl Config {
    /// Returns the age above which an action's deliveries to a webhook are dropped: the action's,
    /// or else the webhook's.
    #[must_use]
    pub fn max_age(&self, action: ActionIndex, webhook: WebhookIndex) -> Option<Duration> {
        let action = self.actions.get(action.0 as usize).and_then(|action| action.max_age);
        action.or_else(|| self.webhooks.get(webhook.0 as usize)?.max_age)
    }

    /// Returns the app of a webhook; `None`: it is an incoming webhook.
    #[must_use]
    pub fn app_of(&self, webhook: WebhookIndex) -> Option<&App> {
        let app = self.webhooks.get(webhook.0 as usize)?.app?;
        self.apps.get(app.0 as usize)
    }

    /// Returns which senders the messages of an action can go to.
    #[must_use]
    pub fn reach<'a>(&'a self, action: &'a Action) -> Reach<'a> {
        Reach::of(action, &self.channels)
    }
}
