//! What librdkafka's statistics say about topics and partitions, without a request to a broker.

use std::collections::BTreeSet;

use rdkafka::Statistics;
use rdkafka::statistics;

use crate::event::{Offset, Partition};

use super::assignment::Assignment;
use super::topic_table::TopicTable;

/// What the statistics have changed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct StatisticsChanges {
    /// Whether a partition count has changed: the rate shares depend on it.
    pub partition_count_changed: bool,
    /// Whether the end of a log has moved back: its topic may have been recreated.
    pub log_end_moved_back: bool,
}

/// Applies the partition counts, the ends of the logs, and which leaders are reachable.
pub fn apply(
    statistics: &Statistics,
    topics: &mut TopicTable,
    assignment: &mut Assignment,
) -> StatisticsChanges {
    let up: BTreeSet<i32> = up(statistics).map(|broker| broker.nodeid).collect();
    let mut changes = StatisticsChanges::default();
    for (name, topic) in &statistics.topics {
        let Some(index) = topics.names.index(name) else { continue };
        let known =
            |partition: &&statistics::Partition| partition.partition >= 0 && !partition.unknown;
        let known: Vec<&statistics::Partition> = topic.partitions.values().filter(known).collect();
        // A topic that is still being looked up is listed without its partitions.
        if let Ok(count) = u32::try_from(known.len())
            && count > 0
        {
            changes.partition_count_changed |= topics.set_partitions(index, count);
        }
        for partition in known {
            let at = Partition { topic: index, number: partition.partition };
            // With transactions only decided records can be read: up to the last stable offset.
            let end =
                if partition.ls_offset >= 0 { partition.ls_offset } else { partition.hi_offset };
            let end = (end >= 0).then_some(Offset(end));
            changes.log_end_moved_back |=
                assignment.report(at, end, !up.contains(&partition.leader));
        }
    }
    changes
}

/// The brokers with a working connection.
pub fn up(statistics: &Statistics) -> impl Iterator<Item = &statistics::Broker> {
    statistics.brokers.values().filter(|broker| broker.state == "UP")
}
