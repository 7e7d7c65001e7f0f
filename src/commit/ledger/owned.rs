//! [5] One owned partition: what is pending of it, and the state that a commit of it carries. Pure.

use rustc_hash::FxHashMap;

use crate::config::model::{ActionIndex, WebhookIndex};
use crate::delivery::Epoch;
use crate::event::{Offset, TopicId};

use super::Committable;
use super::unsettled::{Event, Unsettled};
use crate::commit::metadata;
use crate::commit::roster::{NameHash, Roster};
use crate::commit::state::{Blocked, Left, List, Listed, Name, Pending, Positions, State};

#[derive(Debug)]
pub(super) struct Owned {
    pub(super) epoch: Epoch,
    /// The offset to read next: everything below was read. Offsets have gaps, so this is one past the last that was *seen*.
    pub(super) next: Offset,
    pub(super) unsettled: Unsettled,
    /// Some of it may be of a configuration that a reload has replaced.
    pub(super) mixed: bool,
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

/// An action's name and its webhook's.
pub(super) fn name(roster: &Roster, action: ActionIndex) -> Option<Name> {
    let (name, webhook) = roster.action(action)?;
    Some(Name { webhook: roster.webhook(webhook)?, action: name })
}

impl Owned {
    pub(super) fn committable(&self) -> Offset {
        self.unsettled.first().unwrap_or(self.next)
    }

    pub(super) fn is_urgent(&self) -> bool {
        self.urgent || !self.untold.is_empty()
    }

    pub(super) fn has_acknowledged(&self, offer: &Committable) -> bool {
        let said =
            self.committed == Some(offer.offset) && self.metadata.as_ref() == Some(&offer.metadata);
        said && self.untold.is_empty() && self.told.is_empty()
    }

    /// Until the inherited mark is passed, it is carried on with what is left of it.
    pub(super) fn state(&self, roster: &Roster, blocked: Vec<Blocked>, budget: usize) -> State {
        let left = match &self.left {
            Some(left) => {
                left.with(self.list(roster), if self.mixed { None } else { roster.hash() })
            }
            // What can't fit need not be listed to be cut.
            None if self.least_listed(roster) > metadata::bytes(budget) => {
                let filter_bytes = budget / metadata::FILTER_SHARE;
                let (pending, count) = (self.pending(roster), self.unsettled.pending());
                let positions = Positions::of(pending, count, self.roster(roster), filter_bytes);
                Left { mark: self.next, pending: Pending::Positions(positions) }
            }
            None => Left { mark: self.next, pending: Pending::Listed(self.list(roster)) },
        };
        State { partitions: self.partitions, topic: self.topic, left: Some(left), blocked }
    }

    /// The least that a list of the pending deliveries takes, in bytes: one for each webhook of an event.
    fn least_listed(&self, roster: &Roster) -> usize {
        let most = roster.most_of_a_webhook().max(1);
        self.unsettled.iter().map(|event| event.pending.len().div_ceil(most)).sum()
    }

    /// The names that the state's list is in, if they are all of one configuration.
    pub(super) fn roster(&self, roster: &Roster) -> Option<NameHash> {
        if self.mixed {
            return None;
        }
        let known = |listed: &Listed| {
            let of_webhook =
                |action: &ActionIndex| roster.webhook_of(*action) == Some(listed.webhook);
            listed.pending.iter().all(|name| roster.named(*name).iter().any(of_webhook))
        };
        match self.left.as_ref().map(|left| &left.pending) {
            Some(Pending::Listed(list)) if !list.values().flatten().all(known) => None,
            _ => roster.hash(),
        }
    }

    pub(super) fn pending<'a>(
        &'a self,
        roster: &'a Roster,
    ) -> impl Iterator<Item = (Offset, Name)> + Clone + 'a {
        let named = move |event: Event<'a>| {
            event
                .pending
                .iter()
                .filter_map(move |action| Some((event.offset, name(roster, *action)?)))
        };
        self.unsettled.iter().flat_map(named)
    }

    pub(super) fn list(&self, roster: &Roster) -> List {
        let mut list = List::new();
        for event in self.unsettled.iter() {
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
            for done in event.done {
                if let Some(listed) =
                    places.get(&done.webhook).and_then(|place| by_webhook.get_mut(*place))
                {
                    listed.done.push(done.action);
                }
            }
            for listed in &mut by_webhook {
                // One set, one text: the order in which outcomes came is nobody's business.
                listed.pending.sort_unstable();
                listed.done.sort_unstable();
                listed.done.dedup();
            }
            list.insert(event.offset, by_webhook);
        }
        list
    }
}
