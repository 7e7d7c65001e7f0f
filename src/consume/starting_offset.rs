//! Where a partition is read from, and why. Pure: what the broker holds goes in, an offset
//! comes out.
//!
//! Invariant: nothing that is still in the log and was not settled is skipped. librdkafka's
//! `auto.offset.reset` is never used: it would jump to the end of the log without a word when the
//! committed offset is older than the retention.

use crate::commit::restart_state::RestartState;
use crate::config::model::Start;
use crate::event::{Offset, TopicId};

/// What the broker holds for one assigned partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownOffsets {
    /// The partition's number.
    pub number: i32,
    /// The id of the topic that has the name now; `None` where the broker knows no ids.
    pub topic: Option<TopicId>,
    /// The group's committed offset.
    pub committed: Option<Offset>,
    /// The id of the topic that the committed offset belongs to; `None` where its metadata has
    /// none.
    pub committed_topic: Option<TopicId>,
    /// The first offset that the log still has.
    pub low: Offset,
    /// The offset after the last one in the log.
    pub high: Offset,
}

/// What the group has committed for all partitions of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicCommits {
    /// Nothing: the group is new to the topic.
    None,
    /// Something, but without slackline's metadata.
    Foreign,
    /// The topic had at least this many partitions when the group first read it.
    Partitions(u32),
    /// Offsets of a topic with the same name that was deleted since.
    OfDeletedTopic,
}

impl TopicCommits {
    /// Combines the metadata of all partitions of a topic that have a committed offset; `topic` is
    /// the topic's id now. The lowest partition count wins: the others can have been committed
    /// after partitions were added. One offset of a deleted topic proves that the group is not new.
    #[must_use]
    pub fn of<'a>(
        committed: impl IntoIterator<Item = Option<&'a RestartState>>,
        topic: Option<TopicId>,
    ) -> Self {
        committed.into_iter().fold(Self::None, |commits, state| match (commits, state) {
            (Self::OfDeletedTopic, _) => Self::OfDeletedTopic,
            (_, Some(state)) if differ(state.topic, topic) => Self::OfDeletedTopic,
            (Self::Partitions(least), Some(RestartState { partitions: Some(count), .. })) => {
                Self::Partitions(least.min(*count))
            }
            (_, Some(RestartState { partitions: Some(count), .. })) => Self::Partitions(*count),
            (Self::None, _) => Self::Foreign,
            (commits, _) => commits,
        })
    }
}

/// Where a partition is read from, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingOffset {
    /// From the committed offset.
    Committed(Offset),
    /// From where `kafka.start` says: the group is new to the topic. Must be committed immediately,
    /// so that a restart before the first event skips nothing.
    Configured(Offset),
    /// From the earliest offset: the partition was added to a topic that the group knows.
    Added(Offset),
    /// From the earliest offset: the topic was deleted and created again, so that the committed
    /// offset means nothing in it.
    Recreated(Offset),
    /// From the earliest offset, which lies above the committed one: the events in between left the
    /// retention before they were read.
    OutOfRetention {
        /// The first offset that is still there.
        offset: Offset,
        /// How many offsets lie between.
        lost: u64,
    },
    /// From the end of the log, which lies below the committed offset of the same topic: the log
    /// was truncated (an unclean leader election), and what is left of it was read.
    Truncated(Offset),
    /// From the earliest offset: the committed offset is past the end, and it is unknown whether
    /// the topic is the same. In doubt, deliver.
    PastEnd(Offset),
}

impl StartingOffset {
    /// Excludes from `lost` the offsets that a former owner had already read. The ledger counts the
    /// pending ones among them.
    #[must_use]
    pub fn exclude_already_read(self, state: Option<&RestartState>) -> Self {
        match (self, state.and_then(|state| state.leftover.as_ref())) {
            (Self::OutOfRetention { offset, .. }, Some(left)) => {
                Self::OutOfRetention { offset, lost: left.unlisted_below(offset) }
            }
            (starting, _) => starting,
        }
    }

    /// Returns whether the committed offset belongs to this log, so that its restart state counts.
    #[must_use]
    pub fn continues(self) -> bool {
        matches!(self, Self::Committed(_) | Self::OutOfRetention { .. })
    }

    /// The first offset to read.
    #[must_use]
    pub fn offset(self) -> Offset {
        match self {
            Self::Committed(offset)
            | Self::Configured(offset)
            | Self::Added(offset)
            | Self::Recreated(offset)
            | Self::OutOfRetention { offset, .. }
            | Self::Truncated(offset)
            | Self::PastEnd(offset) => offset,
        }
    }
}

/// Decides where a partition is read from. `others`: what the group has committed for the topic.
#[must_use]
pub fn decide(known: KnownOffsets, others: TopicCommits, start: Start) -> StartingOffset {
    let Some(committed) = known.committed else {
        let added = match others {
            TopicCommits::None => false,
            TopicCommits::Foreign => true,
            TopicCommits::OfDeletedTopic => return StartingOffset::Recreated(known.low),
            // A partition below the count is not new: another replica of the new group has
            // committed first.
            TopicCommits::Partitions(count) => {
                u32::try_from(known.number).is_ok_and(|number| number >= count)
            }
        };
        return match start {
            _ if added => StartingOffset::Added(known.low),
            Start::Latest => StartingOffset::Configured(known.high),
            Start::Earliest => StartingOffset::Configured(known.low),
        };
    };
    if differ(known.committed_topic, known.topic) {
        StartingOffset::Recreated(known.low)
    } else if committed < known.low {
        let lost = known.low.0.abs_diff(committed.0);
        StartingOffset::OutOfRetention { offset: known.low, lost }
    } else if committed <= known.high {
        StartingOffset::Committed(committed)
    } else if known.committed_topic.is_some() && known.topic.is_some() {
        StartingOffset::Truncated(known.high)
    } else {
        StartingOffset::PastEnd(known.low)
    }
}

/// Returns whether both ids are known and differ.
pub fn differ(one: Option<TopicId>, other: Option<TopicId>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::restart_state::{Leftover, Pending};

    const OLD: Option<TopicId> = Some(TopicId(1));
    const NEW: Option<TopicId> = Some(TopicId(2));

    fn known(number: i32, committed: Option<i64>) -> KnownOffsets {
        let committed = committed.map(Offset);
        KnownOffsets {
            number,
            topic: NEW,
            committed,
            committed_topic: NEW,
            low: Offset(100),
            high: Offset(200),
        }
    }

    fn counted(partitions: u32) -> Option<RestartState> {
        Some(RestartState { partitions: Some(partitions), topic: NEW, ..RestartState::default() })
    }

    fn commits<const N: usize>(committed: [Option<RestartState>; N]) -> TopicCommits {
        TopicCommits::of(committed.iter().map(Option::as_ref), NEW)
    }

    #[test]
    fn a_committed_offset_in_range_wins_over_the_configured_start() {
        for start in [Start::Latest, Start::Earliest] {
            for offset in [100, 150, 200] {
                let starting = decide(known(0, Some(offset)), commits([counted(3)]), start);
                assert_eq!(starting, StartingOffset::Committed(Offset(offset)));
            }
        }
    }

    #[test]
    fn a_new_group_starts_where_the_configuration_says() {
        assert_eq!(
            decide(known(0, None), commits([]), Start::Latest),
            StartingOffset::Configured(Offset(200))
        );
        assert_eq!(
            decide(known(0, None), commits([]), Start::Earliest),
            StartingOffset::Configured(Offset(100))
        );
    }

    #[test]
    fn an_added_partition_is_read_from_its_earliest_offset() {
        let others = commits([counted(3), counted(3), counted(4)]);
        assert_eq!(
            decide(known(3, None), others, Start::Latest),
            StartingOffset::Added(Offset(100))
        );
        assert_eq!(
            decide(known(0, None), commits([None]), Start::Latest),
            StartingOffset::Added(Offset(100))
        );
    }

    #[test]
    fn replicas_of_a_new_group_that_start_together_all_start_where_the_configuration_says() {
        let others = commits([counted(12), None, counted(12)]);
        assert_eq!(
            decide(known(11, None), others, Start::Latest),
            StartingOffset::Configured(Offset(200))
        );
    }

    #[test]
    fn events_that_left_the_retention_are_counted_and_the_rest_is_read() {
        let starting = decide(known(0, Some(40)), commits([counted(1)]), Start::Latest);
        assert_eq!(starting, StartingOffset::OutOfRetention { offset: Offset(100), lost: 60 });
    }

    #[test]
    fn events_that_were_read_and_settled_are_not_lost() {
        let left = |mark, listed: &[i64]| {
            let listed = listed.iter().map(|offset| (Offset(*offset), Vec::new())).collect();
            let left = Leftover { mark: Offset(mark), pending: Pending::Listed(listed) };
            RestartState { leftover: Some(left), ..RestartState::default() }
        };
        let starting = decide(known(0, Some(40)), commits([counted(1)]), Start::Latest);
        let lost = |state: &RestartState| starting.exclude_already_read(Some(state));
        assert_eq!(
            lost(&left(90, &[40, 50])),
            StartingOffset::OutOfRetention { offset: Offset(100), lost: 10 }
        );
        assert_eq!(
            lost(&left(150, &[40, 120])),
            StartingOffset::OutOfRetention { offset: Offset(100), lost: 0 }
        );
        assert_eq!(lost(&RestartState::default()), starting);
    }

    #[test]
    fn past_the_end_of_the_same_topic_the_log_was_truncated_and_is_read_from_its_end() {
        let starting = decide(known(0, Some(201)), commits([counted(1)]), Start::Earliest);
        assert_eq!(starting, StartingOffset::Truncated(Offset(200)));
    }

    #[test]
    fn past_the_end_of_an_unknown_topic_everything_is_delivered() {
        for (topic, committed_topic) in [(None, NEW), (NEW, None), (None, None)] {
            let known = KnownOffsets { topic, committed_topic, ..known(0, Some(201)) };
            assert_eq!(
                decide(known, commits([counted(1)]), Start::Latest),
                StartingOffset::PastEnd(Offset(100))
            );
        }
    }

    #[test]
    fn a_recreated_topic_is_read_from_its_earliest_offset_even_where_the_old_offset_is_in_range() {
        for offset in [0, 100, 150, 200, 1_000] {
            let known = KnownOffsets { committed_topic: OLD, ..known(0, Some(offset)) };
            assert_eq!(
                decide(known, commits([counted(1)]), Start::Latest),
                StartingOffset::Recreated(Offset(100)),
                "{offset}"
            );
        }
        let unknown = KnownOffsets { committed_topic: None, ..known(0, Some(150)) };
        assert_eq!(
            decide(unknown, commits([None]), Start::Latest),
            StartingOffset::Committed(Offset(150))
        );
    }

    #[test]
    fn a_partition_without_a_commit_of_a_recreated_topic_is_read_from_its_earliest_offset() {
        let old =
            || Some(RestartState { partitions: Some(3), topic: OLD, ..RestartState::default() });
        for others in [
            commits([old()]),
            commits([counted(3), old(), counted(3)]),
            TopicCommits::OfDeletedTopic,
        ] {
            assert_eq!(
                decide(known(0, None), others, Start::Latest),
                StartingOffset::Recreated(Offset(100))
            );
        }
    }
}
