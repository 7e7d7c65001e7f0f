//! The events of one partition that have pending deliveries, in the order of their offsets.
//! Pure.
//!
//! There may be a hundred thousand of them, most with one pending delivery and none done: 32 bytes
//! each. Events are added in order and settled in any order. One that is settled in the middle
//! becomes a gap, and gaps are removed together once they are half of the entries. Invariant: it
//! has the contents of a map by offset; the first entry is not a gap.

use std::collections::{BTreeMap, VecDeque};

use crate::config::model::ActionIndex;
use crate::delivery::Route;
use crate::event::Offset;

use crate::commit::name_index::Name;

/// The unsettled events.
#[derive(Debug, Default)]
pub struct Unsettled {
    entries: VecDeque<Entry>,
    gaps: usize,
    /// Pending deliveries of all events.
    pending: usize,
    /// Of the pending deliveries, those of which parts were posted, with the number of parts. A
    /// sender has at most one.
    parts: BTreeMap<(Offset, ActionIndex), u8>,
}

#[derive(Debug)]
struct Entry {
    offset: Offset,
    /// In milliseconds since the epoch, or [`NO_TIMESTAMP`].
    timestamp: i64,
    deliveries: Deliveries,
}

/// Kafka's value for a record without a timestamp.
const NO_TIMESTAMP: i64 = -1;

/// The deliveries of one event.
#[derive(Debug)]
enum Deliveries {
    /// All are settled: a gap.
    Settled,
    /// One is pending, as of nearly every event.
    One(Route),
    Several(Box<Several>),
}

#[derive(Debug)]
struct Several {
    pending: Vec<Route>,
    done: Vec<Name>,
}

/// One unsettled event.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    pub offset: Offset,
    /// The deliveries without an outcome; never empty.
    pub pending: &'a [Route],
    /// The actions whose deliveries have an outcome, while others are pending.
    pub done: &'a [Name],
}

impl Unsettled {
    /// The number of events.
    pub fn len(&self) -> usize {
        self.entries.len() - self.gaps
    }

    /// The number of their pending deliveries.
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// The first event's offset.
    pub fn first(&self) -> Option<Offset> {
        self.entries.front().map(|entry| entry.offset)
    }

    /// The first event's timestamp, in milliseconds since the epoch.
    pub fn oldest(&self) -> Option<i64> {
        let first = self.entries.front()?;
        (first.timestamp != NO_TIMESTAMP).then_some(first.timestamp)
    }

    /// The events, in the order of their offsets.
    pub fn iter(&self) -> impl Iterator<Item = Event<'_>> + Clone {
        self.entries.iter().filter_map(|entry| {
            let (pending, done) = match &entry.deliveries {
                Deliveries::Settled => return None,
                Deliveries::One(route) => (std::slice::from_ref(route), [].as_slice()),
                Deliveries::Several(several) => (&*several.pending, &*several.done),
            };
            Some(Event { offset: entry.offset, pending, done })
        })
    }

    /// Adds an event above all others, unless nothing of it is pending.
    pub fn push(
        &mut self,
        offset: Offset,
        timestamp: Option<i64>,
        pending: Vec<Route>,
        done: Vec<Name>,
    ) {
        debug_assert!(
            self.entries.back().is_none_or(|last| last.offset < offset),
            "events come in order"
        );
        self.pending += pending.len();
        let deliveries = match *pending {
            [] => return,
            [route] if done.is_empty() => Deliveries::One(route),
            _ => Deliveries::Several(Box::new(Several { pending, done })),
        };
        let timestamp = timestamp.unwrap_or(NO_TIMESTAMP);
        self.entries.push_back(Entry { offset, timestamp, deliveries });
    }

    /// Records that parts of an action's delivery were posted. Returns whether it is pending.
    pub fn progress(&mut self, offset: Offset, action: ActionIndex, parts: u8) -> bool {
        let entry = self.entries.binary_search_by_key(&offset, |entry| entry.offset);
        let pending = match entry.map(|at| &self.entries[at].deliveries) {
            Ok(Deliveries::One(route)) => std::slice::from_ref(route),
            Ok(Deliveries::Several(several)) => &several.pending,
            Ok(Deliveries::Settled) | Err(_) => return false,
        };
        let is_pending = pending.iter().any(|route| route.action == action);
        if is_pending && parts > 0 {
            self.parts.insert((offset, action), parts);
        }
        is_pending
    }

    /// The pending deliveries of which parts were posted, with the number of parts.
    pub fn parts(&self) -> impl Iterator<Item = (Offset, ActionIndex, u8)> + '_ {
        self.parts.iter().map(|((offset, action), parts)| (*offset, *action, *parts))
    }

    /// Records that an action's delivery has an outcome. Returns whether it was pending. `name` is
    /// its name, which is kept while other deliveries of the event are pending.
    pub fn settle(
        &mut self,
        offset: Offset,
        action: ActionIndex,
        name: impl Fn(Route) -> Option<Name>,
    ) -> bool {
        let Ok(at) = self.entries.binary_search_by_key(&offset, |entry| entry.offset) else {
            return false;
        };
        if !self.parts.is_empty() {
            self.parts.remove(&(offset, action));
        }
        let entry = &mut self.entries[at];
        match &mut entry.deliveries {
            Deliveries::One(pending) if pending.action == action => {}
            Deliveries::Several(several) => {
                let mut pending = several.pending.iter();
                let Some(place) = pending.position(|pending| pending.action == action) else {
                    return false;
                };
                let settled = several.pending.swap_remove(place);
                if !several.pending.is_empty() {
                    several.done.extend(name(settled));
                    self.pending -= 1;
                    return true;
                }
            }
            Deliveries::Settled | Deliveries::One(_) => return false,
        }
        entry.deliveries = Deliveries::Settled;
        self.pending -= 1;
        self.gaps += 1;
        self.remove_gaps();
        true
    }

    fn remove_gaps(&mut self) {
        while let Some(Entry { deliveries: Deliveries::Settled, .. }) = self.entries.front() {
            self.entries.pop_front();
            self.gaps -= 1;
        }
        if self.gaps > self.entries.len() / 2 {
            self.entries.retain(|entry| !matches!(entry.deliveries, Deliveries::Settled));
            self.gaps = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::commit::name_index::NameHash;
    use crate::config::model::WebhookIndex;

    #[test]
    fn an_entry_is_32_bytes() {
        assert_eq!(size_of::<Entry>(), 32);
    }

    fn name(action: u32) -> Name {
        Name { webhook: NameHash::of("w"), action: NameHash::of(&action.to_string()) }
    }

    /// Each action posts to its own sender.
    fn route(action: u32) -> Route {
        Route { action: ActionIndex(action), webhook: WebhookIndex(10 + action) }
    }

    #[derive(Debug, Clone)]
    enum Step {
        /// The number of offsets to skip, the pending actions, and the number of done ones.
        Push(i64, Vec<u32>, usize),
        /// The delivery at this index of all offsets so far.
        Settle(prop::sample::Index, u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        let pending = prop_oneof![
            3 => (0..3u32).prop_map(|action| vec![action]),
            1 => prop::collection::btree_set(0..3u32, 0..3).prop_map(|actions| actions.into_iter().collect()),
        ];
        prop_oneof![
            2 => (1..4i64, pending, 0..2usize).prop_map(|(on, pending, done)| Step::Push(on, pending, done)),
            3 => (any::<prop::sample::Index>(), 0..3u32).prop_map(|(at, action)| Step::Settle(at, action)),
        ]
    }

    proptest! {
        #[test]
        fn it_behaves_as_a_map_by_offset(steps in prop::collection::vec(step(), 0..200)) {
            let mut ours = Unsettled::default();
            let mut model: BTreeMap<i64, (Vec<u32>, Vec<Name>)> = BTreeMap::new();
            let mut last = 0;
            for step in steps {
                match step {
                    Step::Push(on, pending, done) => {
                        last += on;
                        let done: Vec<Name> = (0..done as u32).map(|at| name(100 + at)).collect();
                        ours.push(Offset(last), Some(last), pending.iter().copied().map(route).collect(), done.clone());
                        if !pending.is_empty() {
                            model.insert(last, (pending, done));
                        }
                    }
                    Step::Settle(at, action) => {
                        let offset = at.index(last as usize + 1) as i64;
                        let settled = ours.settle(Offset(offset), ActionIndex(action), |of| {
                            assert_eq!(of, route(action));
                            Some(name(action))
                        });
                        let theirs = model.get_mut(&offset);
                        let place = theirs.as_ref().and_then(|(pending, _)| pending.iter().position(|it| *it == action));
                        prop_assert_eq!(settled, place.is_some());
                        if let (Some((pending, done)), Some(place)) = (theirs, place) {
                            pending.remove(place);
                            done.push(name(action));
                            if pending.is_empty() {
                                model.remove(&offset);
                            }
                        }
                    }
                }
                let sorted = |pending: &[Route]| {
                    let mut pending: Vec<u32> = pending.iter().map(|route| route.action.0).collect();
                    pending.sort_unstable();
                    pending
                };
                let said: Vec<_> = ours.iter().map(|event| (event.offset.0, (sorted(event.pending), event.done.to_vec()))).collect();
                prop_assert_eq!(&said, &model.clone().into_iter().collect::<Vec<_>>());
                prop_assert_eq!(ours.len(), model.len());
                prop_assert_eq!(ours.pending(), model.values().map(|(pending, _)| pending.len()).sum::<usize>());
                prop_assert_eq!(ours.first().map(|offset| offset.0), model.keys().next().copied());
                prop_assert_eq!(ours.oldest(), model.keys().next().copied());
                prop_assert!(ours.gaps <= ours.entries.len() / 2, "{ours:?}");
            }
        }
    }
}
