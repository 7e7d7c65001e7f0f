//! The ledger's view of one record: known, settled by a former owner, new, or left unsettled. Found
//! with one lookup; each handle settles or records the event. Pure.

use crate::commit::name_index::{Name, NameIndex};
use crate::commit::recovery::Claimed;
use crate::config::model::ActionIndex;
use crate::delivery::{Epoch, Route};
use crate::event::{Partition, Position};

use super::owned_partition::OwnedPartition;

/// A record's place in the ledger. A handle that is dropped unused leaves the record unread.
#[derive(Debug)]
pub enum Entry<'a> {
    /// Of a partition that is not owned, or read before: ignore the record.
    Known,
    /// Read by a former owner, and nothing of it is pending. It need not be parsed.
    Done(Done<'a>),
    /// Never read before.
    New(New<'a>),
    /// Read by a former owner, and some of its deliveries may be pending.
    Left(Left<'a>),
}

/// A record that a former owner had settled.
#[derive(Debug)]
pub struct Done<'a>(Unread<'a>);

/// A record that is read for the first time.
#[derive(Debug)]
pub struct New<'a>(Unread<'a>);

/// A record that a former owner left unsettled.
#[derive(Debug)]
pub struct Left<'a> {
    unread: Unread<'a>,
    names: &'a NameIndex,
}

#[derive(Debug)]
struct Unread<'a> {
    position: Position,
    owned: &'a mut OwnedPartition,
    lost: &'a mut Vec<(Partition, u64)>,
}

impl<'a> Entry<'a> {
    /// The entry of a record of an owned partition.
    #[inline]
    pub fn of(
        position: Position,
        owned: &'a mut OwnedPartition,
        lost: &'a mut Vec<(Partition, u64)>,
        names: &'a NameIndex,
    ) -> Self {
        if position.offset < owned.next {
            return Self::Known;
        }
        let leftover = owned.inherited.leftover.as_ref();
        let may_want = leftover
            .filter(|leftover| position.offset < leftover.mark)
            .map(|leftover| leftover.may_want(position.offset));
        let unread = Unread { position, owned, lost };
        match may_want {
            None => Self::New(New(unread)),
            Some(false) => Self::Done(Done(unread)),
            Some(true) => Self::Left(Left { unread, names }),
        }
    }
}

impl Done<'_> {
    /// Settles the event.
    pub fn pass(self) {
        self.0.pass();
    }
}

impl New<'_> {
    /// Settles an event that matches nothing.
    #[inline]
    pub fn pass(self) {
        self.0.pass();
    }

    /// Records the event as unsettled until each of the `pending` deliveries has an outcome.
    /// `timestamp` is Kafka's, in milliseconds since the epoch.
    pub fn record(self, timestamp: Option<i64>, pending: Vec<Route>) -> Epoch {
        self.0.record(timestamp, pending, Vec::new(), std::iter::empty())
    }
}

impl Left<'_> {
    /// Finds out which deliveries of the actions that `matched` now are to be made, and records the
    /// event as unsettled until each of them has an outcome.
    pub fn claim(self, timestamp: Option<i64>, matched: &[Route]) -> (Epoch, Claimed) {
        let Self { unread, names } = self;
        let offset = unread.position.offset;
        let leftover = unread.owned.inherited.leftover.as_ref();
        let mut claimed =
            leftover.map(|leftover| leftover.claim(offset, matched, names)).unwrap_or_default();
        for claim in &mut claimed.deliveries {
            let parts = &unread.owned.inherited.parts;
            claim.parts_sent = claim.action.map_or(0, |action| parts.get(offset, action));
        }
        let pending = claimed.deliveries.iter().map(|claim| claim.route).collect();
        let done = std::mem::take(&mut claimed.done);
        let parts = claimed.deliveries.iter().map(|claim| (claim.route.action, claim.parts_sent));
        (unread.record(timestamp, pending, done, parts), claimed)
    }
}

impl Unread<'_> {
    #[inline]
    fn pass(self) {
        let removed = self.owned.pass(self.position.offset);
        if removed > 0 {
            self.lost.push((self.position.partition, removed));
        }
    }

    fn record(
        self,
        timestamp: Option<i64>,
        pending: Vec<Route>,
        done: Vec<Name>,
        parts_sent: impl Iterator<Item = (ActionIndex, u8)>,
    ) -> Epoch {
        let (epoch, offset) = (self.owned.epoch, self.position.offset);
        self.owned.unsettled.push(offset, timestamp, pending, done);
        for (action, parts) in parts_sent.filter(|(_, parts)| *parts > 0) {
            self.owned.unsettled.progress(offset, action, parts);
        }
        self.pass();
        epoch
    }
}
