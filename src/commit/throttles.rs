//! The `Retry-After`s in effect, which a partition's next owner must respect. Pure.

use std::collections::BTreeMap;

use crate::config::model::WebhookIndex;
use crate::event::TopicIndex;

use super::name_index::NameIndex;
use super::restart_state::Throttle;

/// By throttled webhook: the end of its `Retry-After`, in seconds since the epoch.
#[derive(Debug, Default)]
pub struct Throttles(BTreeMap<WebhookIndex, u64>);

impl Throttles {
    /// Records a `Retry-After`. Returns whether that is news.
    pub(super) fn set(&mut self, webhook: WebhookIndex, until: u64) -> bool {
        self.0.insert(webhook, until) != Some(until)
    }

    /// Forgets what has passed at `now`, in seconds since the epoch.
    pub(super) fn expire(&mut self, now: u64) {
        self.0.retain(|_, until| *until > now);
    }

    /// Those of the webhooks that a topic feeds, as the restart state names them.
    pub(super) fn of_topic(&self, topic: TopicIndex, names: &NameIndex) -> Vec<Throttle> {
        let fed = self.0.iter().filter(|(webhook, _)| names.feeds(**webhook).contains(&topic));
        fed.filter_map(|(webhook, until)| {
            Some(Throttle { webhook: names.webhook(*webhook)?, until: *until })
        })
        .collect()
    }
}
