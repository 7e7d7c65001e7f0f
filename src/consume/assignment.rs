//! The partitions that the group has assigned to this member, and the state of each. Pure: the
//! time is an argument.
//!
//! Invariant: a partition is read only once its starting offset was decided from what the broker
//! holds. An answer counts only for the assignment that it was requested for: what was revoked
//! meanwhile ignores it, even if it was assigned again.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::event::{Offset, Partition, TopicIndex};

use self::PartitionState::{OutOfRange, Reading, Recreated, Resolving};

/// The number of one lookup; never used twice in a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LookupId(pub u64);

/// One assigned partition.
#[derive(Debug)]
struct Assigned {
    state: PartitionState,
    /// The lookup in flight that includes it.
    lookup: Option<LookupId>,
    /// `None` until its starting offset is known: it is not in the ledger before.
    end: Option<LogEnd>,
}

/// What happens with one assigned partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PartitionState {
    /// Its starting offset is not known yet.
    Resolving,
    /// It is read.
    Reading,
    /// The events at its read position have left the log: librdkafka has stopped reading it.
    OutOfRange,
    /// Its topic was deleted and created again: it is released, then resolved as a new one.
    Recreated,
}

/// What is known about the end of a partition's log.
#[derive(Debug)]
struct LogEnd {
    /// The end in librdkafka's latest statistics, which change only while the partition is fetched.
    reported: Offset,
    /// The end in the broker's latest answer.
    asked: Option<Offset>,
    /// Whether the partition's leader was unreachable in the latest statistics.
    leaderless: bool,
}

/// The assigned partitions.
#[derive(Debug, Default)]
pub struct Assignment {
    partitions: BTreeMap<Partition, Assigned>,
    /// Whether librdkafka waits for an assignment to be acknowledged, also an empty one.
    unacknowledged: bool,
    /// Whether this process is a member of its group, with or without partitions.
    joined: bool,
    /// When the next lookup may be sent, after one that failed.
    retry_at: Option<Instant>,
}

/// The partitions that a lookup has to resolve.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unresolved {
    /// Those whose starting offset is unknown.
    pub starting: Vec<Partition>,
    /// Those whose read position is out of range.
    pub out_of_range: Vec<Partition>,
}

impl Assignment {
    /// Records partitions that the group has assigned; each has to be resolved.
    pub fn assign(&mut self, partitions: &[Partition]) {
        self.unacknowledged = true;
        self.resolve(partitions);
    }

    /// Marks partitions whose starting offsets have to be decided.
    pub fn resolve(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            let assigned = Assigned { state: Resolving, lookup: None, end: None };
            self.partitions.insert(*partition, assigned);
        }
        self.retry_at = None;
    }

    /// Records that the client reads a partition, whose log ends at `end`.
    pub fn start_reading(&mut self, partition: Partition, end: Offset) {
        let end = Some(LogEnd { reported: end, asked: None, leaderless: false });
        self.partitions.insert(partition, Assigned { state: Reading, lookup: None, end });
    }

    /// Records that librdkafka's assignment was acknowledged, so that this process is a member of
    /// the group.
    pub fn acknowledged(&mut self) {
        self.unacknowledged = false;
        self.joined = true;
    }

    /// Marks a partition that librdkafka has stopped reading, because its read position is out of
    /// range.
    pub fn out_of_range(&mut self, partition: Partition) {
        self.change(&[Reading], OutOfRange, |at| at == partition);
    }

    /// Marks the owned partitions of a topic that was deleted and recreated.
    pub fn recreated(&mut self, topic: TopicIndex) {
        self.change(&[Reading, OutOfRange], Recreated, |at| at.topic == topic);
    }

    /// Undoes `recreated` after a wrong answer; a lookup then makes sure that the client still
    /// reads the topic's partitions.
    pub fn not_recreated(&mut self, topic: TopicIndex) {
        self.change(&[Recreated], OutOfRange, |at| at.topic == topic);
    }

    /// Returns the owned partitions of recreated topics.
    pub fn of_recreated_topics(&self) -> Vec<Partition> {
        self.select(|assigned| assigned.state == Recreated)
    }

    /// Forgets revoked partitions.
    pub fn revoke(&mut self, partitions: &[Partition]) {
        self.partitions.retain(|partition, _| !partitions.contains(partition));
    }

    /// Forgets everything: the partitions are lost, or the client is closed. Returns whether an
    /// assignment was not acknowledged.
    pub fn clear(&mut self) -> bool {
        let unacknowledged = self.unacknowledged || self.is_resolving();
        *self = Self::default();
        unacknowledged
    }

    /// Records that the group has removed this member.
    pub fn removed_from_group(&mut self) {
        self.joined = false;
    }

    /// Returns the partitions that a lookup has to resolve now; `None` where there are none, or the
    /// pause after a failed lookup is not over. Starting offsets come first: a broker that cannot
    /// say where another partition continues does not delay them. Recreated topics need a lookup
    /// too: it confirms the new id.
    pub fn unresolved(&self, now: Instant) -> Option<Unresolved> {
        if self.retry_at.is_some_and(|at| now < at) || !self.needs_lookup() {
            return None;
        }
        let requested = self.requested_state();
        let select = |state| self.select(|at| at.state == state && state == requested);
        Some(Unresolved { starting: select(Resolving), out_of_range: select(OutOfRange) })
    }

    /// Returns whether a starting offset is unknown that the lookup in flight does not resolve.
    pub fn has_unrequested(&self) -> bool {
        self.any(|assigned| assigned.state == Resolving && assigned.lookup.is_none())
    }

    /// Records that a lookup of the unresolved partitions was sent.
    pub fn lookup_sent(&mut self, id: LookupId) {
        let requested = self.requested_state();
        for assigned in self.partitions.values_mut().filter(|at| at.state == requested) {
            assigned.lookup = Some(id);
        }
    }

    /// Delays the next lookup until `retry_at`.
    pub fn lookup_failed(&mut self, retry_at: Instant) {
        self.retry_at = Some(retry_at);
    }

    /// Returns the partitions for which the answer to lookup `id` is still valid.
    pub fn still_pending(&self, id: LookupId) -> Unresolved {
        let select =
            |state| self.select(|assigned| assigned.state == state && assigned.lookup == Some(id));
        Unresolved { starting: select(Resolving), out_of_range: select(OutOfRange) }
    }

    /// Records that the client reads a partition again that was out of range.
    pub fn resumed(&mut self, partition: Partition, end: Offset) {
        self.change(&[OutOfRange], Reading, |at| at == partition);
        if let Some(known) = self.end_mut(partition) {
            known.reported = end;
        }
    }

    /// Returns whether an assignment without new partitions has to be acknowledged.
    pub fn must_acknowledge_empty(&self) -> bool {
        self.unacknowledged && !self.any(|assigned| assigned.state == Resolving)
    }

    /// Returns whether this process is a member of its group, as far as known.
    pub fn is_joined(&self) -> bool {
        self.joined
    }

    /// Returns whether a starting offset is unknown.
    pub fn is_resolving(&self) -> bool {
        self.unacknowledged || self.any(|assigned| assigned.state == Resolving)
    }

    /// Returns whether a lookup is needed before everything assigned is read.
    pub fn needs_lookup(&self) -> bool {
        self.unacknowledged || self.any(|assigned| assigned.state != Reading)
    }

    /// Returns whether librdkafka has stopped reading the partition.
    pub fn is_out_of_range(&self, partition: Partition) -> bool {
        self.partitions.get(&partition).is_some_and(|assigned| assigned.state == OutOfRange)
    }

    /// Returns whether the partition's leader was unreachable in the latest statistics.
    pub fn is_leaderless(&self, partition: Partition) -> bool {
        self.known_end(partition).is_some_and(|end| end.leaderless)
    }

    /// Records what the statistics say about an assigned partition; `end`: `None` where they do not
    /// know it. Returns whether the log's end has moved back: the topic may have been recreated.
    pub fn report(&mut self, partition: Partition, end: Option<Offset>, leaderless: bool) -> bool {
        let Some(known) = self.end_mut(partition) else { return false };
        known.leaderless = leaderless;
        end.is_some_and(|end| std::mem::replace(&mut known.reported, end) > end)
    }

    /// Records the end of a partition as the broker has answered.
    pub fn set_asked_end(&mut self, partition: Partition, end: Offset) {
        if let Some(known) = self.end_mut(partition) {
            known.asked = Some(end);
        }
    }

    /// Returns the highest known end of an owned partition: from the statistics, from the broker's
    /// answer, or `next`, the read position, which the log reaches.
    pub fn end(&self, partition: Partition, next: Offset) -> Option<Offset> {
        let known = self.known_end(partition)?;
        Some(known.reported.max(known.asked.unwrap_or(next)).max(next))
    }

    fn known_end(&self, partition: Partition) -> Option<&LogEnd> {
        self.partitions.get(&partition)?.end.as_ref()
    }

    fn end_mut(&mut self, partition: Partition) -> Option<&mut LogEnd> {
        self.partitions.get_mut(&partition)?.end.as_mut()
    }

    /// The partitions that the next lookup resolves.
    fn requested_state(&self) -> PartitionState {
        if self.is_resolving() { Resolving } else { OutOfRange }
    }

    fn change(
        &mut self,
        from: &[PartitionState],
        to: PartitionState,
        which: impl Fn(Partition) -> bool,
    ) {
        for (at, assigned) in &mut self.partitions {
            if which(*at) && from.contains(&assigned.state) {
                (assigned.state, assigned.lookup) = (to, None);
            }
        }
    }

    fn any(&self, which: impl Fn(&Assigned) -> bool) -> bool {
        self.partitions.values().any(which)
    }

    fn select(&self, which: impl Fn(&Assigned) -> bool) -> Vec<Partition> {
        let selected = self.partitions.iter().filter(|(_, assigned)| which(assigned));
        selected.map(|(partition, _)| *partition).collect()
    }
}

#[cfg(test)]
mod tests;
