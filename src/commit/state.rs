//! [5] What a commit says besides its offset: up to where the partition was read, and what below that is still pending. Pure.
//!
//! Three degrees, by room: every pending delivery; then one position per lagging webhook, since a queue is first in, first out; then the surplus webhooks share
//! one floor. Invariant: a lower degree names more as pending than a higher one, never less.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::event::{Offset, TopicId};

use super::filter::Filter;
use super::roster::NameHash;

/// Everything that a partition's next owner is told. The default is what the bare version mark tells: from the committed offset on everything is pending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// How many partitions the topic had when the group began with this one.
    pub partitions: Option<u32>,
    /// Which topic it is that the offsets are of.
    pub topic: Option<TopicId>,
    /// What is left to do below the mark.
    pub left: Option<Left>,
    /// Webhooks that Slack has stopped.
    pub blocked: Vec<Blocked>,
}

/// What is left to do of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Everything below was read.
    pub mark: Offset,
    /// What below the mark has no outcome.
    pub pending: Pending,
}

/// A `Retry-After` in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    /// Whose.
    pub webhook: NameHash,
    /// Until when, in seconds since the epoch.
    pub until: u64,
}

/// The pending deliveries below a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pending {
    /// Each of them.
    Listed(List),
    /// Where each webhook goes on.
    Positions(Positions),
}

/// The pending deliveries, by the offset of their event.
pub type List = BTreeMap<Offset, Vec<Listed>>;

/// One event's deliveries to one webhook.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listed {
    /// The webhook at the time.
    pub webhook: NameHash,
    /// The actions whose deliveries have no outcome; never empty.
    pub pending: Vec<NameHash>,
    /// The webhook's actions that are done with this event: a renamed action is none of them.
    pub done: Vec<NameHash>,
}

/// One delivery's names: its action, and the webhook that this one served at the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The webhook.
    pub webhook: NameHash,
    /// The action.
    pub action: NameHash,
}

/// Where the lagging webhooks go on; whoever does not lag is done up to the mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positions {
    /// Which actions served which webhooks; `None`: of more than one configuration.
    pub roster: Option<NameHash>,
    /// By webhook: its lowest pending event.
    pub webhooks: BTreeMap<NameHash, Offset>,
    /// The lowest pending event of all lagging webhooks that are not named.
    pub floor: Option<Offset>,
    /// The actions with something pending, and perhaps some more.
    pub lagging: Filter,
}

impl Left {
    /// Nothing is left below `mark`.
    #[must_use]
    pub fn nothing(mark: Offset) -> Self {
        Self { mark, pending: Pending::Listed(List::new()) }
    }

    /// Forgets what lies below `next`: it was read again. The number of listed events among it.
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

    /// How many events are listed.
    #[must_use]
    pub fn listed(&self) -> usize {
        match &self.pending {
            Pending::Listed(list) => list.len(),
            Pending::Positions(_) => 0,
        }
    }

    /// The log ends at `end`, below the mark: it was cut, and what comes there now is new. Whether that is so.
    pub fn end_at(&mut self, end: Offset) -> bool {
        if self.mark <= end {
            return false;
        }
        self.mark = end;
        if let Pending::Listed(list) = &mut self.pending {
            list.split_off(&end);
        }
        true
    }

    /// How many offsets below `low` nobody has read, or may have something pending that is not listed.
    #[must_use]
    pub fn unlisted_below(&self, low: Offset) -> u64 {
        let from = match &self.pending {
            Pending::Listed(_) => self.mark,
            Pending::Positions(positions) => positions.lowest().unwrap_or(self.mark).min(self.mark),
        };
        u64::try_from(low.0.saturating_sub(from.0)).unwrap_or(0)
    }

    /// This, and what the present owner has read and not settled itself. `of_now`: everything here is named as the present configuration names it.
    #[must_use]
    pub fn with(&self, own: List, of_now: Option<NameHash>) -> Self {
        let pending = match &self.pending {
            Pending::Listed(list) => {
                let mut all = own;
                all.extend(list.iter().map(|(offset, listed)| (*offset, listed.clone())));
                Pending::Listed(all)
            }
            Pending::Positions(positions) => {
                let mut positions = positions.clone();
                if positions.roster != of_now {
                    positions.roster = None;
                }
                positions.add(names(&own));
                Pending::Positions(positions)
            }
        };
        Self { mark: self.mark, pending }
    }
}

/// The pending deliveries of a list.
pub fn names(list: &List) -> impl Iterator<Item = (Offset, Name)> + Clone + '_ {
    list.iter().flat_map(|(offset, all)| {
        let names = |listed: &'_ Listed| {
            let webhook = listed.webhook;
            listed
                .pending
                .iter()
                .map(move |action| Name { webhook, action: *action })
                .collect::<Vec<_>>()
        };
        all.iter().flat_map(names).map(|name| (*offset, name))
    })
}

impl Positions {
    /// What is pending, `count` deliveries, cut to one position per webhook.
    #[must_use]
    pub fn of(
        pending: impl Iterator<Item = (Offset, Name)>,
        count: usize,
        roster: Option<NameHash>,
        filter_bytes: usize,
    ) -> Self {
        let lagging = Filter::for_members(count, filter_bytes);
        let mut positions = Self { roster, webhooks: BTreeMap::new(), floor: None, lagging };
        positions.add(pending);
        positions
    }

    fn add(&mut self, pending: impl Iterator<Item = (Offset, Name)>) {
        // A commit may look through a hundred thousand: found by hash, and sorted at the end.
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

    /// The `most` webhooks that have come furthest, in this order: a position that lies low is near the floor anyway.
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

    /// With only these webhooks, some of [`Positions::furthest`] from the first on; the others share a floor.
    #[must_use]
    pub fn with_floor(&self, named: &[(Offset, NameHash)], filter_bytes: usize) -> Self {
        let floor = if named.len() < self.webhooks.len() { self.lowest() } else { self.floor };
        let webhooks = named.iter().map(|(at, name)| (*name, *at)).collect();
        Self { roster: self.roster, webhooks, floor, lagging: self.lagging.folded(filter_bytes) }
    }

    /// The lowest position of all; `None`: nothing is pending.
    #[must_use]
    pub fn lowest(&self) -> Option<Offset> {
        self.webhooks.values().copied().chain(self.floor).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An unclean leader election: the offsets from the end on will be another log's.
    #[test]
    fn what_comes_where_the_log_was_cut_is_new() {
        let listed = || {
            vec![Listed {
                webhook: NameHash::of("w"),
                pending: vec![NameHash::of("a")],
                done: Vec::new(),
            }]
        };
        let list = [2, 5, 7].map(|offset| (Offset(offset), listed()));
        let mut left = Left { mark: Offset(9), pending: Pending::Listed(List::from(list)) };
        assert!(!left.end_at(Offset(9)));
        assert!(left.end_at(Offset(5)));
        assert_eq!((left.mark, left.listed()), (Offset(5), 1));
    }
}
