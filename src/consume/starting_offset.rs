//! Where a partition is read from, and why. Pure: what the broker holds goes in, an offset
//! comes out.
//!
//! Invariants: nothing that is still in the log and was not settled is skipped. An offset that was
//! copied from another cluster never makes a partition start before it. librdkafka's
//! `auto.offset.reset` is never used: it would jump to the end of the log without a word when the
//! committed offset is older than the retention.

use crate::commit::restart_state::RestartState;
use crate::config::model::Start;
use crate::event::{LogId, Offset, Origin};

/// What the broker holds for one assigned partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownOffsets {
    /// The partition's number.
    pub number: i32,
    /// The log that has the topic's name now.
    pub log: LogId,
    /// The group's committed offset.
    pub committed: Option<Offset>,
    /// The log that the committed offset belongs to; without ids where its metadata has none.
    pub committed_log: LogId,
    /// The first offset that the log still has.
    pub low: Offset,
    /// The offset after the last one in the log.
    pub high: Offset,
}

/// What the group has committed for all partitions of a topic, in the order of what it proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicCommits {
    /// Nothing: the group is new to the topic.
    None,
    /// Only offsets that were copied from another cluster, or set by another program (such as
    /// `kafka-consumer-groups --reset-offsets --from-file`): they say nothing about the partitions
    /// without one.
    Foreign,
    /// Offsets of this cluster, without a partition count: the broker takes no longer metadata.
    Uncounted,
    /// The topic had at least this many partitions when the group first read it.
    Partitions(u32),
    /// Offsets of a topic with the same name that was deleted since.
    OfDeletedTopic,
}

impl TopicCommits {
    /// Combines the metadata of all partitions of a topic that have a committed offset; `log` is
    /// the topic's now. The lowest partition count wins: the others can have been committed after
    /// partitions were added. One offset of a deleted topic proves that the group is not new.
    #[must_use]
    pub fn of<'a>(
        committed: impl IntoIterator<Item = Option<&'a RestartState>>,
        log: LogId,
    ) -> Self {
        let proves = |state: Option<&RestartState>| {
            let Some(state) = state else { return Self::Foreign };
            match (state.log.seen_from(log), state.partitions) {
                (Origin::AnotherCluster, _) => Self::Foreign,
                (Origin::DeletedTopic, _) => Self::OfDeletedTopic,
                (Origin::ThisLog, Some(count)) => Self::Partitions(count),
                (Origin::ThisLog, None) => Self::Uncounted,
            }
        };
        committed.into_iter().map(proves).fold(Self::None, |one, other| match (one, other) {
            (Self::Partitions(one), Self::Partitions(other)) => Self::Partitions(one.min(other)),
            (one, other) => one.max(other),
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
    /// From where `kafka.start` says, committed immediately: other partitions of the topic have
    /// offsets that were copied or set by another program, and this one has none.
    NotCopied(Offset),
    /// From the earliest offset: the partition was added to a topic that the group knows.
    Added(Offset),
    /// From the earliest offset: the topic was deleted and created again, so that the committed
    /// offset means nothing in it.
    Recreated(Offset),
    /// From the committed offset, which was copied from another cluster; what else the commit says
    /// is about the log there.
    Copied(Offset),
    /// From the end of the log, which lies below the offset that was copied from another cluster:
    /// the copy of the log is behind, or the offset was not translated. To read the log from its
    /// start would repeat everything that the group has posted.
    CopiedPastEnd(Offset),
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

impl KnownOffsets {
    /// Where the committed offset comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.committed_log.seen_from(self.log)
    }
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

    /// Returns whether the committed offset is a position in this log, so that its restart state
    /// counts.
    #[must_use]
    pub fn continues(self) -> bool {
        matches!(self, Self::Committed(_) | Self::Copied(_) | Self::OutOfRetention { .. })
    }

    /// The first offset to read.
    #[must_use]
    pub fn offset(self) -> Offset {
        match self {
            Self::Committed(offset)
            | Self::Configured(offset)
            | Self::NotCopied(offset)
            | Self::Copied(offset)
            | Self::CopiedPastEnd(offset)
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
    let KnownOffsets { low, high, .. } = known;
    let Some(committed) = known.committed else {
        return without_commit(known, others, start);
    };
    let origin = known.origin();
    if origin == Origin::DeletedTopic {
        StartingOffset::Recreated(low)
    } else if committed < low {
        StartingOffset::OutOfRetention { offset: low, lost: low.0.abs_diff(committed.0) }
    } else if origin == Origin::AnotherCluster {
        if committed <= high {
            StartingOffset::Copied(committed)
        } else {
            StartingOffset::CopiedPastEnd(high)
        }
    } else if committed <= high {
        StartingOffset::Committed(committed)
    } else if known.committed_log.topic.is_some() && known.log.topic.is_some() {
        StartingOffset::Truncated(high)
    } else {
        StartingOffset::PastEnd(low)
    }
}

/// Decides where a partition without a committed offset is read from.
fn without_commit(known: KnownOffsets, others: TopicCommits, start: Start) -> StartingOffset {
    let configured = match start {
        Start::Latest => known.high,
        Start::Earliest => known.low,
    };
    // A partition below the count is not new: another replica of the new group has committed
    // first.
    let is_added = |count| u32::try_from(known.number).is_ok_and(|number| number >= count);
    match others {
        TopicCommits::None => StartingOffset::Configured(configured),
        TopicCommits::Foreign => StartingOffset::NotCopied(configured),
        TopicCommits::Partitions(count) if !is_added(count) => {
            StartingOffset::Configured(configured)
        }
        TopicCommits::Partitions(_) | TopicCommits::Uncounted => StartingOffset::Added(known.low),
        TopicCommits::OfDeletedTopic => StartingOffset::Recreated(known.low),
    }
}

#[cfg(test)]
mod tests;
