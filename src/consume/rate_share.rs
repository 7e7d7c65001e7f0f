//! This replica's share of each webhook's rate. Pure.
//!
//! Invariant: over the group the shares of a webhook add up to at most 1. The members need no
//! coordination but the group's own: every partition has one owner.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::commit::name_index::NameIndex;
use crate::config::model::{AppIndex, Webhook, WebhookIndex};
use crate::event::{Partition, TopicIndex};

use super::topic_table::TopicTable;

/// For each webhook, the topics whose events can reach it, sorted. Cheap to clone.
pub type Feeds = Arc<[Vec<TopicIndex>]>;

/// The topics that feed each of `webhooks` webhooks. A webhook that nothing feeds any more keeps
/// the topics that it had `before`: what is still queued for it goes out at the same share of the
/// rate. One that had none has those of its channels: what a channel had queued goes to it once the
/// channel is no longer listed.
#[must_use]
pub fn feeds(names: &NameIndex, webhooks: usize, before: &[Vec<TopicIndex>]) -> Feeds {
    (0..)
        .map(WebhookIndex)
        .take(webhooks)
        .map(|webhook| match names.feeds(webhook) {
            [] => match before.get(webhook.0 as usize) {
                Some(before) if !before.is_empty() => before.clone(),
                _ => names.channel_feeds(webhook),
            },
            topics => topics.to_vec(),
        })
        .collect()
}

/// The topics that feed any channel of an app, sorted, and its channels.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AppFeed {
    /// The topics.
    pub topics: Vec<TopicIndex>,
    /// The senders of the channels.
    pub channels: Vec<WebhookIndex>,
}

/// What feeds each app of `webhooks`, in any order.
#[must_use]
pub fn app_feeds(webhooks: &[Webhook], feeds: &[Vec<TopicIndex>]) -> Vec<AppFeed> {
    let mut apps: BTreeMap<AppIndex, AppFeed> = BTreeMap::new();
    for ((index, webhook), topics) in (0..).map(WebhookIndex).zip(webhooks).zip(feeds) {
        let Some(app) = webhook.app else { continue };
        let feed = apps.entry(app).or_default();
        feed.channels.push(index);
        feed.topics.extend(topics);
    }
    let sorted = |mut feed: AppFeed| {
        feed.topics.sort_unstable();
        feed.topics.dedup();
        feed
    };
    apps.into_values().map(sorted).collect()
}

/// Returns the owned partitions of the topics that feed a webhook, divided by all of them: 0 to 1.
/// Returns 0 while any owned topic's partition count is unknown.
#[must_use]
pub fn share(feed: &[TopicIndex], owned: &BTreeMap<TopicIndex, u32>, topics: &TopicTable) -> f64 {
    let mut mine = 0;
    let mut all = 0;
    for topic in feed {
        let of_topic = owned.get(topic).copied().unwrap_or(0);
        match topics.partitions(*topic) {
            Some(count) => all += count.max(of_topic),
            None if of_topic == 0 => {}
            None => return 0.0,
        }
        mine += of_topic;
    }
    if all == 0 { 0.0 } else { f64::from(mine) / f64::from(all) }
}

/// Counts the owned partitions of each topic.
#[must_use]
pub fn owned(partitions: impl Iterator<Item = Partition>) -> BTreeMap<TopicIndex, u32> {
    let mut owned = BTreeMap::new();
    for partition in partitions {
        *owned.entry(partition.topic).or_insert(0) += 1;
    }
    owned
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::fixture;
    use crate::topics::TopicNames;
    use proptest::prelude::*;

    fn table(topics: usize) -> TopicTable {
        TopicTable::new(TopicNames::new((0..topics).map(|index| index.to_string())))
    }

    fn topics(counts: &[u32]) -> TopicTable {
        let mut topics = table(counts.len());
        for (index, count) in topics.names.indices().zip(counts) {
            topics.set_partitions(index, *count);
        }
        topics
    }

    /// Otherwise it would have no share, and what moves to it would never be sent.
    #[test]
    fn a_webhook_whose_actions_all_post_to_its_further_channels_has_their_topics() {
        let config = |channels: &str| {
            fixture::checked(&format!(
                "kafka: {{ brokers: k, group_id: g, topics: [a, b] }}\n\
                 apps: {{ acme: {{ token: xoxb-1-2-x }} }}\n\
                 webhooks: {{ r: {{ app: acme, channel: '#own', channels: [{channels}] }} }}\n\
                 actions:\n  - {{ name: x, topics: [b], trigger: x, webhook: r, channel: '#one', message: hi }}\n"
            ))
        };
        let names = NameIndex::new(&config("'#one', '#two'"));
        let (a, b) = (vec![TopicIndex(0)], vec![TopicIndex(1)]);
        assert_eq!(*feeds(&names, 3, &[]), [b.clone(), b.clone(), vec![]]);
        assert_eq!(*feeds(&names, 3, &[a.clone(), a.clone(), a.clone()]), [a.clone(), b, a]);
    }

    #[test]
    fn three_of_twelve_is_a_quarter() {
        let partitions = (0..3).map(|number| Partition { topic: TopicIndex(0), number });
        assert_eq!(share(&[TopicIndex(0)], &owned(partitions), &topics(&[12, 5])), 0.25);
    }

    #[test]
    fn a_topic_that_does_not_exist_yet_does_not_count() {
        let mut topics = table(2);
        topics.set_partitions(TopicIndex(0), 4);
        let partitions = (0..4).map(|number| Partition { topic: TopicIndex(0), number });
        assert_eq!(share(&[TopicIndex(0), TopicIndex(1)], &owned(partitions), &topics), 1.0);
    }

    #[test]
    fn an_app_has_the_topics_of_all_its_channels() {
        let config = crate::config::fixture::checked(
            "kafka: { brokers: k, group_id: g, topics: [a, b, c] }\n\
             apps: { acme: { token: xoxb-1-2-a }, other: { token: xoxb-1-2-b } }\n\
             webhooks:\n  u: { url: 'https://hooks.slack.com/services/T/B/u' }\n  \
             x: { app: other, channel: '#x' }\n  \
             y: { app: acme, channel: '#y', channels: ['#z'] }\n\
             actions: [{ name: a, trigger: x, webhook: u, message: m }]\n",
        );
        let topics = [vec![0], vec![1], vec![2, 0], vec![1, 2]];
        let feeds = topics.map(|topics| topics.into_iter().map(TopicIndex).collect());
        let feed = |topics: &[u32], channels: &[u32]| AppFeed {
            topics: topics.iter().copied().map(TopicIndex).collect(),
            channels: channels.iter().copied().map(WebhookIndex).collect(),
        };
        let apps = app_feeds(&config.webhooks, &feeds);
        assert_eq!(apps, [feed(&[0, 1, 2], &[2, 3]), feed(&[1], &[1])]);
    }

    proptest! {
        /// Any distribution of the partitions over any number of members: together they have the
        /// rate.
        #[test]
        fn the_group_has_the_whole_rate(counts in prop::collection::vec(1..20u32, 1..4), owners in prop::collection::vec(0..5usize, 80)) {
            let topics = topics(&counts);
            let all: Vec<Partition> = topics.names.indices().zip(&counts)
                .flat_map(|(topic, count)| (0..*count).map(move |number| Partition { topic, number: number as i32 })).collect();
            let feed: Vec<TopicIndex> = topics.names.indices().collect();
            let sum: f64 = (0..5).map(|member| {
                let mine = all.iter().zip(&owners).filter(|(_, owner)| **owner == member).map(|(partition, _)| *partition);
                share(&feed, &owned(mine), &topics)
            }).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }
    }
}
