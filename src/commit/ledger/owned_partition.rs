//! One owned partition: its pending deliveries, and the state that its commits carry. Pure.

use rustc_hash::FxHashMap;

use crate::commit::name_index::{Name, NameHash, NameIndex};
use crate::commit::restart_state::codec::{self, Fitted};
use crate::commit::restart_state::{
    Leftover, List, Listed, PartsSent, Pending, Positions, RestartState, Throttle,
};
use crate::config::model::ActionIndex;
use crate::delivery::Epoch;
use crate::event::{Offset, Partition};

use super::commit_progress::CommitProgress;
use super::committable::Committable;
use super::unsettled::{Event, Unsettled};

/// Encoding this many pending deliveries costs as much time as the schedule allows for one byte of
/// metadata. So a partition with 100,000 of them is committed at most 20 times a second.
const PENDING_PER_BYTE: usize = 4;

/// One partition under one assignment.
#[derive(Debug)]
pub struct OwnedPartition {
    pub epoch: Epoch,
    /// The offset to read next: everything below was read. Offsets have gaps, so this is one past
    /// the last one that was *seen*.
    pub next: Offset,
    /// The events with pending deliveries.
    pub unsettled: Unsettled,
    /// Whether `unsettled` has events that were matched by an earlier configuration.
    pub has_earlier_config: bool,
    /// The former owner's restart state, without the deliveries that were read again.
    pub inherited: RestartState,
    /// What the broker has acknowledged.
    pub commits: CommitProgress,
}

impl OwnedPartition {
    /// Passes the record at `offset`. Returns how many events with pending deliveries were listed
    /// below it: they were removed from the log.
    #[inline]
    pub fn pass(&mut self, offset: Offset) -> u64 {
        if self.inherited.leftover.is_none() {
            self.next = offset.next();
            return 0;
        }
        let lost = self.advance(offset);
        self.advance(offset.next());
        lost
    }

    /// Continues at `next`, if it is not there yet. Returns how many events with pending deliveries
    /// were listed below it.
    pub fn advance(&mut self, next: Offset) -> u64 {
        self.next = self.next.max(next);
        let leftover = &mut self.inherited.leftover;
        let lost = leftover.as_mut().map_or(0, |leftover| leftover.pass(self.next));
        leftover.take_if(|leftover| self.next >= leftover.mark);
        let is_left = leftover.is_some();
        if !self.inherited.parts.is_empty() {
            self.inherited.parts.retain(|offset| is_left && offset >= self.next);
        }
        lost
    }

    /// Returns a commit of this partition.
    pub fn committable(
        &self,
        partition: Partition,
        throttles: Vec<Throttle>,
        names: &NameIndex,
        budget: usize,
    ) -> Committable {
        let offset = self.unsettled.first().unwrap_or(self.next);
        let hash = self.names_hash(names);
        let leftover = self.leftover(names, hash, budget);
        let lists_choices = names.has_choices() && leftover.listed() > 0;
        let state = RestartState {
            partitions: self.inherited.partitions,
            log: self.inherited.log,
            leftover: Some(leftover),
            throttles,
            actions: names.sketch().clone(),
            names: hash.filter(|_| lists_choices),
            parts: self.parts(names),
        };
        let Fitted { text, cut, lacks_parts } = codec::fit(&state, offset, budget, hash);
        let cost = text.len() + self.unsettled.pending() / PENDING_PER_BYTE;
        Committable { partition, epoch: self.epoch, offset, metadata: text, cut, lacks_parts, cost }
    }

    /// Returns the parts that pending deliveries have posted, the former owner's included until
    /// their event is read again.
    fn parts(&self, names: &NameIndex) -> PartsSent {
        let mut parts = self.inherited.parts.clone();
        for (offset, action, sent) in self.unsettled.parts() {
            if let Some(action) = names.action(action) {
                parts.insert(offset, action, sent);
            }
        }
        parts
    }

    /// Returns what the next owner has to deliver. The rest of the former owner's is included until
    /// its mark is passed. `hash` is that of the names.
    fn leftover(&self, names: &NameIndex, hash: Option<NameHash>, budget: usize) -> Leftover {
        if let Some(leftover) = &self.inherited.leftover {
            return leftover.merged_with(self.list(names), hash);
        }
        // A list that cannot fit need not be made only to be cut.
        let pending = if self.least_listed(names) > codec::bytes(budget) {
            let bloom_bytes = budget / codec::BLOOM_SHARE;
            let (pending, count) = (self.pending(names), self.unsettled.pending());
            Pending::Positions(Positions::of(pending, count, hash, bloom_bytes))
        } else {
            Pending::Listed(self.list(names))
        };
        Leftover { mark: self.next, pending }
    }

    /// Returns the least length of a list of the pending deliveries, in bytes: one for each webhook
    /// of an event.
    fn least_listed(&self, names: &NameIndex) -> usize {
        let most = names.max_actions_per_webhook.max(1);
        self.unsettled.iter().map(|event| event.pending.len().div_ceil(most)).sum()
    }

    /// Returns the hash of the configuration's names; `None` where the state's list has names of
    /// another configuration.
    fn names_hash(&self, names: &NameIndex) -> Option<NameHash> {
        if self.has_earlier_config {
            return None;
        }
        // Where an action chooses a sender by the event, equal names do not say that it still
        // chooses the same one.
        let chooses_alike = self.inherited.names == names.hash();
        let known = |listed: &Listed| {
            let of_webhook = |action: &ActionIndex| {
                (chooses_alike || !names.chooses(*action))
                    && names.can_post_to(*action, listed.webhook)
            };
            listed.pending.iter().all(|name| names.actions_named(*name).iter().any(of_webhook))
        };
        match self.inherited.leftover.as_ref().map(|leftover| &leftover.pending) {
            Some(Pending::Listed(list)) if !list.values().flatten().all(known) => None,
            _ => names.hash(),
        }
    }

    fn pending<'a>(
        &'a self,
        names: &'a NameIndex,
    ) -> impl Iterator<Item = (Offset, Name)> + Clone + 'a {
        let named = move |event: Event<'a>| {
            let pending = event.pending.iter();
            pending.filter_map(move |route| Some((event.offset, names.name(*route)?)))
        };
        self.unsettled.iter().flat_map(named)
    }

    fn list(&self, names: &NameIndex) -> List {
        let mut list = List::new();
        for event in self.unsettled.iter() {
            // An event that ten thousand actions match is listed in every commit: each delivery's
            // webhook is found by hash, not by a search.
            let mut by_webhook: FxHashMap<NameHash, Listed> = FxHashMap::default();
            let pending = event.pending.iter().filter_map(|route| names.name(*route));
            for Name { webhook, action } in pending {
                let new = || Listed { webhook, pending: Vec::new(), done: Vec::new() };
                by_webhook.entry(webhook).or_insert_with(new).pending.push(action);
            }
            for Name { webhook, action } in event.done {
                if let Some(listed) = by_webhook.get_mut(webhook) {
                    listed.done.push(*action);
                }
            }
            if names.has_choices() {
                add_choosing(event.done, names, &mut by_webhook);
            }
            let mut by_webhook: Vec<Listed> = by_webhook.into_values().collect();
            for listed in &mut by_webhook {
                // Equal sets must be equal texts, in whatever order the outcomes came.
                listed.pending.sort_unstable();
                listed.done.sort_unstable();
                listed.done.dedup();
            }
            list.insert(event.offset, by_webhook);
        }
        list
    }
}

/// Lists what is done of actions that choose with every sender among which they choose: by the time
/// of a claim they may choose another one, and must not take the place of a renamed action there.
fn add_choosing(done: &[Name], names: &NameIndex, by_webhook: &mut FxHashMap<NameHash, Listed>) {
    let of = |action| names.chosen_webhooks(action).map(move |own| (own, action));
    let mut choosing: Vec<_> = done.iter().flat_map(|name| of(name.action)).collect();
    choosing.sort_unstable();
    for listed in by_webhook.values_mut() {
        let Some(own) = names.own(listed.webhook) else { continue };
        let from = choosing.partition_point(|(webhook, _)| *webhook < own);
        let alike = choosing[from..].iter().take_while(|(webhook, _)| *webhook == own);
        listed.done.extend(alike.map(|(_, action)| *action));
    }
}
