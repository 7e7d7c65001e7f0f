//! The queue against a naive model: lists of tickets, one for each state of a delivery.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::delivery::Epoch;
use crate::event::{Offset, Partition, Position, TopicIndex};
use crate::event_time::EventTime;
use crate::metrics::{ActionTally, Tallied};

mod several_tickets;

fn ticket(partition: i32, offset: i64, action: u32) -> Ticket {
    let partition = Partition { topic: TopicIndex(0), number: partition };
    Ticket {
        position: Position { partition, offset: Offset(offset) },
        epoch: Epoch(1),
        action: ActionIndex(action),
    }
}

fn post(ticket: Ticket) -> Post {
    Post {
        tickets: ticket.into(),
        payload: Box::default(),
        time: EventTime::timestamp(0),
        parts_sent: 0,
    }
}

fn all(tickets: &[Ticket]) -> Vec<Tickets> {
    tickets.iter().copied().map(Tickets::from).collect()
}

fn of(partition: i32) -> impl Fn(&Ticket) -> bool + Copy {
    move |ticket: &Ticket| ticket.position.partition.number == partition
}

#[derive(Debug, Clone)]
enum Step {
    Push {
        partition: i32,
        action: u32,
        origin: Origin,
    },
    Empty {
        action: u32,
    },
    Take,
    BeginAttempt,
    EndAttempt,
    Finish {
        outcome: Outcome,
    },
    Release {
        partition: i32,
    },
    Abandon {
        partition: i32,
    },
    /// The webhook is removed; the waiting posts of one action move.
    Retire {
        moves: u32,
    },
    Reopen,
    GiveBack,
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        Just(Outcome::Delivered),
        Just(Outcome::Dropped(Reason::Rejected)),
        Just(Outcome::Dropped(Reason::RetriesExhausted))
    ];
    let origin = prop_oneof![4 => Just(Origin::Read), 1 => Just(Origin::Listed), 1 => Just(Origin::Position)];
    prop_oneof![
        6 => (0..3i32, 0..2u32, origin).prop_map(|(partition, action, origin)| Step::Push { partition, action, origin }),
        1 => (0..2u32).prop_map(|action| Step::Empty { action }),
        4 => Just(Step::Take),
        3 => Just(Step::BeginAttempt),
        1 => Just(Step::EndAttempt),
        3 => outcome.prop_map(|outcome| Step::Finish { outcome }),
        1 => (0..3i32).prop_map(|partition| Step::Release { partition }),
        1 => (0..3i32).prop_map(|partition| Step::Abandon { partition }),
        1 => (0..2u32).prop_map(|moves| Step::Retire { moves }),
        1 => Just(Step::Reopen),
        1 => Just(Step::GiveBack),
    ]
}

#[derive(Default)]
struct Model {
    waiting: Vec<Ticket>,
    /// The ticket, whether an attempt is out, whether its partition leaves.
    in_flight: Option<(Ticket, bool, bool)>,
    /// What the sender has taken.
    held: Option<Ticket>,
    retired: bool,
    /// How many were returned to the front, which can exceed the capacity.
    given_back: usize,
    matched: u64,
    restored: u64,
    delivered: u64,
    dropped: u64,
    released: u64,
    /// How many may exceed the capacity.
    listed: usize,
}

proptest! {
    /// Invariant 2, after every step; every state as the model has it.
    #[test]
    fn deliveries_add_up_at_every_moment(
        capacity in 1..5usize,
        when_full in prop_oneof![Just(WhenFull::DropNewest), Just(WhenFull::DropOldest), Just(WhenFull::Block)],
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let queue = Queue::new(capacity, when_full, [ActionIndex(0), ActionIndex(1)]);
        let mut model = Model::default();
        for (offset, step) in (0..).zip(steps) {
            match step {
                Step::Push { partition, action, origin } => {
                    let pushed = ticket(partition, offset, action);
                    model.matched += 1;
                    model.restored += u64::from(origin != Origin::Read);
                    model.listed += usize::from(origin == Origin::Listed);
                    let full = model.waiting.len() >= capacity && origin != Origin::Listed;
                    model.waiting.push(pushed);
                    let expected = match when_full {
                        WhenFull::DropNewest if full => Push::Dropped(model.waiting.pop().unwrap().into()),
                        WhenFull::DropOldest if full => Push::Dropped(model.waiting.remove(0).into()),
                        WhenFull::Block if model.waiting.len() >= capacity && origin != Origin::Listed => Push::Full,
                        _ => Push::Queued,
                    };
                    model.dropped += u64::from(matches!(expected, Push::Dropped(_)));
                    prop_assert_eq!(queue.push(post(pushed), origin), expected);
                }
                Step::Empty { action } => {
                    queue.drop_unqueued(ActionIndex(action), Origin::Read, Reason::EmptyMessage);
                    (model.matched, model.dropped) = (model.matched + 1, model.dropped + 1);
                }
                Step::Take => {
                    // One post is in flight at a time.
                    if model.in_flight.is_some() { continue }
                    let none = model.retired || model.waiting.is_empty();
                    let expected = if none { None } else { Some(model.waiting.remove(0)) };
                    let taken = queue.take().map(|taken| taken.unwrap().tickets);
                    prop_assert_eq!(taken, expected.map(Tickets::from));
                    model.in_flight = expected.map(|ticket| (ticket, false, false));
                    model.held = expected.or(model.held);
                }
                Step::BeginAttempt => {
                    let Some(held) = model.held else { continue };
                    let there = model.in_flight.is_some_and(|(ticket, ..)| ticket == held);
                    if let Some(in_flight) = model.in_flight.as_mut().filter(|_| there) { in_flight.1 = true }
                    prop_assert_eq!(queue.start_attempt(&held.into()), there);
                }
                Step::EndAttempt => {
                    let Some(held) = model.held else { continue };
                    let expected = match &mut model.in_flight {
                        Some((ticket, attempting, false)) if *ticket == held => {
                            *attempting = false;
                            true
                        }
                        Some((ticket, _, true)) if *ticket == held => {
                            model.in_flight = None;
                            model.released += 1;
                            false
                        }
                        _ => false,
                    };
                    prop_assert_eq!(queue.end_attempt(&held.into()), expected);
                }
                Step::Finish { outcome } => {
                    let Some(held) = model.held else { continue };
                    queue.finish(&held.into(), outcome);
                    if model.in_flight.is_some_and(|(ticket, ..)| ticket == held) {
                        model.in_flight = None;
                        if outcome == Outcome::Delivered { model.delivered += 1 } else { model.dropped += 1 }
                    }
                }
                Step::Release { partition } => {
                    queue.release(of(partition));
                    let before = model.waiting.len();
                    model.waiting.retain(|ticket| !of(partition)(ticket));
                    model.released += (before - model.waiting.len()) as u64;
                    match &mut model.in_flight {
                        Some((ticket, true, leaving)) if of(partition)(ticket) => *leaving = true,
                        Some((ticket, false, _)) if of(partition)(ticket) => {
                            model.in_flight = None;
                            model.released += 1;
                        }
                        _ => {}
                    }
                }
                Step::Abandon { partition } => {
                    let there = model.in_flight.is_some_and(|(ticket, ..)| of(partition)(&ticket));
                    prop_assert_eq!(queue.abandon(of(partition)), there);
                    if there {
                        model.in_flight = None;
                        model.released += 1;
                    }
                }
                Step::Retire { moves } => {
                    let (moved, dropped) = queue.retire(|action| action == ActionIndex(moves));
                    model.retired = true;
                    let waiting = std::mem::take(&mut model.waiting).into_iter();
                    let (moving, rest): (Vec<_>, Vec<_>) = waiting.partition(|ticket| ticket.action == ActionIndex(moves));
                    prop_assert_eq!(moved.into_iter().map(|moved| moved.tickets).collect::<Vec<_>>(), all(&moving));
                    prop_assert_eq!(dropped, all(&rest));
                    model.released += moving.len() as u64;
                    model.dropped += rest.len() as u64;
                }
                Step::Reopen => {
                    queue.reopen();
                    model.retired = false;
                }
                Step::GiveBack => {
                    let Some(held) = model.held else { continue };
                    queue.give_back(post(held));
                    if model.in_flight.is_some_and(|(ticket, ..)| ticket == held) {
                        model.in_flight = None;
                        model.waiting.insert(0, held);
                        model.given_back += 1;
                    }
                }
            }
            prop_assert_eq!(queue.is_retired(), model.retired);
            let tally = queue.tally();
            let sum = |count: fn(&ActionTally) -> u64| tally.actions.iter().map(|(_, tally)| count(tally)).sum::<u64>();
            let (matched, delivered, released) = (sum(|t| t.matched), sum(|t| t.delivered), sum(|t| t.released));
            let dropped = sum(|t| t.dropped.iter().sum());
            prop_assert_eq!(matched, delivered + dropped + released + tally.queued + tally.in_flight);
            prop_assert_eq!(
                (matched, delivered, dropped, released, tally.queued, tally.in_flight),
                (model.matched, model.delivered, model.dropped, model.released, model.waiting.len() as u64, u64::from(model.in_flight.is_some()))
            );
            let attempting = model.in_flight.is_some_and(|(_, attempting, _)| attempting);
            prop_assert_eq!(queue.is_attempting(|_| true), attempting);
            prop_assert_eq!(sum(|t| t.restored), model.restored);
            if when_full != WhenFull::Block {
                prop_assert!(tally.queued <= (capacity + model.listed + model.given_back) as u64, "the queue is not bounded");
            }
        }
    }
}

/// What a former owner had admitted is not dropped because the new owner's queue is full.
#[test]
fn what_was_admitted_once_is_admitted_above_the_capacity() {
    for when_full in [WhenFull::DropNewest, WhenFull::DropOldest, WhenFull::Block] {
        let queue = Queue::new(2, when_full, [ActionIndex(0)]);
        let pushed: Vec<Push> =
            (0..5).map(|offset| queue.push(post(ticket(0, offset, 0)), Origin::Listed)).collect();
        assert!(
            pushed.iter().all(|push| !matches!(push, Push::Dropped(_))),
            "{when_full:?}: {pushed:?}"
        );
        assert_eq!(queue.tally().queued, 5);
    }
    let queue = Queue::new(1, WhenFull::DropNewest, [ActionIndex(0)]);
    queue.push(post(ticket(0, 0, 0)), Origin::Listed);
    let again = ticket(0, 1, 0);
    assert_eq!(
        queue.push(post(again), Origin::Position),
        Push::Dropped(again.into()),
        "the former owner may have dropped it too"
    );
}

/// A full `block` queue is fed again only once it is half empty, so that pauses are rare.
#[test]
fn room_comes_with_hysteresis() {
    let queue = Queue::new(4, WhenFull::Block, [ActionIndex(0)]);
    for offset in 0..4 {
        queue.push(post(ticket(0, offset, 0)), Origin::Read);
    }
    let mut room = Vec::new();
    while let Some(Some(taken)) = queue.take() {
        queue.finish(&taken.tickets, Outcome::Delivered);
        room.push(queue.has_room());
    }
    assert_eq!(room, [false, true, true, true]);
}

#[tokio::test]
async fn an_idle_sender_is_woken_by_a_push_and_ends_after_close() {
    let queue = std::sync::Arc::new(Queue::new(4, WhenFull::DropNewest, [ActionIndex(0)]));
    let sender = tokio::spawn({
        let queue = std::sync::Arc::clone(&queue);
        async move {
            let mut taken = 0;
            while let Some(post) = queue.next().await {
                queue.finish(&post.tickets, Outcome::Delivered);
                taken += 1;
            }
            taken
        }
    });
    for offset in 0..3 {
        queue.push(post(ticket(0, offset, 0)), Origin::Read);
    }
    while queue.tally().queued + queue.tally().in_flight > 0 {
        tokio::task::yield_now().await;
    }
    queue.close();
    assert_eq!(sender.await.unwrap(), 3);
}
