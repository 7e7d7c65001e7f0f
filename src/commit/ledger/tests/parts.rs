//! Random histories of messages of several parts: owners post parts, commit and are killed.
//!
//! Whatever the room for metadata, no part is skipped. With room, only parts that no commit of the
//! broker contains are posted again.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::*;
use super::{hold, window};
use crate::commit::restart_state::codec::decode;
use crate::commit_hold::CommitWindow;
use crate::config::model::ActionIndex;
use crate::delivery::Route;
use crate::event::TopicIndex;

const PARTITION: Partition = Partition { topic: TopicIndex(0), number: 0 };
const ACTIONS: u32 = 3;
const EVENTS: i64 = 12;

/// An event, an action, and a part from 0.
type Part = (i64, u32, u8);

#[derive(Debug, Clone)]
enum Step {
    Read,
    /// Posts the next part of any pending delivery.
    Post(prop::sample::Index),
    Drop(prop::sample::Index),
    /// Whether the broker receives it, and whether its answer arrives.
    Commit(bool, bool),
    /// Killed, or stopped after a commit.
    End {
        is_graceful: bool,
    },
}

struct World {
    broker: Option<(Offset, String)>,
    posted: BTreeMap<Part, u32>,
    /// No commit of the broker contains them.
    uncommitted: BTreeSet<Part>,
    /// They were in no commit when their owner was killed.
    excused: BTreeSet<Part>,
    dropped: BTreeSet<(i64, u32)>,
    budget: usize,
    is_whole: bool,
}

struct Owner {
    ledger: Ledger,
    window: Arc<CommitWindow>,
    pending: Vec<(Ticket, u8)>,
    next: i64,
}

/// How many parts the message of an event for an action has.
fn parts_of(offset: i64, action: u32) -> u8 {
    (offset as u8 + action as u8) % 4 + 1
}

/// Each action posts to its own webhook.
fn names() -> Arc<NameIndex> {
    let topics = &[TopicIndex(0)];
    let actions = ["a", "b", "c"].into_iter().zip(0..);
    let actions = actions.map(|(name, at)| (name, WebhookIndex(at), topics.as_slice()));
    Arc::new(NameIndex::of(["w0", "w1", "w2"], actions))
}

impl World {
    fn assign(&self) -> Owner {
        let mut ledger = Ledger::new(names());
        let (start, committed, state) = match &self.broker {
            None => (Offset(0), None, RestartState::default()),
            Some((offset, text)) => {
                (*offset, Some(*offset), decode(text.as_bytes(), *offset).unwrap_or_default())
            }
        };
        ledger.assign(PARTITION, start, committed, state);
        Owner { ledger, window: window(), pending: Vec::new(), next: start.0 }
    }

    fn read(&self, owner: &mut Owner) {
        if owner.next >= EVENTS {
            return;
        }
        let position = Position { partition: PARTITION, offset: Offset(owner.next) };
        owner.next += 1;
        let route = |action| Route { action: ActionIndex(action), webhook: WebhookIndex(action) };
        let matched: Vec<Route> = (0..ACTIONS).map(route).collect();
        let of = |epoch, route: Route| Ticket { position, epoch, action: route.action };
        match owner.ledger.entry(position) {
            Entry::Known => {}
            Entry::Done(done) => done.pass(),
            Entry::New(new) => {
                let epoch = new.record(None, matched.clone());
                owner.pending.extend(matched.iter().map(|route| (of(epoch, *route), 0)));
            }
            Entry::Left(left) => {
                let (epoch, claimed) = left.claim(None, &matched);
                let claims = claimed.deliveries.iter();
                owner
                    .pending
                    .extend(claims.map(|claim| (of(epoch, claim.route), claim.parts_sent)));
            }
        }
    }

    fn post(&mut self, owner: &mut Owner, which: usize) -> Result<(), TestCaseError> {
        let (ticket, sent) = owner.pending[which];
        let (offset, action) = (ticket.position.offset.0, ticket.action.0);
        let part = (offset, action, sent);
        prop_assert!(sent < parts_of(offset, action), "{part:?} does not exist");
        let skipped = (0..sent).find(|at| !self.posted.contains_key(&(offset, action, *at)));
        prop_assert_eq!(skipped, None, "skipped of {:?}", part);
        let count = self.posted.entry(part).or_default();
        *count += 1;
        let may_repeat = !self.is_whole || self.excused.contains(&part);
        prop_assert!(*count == 1 || may_repeat, "{part:?} was posted again");
        self.uncommitted.insert(part);
        let hold = hold(&owner.window);
        let settled = if sent + 1 == parts_of(offset, action) {
            owner.pending.remove(which);
            owner.ledger.settle(&ticket, hold)
        } else {
            owner.pending[which].1 += 1;
            owner.ledger.record_parts(&ticket, sent + 1, hold.unwrap())
        };
        prop_assert_eq!(settled, Settled::Applied);
        Ok(())
    }

    fn commit(&mut self, owner: &mut Owner, arrives: bool, is_answered: bool) {
        let states = owner.ledger.to_commit(Scope::All, self.budget);
        owner.ledger.commit_sent(&states);
        let Some(state) = states.first() else { return };
        if arrives {
            self.broker = Some((state.offset, state.metadata.clone()));
            self.uncommitted.clear();
        }
        if arrives && is_answered {
            owner.ledger.commit_acknowledged(state);
            assert_eq!(owner.window.holds(), 0, "a part's hold ends with its commit");
        } else {
            owner.ledger.commit_failed();
        }
    }

    fn end(&mut self, owner: &mut Owner, is_graceful: bool) {
        if is_graceful {
            self.commit(owner, true, true);
        }
        self.excused.append(&mut self.uncommitted);
        *owner = self.assign();
    }

    fn finish(&mut self, owner: &mut Owner) -> Result<(), TestCaseError> {
        (0..EVENTS).for_each(|_| self.read(owner));
        while !owner.pending.is_empty() {
            self.post(owner, 0)?;
        }
        for (offset, action) in (0..EVENTS).flat_map(|at| (0..ACTIONS).map(move |of| (at, of))) {
            let missing = (0..parts_of(offset, action))
                .find(|part| !self.posted.contains_key(&(offset, action, *part)));
            prop_assert!(missing.is_none() || self.dropped.contains(&(offset, action)));
        }
        Ok(())
    }
}

fn history(steps: &[Step], budget: usize, is_whole: bool) -> Result<(), TestCaseError> {
    let mut world = World {
        broker: None,
        posted: BTreeMap::new(),
        uncommitted: BTreeSet::new(),
        excused: BTreeSet::new(),
        dropped: BTreeSet::new(),
        budget,
        is_whole,
    };
    let mut owner = world.assign();
    for step in steps {
        match step {
            Step::Read => world.read(&mut owner),
            Step::Post(_) | Step::Drop(_) if owner.pending.is_empty() => {}
            Step::Post(which) => {
                let which = which.index(owner.pending.len());
                world.post(&mut owner, which)?;
            }
            Step::Drop(which) => {
                let (ticket, _) = owner.pending.remove(which.index(owner.pending.len()));
                world.dropped.insert((ticket.position.offset.0, ticket.action.0));
                prop_assert_eq!(owner.ledger.settle(&ticket, None), Settled::Applied);
                // A crash before the next commit only drops it again, or posts it.
                let parts = 0..parts_of(ticket.position.offset.0, ticket.action.0);
                let of = |part| (ticket.position.offset.0, ticket.action.0, part);
                world.excused.extend(parts.map(of));
            }
            Step::Commit(arrives, is_answered) => {
                world.commit(&mut owner, *arrives, *is_answered);
            }
            Step::End { is_graceful } => world.end(&mut owner, *is_graceful),
        }
    }
    world.finish(&mut owner)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Read),
        12 => any::<prop::sample::Index>().prop_map(Step::Post),
        1 => any::<prop::sample::Index>().prop_map(Step::Drop),
        4 => any::<(bool, bool)>().prop_map(|(arrives, answered)| Step::Commit(arrives, answered)),
        2 => any::<bool>().prop_map(|is_graceful| Step::End { is_graceful }),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn with_room_no_part_is_skipped_and_none_is_repeated(steps in steps()) {
        history(&steps, 100_000, true)?;
    }

    #[test]
    fn without_room_no_part_is_skipped(steps in steps(), budget in 0..300usize) {
        history(&steps, budget, false)?;
    }
}
