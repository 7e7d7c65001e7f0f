//! Posts with the tickets of several events: each ticket is released, dropped or delivered by
//! itself.

use super::*;

#[derive(Debug, Clone)]
enum Step {
    /// The partition of each ticket.
    Push(Vec<i32>),
    Take,
    StartAttempt,
    EndAttempt,
    Finish(Outcome),
    Release(i32),
    Abandon(i32),
    Retire,
    Reopen,
    GiveBack,
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![Just(Outcome::Delivered), Just(Outcome::Dropped(Reason::Rejected))];
    prop_oneof![
        6 => prop::collection::vec(0..3i32, 1..4).prop_map(Step::Push),
        4 => Just(Step::Take),
        3 => Just(Step::StartAttempt),
        2 => Just(Step::EndAttempt),
        3 => outcome.prop_map(Step::Finish),
        2 => (0..3i32).prop_map(Step::Release),
        1 => (0..3i32).prop_map(Step::Abandon),
        1 => Just(Step::Retire),
        1 => Just(Step::Reopen),
        1 => Just(Step::GiveBack),
    ]
}

proptest! {
    #[test]
    fn books_balance_for_every_ticket(
        when_full in prop_oneof![Just(WhenFull::DropNewest), Just(WhenFull::DropOldest), Just(WhenFull::Block)],
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let queue = Queue::new(3, when_full, [ActionIndex(0)]);
        let (mut taken, mut matched): (Option<Tickets>, u64) = (None, 0);
        for (offset, step) in (0..).zip(steps) {
            match step {
                Step::Push(partitions) => {
                    matched += partitions.len() as u64;
                    let tickets: Tickets =
                        partitions.into_iter().map(|partition| ticket(partition, offset, 0)).collect();
                    queue.push(Post { tickets, ..post(ticket(0, offset, 0)) }, Origin::Read);
                }
                Step::Take if queue.tally().in_flight == 0 => {
                    taken = queue.take().flatten().map(|post| post.tickets).or(taken);
                }
                Step::Release(partition) => {
                    queue.release(of(partition));
                    prop_assert!(!queue.lock().waiting.iter().any(|post| post.tickets.iter().any(|ticket| of(partition)(&ticket))));
                }
                Step::Abandon(partition) => {
                    queue.abandon(of(partition));
                    prop_assert!(!queue.is_attempting(of(partition)));
                }
                Step::Retire => {
                    queue.retire(|_| true);
                }
                Step::Reopen => queue.reopen(),
                step => {
                    let Some(tickets) = &taken else { continue };
                    match step {
                        Step::StartAttempt => {
                            queue.start_attempt(tickets);
                        }
                        Step::EndAttempt => {
                            queue.end_attempt(tickets);
                        }
                        Step::Finish(outcome) => queue.finish(tickets, outcome),
                        Step::GiveBack => {
                            queue.give_back(Post { tickets: tickets.clone(), ..post(ticket(0, offset, 0)) });
                        }
                        _ => {}
                    }
                }
            }
            let tally = queue.tally();
            let books = tally.actions[0].1;
            prop_assert_eq!(books.matched, matched);
            let ended = books.delivered + books.dropped.iter().sum::<u64>() + books.released;
            prop_assert_eq!(matched, ended + tally.queued + tally.in_flight);
        }
    }
}

/// A post goes on for the partitions that stay, and only their tickets are delivered by it.
#[test]
fn a_partition_that_leaves_takes_only_its_tickets_along() {
    let queue = Queue::new(3, WhenFull::DropNewest, [ActionIndex(0)]);
    let tickets: Tickets = [0, 1].map(|partition| ticket(partition, 7, 0)).into_iter().collect();
    queue.push(Post { tickets, ..post(ticket(0, 7, 0)) }, Origin::Read);
    let tickets = queue.take().unwrap().unwrap().tickets;
    assert!(queue.start_attempt(&tickets));
    queue.release(of(0));
    assert!(queue.end_attempt(&tickets), "the other ticket stays");
    assert!(queue.start_attempt(&tickets));
    queue.finish(&tickets, Outcome::Delivered);
    let books = queue.tally().actions[0].1;
    assert_eq!((books.released, books.delivered), (1, 1));
}
