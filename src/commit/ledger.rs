//! [5] The ledger: per owned partition, which events are unsettled. Pure: outcomes in, committable offsets out.
//!
//! Invariant: the committable offset of a partition is never above its lowest unsettled event.
//!
//! Only what matched is held, so its size is bounded by the queues' capacities, however far one slow webhook makes a partition's
//! committed offset lag behind what was read.

use std::collections::BTreeMap;

use crate::config::check::ActionIndex;
use crate::delivery::{Epoch, Ticket};
use crate::event::{Offset, Partition, Position};

/// The events that were read and not yet settled, of all owned partitions.
#[derive(Debug, Default)]
pub struct Ledger {
    owned: BTreeMap<Partition, Owned>,
    last_epoch: u64,
}

#[derive(Debug)]
struct Owned {
    epoch: Epoch,
    /// The offset to read next: everything below was read. Offsets have gaps, so this is one past the last that was *seen*.
    next: Offset,
    unsettled: BTreeMap<Offset, Unsettled>,
    /// What the broker acknowledged last; `None` until there is a commit.
    committed: Option<Offset>,
}

#[derive(Debug)]
struct Unsettled {
    /// Kafka's timestamp in milliseconds since the epoch.
    timestamp: Option<i64>,
    /// The actions whose deliveries have no outcome yet; never empty.
    pending: Vec<ActionIndex>,
}

/// What an outcome changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The delivery was pending and is no more.
    Applied,
    /// The partition is not owned, or was given away and came back meanwhile: nothing changed.
    Fenced,
}

/// One partition's offset to commit, under the ownership for which it was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committable {
    /// Which partition.
    pub partition: Partition,
    /// Under which ownership.
    pub epoch: Epoch,
    /// The next offset to read, as Kafka wants it.
    pub offset: Offset,
}

/// How one owned partition stands, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which partition.
    pub partition: Partition,
    /// The offset to read next.
    pub next: Offset,
    /// The acknowledged committed offset.
    pub committed: Option<Offset>,
    /// Events that were read and not settled.
    pub unsettled: usize,
    /// The oldest unsettled event's timestamp in milliseconds since the epoch.
    pub oldest: Option<i64>,
}

impl Ledger {
    /// Takes over a partition that is read from `start` on, `committed` being its committed offset where it has one. Replaces an earlier ownership.
    pub fn assign(&mut self, partition: Partition, start: Offset, committed: Option<Offset>) -> Epoch {
        self.last_epoch += 1;
        let epoch = Epoch(self.last_epoch);
        self.owned.insert(partition, Owned { epoch, next: start, unsettled: BTreeMap::new(), committed });
        epoch
    }

    /// Forgets a partition: outcomes that come later are fenced.
    pub fn revoke(&mut self, partition: Partition) {
        self.owned.remove(&partition);
    }

    /// The current ownership of a partition, if it is owned.
    #[must_use]
    pub fn epoch(&self, partition: Partition) -> Option<Epoch> {
        self.owned.get(&partition).map(|owned| owned.epoch)
    }

    /// The owned partitions.
    pub fn partitions(&self) -> impl Iterator<Item = Partition> + '_ {
        self.owned.keys().copied()
    }

    /// Notes that an event was read. Without `deliveries` it is settled at once. `None`: the partition is not owned or the offset was read before; leave the
    /// event alone.
    pub fn read(
        &mut self,
        position: Position,
        timestamp: Option<i64>,
        deliveries: impl IntoIterator<Item = ActionIndex>,
    ) -> Option<Epoch> {
        let owned = self.owned.get_mut(&position.partition)?;
        if position.offset < owned.next {
            return None;
        }
        owned.next = position.offset.next();
        let pending: Vec<_> = deliveries.into_iter().collect();
        if !pending.is_empty() {
            owned.unsettled.insert(position.offset, Unsettled { timestamp, pending });
        }
        Some(owned.epoch)
    }

    /// Whether an event at this position is still to be read.
    #[must_use]
    pub fn expects(&self, position: Position) -> bool {
        self.owned.get(&position.partition).is_some_and(|owned| position.offset >= owned.next)
    }

    /// Passes over offsets below `next` that hold no event: control records and compaction's gaps at a partition's end.
    pub fn advance(&mut self, partition: Partition, next: Offset) {
        if let Some(owned) = self.owned.get_mut(&partition) {
            owned.next = owned.next.max(next);
        }
    }

    /// Notes that one delivery has an outcome.
    pub fn settle(&mut self, ticket: &Ticket) -> Settled {
        let Some(owned) = self.owned.get_mut(&ticket.position.partition).filter(|owned| owned.epoch == ticket.epoch)
        else {
            return Settled::Fenced;
        };
        let Some(event) = owned.unsettled.get_mut(&ticket.position.offset) else { return Settled::Fenced };
        let Some(at) = event.pending.iter().position(|action| *action == ticket.action) else { return Settled::Fenced };
        event.pending.swap_remove(at);
        if event.pending.is_empty() {
            owned.unsettled.remove(&ticket.position.offset);
        }
        Settled::Applied
    }

    /// What a commit would say now: the partitions whose committable offset the broker has not acknowledged.
    #[must_use]
    pub fn committable(&self) -> Vec<Committable> {
        self.owned
            .iter()
            .filter(|(_, owned)| owned.committed != Some(owned.committable()))
            .map(|(&partition, owned)| Committable { partition, epoch: owned.epoch, offset: owned.committable() })
            .collect()
    }

    /// The broker acknowledged a commit. One of an earlier ownership changes nothing.
    pub fn acknowledge(&mut self, acknowledged: &Committable) {
        if let Some(owned) =
            self.owned.get_mut(&acknowledged.partition).filter(|owned| owned.epoch == acknowledged.epoch)
        {
            owned.committed = Some(acknowledged.offset);
        }
    }

    /// Whether every owned partition has an acknowledged committed offset: nothing that comes from now on can be skipped by a restart.
    #[must_use]
    pub fn is_anchored(&self) -> bool {
        self.owned.values().all(|owned| owned.committed.is_some())
    }

    /// How every owned partition stands.
    pub fn standings(&self) -> impl Iterator<Item = Standing> + '_ {
        self.owned.iter().map(|(&partition, owned)| Standing {
            partition,
            next: owned.next,
            committed: owned.committed,
            unsettled: owned.unsettled.len(),
            oldest: owned.unsettled.values().next().and_then(|event| event.timestamp),
        })
    }
}

impl Owned {
    fn committable(&self) -> Offset {
        self.unsettled.keys().next().copied().unwrap_or(self.next)
    }
}

#[cfg(test)]
mod tests;
