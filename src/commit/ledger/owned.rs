//! [5] One owned partition: what is pending of it, and the state that a commit of it carries. Pure.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::config::check::{ActionIndex, WebhookIndex};
use crate::delivery::Epoch;
use crate::event::{Offset, TopicId};

use super::Committable;
use crate::commit::metadata;
use crate::commit::roster::{NameHash, Roster};
use crate::commit::state::{Blocked, Left, List, Listed, Name, Pending, Positions, State};

#[derive(Debug)]
pub(super) struct Owned {
    pub(super) epoch: Epoch,
    /// The offset to read next: everything below was read. Offsets have gaps, so this is one past the last that was *seen*.
    pub(super) next: Offset,
    pub(super) unsettled: BTreeMap<Offset, Unsettled>,
    /// What a former owner left, as far as it was not read again.
    pub(super) left: Option<Left>,
    pub(super) partitions: Option<u32>,
    pub(super) topic: Option<TopicId>,
    /// The committed offset that the broker has; `None` until there is a commit.
    pub(super) committed: Option<Offset>,
    /// The last acknowledged commit's metadata; `None` until one of this ownership was.
    pub(super) metadata: Option<String>,
    /// To be committed at once, whatever was settled.
    pub(super) urgent: bool,
    /// The webhooks whose outcomes no commit has told yet: one for each.
    pub(super) untold: Vec<WebhookIndex>,
    /// The same, told by the commit in flight.
    pub(super) told: Vec<WebhookIndex>,
}

#[derive(Debug)]
pub(super) struct Unsettled {
    /// Kafka's timestamp in milliseconds since the epoch.
    pub(super) timestamp: Option<i64>,
    /// The actions whose deliveries have no outcome yet; never empty.
    pub(super) pending: Vec<ActionIndex>,
    pub(super) done: Vec<Name>,
}

/// An action's name and its webhook's.
pub(super) fn name(roster: &Roster, action: ActionIndex) -> Option<Name> {
    let (name, webhook) = roster.action(action)?;
    Some(Name { webhook: roster.webhook(webhook)?, action: name })
}

impl Owned {
    pub(super) fn committable(&self) -> Offset {
        self.unsettled.keys().next().copied().unwrap_or(self.next)
    }

    pub(super) fn is_urgent(&self) -> bool {
        self.urgent || !self.untold.is_empty()
    }

    pub(super) fn has_acknowledged(&self, offer: &Committable) -> bool {
        let said = self.committed == Some(offer.offset) && self.metadata.as_ref() == Some(&offer.metadata);
        said && self.untold.is_empty() && self.told.is_empty()
    }

    /// Until the inherited mark is passed, it is carried on with what is left of it.
    pub(super) fn state(&self, roster: &Roster, blocked: Vec<Blocked>, budget: usize) -> State {
        let left = match &self.left {
            Some(left) => left.with(self.list(roster), roster.hash()),
            // Each takes a byte at least: more than fit need not be listed to be cut.
            None if self.unsettled.len() > budget => {
                let filter_bytes = budget / metadata::FILTER_SHARE;
                let pending = Pending::Positions(Positions::of(self.pending(roster), roster.hash(), filter_bytes));
                Left { mark: self.next, pending }
            }
            None => Left { mark: self.next, pending: Pending::Listed(self.list(roster)) },
        };
        State { partitions: self.partitions, topic: self.topic, left: Some(left), blocked }
    }

    /// The names that the state's list is in, if they are all of one configuration.
    pub(super) fn roster(&self, roster: &Roster) -> Option<NameHash> {
        let known = |listed: &Listed| {
            let of_webhook = |action: &ActionIndex| roster.webhook_of(*action) == Some(listed.webhook);
            listed.pending.iter().all(|name| roster.named(*name).iter().any(of_webhook))
        };
        match self.left.as_ref().map(|left| &left.pending) {
            Some(Pending::Listed(list)) if !list.values().flatten().all(known) => None,
            _ => roster.hash(),
        }
    }

    pub(super) fn pending<'a>(&'a self, roster: &'a Roster) -> impl Iterator<Item = (Offset, Name)> + Clone + 'a {
        let named = move |(offset, event): (&Offset, &'a Unsettled)| {
            let offset = *offset;
            event.pending.iter().filter_map(move |action| Some((offset, name(roster, *action)?)))
        };
        self.unsettled.iter().flat_map(named)
    }

    pub(super) fn list(&self, roster: &Roster) -> List {
        let mut list = List::new();
        for (offset, event) in &self.unsettled {
            let mut by_webhook: Vec<Listed> = Vec::new();
            // An event that ten thousand actions match is listed for every commit: no look at all of them for each of them.
            let mut places: FxHashMap<NameHash, usize> = FxHashMap::default();
            for pending in event.pending.iter().filter_map(|action| name(roster, *action)) {
                let place = *places.entry(pending.webhook).or_insert(by_webhook.len());
                match by_webhook.get_mut(place) {
                    Some(listed) => listed.pending.push(pending.action),
                    None => by_webhook.push(Listed {
                        webhook: pending.webhook,
                        pending: vec![pending.action],
                        done: Vec::new(),
                    }),
                }
            }
            for done in &event.done {
                if let Some(listed) = places.get(&done.webhook).and_then(|place| by_webhook.get_mut(*place)) {
                    listed.done.push(done.action);
                }
            }
            for listed in &mut by_webhook {
                // One set, one text: the order in which outcomes came is nobody's business.
                listed.pending.sort_unstable();
                listed.done.sort_unstable();
                listed.done.dedup();
            }
            list.insert(*offset, by_webhook);
        }
        list
    }
}
