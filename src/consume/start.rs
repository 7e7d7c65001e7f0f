//! [1] Where to begin reading a partition. Pure: what the broker holds in, an offset out.
//!
//! Invariant: nothing that is still there and was not settled is skipped. `auto.offset.reset` is never asked: it jumps without a word to the end when the
//! committed offset has left the retention.

use crate::commit::state::State;
use crate::config::check::Start;
use crate::event::Offset;

/// What the broker holds for one partition that is being assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The partition's number.
    pub(super) number: i32,
    /// The group's committed offset.
    pub(super) committed: Option<Offset>,
    /// The first offset that the log still has.
    pub(super) low: Offset,
    /// The offset after the last.
    pub(super) high: Offset,
}

/// What the group has committed of the topic's other partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TopicCommits {
    /// Nothing: the group is new to the topic.
    None,
    /// Something, but no metadata of ours is among it.
    Foreign,
    /// The topic had at least so many partitions when the group began with it.
    Partitions(u32),
}

impl TopicCommits {
    /// From the metadata of all partitions of a topic that have a committed offset. The least count stands: the others can have been committed after partitions
    /// were added.
    #[must_use]
    pub(super) fn of<'a>(committed: impl IntoIterator<Item = Option<&'a State>>) -> Self {
        let counts = committed.into_iter().map(|state| state.and_then(|state| state.partitions));
        counts.fold(Self::None, |commits, count| match (commits, count) {
            (Self::Partitions(least), Some(count)) => Self::Partitions(least.min(count)),
            (_, Some(count)) => Self::Partitions(count),
            (Self::None, None) => Self::Foreign,
            (commits, None) => commits,
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
    /// The log begins after the committed offset: so many offsets were never read and are gone.
    Lost {
        /// The first offset that is still there.
        offset: Offset,
        /// How many offsets lie between.
        lost: u64,
    },
    /// The committed offset is beyond the log's end: the topic was made anew, or its log was cut. From its beginning: where in doubt, deliver.
    Beyond(Offset),
}

impl Begin {
    /// What is lost is what a former owner had not read; what of the rest was pending, the ledger counts when it passes it.
    #[must_use]
    pub(super) fn reckoned(self, state: Option<&State>) -> Self {
        match (self, state.and_then(|state| state.left.as_ref())) {
            (Self::Lost { offset, .. }, Some(left)) => Self::Lost { offset, lost: left.unlisted_below(offset) },
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
            | Self::Lost { offset, .. }
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
            // Below the count several replicas of a new group are starting at once.
            TopicCommits::Partitions(count) => u32::try_from(known.number).is_ok_and(|number| number >= count),
        };
        return match start {
            _ if added => Begin::Added(known.low),
            Start::Latest => Begin::Start(known.high),
            Start::Earliest => Begin::Start(known.low),
        };
    };
    if committed < known.low {
        Begin::Lost { offset: known.low, lost: known.low.0.abs_diff(committed.0) }
    } else if committed > known.high {
        Begin::Beyond(known.low)
    } else {
        Begin::Committed(committed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::state::{Left, Pending};

    fn known(number: i32, committed: Option<i64>) -> Known {
        Known { number, committed: committed.map(Offset), low: Offset(100), high: Offset(200) }
    }

    fn counts<const N: usize>(counts: [Option<u32>; N]) -> TopicCommits {
        let states = counts.map(|partitions| State { partitions, ..State::default() });
        TopicCommits::of(states.iter().map(Some))
    }

    #[test]
    fn a_committed_offset_in_range_counts_whatever_start_says() {
        for start in [Start::Latest, Start::Earliest] {
            for offset in [100, 150, 200] {
                let begin = begin(known(0, Some(offset)), counts([Some(3)]), start);
                assert_eq!(begin, Begin::Committed(Offset(offset)));
            }
        }
    }

    #[test]
    fn a_new_group_begins_where_start_says() {
        assert_eq!(begin(known(0, None), TopicCommits::of([]), Start::Latest), Begin::Start(Offset(200)));
        assert_eq!(begin(known(0, None), TopicCommits::of([]), Start::Earliest), Begin::Start(Offset(100)));
    }

    #[test]
    fn an_added_partition_is_read_from_its_beginning() {
        let others = counts([Some(3), Some(3), Some(4)]);
        assert_eq!(begin(known(3, None), others, Start::Latest), Begin::Added(Offset(100)));
        assert_eq!(begin(known(0, None), TopicCommits::of([None]), Start::Latest), Begin::Added(Offset(100)));
    }

    #[test]
    fn replicas_that_start_at_once_all_begin_where_start_says() {
        let others = counts([Some(12), None, Some(12)]);
        assert_eq!(begin(known(11, None), others, Start::Latest), Begin::Start(Offset(200)));
    }

    #[test]
    fn what_left_the_retention_is_counted_and_what_is_there_is_read() {
        let begin = begin(known(0, Some(40)), counts([Some(1)]), Start::Latest);
        assert_eq!(begin, Begin::Lost { offset: Offset(100), lost: 60 });
    }

    #[test]
    fn what_was_read_and_done_is_not_lost() {
        let left = |mark, listed: &[i64]| {
            let listed = listed.iter().map(|offset| (Offset(*offset), Vec::new())).collect();
            let left = Left { mark: Offset(mark), pending: Pending::Listed(listed) };
            State { left: Some(left), ..State::default() }
        };
        let begin = begin(known(0, Some(40)), counts([Some(1)]), Start::Latest);
        let lost = |state: &State| begin.reckoned(Some(state));
        assert_eq!(lost(&left(90, &[40, 50])), Begin::Lost { offset: Offset(100), lost: 10 });
        assert_eq!(lost(&left(150, &[40, 120])), Begin::Lost { offset: Offset(100), lost: 0 });
        assert_eq!(lost(&State::default()), begin);
    }

    #[test]
    fn beyond_the_end_is_another_log() {
        let begin = begin(known(0, Some(201)), counts([Some(1)]), Start::Latest);
        assert_eq!(begin, Begin::Beyond(Offset(100)));
    }
}
