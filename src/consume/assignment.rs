//! The partitions that the group has assigned to this member, and the state of each. Pure: the
//! time is an argument.
//!
//! Invariant: a partition is read only once its starting offset was decided from what the broker
//! holds. An answer counts only for the assignment that it was requested for: what was revoked
//! meanwhile ignores it, even if it was assigned again.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::event::{Offset, Partition, TopicIndex};

/// The number of one lookup; never used twice in a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LookupId(pub(crate) u64);

/// What happens with one assigned partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartitionState {
    /// Its starting offset is not known yet: it is not in the ledger.
    Resolving {
        /// The lookup in flight that includes it.
        lookup: Option<LookupId>,
    },
    /// It is read.
    Reading(LogEnd),
    /// The events at its read position have left the log: librdkafka has stopped reading it.
    OutOfRange {
        /// Its end, as far as known.
        end: LogEnd,
        /// The lookup in flight that includes it.
        lookup: Option<LookupId>,
    },
    /// Its topic was deleted and created again: it is released, then resolved as a new one.
    Recreated(LogEnd),
    /// It is being drained: it is revoked, or resolved again.
    Leaving(LogEnd),
}

/// What is known about the end of a partition's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogEnd {
    /// The end in librdkafka's latest statistics, which change only while the partition is fetched.
    reported: Offset,
    /// The end in the broker's latest answer.
    asked: Option<Offset>,
    /// Whether the partition's leader was unreachable in the latest statistics.
    leaderless: bool,
}

/// The assigned partitions.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    partitions: BTreeMap<Partition, PartitionState>,
    /// Whether librdkafka waits for an assignment to be acknowledged, also an empty one.
    unanswered: bool,
    /// Whether this process is a member of its group, with or without partitions.
    joined: bool,
    /// When the next lookup may be sent, after one that failed.
    retry_at: Option<Instant>,
}

/// The partitions that a lookup has to resolve.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// Those whose starting offset is unknown.
    pub(crate) starting: Vec<Partition>,
    /// Those whose read position is out of range.
    pub(crate) out_of_range: Vec<Partition>,
}

impl PartitionState {
    fn end(&self) -> Option<&LogEnd> {
        match self {
            Self::Resolving { .. } => None,
            Self::Reading(end)
            | Self::OutOfRange { end, .. }
            | Self::Recreated(end)
            | Self::Leaving(end) => Some(end),
        }
    }

    fn end_mut(&mut self) -> Option<&mut LogEnd> {
        match self {
            Self::Resolving { .. } => None,
            Self::Reading(end)
            | Self::OutOfRange { end, .. }
            | Self::Recreated(end)
            | Self::Leaving(end) => Some(end),
        }
    }
}

impl LogEnd {
    fn at(offset: Offset) -> Self {
        Self { reported: offset, asked: None, leaderless: false }
    }
}

impl Assignment {
    /// Records partitions that the group has assigned; each has to be resolved.
    pub(crate) fn assign(&mut self, partitions: &[Partition]) {
        self.unanswered = true;
        self.resolve(partitions);
    }

    /// Marks partitions whose starting offsets have to be decided.
    pub(crate) fn resolve(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            self.partitions.insert(*partition, PartitionState::Resolving { lookup: None });
        }
        self.retry_at = None;
    }

    /// Records that the client reads a partition, whose log ends at `end`.
    pub(crate) fn start_reading(&mut self, partition: Partition, end: Offset) {
        self.partitions.insert(partition, PartitionState::Reading(LogEnd::at(end)));
    }

    /// Records that the client has accepted the assignment, so that this process is a member of the
    /// group.
    pub(crate) fn answered(&mut self) {
        self.unanswered = false;
        self.joined = true;
    }

    /// Marks a partition that librdkafka has stopped reading, because its read position is out of
    /// range.
    pub(crate) fn out_of_range(&mut self, partition: Partition) {
        if let Some(state) = self.partitions.get_mut(&partition)
            && let PartitionState::Reading(end) = *state
        {
            *state = PartitionState::OutOfRange { end, lookup: None };
        }
    }

    /// Marks the owned partitions of a topic that was deleted and recreated.
    pub(crate) fn recreated(&mut self, topic: TopicIndex) {
        for (_, state) in self.partitions.iter_mut().filter(|(at, _)| at.topic == topic) {
            if let PartitionState::Reading(end) | PartitionState::OutOfRange { end, .. } = *state {
                *state = PartitionState::Recreated(end);
            }
        }
    }

    /// Undoes `recreated` after a wrong answer; a lookup then makes sure that the client still
    /// reads the topic's partitions.
    pub(crate) fn not_recreated(&mut self, topic: TopicIndex) {
        for (_, state) in self.partitions.iter_mut().filter(|(at, _)| at.topic == topic) {
            if let PartitionState::Recreated(end) = *state {
                *state = PartitionState::OutOfRange { end, lookup: None };
            }
        }
    }

    /// Returns the owned partitions of recreated topics.
    pub(crate) fn of_recreated_topics(&self) -> Vec<Partition> {
        self.select(|state| matches!(state, PartitionState::Recreated(_)))
    }

    /// Marks partitions as being drained, except those that are not in the ledger yet.
    pub(crate) fn leave(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            if let Some(state) = self.partitions.get_mut(partition)
                && let Some(end) = state.end().copied()
            {
                *state = PartitionState::Leaving(end);
            }
        }
    }

    /// Returns whether a partition is being drained.
    pub(crate) fn is_leaving(&self, partition: Partition) -> bool {
        matches!(self.partitions.get(&partition), Some(PartitionState::Leaving(_)))
    }

    /// Forgets revoked partitions.
    pub(crate) fn revoke(&mut self, partitions: &[Partition]) {
        self.partitions.retain(|partition, _| !partitions.contains(partition));
    }

    /// Forgets everything: the partitions are lost, or the client is closed. Returns whether the
    /// client waits for an answer to an assignment.
    pub(crate) fn clear(&mut self) -> bool {
        let unanswered = self.unanswered || self.is_resolving();
        *self = Self::default();
        unanswered
    }

    /// Records that the group has removed this member.
    pub(crate) fn lost(&mut self) {
        self.joined = false;
    }

    /// Returns the partitions that a lookup has to resolve now; `None` where there are none, or the
    /// pause after a failed lookup is not over. Starting offsets come first: a broker that cannot
    /// say where another partition continues does not delay them. Recreated topics need a lookup
    /// too: it confirms the new id.
    pub(crate) fn unresolved(&self, now: Instant) -> Option<Unresolved> {
        if self.retry_at.is_some_and(|at| now < at) || !(self.unanswered || self.is_unsettled()) {
            return None;
        }
        Some(Unresolved {
            starting: self.select(|state| matches!(state, PartitionState::Resolving { .. })),
            out_of_range: if self.is_resolving() {
                Vec::new()
            } else {
                self.select(|state| matches!(state, PartitionState::OutOfRange { .. }))
            },
        })
    }

    /// Returns whether a starting offset is unknown that the lookup in flight does not resolve.
    pub(crate) fn has_unrequested(&self) -> bool {
        let unrequested =
            |state: &PartitionState| matches!(state, PartitionState::Resolving { lookup: None });
        self.partitions.values().any(unrequested)
    }

    /// Records that a lookup of the unresolved partitions was sent.
    pub(crate) fn lookup_sent(&mut self, id: LookupId) {
        let is_resolving = self.is_resolving();
        for state in self.partitions.values_mut() {
            match state {
                PartitionState::Resolving { lookup } => *lookup = Some(id),
                PartitionState::OutOfRange { lookup, .. } if !is_resolving => *lookup = Some(id),
                _ => {}
            }
        }
    }

    /// Delays the next lookup until `retry_at`.
    pub(crate) fn lookup_failed(&mut self, retry_at: Instant) {
        self.retry_at = Some(retry_at);
    }

    /// Returns the partitions for which the answer to lookup `id` is still valid.
    pub(crate) fn answered_by(&self, id: LookupId) -> Unresolved {
        let asked = Some(id);
        Unresolved {
            starting: self.select(
                |state| matches!(state, PartitionState::Resolving { lookup } if *lookup == asked),
            ),
            out_of_range: self.select(|state| {
                matches!(state, PartitionState::OutOfRange { lookup, .. } if *lookup == asked)
            }),
        }
    }

    /// Records that the client reads a partition again that was out of range.
    pub(crate) fn resumed(&mut self, partition: Partition, end: Offset) {
        if let Some(state) = self.partitions.get_mut(&partition)
            && let PartitionState::OutOfRange { end: before, .. } = *state
        {
            *state = PartitionState::Reading(LogEnd { reported: end, ..before });
        }
    }

    /// Returns whether the client waits for an answer to an assignment of nothing more.
    pub(crate) fn awaits_empty_answer(&self) -> bool {
        self.unanswered
            && self.select(|state| matches!(state, PartitionState::Resolving { .. })).is_empty()
    }

    /// Returns whether this process is a member of its group, as far as known.
    pub(crate) fn is_joined(&self) -> bool {
        self.joined
    }

    /// Returns whether a starting offset is unknown.
    pub(crate) fn is_resolving(&self) -> bool {
        self.unanswered
            || self
                .partitions
                .values()
                .any(|state| matches!(state, PartitionState::Resolving { .. }))
    }

    /// Returns whether a lookup is needed before everything assigned is read.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.unanswered
            || !self.partitions.values().all(|state| {
                matches!(state, PartitionState::Reading(_) | PartitionState::Leaving(_))
            })
    }

    /// Returns whether librdkafka has stopped reading the partition.
    pub(crate) fn is_out_of_range(&self, partition: Partition) -> bool {
        matches!(self.partitions.get(&partition), Some(PartitionState::OutOfRange { .. }))
    }

    /// Returns whether the partition's leader was unreachable in the latest statistics.
    pub(crate) fn is_leaderless(&self, partition: Partition) -> bool {
        let end = self.partitions.get(&partition).and_then(PartitionState::end);
        end.is_some_and(|end| end.leaderless)
    }

    /// Records what the statistics say about an assigned partition; `end`: `None` where they do not
    /// know it. Returns whether the log's end has moved back: the topic may have been recreated.
    pub(crate) fn report(
        &mut self,
        partition: Partition,
        end: Option<Offset>,
        leaderless: bool,
    ) -> bool {
        let Some(known) = self.partitions.get_mut(&partition).and_then(PartitionState::end_mut)
        else {
            return false;
        };
        known.leaderless = leaderless;
        end.is_some_and(|end| std::mem::replace(&mut known.reported, end) > end)
    }

    /// Records the end of a partition as the broker has answered.
    pub(crate) fn set_asked_end(&mut self, partition: Partition, end: Offset) {
        if let Some(known) = self.partitions.get_mut(&partition).and_then(PartitionState::end_mut) {
            known.asked = Some(end);
        }
    }

    /// Returns the highest known end of an owned partition: from the statistics, from the broker's
    /// answer, or `next`, the read position, which the log reaches.
    pub(crate) fn end(&self, partition: Partition, next: Offset) -> Option<Offset> {
        let known = self.partitions.get(&partition)?.end()?;
        Some(known.reported.max(known.asked.unwrap_or(known.reported)).max(next))
    }

    fn select(&self, which: impl Fn(&PartitionState) -> bool) -> Vec<Partition> {
        let selected = self.partitions.iter().filter(|(_, state)| which(state));
        selected.map(|(partition, _)| *partition).collect()
    }
}

#[cfg(test)]
mod tests;
