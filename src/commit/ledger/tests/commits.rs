//! The ledger against a naive model that keeps every event and computes everything from scratch.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::*;
use super::{hold, record, window};
use crate::commit::name_index::NameHash;
use crate::commit::restart_state::codec;
use crate::commit::restart_state::{List, Listed, Pending};
use crate::config::model::ActionIndex;
use crate::delivery::Route;
use crate::event::TopicIndex;

const PARTITIONS: i32 = 3;

fn partition(number: i32) -> Partition {
    Partition { topic: TopicIndex(0), number }
}

fn names() -> Arc<NameIndex> {
    let topics = [TopicIndex(0)];
    let actions = ["a", "b", "c", "d"].map(|name| (name, WebhookIndex(0), &topics[..]));
    Arc::new(NameIndex::of(["w"], actions))
}

fn to_commit(ledger: &Ledger) -> Vec<Committable> {
    ledger.to_commit(Scope::All, codec::BUDGET)
}

fn read(
    ledger: &mut Ledger,
    position: Position,
    actions: impl IntoIterator<Item = u32>,
) -> Option<Epoch> {
    let route = |action| Route { action: ActionIndex(action), webhook: WebhookIndex(0) };
    record(ledger, position, actions.into_iter().map(route).collect())
}

/// Assigns a partition from its committed offset on.
fn assign(ledger: &mut Ledger, number: i32, offset: i64) -> Epoch {
    let offset = Offset(offset);
    ledger.assign(partition(number), offset, Some(offset), RestartState::default())
}

/// Every event of one assignment: its offset and which of its deliveries have no outcome.
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
    /// The lowest unsettled offset, found by going through every event.
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
    /// `gap` offsets are skipped; the event matches the actions 0..actions.
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
    /// Settles one of all tickets so far, also of ended assignments, also twice.
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
        let mut ledger = Ledger::new(names());
        let mut model = Model::default();
        let mut tickets: Vec<Ticket> = Vec::new();
        let mut acknowledged: HashMap<i32, i64> = HashMap::new();
        for step in steps {
            match step {
                Step::Assign { number, start } => {
                    let epoch = ledger.assign(partition(number), Offset(start), None, RestartState::default());
                    prop_assert!(tickets.iter().all(|ticket| ticket.epoch != epoch), "an epoch was reused");
                    model.owned.insert(number, ModelOwned { epoch, start, seen: Vec::new(), passed: 0 });
                    acknowledged.remove(&number);
                }
                Step::Revoke { number } => {
                    ledger.revoke(partition(number));
                    model.owned.remove(&number);
                    acknowledged.remove(&number);
                }
                Step::Read { number, gap, actions } => {
                    let next = ledger.progress().find(|at| at.partition == partition(number)).map(|at| at.next.0);
                    let position = Position { partition: partition(number), offset: Offset(next.unwrap_or(7) + gap) };
                    let epoch = read(&mut ledger, position, 0..actions);
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
                    let Some(next) = ledger.progress().find(|at| at.partition == partition(number)).map(|at| at.next.0) else { continue };
                    let position = Position { partition: partition(number), offset: Offset(next - back) };
                    prop_assert!(matches!(ledger.entry(position), Entry::Known));
                }
                Step::EndOfPartition { number, gap } => {
                    let Some(next) = ledger.progress().find(|at| at.partition == partition(number)).map(|at| at.next.0) else { continue };
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
                    let states = to_commit(&ledger);
                    ledger.commit_sent(&states);
                    if !ok {
                        ledger.commit_failed();
                        continue;
                    }
                    for state in states {
                        ledger.commit_acknowledged(&state);
                        acknowledged.insert(state.partition.number, state.offset.0);
                    }
                    prop_assert!(to_commit(&ledger).is_empty(), "an acknowledged state is not committed again");
                }
            }
            // A partition is named at least where the broker does not have its offset yet (its
            // state can be news where the offset is not).
            let named: HashMap<i32, i64> = to_commit(&ledger).iter().map(|at| (at.partition.number, at.offset.0)).collect();
            for number in 0..PARTITIONS {
                let expected = model.committable(number);
                match named.get(&number) {
                    Some(offset) => prop_assert_eq!(Some(*offset), expected),
                    None => prop_assert_eq!(acknowledged.get(&number).copied(), expected),
                }
            }
            prop_assert_eq!(ledger.all_committed(), model.owned.keys().all(|number| acknowledged.contains_key(number)));
        }
    }
}

/// Invariant 4: the partition was revoked and assigned again. Outcomes of the first assignment
/// change nothing in the second one.
#[test]
fn an_outcome_of_an_earlier_assignment_is_fenced() {
    let mut ledger = Ledger::new(names());
    let position = Position { partition: partition(0), offset: Offset(5) };
    let first = assign(&mut ledger, 0, 5);
    assert_eq!(read(&mut ledger, position, [0]), Some(first));
    ledger.revoke(partition(0));
    let second = assign(&mut ledger, 0, 5);
    assert_eq!(read(&mut ledger, position, [0]), Some(second));

    let window = window();
    let ticket = Ticket { position, epoch: first, action: ActionIndex(0) };
    assert_eq!(ledger.settle(&ticket, hold(&window)), Settled::Fenced);
    assert_eq!(window.holds(), 0, "the hold of a fenced outcome ends");
    assert_eq!(
        to_commit(&ledger)[0].offset,
        Offset(5),
        "the late outcome moved the committed offset"
    );
    assert_eq!(
        ledger.settle(&Ticket { position, epoch: second, action: ActionIndex(0) }, None),
        Settled::Applied
    );
    assert_eq!(to_commit(&ledger)[0].offset, Offset(6));
}

#[test]
fn an_acknowledgement_of_an_earlier_assignment_changes_nothing() {
    let mut ledger = Ledger::new(names());
    ledger.assign(partition(0), Offset(5), None, RestartState::default());
    let late = to_commit(&ledger).remove(0);
    ledger.assign(partition(0), Offset(9), None, RestartState::default());
    ledger.commit_acknowledged(&late);
    assert!(!ledger.all_committed());
}

/// Only outcomes that a crash would repeat make a commit urgent, and it names only their
/// partitions.
#[test]
fn an_urgent_commit_names_the_partitions_with_outcomes() {
    let mut ledger = Ledger::new(names());
    let mut tickets = Vec::new();
    for number in 0..2 {
        let epoch = assign(&mut ledger, number, 0);
        let position = Position { partition: partition(number), offset: Offset(3) };
        read(&mut ledger, position, [0, 1]);
        tickets.push(Ticket { position, epoch, action: ActionIndex(0) });
    }
    let urgent = |ledger: &Ledger| ledger.to_commit(Scope::Urgent, codec::BUDGET);
    let first = urgent(&ledger);
    assert_eq!(first.len(), 2, "a new assignment is committed without delay");
    ledger.commit_sent(&first);
    first.iter().for_each(|state| ledger.commit_acknowledged(state));
    assert!(urgent(&ledger).is_empty());
    ledger.settle(&tickets[1], hold(&window()));
    let named: Vec<Partition> = urgent(&ledger).iter().map(|state| state.partition).collect();
    assert_eq!(named, [partition(1)]);
}

/// A state that was cut can be the same text before and after an outcome. It must be committed all
/// the same, or the outcome's hold would never end.
#[test]
fn an_outcome_is_committed_also_where_the_state_stays_the_same() {
    let mut ledger = Ledger::new(names());
    let epoch = assign(&mut ledger, 0, 0);
    let position = |offset| Position { partition: partition(0), offset: Offset(offset) };
    read(&mut ledger, position(0), [0]);
    read(&mut ledger, position(1), [1]);
    let bare = |ledger: &Ledger| ledger.to_commit(Scope::All, 11);
    let states = bare(&ledger);
    ledger.commit_sent(&states);
    ledger.commit_acknowledged(&states[0]);
    let window = window();
    let ticket = Ticket { position: position(1), epoch, action: ActionIndex(1) };
    ledger.settle(&ticket, hold(&window));
    let again = bare(&ledger);
    assert_eq!(again, states);
    ledger.commit_sent(&again);
    assert_eq!(window.holds(), 1);
    ledger.commit_acknowledged(&again[0]);
    assert_eq!(window.holds(), 0);
    assert!(bare(&ledger).is_empty());
}

/// A commit in flight does not contain an outcome that comes after it was sent: the hold ends with
/// the next commit.
#[test]
fn an_outcome_after_a_commit_was_sent_is_held_until_the_next_one() {
    let mut ledger = Ledger::new(names());
    let epoch = assign(&mut ledger, 0, 0);
    let position = Position { partition: partition(0), offset: Offset(0) };
    read(&mut ledger, position, [0, 1]);
    let windows = [window(), window()];
    let settle = |ledger: &mut Ledger, action: u32| {
        let ticket = Ticket { position, epoch, action: ActionIndex(action) };
        ledger.settle(&ticket, hold(&windows[action as usize]))
    };
    let holds = || [0, 1].map(|window: usize| windows[window].holds());
    settle(&mut ledger, 0);
    let first = to_commit(&ledger);
    ledger.commit_sent(&first);
    settle(&mut ledger, 1);
    ledger.commit_acknowledged(&first[0]);
    assert_eq!(holds(), [0, 1]);
    let second = to_commit(&ledger);
    ledger.commit_sent(&second);
    ledger.commit_acknowledged(&second[0]);
    assert_eq!(holds(), [0, 0]);
}

/// Pending events that have left the partition before they are read again are counted as lost.
#[test]
fn pending_events_that_left_the_partition_are_lost() {
    let mut ledger = Ledger::new(names());
    let listed = || {
        vec![Listed {
            webhook: NameHash::of("w"),
            pending: vec![NameHash::of("a")],
            done: Vec::new(),
        }]
    };
    let list = [2, 5, 7].map(|offset| (Offset(offset), listed()));
    let leftover = Some(Leftover { mark: Offset(9), pending: Pending::Listed(List::from(list)) });
    let inherited = RestartState { leftover, ..RestartState::default() };
    ledger.assign(partition(0), Offset(3), Some(Offset(2)), inherited);
    assert_eq!(ledger.take_lost(), [(partition(0), 1)], "it starts above the first one");
    read(&mut ledger, Position { partition: partition(0), offset: Offset(6) }, []);
    assert_eq!(ledger.take_lost(), [(partition(0), 1)], "compacted away");
    ledger.advance(partition(0), Offset(10));
    assert_eq!(ledger.take_lost(), [(partition(0), 1)]);
    assert_eq!(to_commit(&ledger)[0].offset, Offset(10));
}

/// After a reload a removed action may have pending deliveries: the next owner must not take the
/// positions for those that its configuration has.
#[test]
fn positions_of_two_configurations_are_marked() {
    let mut ledger = Ledger::new(names());
    let epoch = assign(&mut ledger, 0, 0);
    let event = |offset: i64| Position { partition: partition(0), offset: Offset(offset) };
    for offset in 0..4_000 {
        read(&mut ledger, event(offset), [0]);
    }
    let named = |ledger: &Ledger| {
        let state = to_commit(ledger).remove(0);
        let decoded = codec::decode(state.metadata.as_bytes(), state.offset).unwrap();
        let leftover = decoded.leftover.unwrap();
        assert!(matches!(leftover.pending, Pending::Positions(_)), "too many to be listed");
        if let Pending::Positions(positions) = leftover.pending { positions.names } else { None }
    };
    let before = names().hash();
    assert!(before.is_some());
    assert_eq!(named(&ledger), before);
    let topics = [TopicIndex(0)];
    // `a` was removed, and `e` is new.
    let after = Arc::new(NameIndex::of(
        ["w"],
        [("a", WebhookIndex(0), &[][..])]
            .into_iter()
            .chain(["b", "c", "d", "e"].map(|name| (name, WebhookIndex(0), &topics[..]))),
    ));
    ledger.set_names(Arc::clone(&after));
    assert_eq!(named(&ledger), None);
    for offset in 0..4_000 {
        ledger.settle(&Ticket { position: event(offset), epoch, action: ActionIndex(0) }, None);
    }
    for offset in 4_000..8_000 {
        read(&mut ledger, event(offset), [1]);
    }
    assert_eq!(
        named(&ledger),
        after.hash(),
        "nothing of the former configuration is pending any longer"
    );
    assert_eq!(
        after.hash(),
        NameIndex::of(["w"], ["b", "c", "d", "e"].map(|name| (name, WebhookIndex(0), &topics[..])))
            .hash()
    );
}
