//! Partitions that were added to a topic and that no member of the group reads. Pure.
//!
//! A member with a `kafka.instance_id` that returns within its session gets its old assignment
//! without a rebalance. Where a topic has grown meanwhile, its first description of the topic shows
//! the new count already, so librdkafka sees no change and never requests a rebalance; if all
//! members returned like this, no member does.
//!
//! Invariant: an added partition is read, in whatever order the members return.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::commit::ledger::Ledger;
use crate::event::{Partition, TopicIndex};

use super::broker_lookup::Findings;
use super::topic_table::TopicTable;

/// How long after an assignment the check is made: a member that saw the topic grow has requested a
/// rebalance by then.
const CHECK_AFTER: Duration = Duration::from_secs(3);

/// Tracks when to check, and for which topics this process has rejoined its group already.
#[derive(Debug)]
pub struct AddedPartitions {
    /// Only members with a `kafka.instance_id` need the check.
    is_static: bool,
    check_at: Option<Instant>,
    /// The check whose lookup is in flight.
    checking: Vec<Grown>,
    /// Topics with the number of partitions for which this process has rejoined: once is enough.
    rejoined_for: BTreeSet<(TopicIndex, u32)>,
}

/// A topic that has more partitions than when the group first read it.
#[derive(Debug, PartialEq, Eq)]
struct Grown {
    topic: TopicIndex,
    count: u32,
    /// The added ones that this member does not own.
    added: Vec<Partition>,
}

impl AddedPartitions {
    /// Nothing is assigned yet.
    #[must_use]
    pub fn new(is_static: bool) -> Self {
        Self { is_static, check_at: None, checking: Vec::new(), rejoined_for: BTreeSet::new() }
    }

    /// Schedules the check after an assignment.
    pub fn assigned(&mut self, now: Instant) {
        if self.is_static {
            self.check_at = Some(now + CHECK_AFTER);
        }
    }

    /// Returns whether a check is due.
    pub fn is_due(&self, now: Instant) -> bool {
        self.check_at.is_some_and(|at| now >= at)
    }

    /// Starts the check. Returns the partitions whose committed offsets have to be looked up: those
    /// that were added since the group first read what is owned, and are not owned here.
    pub fn check(&mut self, topics: &TopicTable, ledger: &Ledger) -> Vec<Partition> {
        self.check_at = None;
        let owned: BTreeSet<Partition> = ledger.partitions().collect();
        self.checking = topics
            .names
            .indices()
            .filter_map(|topic| {
                let count = topics.partitions(topic)?;
                let before = ledger.initial_partitions(topic)?;
                if self.rejoined_for.contains(&(topic, count)) {
                    return None;
                }
                Some(Grown { topic, count, added: added(topic, before..count, &owned) })
            })
            .filter(|grown| !grown.added.is_empty())
            .collect();
        self.checking.iter().flat_map(|grown| &grown.added).copied().collect()
    }

    /// Returns the topics with an added partition that has no committed offset: no member reads it,
    /// and this one has to rejoin its group.
    pub fn unread(&mut self, findings: &Findings) -> Vec<TopicIndex> {
        let read = |at: &Partition| {
            findings.committed.get(at).is_none_or(|committed| committed.offset.is_some())
        };
        let mut unread = Vec::new();
        for grown in std::mem::take(&mut self.checking) {
            if !grown.added.iter().all(read) {
                self.rejoined_for.insert((grown.topic, grown.count));
                unread.push(grown.topic);
            }
        }
        unread
    }

    /// Schedules a failed check again.
    pub fn failed(&mut self, now: Instant) {
        if !std::mem::take(&mut self.checking).is_empty() {
            self.check_at = Some(now + CHECK_AFTER);
        }
    }
}

fn added(
    topic: TopicIndex,
    numbers: std::ops::Range<u32>,
    owned: &BTreeSet<Partition>,
) -> Vec<Partition> {
    numbers
        .filter_map(|number| Some(Partition { topic, number: i32::try_from(number).ok()? }))
        .filter(|partition| !owned.contains(partition))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::name_index::NameIndex;
    use crate::commit::restart_state::RestartState;
    use crate::event::Offset;
    use crate::kafka::native::Committed;
    use crate::topics::TopicNames;

    const TOPIC: TopicIndex = TopicIndex(0);

    fn partition(number: i32) -> Partition {
        Partition { topic: TOPIC, number }
    }

    /// A member that owns partition 0 of a topic which had one partition and has three.
    fn grown() -> (AddedPartitions, TopicTable, Ledger) {
        let mut topics = TopicTable::new(TopicNames::new(["t".to_owned()]));
        topics.set_partitions(TOPIC, 3);
        let mut ledger = Ledger::new(NameIndex::default().into());
        let inherited = RestartState { partitions: Some(1), ..RestartState::default() };
        ledger.assign(partition(0), Offset(0), None, inherited);
        (AddedPartitions::new(true), topics, ledger)
    }

    fn findings(offset: Option<i64>) -> Findings {
        let committed = |number| {
            let at =
                Committed { partition: ("t".to_owned(), number), offset, metadata: Vec::new() };
            (partition(number), at)
        };
        Findings { committed: [1, 2].map(committed).into(), ..Findings::default() }
    }

    #[test]
    fn a_static_member_rejoins_once_for_added_partitions_that_no_member_reads() {
        let now = Instant::now();
        let (mut check, topics, ledger) = grown();
        assert!(!check.is_due(now));
        check.assigned(now);
        assert!(!check.is_due(now) && check.is_due(now + CHECK_AFTER));
        assert_eq!(check.check(&topics, &ledger), [partition(1), partition(2)]);
        assert_eq!(check.unread(&findings(None)), [TOPIC]);
        assert!(!check.is_due(now + CHECK_AFTER));
        assert_eq!(check.check(&topics, &ledger), [], "once is enough");
    }

    #[test]
    fn partitions_with_a_committed_offset_are_read_by_some_member() {
        let (mut check, topics, ledger) = grown();
        check.check(&topics, &ledger);
        assert_eq!(check.unread(&findings(Some(0))), []);
    }

    #[test]
    fn a_failed_check_is_made_again_and_a_dynamic_member_needs_none() {
        let now = Instant::now();
        let (mut check, topics, ledger) = grown();
        check.failed(now);
        assert!(!check.is_due(now + CHECK_AFTER), "no check was under way");
        check.check(&topics, &ledger);
        check.failed(now);
        assert!(check.is_due(now + CHECK_AFTER));
        let mut dynamic = AddedPartitions::new(false);
        dynamic.assigned(now);
        assert!(!dynamic.is_due(now + CHECK_AFTER));
    }
}
