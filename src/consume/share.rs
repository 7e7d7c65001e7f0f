//! [1] This replica's share of each webhook's rate. Pure.
//!
//! Invariant: over the group the shares of a webhook sum up to at most 1, with no coordination but the group's own: every partition has one owner.

use std::collections::BTreeMap;

use super::topic_table::TopicTable;
use crate::config::model::Config;
use crate::event::{Partition, TopicIndex};

/// For each webhook, the topics whose events can reach it, sorted.
#[must_use]
pub(super) fn feeds(config: &Config) -> Vec<Vec<TopicIndex>> {
    let mut feeds = vec![Vec::new(); config.webhooks.len()];
    for action in &config.actions {
        if let Some(topics) = feeds.get_mut(action.webhook.0 as usize) {
            topics.extend_from_slice(&action.topics);
        }
    }
    for topics in &mut feeds {
        topics.sort_unstable();
        topics.dedup();
    }
    feeds
}

/// The owned partitions of the topics that feed a webhook, over all of them: 0 to 1. Nothing while the count of one of them is not known, unless nothing of that
/// one is owned either.
#[must_use]
pub(super) fn share(
    feed: &[TopicIndex],
    owned: &BTreeMap<TopicIndex, u32>,
    topics: &TopicTable,
) -> f64 {
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

/// How many partitions of each topic are owned.
#[must_use]
pub(super) fn owned(partitions: impl Iterator<Item = Partition>) -> BTreeMap<TopicIndex, u32> {
    let mut owned = BTreeMap::new();
    for partition in partitions {
        *owned.entry(partition.topic).or_insert(0) += 1;
    }
    owned
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn topics(counts: &[u32]) -> TopicTable {
        let mut topics = TopicTable::new(counts.iter().map(|count| count.to_string()));
        for (index, count) in topics.indices().zip(counts) {
            topics.set_partitions(index, *count);
        }
        topics
    }

    #[test]
    fn three_of_twelve_is_a_quarter() {
        let partitions = (0..3).map(|number| Partition { topic: TopicIndex(0), number });
        assert_eq!(share(&[TopicIndex(0)], &owned(partitions), &topics(&[12, 5])), 0.25);
    }

    #[test]
    fn a_topic_that_does_not_exist_yet_takes_no_share() {
        let mut topics = TopicTable::new(["here".to_owned(), "missing".to_owned()]);
        topics.set_partitions(TopicIndex(0), 4);
        let partitions = (0..4).map(|number| Partition { topic: TopicIndex(0), number });
        assert_eq!(share(&[TopicIndex(0), TopicIndex(1)], &owned(partitions), &topics), 1.0);
    }

    proptest! {
        /// Any distribution of the partitions over any number of members: together they have the rate.
        #[test]
        fn the_group_has_the_whole_rate(counts in prop::collection::vec(1..20u32, 1..4), owners in prop::collection::vec(0..5usize, 80)) {
            let topics = topics(&counts);
            let all: Vec<Partition> = topics.indices().zip(&counts)
                .flat_map(|(topic, count)| (0..*count).map(move |number| Partition { topic, number: number as i32 })).collect();
            let feed: Vec<TopicIndex> = topics.indices().collect();
            let sum: f64 = (0..5).map(|member| {
                let mine = all.iter().zip(&owners).filter(|(_, owner)| **owner == member).map(|(partition, _)| *partition);
                share(&feed, &owned(mine), &topics)
            }).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }
    }
}
