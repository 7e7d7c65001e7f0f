//! The ledger: per owned partition, which events are unsettled. Pure: outcomes go in,
//! committable states come out.
//!
//! Invariant: the committable offset of a partition is never above its lowest unsettled event, and
//! every delivery that its state does not name as pending has an outcome.
//!
//! Only events that matched are kept, so the ledger's size is bounded by the queues' capacities,
//! however far one slow webhook makes a partition's committed offset lag behind what was read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::commit_hold::CommitHold;
use crate::config::model::WebhookIndex;
use crate::delivery::{Epoch, Ticket};
use crate::event::{Offset, Partition, Position, TopicIndex};

use self::commit_progress::CommitProgress;
use self::committable::{Committable, Scope};
use self::entry::Entry;
use self::owned_partition::OwnedPartition;
use self::partition_map::PartitionMap;
use self::unsettled::Unsettled;
use super::name_index::NameIndex;
use super::restart_state::{Leftover, RestartState, Throttle};

pub mod entry;

pub mod committable;

mod partition_map;

mod owned_partition;

mod unsettled;

mod commit_progress;

/// The unsettled events of all owned partitions.
#[derive(Debug)]
pub struct Ledger {
    names: Arc<NameIndex>,
    owned: PartitionMap<OwnedPartition>,
    last_epoch: Epoch,
    /// By throttled webhook: the end of its `Retry-After`, in seconds since the epoch. The next
    /// owner of the partitions that feed it must know.
    throttles: BTreeMap<WebhookIndex, u64>,
    /// Per partition, the number of events with pending deliveries that were removed from the log
    /// before they could be read again.
    lost: Vec<(Partition, u64)>,
}

/// What an outcome changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The delivery was pending and is settled now.
    Applied,
    /// Nothing: the partition is not owned, or was reassigned since.
    Fenced,
}

/// The progress of one owned partition, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionProgress {
    /// The partition.
    pub partition: Partition,
    /// The offset to read next.
    pub next: Offset,
    /// The acknowledged committed offset.
    pub committed: Option<Offset>,
    /// Events that were read and are not settled.
    pub unsettled: usize,
    /// The oldest unsettled event's timestamp in milliseconds since the epoch.
    pub oldest: Option<i64>,
}

impl Ledger {
    /// A ledger without partitions. `names` are those of the active configuration.
    #[must_use]
    pub fn new(names: Arc<NameIndex>) -> Self {
        Self {
            names,
            owned: PartitionMap::new(),
            last_epoch: Epoch(0),
            throttles: BTreeMap::new(),
            lost: Vec::new(),
        }
    }

    /// The names of the active configuration.
    #[must_use]
    pub fn names(&self) -> &Arc<NameIndex> {
        &self.names
    }

    /// Replaces the names after a reload. Pending deliveries may be named as in the configuration
    /// before.
    pub fn set_names(&mut self, names: Arc<NameIndex>) {
        for (_, owned) in self.owned.iter_mut() {
            owned.has_earlier_config |= owned.unsettled.len() > 0;
        }
        self.names = names;
    }

    /// Takes over a partition that is read from `start` on. Replaces an earlier assignment of it.
    /// `committed` is its committed offset, if there is one for this topic, and `inherited` what
    /// the commit said.
    pub fn assign(
        &mut self,
        partition: Partition,
        start: Offset,
        committed: Option<Offset>,
        inherited: RestartState,
    ) -> Epoch {
        self.last_epoch.0 += 1;
        let owned = OwnedPartition {
            epoch: self.last_epoch,
            next: start,
            unsettled: Unsettled::default(),
            has_earlier_config: false,
            inherited,
            commits: CommitProgress::new(committed),
        };
        self.owned.insert(partition, owned);
        self.advance(partition, start);
        self.last_epoch
    }

    /// Forgets a partition, and with it the holds of its uncommitted outcomes. Later outcomes are
    /// fenced.
    pub fn revoke(&mut self, partition: Partition) {
        self.owned.remove(partition);
    }

    /// The partition's current epoch, if it is owned.
    #[must_use]
    pub fn epoch(&self, partition: Partition) -> Option<Epoch> {
        self.owned.get(partition).map(|owned| owned.epoch)
    }

    /// The partition's next offset to read, if it is owned.
    #[must_use]
    pub fn next(&self, partition: Partition) -> Option<Offset> {
        self.owned.get(partition).map(|owned| owned.next)
    }

    /// How many partitions a topic had when the group started with the owned ones: the least of
    /// their numbers.
    #[must_use]
    pub fn initial_partitions(&self, topic: TopicIndex) -> Option<u32> {
        let of_topic = self.owned.iter().filter(|(partition, _)| partition.topic == topic);
        of_topic.filter_map(|(_, owned)| owned.inherited.partitions).min()
    }

    /// Whether the last commit before the partition was taken over is another deployment's.
    #[must_use]
    pub fn is_from_another_deployment(&self, partition: Partition) -> bool {
        let owned = self.owned.get(partition);
        owned.is_some_and(|owned| self.names.is_foreign(&owned.inherited.actions))
    }

    /// The owned partitions.
    pub fn partitions(&self) -> impl Iterator<Item = Partition> + '_ {
        self.owned.iter().map(|(partition, _)| partition)
    }

    /// Returns the ledger's view of the record at this position, with a handle to record it.
    #[inline]
    pub fn entry(&mut self, position: Position) -> Entry<'_> {
        match self.owned.get_mut(position.partition) {
            Some(owned) => Entry::of(position, owned, &mut self.lost, &self.names),
            None => Entry::Known,
        }
    }

    /// Passes over offsets below `next` that hold no event: control records and compacted records
    /// at a partition's end, or expired ones.
    pub fn advance(&mut self, partition: Partition, next: Offset) {
        let Some(owned) = self.owned.get_mut(partition) else { return };
        let lost = owned.advance(next);
        if lost > 0 {
            self.lost.push((partition, lost));
        }
    }

    /// Takes the numbers of events that were lost since the last call; see the field `lost`.
    pub fn take_lost(&mut self) -> Vec<(Partition, u64)> {
        std::mem::take(&mut self.lost)
    }

    /// Records that one delivery has an outcome. `hold` is kept until a commit that contains the
    /// outcome is acknowledged; a fenced outcome's hold ends here. `None`: no sender is held for
    /// it, since a crash only drops the delivery again.
    pub fn settle(&mut self, ticket: &Ticket, hold: Option<CommitHold>) -> Settled {
        let Ticket { position, epoch, action } = *ticket;
        let owned = self.owned.get_mut(position.partition).filter(|owned| owned.epoch == epoch);
        let Some(owned) = owned else { return Settled::Fenced };
        let names = &self.names;
        if !owned.unsettled.settle(position.offset, action, |route| names.name(route)) {
            return Settled::Fenced;
        }
        owned.has_earlier_config &= owned.unsettled.len() > 0;
        owned.commits.uncommitted.extend(hold);
        Settled::Applied
    }

    /// Records that parts of a delivery's message were posted, and that others follow. `hold` is
    /// kept as that of an outcome is.
    pub fn record_parts(&mut self, ticket: &Ticket, parts_sent: u8, hold: CommitHold) -> Settled {
        let Ticket { position, epoch, action } = *ticket;
        let owned = self.owned.get_mut(position.partition).filter(|owned| owned.epoch == epoch);
        let Some(owned) = owned else { return Settled::Fenced };
        if !owned.unsettled.progress(position.offset, action, parts_sent) {
            return Settled::Fenced;
        }
        owned.commits.uncommitted.push(hold);
        Settled::Applied
    }

    /// Returns the states to commit now for the partitions in `scope`: those where the broker has
    /// not acknowledged the state or every outcome. `budget` is the most characters of metadata for
    /// each.
    #[must_use]
    pub fn to_commit(&self, scope: Scope<'_>, budget: usize) -> Vec<Committable> {
        let within = |partition: Partition, owned: &OwnedPartition| match scope {
            Scope::Urgent => owned.commits.is_urgent(),
            Scope::All => true,
            Scope::Only(these) => these.contains(&partition),
        };
        self.owned
            .iter()
            .filter(|(partition, owned)| within(*partition, owned))
            .filter_map(|(partition, owned)| {
                let throttles = self.throttles_of(partition.topic);
                let state = owned.committable(partition, throttles, &self.names, budget);
                (!owned.commits.has_acknowledged(&state)).then_some(state)
            })
            .collect()
    }

    /// Records that a commit of these states was sent: it contains every outcome so far.
    pub fn commit_sent(&mut self, states: &[Committable]) {
        for state in states {
            if let Some(owned) = self.owned_at(state) {
                owned.commits.sent();
            }
        }
    }

    /// Records that the broker acknowledged the commit of this state, which ends the holds of the
    /// outcomes that it contains. One from an earlier assignment changes nothing.
    pub fn commit_acknowledged(&mut self, state: &Committable) {
        if let Some(owned) = self.owned_at(state) {
            owned.commits.acknowledged(state);
        }
    }

    /// Records that the commit in flight failed: its outcomes must be included in the next one.
    pub fn commit_failed(&mut self) {
        self.owned.iter_mut().for_each(|(_, owned)| owned.commits.failed());
    }

    /// Records that Slack throttles a webhook until then, in seconds since the epoch. Returns
    /// whether that is news: the next urgent commit then names the partitions that feed it.
    pub fn throttle(&mut self, webhook: WebhookIndex, until: u64) -> bool {
        if self.throttles.insert(webhook, until) == Some(until) {
            return false;
        }
        let feeds = self.names.feeds(webhook);
        for (partition, owned) in self.owned.iter_mut() {
            owned.commits.urgent |= feeds.contains(&partition.topic);
        }
        true
    }

    /// Forgets the throttles that have passed at `now`, in seconds since the epoch.
    pub fn expire_throttles(&mut self, now: u64) {
        self.throttles.retain(|_, until| *until > now);
    }

    /// Whether every owned partition has an acknowledged committed offset: from then on a restart
    /// skips no event.
    #[must_use]
    pub fn all_committed(&self) -> bool {
        self.owned.iter().all(|(_, owned)| owned.commits.committed.is_some())
    }

    /// The progress of every owned partition.
    pub fn progress(&self) -> impl Iterator<Item = PartitionProgress> + '_ {
        self.owned.iter().map(|(partition, owned)| PartitionProgress {
            partition,
            next: owned.next,
            committed: owned.commits.committed,
            unsettled: owned.unsettled.len()
                + owned.inherited.leftover.as_ref().map_or(0, Leftover::listed),
            oldest: owned.unsettled.oldest(),
        })
    }

    /// The throttles of the webhooks that a topic feeds.
    fn throttles_of(&self, topic: TopicIndex) -> Vec<Throttle> {
        let fed = self.throttles.iter().filter(|(at, _)| self.names.feeds(**at).contains(&topic));
        fed.filter_map(|(webhook, until)| {
            Some(Throttle { webhook: self.names.webhook(*webhook)?, until: *until })
        })
        .collect()
    }

    fn owned_at(&mut self, state: &Committable) -> Option<&mut OwnedPartition> {
        self.owned.get_mut(state.partition).filter(|owned| owned.epoch == state.epoch)
    }
}

#[cfg(test)]
mod tests;
