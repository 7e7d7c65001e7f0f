//! [1] Where to begin reading a partition. Pure: what the broker holds in, an offset out.
//!
//! Invariant: nothing that is still there and was not settled is skipped. `auto.offset.reset` is never asked: it jumps without a word to the end when the
//! committed offset has left the retention.

use crate::commit::restart_state::RestartState;
use crate::config::model::Start;
use crate::event::{Offset, TopicId};

/// What the broker holds for one partition that is being assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The partition's number.
    pub(super) number: i32,
    /// Which topic has the name now; `None` where the broker knows no ids.
    pub(super) topic: Option<TopicId>,
    /// The group's committed offset.
    pub(super) committed: Option<Offset>,
    /// Which topic that offset is of, as far as its metadata says.
    pub(super) committed_topic: Option<TopicId>,
    /// The first offset that the log still has.
    pub(super) low: Offset,
    /// The offset after the last.
    pub(super) high: Offset,
}

/// What the group has committed of all partitions of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TopicCommits {
    /// Nothing: the group is new to the topic.
    None,
    /// Something, but no metadata of ours is among it.
    Foreign,
    /// The topic had at least so many partitions when the group began with it.
    Partitions(u32),
    /// The group knew a topic of that name which was deleted since.
    Earlier,
}

impl TopicCommits {
    /// From the metadata of all partitions of a topic that have a committed offset, `topic` being its id now. The least count stands: the others can have been
    /// committed after partitions were added. One offset of an earlier topic is proof enough that the group is not new.
    #[must_use]
    pub(super) fn of<'a>(
        committed: impl IntoIterator<Item = Option<&'a RestartState>>,
        topic: Option<TopicId>,
    ) -> Self {
        committed.into_iter().fold(Self::None, |commits, state| match (commits, state) {
            (Self::Earlier, _) => Self::Earlier,
            (_, Some(state)) if differ(state.topic, topic) => Self::Earlier,
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
pub(super) enum Begin {
    /// At the committed offset.
    Committed(Offset),
    /// The group is new to the topic: as `start` says. To be committed at once, so that a restart before the first event skips nothing.
    Start(Offset),
    /// The partition was added to a known topic: from its beginning.
    Added(Offset),
    /// What was committed is of a topic of that name which was deleted since: this one is read from its beginning, wherever the old offset would be in it.
    Remade(Offset),
    /// The log begins after the committed offset: so many offsets were never read and are gone.
    Lost {
        /// The first offset that is still there.
        offset: Offset,
        /// How many offsets lie between.
        lost: u64,
    },
    /// The committed offset is beyond the end of the same topic's log: it was cut (an unclean leader election). From its end: what lies below was read.
    Cut(Offset),
    /// The committed offset is beyond the log's end, and nobody knows whether of the same topic. From its beginning: where in doubt, deliver.
    Beyond(Offset),
}

impl Begin {
    /// What is lost is what a former owner had not read; what of the rest was pending, the ledger counts when it passes it.
    #[must_use]
    pub(super) fn reckoned(self, state: Option<&RestartState>) -> Self {
        match (self, state.and_then(|state| state.leftover.as_ref())) {
            (Self::Lost { offset, .. }, Some(left)) => {
                Self::Lost { offset, lost: left.unlisted_below(offset) }
            }
            (begin, _) => begin,
        }
    }

    /// Whether what was committed is of this log: its state counts.
    #[must_use]
    pub(super) fn goes_on(self) -> bool {
        matches!(self, Self::Committed(_) | Self::Lost { .. })
    }

    /// The first offset to read.
    #[must_use]
    pub(super) fn offset(self) -> Offset {
        match self {
            Self::Committed(offset)
            | Self::Start(offset)
            | Self::Added(offset)
            | Self::Remade(offset)
            | Self::Lost { offset, .. }
            | Self::Cut(offset)
            | Self::Beyond(offset) => offset,
        }
    }
}

/// Decides where a partition is read from.
#[must_use]
pub(super) fn begin(known: Known, others: TopicCommits, start: Start) -> Begin {
    let Some(committed) = known.committed else {
        let added = match others {
            TopicCommits::None => false,
            TopicCommits::Foreign => true,
            TopicCommits::Earlier => return Begin::Remade(known.low),
            // Below the count several replicas of a new group are starting at once.
            TopicCommits::Partitions(count) => {
                u32::try_from(known.number).is_ok_and(|number| number >= count)
            }
        };
        return match start {
            _ if added => Begin::Added(known.low),
            Start::Latest => Begin::Start(known.high),
            Start::Earliest => Begin::Start(known.low),
        };
    };
    if differ(known.committed_topic, known.topic) {
        Begin::Remade(known.low)
    } else if committed < known.low {
        Begin::Lost { offset: known.low, lost: known.low.0.abs_diff(committed.0) }
    } else if committed <= known.high {
        Begin::Committed(committed)
    } else if known.committed_topic.is_some() && known.topic.is_some() {
        Begin::Cut(known.high)
    } else {
        Begin::Beyond(known.low)
    }
}

/// Whether both are known, and not the same.
pub(super) fn differ(one: Option<TopicId>, other: Option<TopicId>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::restart_state::{Leftover, Pending};

    const OLD: Option<TopicId> = Some(TopicId(1));
    const NEW: Option<TopicId> = Some(TopicId(2));

    fn known(number: i32, committed: Option<i64>) -> Known {
        let committed = committed.map(Offset);
        Known {
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
    fn a_committed_offset_in_range_counts_whatever_start_says() {
        for start in [Start::Latest, Start::Earliest] {
            for offset in [100, 150, 200] {
                let begin = begin(known(0, Some(offset)), commits([counted(3)]), start);
                assert_eq!(begin, Begin::Committed(Offset(offset)));
            }
        }
    }

    #[test]
    fn a_new_group_begins_where_start_says() {
        assert_eq!(begin(known(0, None), commits([]), Start::Latest), Begin::Start(Offset(200)));
        assert_eq!(begin(known(0, None), commits([]), Start::Earliest), Begin::Start(Offset(100)));
    }

    #[test]
    fn an_added_partition_is_read_from_its_beginning() {
        let others = commits([counted(3), counted(3), counted(4)]);
        assert_eq!(begin(known(3, None), others, Start::Latest), Begin::Added(Offset(100)));
        assert_eq!(
            begin(known(0, None), commits([None]), Start::Latest),
            Begin::Added(Offset(100))
        );
    }

    #[test]
    fn replicas_that_start_at_once_all_begin_where_start_says() {
        let others = commits([counted(12), None, counted(12)]);
        assert_eq!(begin(known(11, None), others, Start::Latest), Begin::Start(Offset(200)));
    }

    #[test]
    fn what_left_the_retention_is_counted_and_what_is_there_is_read() {
        let begin = begin(known(0, Some(40)), commits([counted(1)]), Start::Latest);
        assert_eq!(begin, Begin::Lost { offset: Offset(100), lost: 60 });
    }

    #[test]
    fn what_was_read_and_done_is_not_lost() {
        let left = |mark, listed: &[i64]| {
            let listed = listed.iter().map(|offset| (Offset(*offset), Vec::new())).collect();
            let left = Leftover { mark: Offset(mark), pending: Pending::Listed(listed) };
            RestartState { leftover: Some(left), ..RestartState::default() }
        };
        let begin = begin(known(0, Some(40)), commits([counted(1)]), Start::Latest);
        let lost = |state: &RestartState| begin.reckoned(Some(state));
        assert_eq!(lost(&left(90, &[40, 50])), Begin::Lost { offset: Offset(100), lost: 10 });
        assert_eq!(lost(&left(150, &[40, 120])), Begin::Lost { offset: Offset(100), lost: 0 });
        assert_eq!(lost(&RestartState::default()), begin);
    }

    #[test]
    fn beyond_the_end_of_the_same_topic_the_log_was_cut_and_goes_on_at_its_end() {
        let begin = begin(known(0, Some(201)), commits([counted(1)]), Start::Earliest);
        assert_eq!(begin, Begin::Cut(Offset(200)));
    }

    #[test]
    fn beyond_the_end_of_who_knows_which_topic_everything_is_delivered() {
        for (topic, committed_topic) in [(None, NEW), (NEW, None), (None, None)] {
            let known = Known { topic, committed_topic, ..known(0, Some(201)) };
            assert_eq!(
                begin(known, commits([counted(1)]), Start::Latest),
                Begin::Beyond(Offset(100))
            );
        }
    }

    #[test]
    fn a_topic_made_anew_is_read_from_its_beginning_also_where_the_old_offset_is_in_range() {
        for offset in [0, 100, 150, 200, 1_000] {
            let known = Known { committed_topic: OLD, ..known(0, Some(offset)) };
            assert_eq!(
                begin(known, commits([counted(1)]), Start::Latest),
                Begin::Remade(Offset(100)),
                "{offset}"
            );
        }
        let unknown = Known { committed_topic: None, ..known(0, Some(150)) };
        assert_eq!(begin(unknown, commits([None]), Start::Latest), Begin::Committed(Offset(150)));
    }

    #[test]
    fn a_partition_without_a_commit_of_a_topic_made_anew_is_read_from_its_beginning() {
        let old =
            || Some(RestartState { partitions: Some(3), topic: OLD, ..RestartState::default() });
        for others in
            [commits([old()]), commits([counted(3), old(), counted(3)]), TopicCommits::Earlier]
        {
            assert_eq!(begin(known(0, None), others, Start::Latest), Begin::Remade(Offset(100)));
        }
    }
}
