//! The ledger against a naive model that keeps every event for ever and computes everything anew.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::*;
use crate::commit::roster::NameHash;
use crate::commit::state::{List, Listed, Pending};
use crate::event::TopicIndex;

const PARTITIONS: i32 = 3;

fn partition(number: i32) -> Partition {
    Partition { topic: TopicIndex(0), number }
}

fn roster() -> Arc<Roster> {
    let topics = [TopicIndex(0)];
    let actions = ["a", "b", "c", "d"].map(|name| (name, WebhookIndex(0), &topics[..]));
    Arc::new(Roster::of(["w"], actions))
}

fn offers(ledger: &Ledger) -> Vec<Committable> {
    ledger.offer(Scope::All, &BTreeMap::new(), metadata::BUDGET)
}

fn read(actions: impl IntoIterator<Item = u32>) -> Read {
    Read { pending: actions.into_iter().map(ActionIndex).collect(), ..Read::default() }
}

/// A partition of which the broker has this offset.
fn committed(offset: i64) -> Taken {
    Taken { committed: Some(Offset(offset)), ..Taken::default() }
}

/// Every event of one ownership: its offset and which of its deliveries have no outcome.
#[derive(Default)]
struct Model {
    owned: HashMap<i32, ModelOwned>,
}

struct ModelOwned {
    epoch: Epoch,
    start: i64,
    seen: Vec<(i64, Vec<u32>)>,
    passed: i64,
}

impl Model {
    /// The lowest unsettled offset, found by looking at every event.
    fn committable(&self, number: i32) -> Option<i64> {
        let owned = self.owned.get(&number)?;
        let mut end = owned.start.max(owned.passed);
        let mut lowest: Option<i64> = None;
        for (offset, pending) in &owned.seen {
            end = end.max(offset + 1);
            if !pending.is_empty() {
                lowest = Some(lowest.map_or(*offset, |lowest| lowest.min(*offset)));
            }
        }
        Some(lowest.unwrap_or(end))
    }
}

#[derive(Debug, Clone)]
enum Step {
    Assign {
        number: i32,
        start: i64,
    },
    Revoke {
        number: i32,
    },
    /// `gap` offsets are left out; the event asks for the actions 0..actions.
    Read {
        number: i32,
        gap: i64,
        actions: u32,
    },
    /// An offset that was read before.
    ReadAgain {
        number: i32,
        back: i64,
    },
    EndOfPartition {
        number: i32,
        gap: i64,
    },
    /// Settles one of all tickets ever handed out, also of ownerships long gone, also twice.
    Settle {
        pick: prop::sample::Index,
    },
    Commit {
        acknowledged: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let number = 0..PARTITIONS;
    prop_oneof![
        1 => (number.clone(), 0..1000i64).prop_map(|(number, start)| Step::Assign { number, start }),
        1 => number.clone().prop_map(|number| Step::Revoke { number }),
        8 => (number.clone(), 0..3i64, 0..4u32).prop_map(|(number, gap, actions)| Step::Read { number, gap, actions }),
        1 => (number.clone(), 1..5i64).prop_map(|(number, back)| Step::ReadAgain { number, back }),
        1 => (number, 0..3i64).prop_map(|(number, gap)| Step::EndOfPartition { number, gap }),
        10 => any::<prop::sample::Index>().prop_map(|pick| Step::Settle { pick }),
        2 => any::<bool>().prop_map(|acknowledged| Step::Commit { acknowledged }),
    ]
}

proptest! {
    #[test]
    fn commits_what_the_naive_model_commits(steps in prop::collection::vec(step(), 1..200)) {
        let mut ledger = Ledger::new(roster());
        let mut model = Model::default();
        let mut tickets: Vec<Ticket> = Vec::new();
        let mut acknowledged: HashMap<i32, i64> = HashMap::new();
        for step in steps {
            match step {
                Step::Assign { number, start } => {
                    let (epoch, _) = ledger.assign(partition(number), Offset(start), Taken::default());
                    prop_assert!(tickets.iter().all(|ticket| ticket.epoch != epoch), "an epoch came twice");
                    model.owned.insert(number, ModelOwned { epoch, start, seen: Vec::new(), passed: 0 });
                    acknowledged.remove(&number);
                }
                Step::Revoke { number } => {
                    ledger.revoke(partition(number));
                    model.owned.remove(&number);
                    acknowledged.remove(&number);
                }
                Step::Read { number, gap, actions } => {
                    let next = ledger.standings().find(|at| at.partition == partition(number)).map(|at| at.next.0);
                    let position = Position { partition: partition(number), offset: Offset(next.unwrap_or(7) + gap) };
                    let epoch = ledger.read(position, read(0..actions));
                    match model.owned.get_mut(&number) {
                        None => prop_assert_eq!(epoch, None),
                        Some(owned) => {
                            prop_assert_eq!(epoch, Some(owned.epoch));
                            owned.seen.push((position.offset.0, (0..actions).collect()));
                            tickets.extend((0..actions).map(|action| Ticket { position, epoch: owned.epoch, action: ActionIndex(action) }));
                        }
                    }
                }
                Step::ReadAgain { number, back } => {
                    let Some(next) = ledger.standings().find(|at| at.partition == partition(number)).map(|at| at.next.0) else { continue };
                    let position = Position { partition: partition(number), offset: Offset(next - back) };
                    prop_assert_eq!(ledger.reading(position), Reading::Known);
                    prop_assert_eq!(ledger.read(position, read([0])), None);
                }
                Step::EndOfPartition { number, gap } => {
                    let Some(next) = ledger.standings().find(|at| at.partition == partition(number)).map(|at| at.next.0) else { continue };
                    ledger.advance(partition(number), Offset(next + gap));
                    if let Some(owned) = model.owned.get_mut(&number) {
                        owned.passed = next + gap;
                    }
                }
                Step::Settle { pick } => {
                    if tickets.is_empty() { continue }
                    let ticket = *pick.get(&tickets);
                    let pending = model.owned.get_mut(&ticket.position.partition.number)
                        .filter(|owned| owned.epoch == ticket.epoch)
                        .and_then(|owned| owned.seen.iter_mut().find(|(offset, _)| *offset == ticket.position.offset.0))
                        .map(|(_, pending)| pending);
                    let was_pending = pending.is_some_and(|pending| {
                        let before = pending.len();
                        pending.retain(|action| *action != ticket.action.0);
                        pending.len() < before
                    });
                    prop_assert_eq!(ledger.settle(&ticket, None), if was_pending { Settled::Applied } else { Settled::Fenced });
                }
                Step::Commit { acknowledged: ok } => {
                    let offers = offers(&ledger);
                    ledger.sent(&offers);
                    if !ok {
                        ledger.failed();
                        continue;
                    }
                    for offer in offers {
                        ledger.acknowledge(&offer);
                        acknowledged.insert(offer.partition.number, offer.offset.0);
                    }
                    prop_assert!(super::commits::offers(&ledger).is_empty(), "what was acknowledged is not offered again");
                }
            }
            // What is committed, and that it is offered at least where the broker does not have it yet (the state can be news where the offset is none).
            let offered: HashMap<i32, i64> = offers(&ledger).iter().map(|at| (at.partition.number, at.offset.0)).collect();
            for number in 0..PARTITIONS {
                let expected = model.committable(number);
                match offered.get(&number) {
                    Some(offset) => prop_assert_eq!(Some(*offset), expected),
                    None => prop_assert_eq!(acknowledged.get(&number).copied(), expected),
                }
            }
            prop_assert_eq!(ledger.is_anchored(), model.owned.keys().all(|number| acknowledged.contains_key(number)));
        }
    }
}

/// Invariant 4: the partition went and came back; what its first ownership sent is not the second one's business.
#[test]
fn an_outcome_of_an_earlier_ownership_is_fenced() {
    let mut ledger = Ledger::new(roster());
    let position = Position { partition: partition(0), offset: Offset(5) };
    let (first, _) = ledger.assign(partition(0), Offset(5), committed(5));
    assert_eq!(ledger.read(position, read([0])), Some(first));
    ledger.revoke(partition(0));
    let (second, _) = ledger.assign(partition(0), Offset(5), committed(5));
    assert_eq!(ledger.read(position, read([0])), Some(second));

    let late = ledger
        .settle(&Ticket { position, epoch: first, action: ActionIndex(0) }, Some(WebhookIndex(0)));
    assert_eq!(late, Settled::Fenced);
    assert_eq!(offers(&ledger)[0].offset, Offset(5), "the late outcome moved the committed offset");
    assert_eq!(
        ledger.settle(&Ticket { position, epoch: second, action: ActionIndex(0) }, None),
        Settled::Applied
    );
    assert_eq!(offers(&ledger)[0].offset, Offset(6));
}

/// Nor is a late acknowledgement.
#[test]
fn an_acknowledgement_of_an_earlier_ownership_changes_nothing() {
    let mut ledger = Ledger::new(roster());
    ledger.assign(partition(0), Offset(5), Taken::default());
    let late = offers(&ledger).remove(0);
    ledger.assign(partition(0), Offset(9), Taken::default());
    ledger.acknowledge(&late);
    assert!(!ledger.is_anchored());
}

/// Only what a crash would repeat hurries a commit, and only the partitions that it is of are named.
#[test]
fn an_urgent_commit_names_the_partitions_with_outcomes() {
    let mut ledger = Ledger::new(roster());
    let mut tickets = Vec::new();
    for number in 0..2 {
        let (epoch, _) = ledger.assign(partition(number), Offset(0), committed(0));
        let position = Position { partition: partition(number), offset: Offset(3) };
        ledger.read(position, read([0, 1]));
        tickets.push(Ticket { position, epoch, action: ActionIndex(0) });
    }
    let urgent = |ledger: &Ledger| ledger.offer(Scope::Urgent, &BTreeMap::new(), metadata::BUDGET);
    let first = urgent(&ledger);
    assert_eq!(first.len(), 2, "what was taken over is committed at once");
    ledger.sent(&first);
    first.iter().for_each(|offer| drop(ledger.acknowledge(offer)));
    assert!(urgent(&ledger).is_empty());
    ledger.settle(&tickets[1], Some(WebhookIndex(0)));
    let named: Vec<Partition> = urgent(&ledger).iter().map(|offer| offer.partition).collect();
    assert_eq!(named, [partition(1)]);
}

/// A state that was cut can be the same text before and after an outcome: the commit that tells it must be made all the same, or its sender waits for ever.
#[test]
fn an_outcome_is_told_also_where_the_state_stays_the_same() {
    let mut ledger = Ledger::new(roster());
    let (epoch, _) = ledger.assign(partition(0), Offset(0), committed(0));
    let position = |offset| Position { partition: partition(0), offset: Offset(offset) };
    ledger.read(position(0), read([0]));
    ledger.read(position(1), read([1]));
    let bare = |ledger: &Ledger| ledger.offer(Scope::All, &BTreeMap::new(), 11);
    let offers = bare(&ledger);
    ledger.sent(&offers);
    ledger.acknowledge(&offers[0]);
    ledger.settle(
        &Ticket { position: position(1), epoch, action: ActionIndex(1) },
        Some(WebhookIndex(0)),
    );
    let again = bare(&ledger);
    assert_eq!(again, offers);
    ledger.sent(&again);
    assert_eq!(ledger.acknowledge(&again[0]), [WebhookIndex(0)]);
    assert!(bare(&ledger).is_empty());
}

/// What comes while a commit is under way is not told by it: its sender is held until the next one is acknowledged.
#[test]
fn an_outcome_that_came_after_the_commit_was_sent_is_held_until_the_next() {
    let mut ledger = Ledger::new(roster());
    let (epoch, _) = ledger.assign(partition(0), Offset(0), committed(0));
    let position = Position { partition: partition(0), offset: Offset(0) };
    ledger.read(position, read([0, 1]));
    let settle = |ledger: &mut Ledger, action| {
        ledger.settle(
            &Ticket { position, epoch, action: ActionIndex(action) },
            Some(WebhookIndex(action)),
        )
    };
    settle(&mut ledger, 0);
    let first = offers(&ledger);
    ledger.sent(&first);
    settle(&mut ledger, 1);
    assert_eq!(ledger.acknowledge(&first[0]), [WebhookIndex(0)]);
    let second = offers(&ledger);
    ledger.sent(&second);
    assert_eq!(ledger.acknowledge(&second[0]), [WebhookIndex(1)]);
}

/// Pending events that are gone when they are to be read again are told of.
#[test]
fn what_was_pending_and_is_gone_is_lost() {
    let mut ledger = Ledger::new(roster());
    let listed = || {
        vec![Listed {
            webhook: NameHash::of("w"),
            pending: vec![NameHash::of("a")],
            done: Vec::new(),
        }]
    };
    let list = [2, 5, 7].map(|offset| (Offset(offset), listed()));
    let left = Some(Left { mark: Offset(9), pending: Pending::Listed(List::from(list)) });
    ledger.assign(partition(0), Offset(3), Taken { left, ..committed(2) });
    assert_eq!(ledger.take_lost(), [(partition(0), 1)], "it begins above the first");
    ledger.read(Position { partition: partition(0), offset: Offset(6) }, Read::default());
    assert_eq!(ledger.take_lost(), [(partition(0), 1)], "compacted away");
    ledger.advance(partition(0), Offset(10));
    assert_eq!(ledger.take_lost(), [(partition(0), 1)]);
    assert_eq!(offers(&ledger)[0].offset, Offset(10));
}

/// After a reload what is pending may be of an action that is gone: a next owner must not take the positions for those of its own configuration.
#[test]
fn positions_of_two_configurations_say_so() {
    let mut ledger = Ledger::new(roster());
    let (epoch, _) = ledger.assign(partition(0), Offset(0), committed(0));
    let event = |offset: i64| Position { partition: partition(0), offset: Offset(offset) };
    for offset in 0..4_000 {
        ledger.read(event(offset), read([0]));
    }
    let named = |ledger: &Ledger| {
        let offer = offers(ledger).remove(0);
        let left = metadata::decode(offer.metadata.as_bytes(), offer.offset).unwrap().left.unwrap();
        assert!(matches!(left.pending, Pending::Positions(_)), "too many to be listed");
        if let Pending::Positions(positions) = left.pending { positions.roster } else { None }
    };
    let before = roster().hash();
    assert!(before.is_some());
    assert_eq!(named(&ledger), before);
    let topics = [TopicIndex(0)];
    // `a` is retired, and `e` is new.
    let after = Arc::new(Roster::of(
        ["w"],
        [("a", WebhookIndex(0), &[][..])]
            .into_iter()
            .chain(["b", "c", "d", "e"].map(|name| (name, WebhookIndex(0), &topics[..]))),
    ));
    ledger.rename(Arc::clone(&after));
    assert_eq!(named(&ledger), None);
    for offset in 0..4_000 {
        ledger.settle(&Ticket { position: event(offset), epoch, action: ActionIndex(0) }, None);
    }
    for offset in 4_000..8_000 {
        ledger.read(event(offset), read([1]));
    }
    assert_eq!(named(&ledger), after.hash(), "nothing of the former one is pending any more");
    assert_eq!(
        after.hash(),
        Roster::of(["w"], ["b", "c", "d", "e"].map(|name| (name, WebhookIndex(0), &topics[..])))
            .hash()
    );
}
