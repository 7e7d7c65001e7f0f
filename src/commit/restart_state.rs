//! What a commit says besides its offset: up to where the partition was read, and which
//! deliveries below that are still pending. Pure.
//!
//! Three degrees, by the room in a commit's metadata: every pending delivery; then one position per
//! lagging webhook, since a queue is first in, first out; then the remaining webhooks share one
//! floor. Invariant: a lower degree names more as pending than a higher one, never less.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::event::{LogId, Offset};

use super::bloom::BloomFilter;
use super::name_index::{Name, NameHash};
use super::sketch::Sketch;

pub mod codec;

mod parts_sent;

pub use parts_sent::PartsSent;

/// Everything that a partition's next owner learns. The default is what the bare version mark
/// means: everything from the committed offset on is pending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestartState {
    /// How many partitions the topic had when the group started with this one.
    pub partitions: Option<u32>,
    /// The log whose offsets these are.
    pub log: LogId,
    /// What is left to deliver below the mark.
    pub leftover: Option<Leftover>,
    /// Webhooks that Slack throttles.
    pub throttles: Vec<Throttle>,
    /// A sketch of the actions of the deployment that committed; empty where an earlier version
    /// did.
    pub actions: Sketch<NameHash>,
    /// The hash of the names of the configuration that every pending delivery is of, where an
    /// action of it has several senders; `None` also where there is no such configuration.
    pub names: Option<NameHash>,
    /// The parts that pending deliveries have posted of a long text.
    pub parts: PartsSent,
}

impl RestartState {
    /// What still counts of a state that was copied from another cluster: its offsets and counts
    /// are those of that cluster's log, where the copied offset may mean another event, and its
    /// actions are those of a member there. A `Retry-After` is Slack's.
    #[must_use]
    pub fn without_log(self) -> Self {
        Self { throttles: self.throttles, ..Self::default() }
    }
}

/// What is left to deliver of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Everything below was read.
    pub mark: Offset,
    /// The deliveries below the mark that have no outcome.
    pub pending: Pending,
}

/// A `Retry-After` in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// The throttled webhook.
    pub webhook: NameHash,
    /// The end, in seconds since the epoch.
    pub until: u64,
}

/// The pending deliveries below a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pending {
    /// Each of them.
    Listed(List),
    /// The position of each webhook.
    Positions(Positions),
}

/// The pending deliveries, by the offset of their event.
pub type List = BTreeMap<Offset, Vec<Listed>>;

/// One event's deliveries to one sender of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listed {
    /// The sender to which the actions posted then.
    pub webhook: NameHash,
    /// The actions whose deliveries have no outcome; never empty.
    pub pending: Vec<NameHash>,
    /// The webhook's actions whose deliveries of this event have an outcome: a renamed action is
    /// none of them.
    pub done: Vec<NameHash>,
}

/// The positions of the lagging webhooks. A webhook that does not lag is done up to the mark.
/// `Place` is how a position is expressed: as an offset, or relative to one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Positions<Place = Offset> {
    /// The hash of the configuration's names; `None`: deliveries of more than one configuration
    /// are pending.
    pub names: Option<NameHash>,
    /// By webhook: the offset of its first pending event.
    pub webhooks: BTreeMap<NameHash, Place>,
    /// The offset of the first pending event of all lagging webhooks without a position.
    pub floor: Option<Place>,
    /// The actions with pending deliveries, and perhaps some more.
    pub lagging: BloomFilter,
}

impl Leftover {
    /// Forgets what is below `next`: it was read again. Returns how many listed events that were.
    pub fn pass(&mut self, next: Offset) -> u64 {
        match &mut self.pending {
            Pending::Listed(list) => {
                let ahead = list.split_off(&next);
                std::mem::replace(list, ahead).len() as u64
            }
            Pending::Positions(positions) => {
                for position in positions.webhooks.values_mut().chain(&mut positions.floor) {
                    *position = next.max(*position);
                }
                0
            }
        }
    }

    /// The number of listed events.
    #[must_use]
    pub fn listed(&self) -> usize {
        match &self.pending {
            Pending::Listed(list) => list.len(),
            Pending::Positions(_) => 0,
        }
    }

    /// Lowers the mark to the log's `end` if the log was truncated below the mark: what arrives
    /// there now is new. Returns whether it was.
    pub fn truncate(&mut self, end: Offset) -> bool {
        if self.mark <= end {
            return false;
        }
        self.mark = end;
        if let Pending::Listed(list) = &mut self.pending {
            list.split_off(&end);
        }
        true
    }

    /// The number of offsets below `low` that were never read, or may have pending deliveries that
    /// are not listed.
    #[must_use]
    pub fn unlisted_below(&self, low: Offset) -> u64 {
        let from = match &self.pending {
            Pending::Listed(_) => self.mark,
            Pending::Positions(positions) => positions.lowest().unwrap_or(self.mark).min(self.mark),
        };
        u64::try_from(low.0.saturating_sub(from.0)).unwrap_or(0)
    }

    /// Returns a copy that also names `own`, the deliveries that the current owner has read and not
    /// settled. `names` is the hash of the active configuration, if everything in `own` is named by
    /// it.
    #[must_use]
    pub fn merged_with(&self, own: List, names: Option<NameHash>) -> Self {
        let pending = match &self.pending {
            Pending::Listed(list) => {
                let mut all = own;
                all.extend(list.iter().map(|(offset, listed)| (*offset, listed.clone())));
                Pending::Listed(all)
            }
            Pending::Positions(positions) => {
                let mut positions = positions.clone();
                if positions.names != names {
                    positions.names = None;
                }
                positions.add(pending_names(&own));
                Pending::Positions(positions)
            }
        };
        Self { mark: self.mark, pending }
    }
}

/// The names of a list's pending deliveries.
pub fn pending_names(list: &List) -> impl Iterator<Item = (Offset, Name)> + Clone + '_ {
    list.iter().flat_map(|(offset, all)| {
        all.iter().flat_map(|Listed { webhook, pending, .. }| {
            pending.iter().map(|action| (*offset, Name { webhook: *webhook, action: *action }))
        })
    })
}

impl Positions {
    /// `count` pending deliveries, cut to one position per webhook.
    #[must_use]
    pub fn of(
        pending: impl Iterator<Item = (Offset, Name)>,
        count: usize,
        names: Option<NameHash>,
        bloom_bytes: usize,
    ) -> Self {
        let lagging = BloomFilter::for_members(count, bloom_bytes);
        let mut positions = Self { names, webhooks: BTreeMap::new(), floor: None, lagging };
        positions.add(pending);
        positions
    }

    fn add(&mut self, pending: impl Iterator<Item = (Offset, Name)>) {
        // A commit may go through a hundred thousand deliveries: a webhook is found by hash, and
        // the few webhooks are sorted afterwards.
        let mut lowest: FxHashMap<u32, (NameHash, Offset)> = FxHashMap::default();
        for (offset, Name { webhook, action }) in pending {
            let (_, position) = lowest.entry(webhook.number()).or_insert((webhook, offset));
            *position = offset.min(*position);
            self.lagging.add(action);
        }
        for (webhook, offset) in lowest.into_values() {
            let position = self.webhooks.entry(webhook).or_insert(offset);
            *position = offset.min(*position);
        }
    }

    /// The `most` webhooks with the highest positions, in descending order: a low position is close
    /// to the floor anyway.
    #[must_use]
    pub fn furthest(&self, most: usize) -> Vec<(Offset, NameHash)> {
        let mut furthest: Vec<_> = self.webhooks.iter().map(|(name, at)| (*at, *name)).collect();
        let further = |one: &(Offset, NameHash), other: &(Offset, NameHash)| other.cmp(one);
        if most < furthest.len() {
            furthest.select_nth_unstable_by(most, further);
            furthest.truncate(most);
        }
        furthest.sort_unstable_by(further);
        furthest
    }

    /// A copy with the positions of only these webhooks, the first ones of [`Positions::furthest`];
    /// the others share a floor.
    #[must_use]
    pub fn with_floor(&self, named: &[(Offset, NameHash)], bloom_bytes: usize) -> Self {
        let floor = if named.len() < self.webhooks.len() { self.lowest() } else { self.floor };
        let webhooks = named.iter().map(|(at, name)| (*name, *at)).collect();
        Self { names: self.names, webhooks, floor, lagging: self.lagging.folded(bloom_bytes) }
    }

    /// The lowest position of all; `None` if nothing is pending.
    #[must_use]
    pub fn lowest(&self) -> Option<Offset> {
        self.webhooks.values().copied().chain(self.floor).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After an unclean leader election, the offsets from the end on belong to new events.
    #[test]
    fn events_above_a_truncated_end_are_new() {
        let listed = || {
            vec![Listed {
                webhook: NameHash::of("w"),
                pending: vec![NameHash::of("a")],
                done: Vec::new(),
            }]
        };
        let list = [2, 5, 7].map(|offset| (Offset(offset), listed()));
        let mut left = Leftover { mark: Offset(9), pending: Pending::Listed(List::from(list)) };
        assert!(!left.truncate(Offset(9)));
        assert!(left.truncate(Offset(5)));
        assert_eq!((left.mark, left.listed()), (Offset(5), 1));
    }
}
