//! [5] The ledger: per owned partition, which events are unsettled. Pure: outcomes in, committable states out.
//!
//! Invariant: the committable offset of a partition is never above its lowest unsettled event, and what its state does not name as pending has an outcome.
//!
//! Only what matched is held, so its size is bounded by the queues' capacities, however far one slow webhook makes a partition's
//! committed offset lag behind what was read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::model::{ActionIndex, WebhookIndex};
use crate::delivery::{Epoch, Ticket};
use crate::event::{Offset, Partition, Position, TopicId, TopicIndex};
use crate::metrics::Degree;

use self::by_partition::ByPartition;
use self::owned::{Owned, name};
use self::unsettled::Unsettled;
use super::inherited::Claimed;
use super::metadata::{self, Fitted};
use super::roster::Roster;
use super::state::Name;
use super::state::{Blocked, Left};

/// So many pending deliveries take as long to look through as a byte of metadata may cost: 100,000 of them, which take a millisecond or two, are committed 20
/// times a second.
const PENDING_A_BYTE: usize = 4;

/// The events that were read and not yet settled, of all owned partitions.
#[derive(Debug)]
pub struct Ledger {
    roster: Arc<Roster>,
    owned: ByPartition<Owned>,
    last_epoch: u64,
    /// Pending events that were not there any more when they were to be read again.
    lost: Vec<(Partition, u64)>,
}

/// A partition as it is taken over.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// The committed offset, where it has one that counts.
    pub committed: Option<Offset>,
    /// What a former owner left below its mark.
    pub left: Option<Left>,
    /// How many partitions the topic had when the group began with this one.
    pub partitions: Option<u32>,
    /// Which topic it is.
    pub topic: Option<TopicId>,
}

/// What a record is to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Of a partition that is not owned, or read before: leave it alone.
    Known,
    /// Read by nobody before.
    New,
    /// Read by a former owner, and nothing of it is pending.
    Done,
    /// Read by a former owner, and something of it may be pending.
    Left,
}

/// An event that was read, and what it comes to.
#[derive(Debug, Default)]
pub struct Read {
    /// Kafka's timestamp in milliseconds since the epoch.
    pub timestamp: Option<i64>,
    /// The actions with a delivery. Without any the event is settled at once.
    pub pending: Vec<ActionIndex>,
    /// The actions that a former owner was done with.
    pub done: Vec<Name>,
}

/// What an outcome changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The delivery was pending and is no more.
    Applied,
    /// The partition is not owned, or was given away and came back meanwhile: nothing changed.
    Fenced,
}

/// Which partitions a commit names, of those that have something new to say.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// Those with outcomes that a crash would repeat, or without any commit.
    Urgent,
    /// All.
    All,
    /// These.
    Only(&'a [Partition]),
}

/// One partition's state to commit, under the ownership for which it was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committable {
    /// Which partition.
    pub partition: Partition,
    /// Under which ownership.
    pub epoch: Epoch,
    /// The next offset to read, as Kafka wants it.
    pub offset: Offset,
    /// What the offset alone can't say.
    pub metadata: String,
    /// What the metadata had no room for.
    pub cut: Option<Degree>,
    /// What the commit costs, in bytes: the metadata's on the broker's disks, and the time that it took to make them here.
    pub cost: usize,
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
    /// Owns nothing; `roster` tells the configuration's names.
    #[must_use]
    pub fn new(roster: Arc<Roster>) -> Self {
        Self { roster, owned: ByPartition::new(), last_epoch: 0, lost: Vec::new() }
    }

    /// The configuration's names.
    #[must_use]
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// Takes over a partition that is read from `start` on. Replaces an earlier ownership: the holds that end with it.
    pub fn assign(
        &mut self,
        partition: Partition,
        start: Offset,
        taken: Taken,
    ) -> (Epoch, Vec<WebhookIndex>) {
        let ended = self.revoke(partition);
        self.last_epoch += 1;
        let epoch = Epoch(self.last_epoch);
        let Taken { committed, left, partitions, topic } = taken;
        let owned = Owned {
            epoch,
            next: start,
            unsettled: Unsettled::default(),
            mixed: false,
            left,
            partitions,
            topic,
            committed,
            metadata: None,
            // A start that is not committed would be decided anew by the next owner, over what came meanwhile.
            urgent: true,
            untold: Vec::new(),
            told: Vec::new(),
        };
        self.owned.insert(partition, owned);
        self.passed(partition);
        (epoch, ended)
    }

    /// Forgets a partition: outcomes that come later are fenced. The webhooks whose holds end with it, one for each outcome that no acknowledged commit told.
    pub fn revoke(&mut self, partition: Partition) -> Vec<WebhookIndex> {
        self.owned.remove(partition).map_or_else(Vec::new, |mut owned| {
            owned.untold.append(&mut owned.told);
            owned.untold
        })
    }

    /// The current ownership of a partition, if it is owned.
    #[must_use]
    pub fn epoch(&self, partition: Partition) -> Option<Epoch> {
        self.owned.get(partition).map(|owned| owned.epoch)
    }

    /// The offset to read next of a partition, if it is owned.
    #[must_use]
    pub fn next(&self, partition: Partition) -> Option<Offset> {
        self.owned.get(partition).map(|owned| owned.next)
    }

    /// How many partitions a topic had when the group began with those of it that are owned: the least of what they say.
    #[must_use]
    pub fn counted(&self, topic: TopicIndex) -> Option<u32> {
        let of_topic = self.owned.iter().filter(|(partition, _)| partition.topic == topic);
        of_topic.filter_map(|(_, owned)| owned.partitions).min()
    }

    /// The owned partitions.
    pub fn partitions(&self) -> impl Iterator<Item = Partition> + '_ {
        self.owned.iter().map(|(partition, _)| partition)
    }

    /// From now on what is committed is named as `roster` has it. What is pending may be of the configuration before.
    pub fn rename(&mut self, roster: Arc<Roster>) {
        for (_, owned) in self.owned.iter_mut() {
            owned.mixed |= owned.unsettled.len() > 0;
        }
        self.roster = roster;
    }

    /// What the record at this position is.
    #[must_use]
    pub fn reading(&self, position: Position) -> Reading {
        let Some(owned) = self.owned.get(position.partition) else { return Reading::Known };
        match &owned.left {
            _ if position.offset < owned.next => Reading::Known,
            Some(left) if position.offset < left.mark => {
                if left.may_want(position.offset) {
                    Reading::Left
                } else {
                    Reading::Done
                }
            }
            _ => Reading::New,
        }
    }

    /// What an event that a former owner had read comes to, now that these actions match it.
    #[must_use]
    pub fn claim(&self, position: Position, matched: &[ActionIndex]) -> Claimed {
        let left = self.owned.get(position.partition).and_then(|owned| owned.left.as_ref());
        left.map_or_else(Claimed::default, |left| {
            left.claim(position.offset, matched, &self.roster)
        })
    }

    /// Notes that an event was read, and what it comes to. `None`: [`Reading::Known`], leave it alone.
    pub fn read(&mut self, position: Position, read: Read) -> Option<Epoch> {
        let owned = self.owned.get_mut(position.partition)?;
        if position.offset < owned.next {
            return None;
        }
        let epoch = owned.epoch;
        if let Some(left) = &mut owned.left {
            // What is listed below it was not there any more.
            let gone = left.pass(position.offset);
            left.pass(position.offset.next());
            if position.offset.next() >= left.mark {
                owned.left = None;
            }
            if gone > 0 {
                self.lost.push((position.partition, gone));
            }
        }
        owned.next = position.offset.next();
        owned.unsettled.push(position.offset, read.timestamp, read.pending, read.done);
        Some(epoch)
    }

    /// Passes over offsets below `next` that hold no event: control records and compaction's gaps at a partition's end, or what has left the retention.
    pub fn advance(&mut self, partition: Partition, next: Offset) {
        if let Some(owned) = self.owned.get_mut(partition) {
            owned.next = owned.next.max(next);
            self.passed(partition);
        }
    }

    /// Pending events that were gone when they were to be read again, by partition; each is told once.
    pub fn take_lost(&mut self) -> Vec<(Partition, u64)> {
        std::mem::take(&mut self.lost)
    }

    fn passed(&mut self, partition: Partition) {
        let Some(owned) = self.owned.get_mut(partition) else { return };
        let Some(left) = &mut owned.left else { return };
        let gone = left.pass(owned.next);
        if owned.next >= left.mark {
            owned.left = None;
        }
        if gone > 0 {
            self.lost.push((partition, gone));
        }
    }

    /// Notes that one delivery has an outcome. `told_by`: the webhook whose sender reported it, and is held until a commit that tells it is acknowledged.
    pub fn settle(&mut self, ticket: &Ticket, told_by: Option<WebhookIndex>) -> Settled {
        let Some(owned) = self
            .owned
            .get_mut(ticket.position.partition)
            .filter(|owned| owned.epoch == ticket.epoch)
        else {
            return Settled::Fenced;
        };
        if !owned.unsettled.settle(
            ticket.position.offset,
            ticket.action,
            name(&self.roster, ticket.action),
        ) {
            return Settled::Fenced;
        }
        owned.mixed &= owned.unsettled.len() > 0;
        owned.untold.extend(told_by);
        Settled::Applied
    }

    /// What a commit would say now of the partitions in `scope`: those of which the broker has not acknowledged it, or not heard all outcomes.
    #[must_use]
    pub fn offer(
        &self,
        scope: Scope<'_>,
        blocked: &BTreeMap<WebhookIndex, u64>,
        budget: usize,
    ) -> Vec<Committable> {
        let within = |partition: Partition, owned: &Owned| match scope {
            Scope::Urgent => owned.is_urgent(),
            Scope::All => true,
            Scope::Only(these) => these.contains(&partition),
        };
        self.owned
            .iter()
            .filter(|(partition, owned)| within(*partition, owned))
            .map(|(partition, owned)| {
                let offset = owned.committable();
                let state = owned.state(&self.roster, self.blocked(partition, blocked), budget);
                let Fitted { text, cut } =
                    metadata::fit(&state, offset, budget, owned.roster(&self.roster));
                let cost = text.len() + owned.unsettled.pending() / PENDING_A_BYTE;
                Committable { partition, epoch: owned.epoch, offset, metadata: text, cut, cost }
            })
            .filter(|offer| {
                self.owned.get(offer.partition).is_some_and(|owned| !owned.has_acknowledged(offer))
            })
            .collect()
    }

    /// A commit of these is under way: it tells every outcome that came so far.
    pub fn sent(&mut self, offers: &[Committable]) {
        for offer in offers {
            if let Some(owned) =
                self.owned.get_mut(offer.partition).filter(|owned| owned.epoch == offer.epoch)
            {
                owned.told.append(&mut owned.untold);
                owned.urgent = false;
            }
        }
    }

    /// The broker acknowledged a commit. One of an earlier ownership changes nothing. The webhooks whose holds end, one for each outcome that it told.
    pub fn acknowledge(&mut self, acknowledged: &Committable) -> Vec<WebhookIndex> {
        let owned = self
            .owned
            .get_mut(acknowledged.partition)
            .filter(|owned| owned.epoch == acknowledged.epoch);
        owned.map_or_else(Vec::new, |owned| {
            owned.committed = Some(acknowledged.offset);
            owned.metadata = Some(acknowledged.metadata.clone());
            std::mem::take(&mut owned.told)
        })
    }

    /// The commit that was under way failed: what it told is to be told again.
    pub fn failed(&mut self) {
        for (_, owned) in self.owned.iter_mut() {
            owned.untold.append(&mut owned.told);
            owned.urgent |= owned.metadata.is_none();
        }
    }

    /// What a next owner must know at once has changed for the partitions that feed a webhook.
    pub fn urge(&mut self, webhook: WebhookIndex) {
        let feeds = self.roster.feeds(webhook);
        for (_, owned) in
            self.owned.iter_mut().filter(|(partition, _)| feeds.contains(&partition.topic))
        {
            owned.urgent = true;
        }
    }

    /// Whether every owned partition has an acknowledged committed offset: nothing that comes from now on can be skipped by a restart.
    #[must_use]
    pub fn is_anchored(&self) -> bool {
        self.owned.iter().all(|(_, owned)| owned.committed.is_some())
    }

    /// How every owned partition stands.
    pub fn standings(&self) -> impl Iterator<Item = Standing> + '_ {
        self.owned.iter().map(|(partition, owned)| Standing {
            partition,
            next: owned.next,
            committed: owned.committed,
            unsettled: owned.unsettled.len() + owned.left.as_ref().map_or(0, Left::listed),
            oldest: owned.unsettled.oldest(),
        })
    }

    /// The webhooks under a `Retry-After` that this partition feeds.
    fn blocked(&self, partition: Partition, blocked: &BTreeMap<WebhookIndex, u64>) -> Vec<Blocked> {
        let fed = blocked
            .iter()
            .filter(|(webhook, _)| self.roster.feeds(**webhook).contains(&partition.topic));
        fed.filter_map(|(webhook, until)| {
            Some(Blocked { webhook: self.roster.webhook(*webhook)?, until: *until })
        })
        .collect()
    }
}

mod by_partition;

mod owned;

mod unsettled;

#[cfg(test)]
mod tests;
