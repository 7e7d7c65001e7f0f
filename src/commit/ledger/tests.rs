//! The ledger against a naive model that keeps every event for ever and computes everything anew.

#![allow(clippy::expect_used, reason = "tests")]

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::event::TopicIndex;

const PARTITIONS: i32 = 3;

fn partition(number: i32) -> Partition {
    Partition { topic: TopicIndex(0), number }
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
        let mut ledger = Ledger::default();
        let mut model = Model::default();
        let mut tickets: Vec<Ticket> = Vec::new();
        let mut acknowledged: HashMap<i32, i64> = HashMap::new();
        for step in steps {
            match step {
                Step::Assign { number, start } => {
                    let epoch = ledger.assign(partition(number), Offset(start), None);
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
                    let epoch = ledger.read(position, None, (0..actions).map(ActionIndex));
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
                    prop_assert!(!ledger.expects(position));
                    prop_assert_eq!(ledger.read(position, None, [ActionIndex(0)]), None);
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
                    prop_assert_eq!(ledger.settle(&ticket), if was_pending { Settled::Applied } else { Settled::Fenced });
                }
                Step::Commit { acknowledged: ok } => {
                    for committable in ledger.committable() {
                        if ok {
                            ledger.acknowledge(&committable);
                            acknowledged.insert(committable.partition.number, committable.offset.0);
                        }
                    }
                }
            }
            // What is committed, and that it is offered exactly where the broker does not have it yet.
            let offered: HashMap<i32, i64> = ledger.committable().iter().map(|at| (at.partition.number, at.offset.0)).collect();
            for number in 0..PARTITIONS {
                let expected = model.committable(number).filter(|offset| acknowledged.get(&number) != Some(offset));
                prop_assert_eq!(offered.get(&number).copied(), expected);
            }
            prop_assert_eq!(ledger.is_anchored(), model.owned.keys().all(|number| acknowledged.contains_key(number)));
        }
    }
}

/// Invariant 4: the partition went and came back; what its first ownership sent is not the second one's business.
#[test]
fn an_outcome_of_an_earlier_ownership_is_fenced() {
    let mut ledger = Ledger::default();
    let position = Position { partition: partition(0), offset: Offset(5) };
    let first = ledger.assign(partition(0), Offset(5), Some(Offset(5)));
    assert_eq!(ledger.read(position, None, [ActionIndex(0)]), Some(first));
    ledger.revoke(partition(0));
    let second = ledger.assign(partition(0), Offset(5), Some(Offset(5)));
    assert_eq!(ledger.read(position, None, [ActionIndex(0)]), Some(second));

    assert_eq!(ledger.settle(&Ticket { position, epoch: first, action: ActionIndex(0) }), Settled::Fenced);
    assert!(ledger.committable().is_empty(), "the late outcome moved the committed offset");
    assert_eq!(ledger.settle(&Ticket { position, epoch: second, action: ActionIndex(0) }), Settled::Applied);
    assert_eq!(ledger.committable()[0].offset, Offset(6));
}

/// Nor is a late acknowledgement.
#[test]
fn an_acknowledgement_of_an_earlier_ownership_changes_nothing() {
    let mut ledger = Ledger::default();
    ledger.assign(partition(0), Offset(5), None);
    let late = ledger.committable()[0];
    ledger.assign(partition(0), Offset(9), None);
    ledger.acknowledge(&late);
    assert!(!ledger.is_anchored());
}

/// Memory is bounded by what is pending, not by what one stuck delivery holds back.
#[test]
fn settled_events_behind_a_stuck_one_take_no_room() {
    let mut ledger = Ledger::default();
    let epoch = ledger.assign(partition(0), Offset(0), None).to_owned();
    for offset in 0..100_000 {
        let position = Position { partition: partition(0), offset: Offset(offset) };
        ledger.read(position, Some(offset), [ActionIndex(0)]);
        if offset > 0 {
            ledger.settle(&Ticket { position, epoch, action: ActionIndex(0) });
        }
    }
    let standing = ledger.standings().next().expect("owned");
    assert_eq!((standing.unsettled, standing.oldest, standing.next), (1, Some(0), Offset(100_000)));
    assert_eq!(ledger.committable()[0].offset, Offset(0));
}
