//! An action that chooses one of several senders by the event.

use super::super::*;
use super::record;
use crate::commit::name_index::{NameHash, NamedAction};
use crate::commit::restart_state::{Pending, codec};
use crate::config::model::ActionIndex;
use crate::delivery::Route;

const PARTITION: Partition = Partition { topic: TopicIndex(0), number: 0 };
const ACTION: ActionIndex = ActionIndex(0);
const OWN: WebhookIndex = WebhookIndex(0);
const FURTHER: WebhookIndex = WebhookIndex(1);

/// An action that chooses between two senders.
fn names(template: &str) -> Arc<NameIndex> {
    let choice = Some((template, vec![FURTHER]));
    let action = NamedAction { name: "x", webhook: OWN, choice, topics: &[TopicIndex(0)] };
    Arc::new(NameIndex::of(["w", "w/#1"], [action]))
}

fn position(offset: i64) -> Position {
    Position { partition: PARTITION, offset: Offset(offset) }
}

fn read(ledger: &mut Ledger, offset: i64, webhook: WebhookIndex) {
    let _ = record(ledger, position(offset), vec![Route { action: ACTION, webhook }]);
}

fn settle(ledger: &mut Ledger, offset: i64) -> Settled {
    let epoch = ledger.epoch(PARTITION).unwrap();
    ledger.settle(&Ticket { position: position(offset), epoch, action: ACTION }, None)
}

/// The next owner, by what this one commits.
fn next(ledger: &Ledger, names: Arc<NameIndex>, budget: usize) -> Ledger {
    let state = ledger.to_commit(Scope::All, budget).remove(0);
    let inherited = codec::decode(state.metadata.as_bytes(), state.offset).unwrap();
    let mut ledger = Ledger::new(names);
    ledger.assign(PARTITION, state.offset, Some(state.offset), inherited);
    ledger
}

fn first(names: Arc<NameIndex>) -> Ledger {
    let mut ledger = Ledger::new(names);
    ledger.assign(PARTITION, Offset(0), Some(Offset(0)), RestartState::default());
    ledger
}

fn owned(ledger: &Ledger) -> &OwnedPartition {
    ledger.owned.get(PARTITION).unwrap()
}

/// What one of two senders has delivered is not repeated because the other one lags.
#[test]
fn each_sender_has_its_own_position() {
    const EVENTS: i64 = 8_000;
    let sender = |offset: i64| if offset % 2 == 0 { OWN } else { FURTHER };
    let mut ledger = first(names("{{ a }}"));
    (0..EVENTS).for_each(|offset| read(&mut ledger, offset, sender(offset)));
    let odd = |offset: &i64| offset % 2 == 1;
    for offset in (0..EVENTS - 100).filter(odd) {
        assert_eq!(settle(&mut ledger, offset), Settled::Applied);
    }
    let mut ledger = next(&ledger, names("{{ a }}"), codec::BUDGET);
    let leftover = owned(&ledger).inherited.leftover.as_ref().unwrap();
    assert!(matches!(leftover.pending, Pending::Positions(_)), "too many to be listed");
    for offset in 0..EVENTS {
        read(&mut ledger, offset, sender(offset));
    }
    let pending: Vec<i64> = owned(&ledger).unsettled.iter().map(|event| event.offset.0).collect();
    let expected = (0..EVENTS).filter(|offset| !odd(offset) || *offset >= EVENTS - 100);
    assert_eq!(pending, expected.collect::<Vec<_>>());
}

/// The next owner's template may send an event elsewhere: what the list names as pending for one
/// sender is pending for that one, also where a commit has no room for the list.
#[test]
fn a_list_of_another_template_is_not_taken_for_one_of_this_template() {
    for (template, is_same) in [("{{ a }}", true), ("{{ b }}", false)] {
        let mut ledger = first(names("{{ a }}"));
        (0..3).for_each(|offset| read(&mut ledger, offset, FURTHER));
        let mut ledger = next(&ledger, names(template), codec::BUDGET);
        assert!(matches!(
            owned(&ledger).inherited.leftover.as_ref().unwrap().pending,
            Pending::Listed(_)
        ));
        // The list is not read as a whole before the next commit, which has no room for it.
        let now = if is_same { FURTHER } else { OWN };
        read(&mut ledger, 0, now);
        assert_eq!(settle(&mut ledger, 0), Settled::Applied);
        let full = ledger.to_commit(Scope::All, codec::BUDGET)[0].metadata.len();
        let mut ledger = next(&ledger, names(template), full - 1);
        let leftover = owned(&ledger).inherited.leftover.as_ref().unwrap();
        let Pending::Positions(positions) = &leftover.pending else { unreachable!() };
        assert_eq!(positions.names, names(template).hash().filter(|_| is_same));
        for offset in 1..3 {
            read(&mut ledger, offset, now);
            assert_eq!(settle(&mut ledger, offset), Settled::Applied, "{template}");
        }
    }
}

/// A reload that no longer lists the channel: the delivery goes to the webhook's own one.
#[test]
fn what_a_sender_that_is_not_listed_any_longer_had_is_the_own_channels() {
    let mut ledger = first(names("{{ a }}"));
    read(&mut ledger, 0, FURTHER);
    let listed = |ledger: &Ledger| {
        let state = ledger.to_commit(Scope::All, codec::BUDGET).remove(0);
        let state = codec::decode(state.metadata.as_bytes(), state.offset).unwrap();
        let Pending::Listed(list) = state.leftover.unwrap().pending else { unreachable!() };
        (list[&Offset(0)][0].webhook, state.names)
    };
    assert_eq!(listed(&ledger), (NameHash::of("w/#1"), names("{{ a }}").hash()));
    let action = ("x", OWN, &[TopicIndex(0)][..]);
    ledger.set_names(Arc::new(NameIndex::of(["w", "w/#1"], [action])));
    assert_eq!(listed(&ledger), (NameHash::of("w"), None));
}

/// By another template it may choose another sender, where a removed action's delivery is pending.
#[test]
fn what_an_action_has_done_for_one_sender_takes_no_other_actions_place_at_another() {
    let chooses = |name| {
        let choice = Some(("{{ a }}", vec![FURTHER]));
        NamedAction { name, webhook: OWN, choice, topics: &[TopicIndex(0)] }
    };
    let names = |actions: Vec<NamedAction<'static>>| NameIndex::of(["w", "w/#1"], actions);
    let mut ledger = first(Arc::new(names(vec![chooses("x"), chooses("y")])));
    let other = Route { action: ActionIndex(1), webhook: FURTHER };
    let _ = record(&mut ledger, position(0), vec![Route { action: ACTION, webhook: OWN }, other]);
    assert_eq!(settle(&mut ledger, 0), Settled::Applied);
    let mut ledger = next(&ledger, Arc::new(names(vec![chooses("x")])), codec::BUDGET);
    let Entry::Left(left) = ledger.entry(position(0)) else { unreachable!() };
    let (_, claimed) = left.claim(None, &[Route { action: ACTION, webhook: FURTHER }]);
    assert_eq!((claimed.deliveries, claimed.unclaimed.len()), (vec![], 1));
}
