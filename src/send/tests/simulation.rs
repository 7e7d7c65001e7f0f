//! Random histories of answers, releases and rate shares: order, rate and counts stay right.

use proptest::prelude::*;

use super::*;
use crate::metrics::AttemptResult;

#[derive(Debug, Clone)]
enum Move {
    Push(u8),
    Release(i64),
    Share(u8),
    Wait(u64),
    Abandon,
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => (1..4u8).prop_map(Move::Push),
        1 => (0..40i64).prop_map(Move::Release),
        1 => (0..=4u8).prop_map(Move::Share),
        4 => (0..20_000u64).prop_map(Move::Wait),
        1 => Just(Move::Abandon),
    ]
}

fn answers() -> impl Strategy<Value = (u8, u64)> {
    (0..8u8, prop_oneof![Just(0), 0..5000u64])
}

fn step((kind, takes): (u8, u64)) -> rig::Step {
    let step = match kind {
        0 => failed(500),
        1 => limited(Some(takes / 500)),
        2 => limited(None),
        3 => rejected("no_service"),
        4 if takes % 2 == 0 => rests(),
        4 => rig::Step::from(Err(rig::no_answer(AttemptResult::Timeout))),
        _ => ok(),
    };
    later(step, takes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn order_rate_and_books_are_kept(moves in prop::collection::vec(moves(), 1..40), script in prop::collection::vec(answers(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let retry = Retry { initial: SECOND, max: 4 * SECOND, max_elapsed: 20 * SECOND };
            let mut rig = Rig::start_held(Webhook { retry, burst: 2, ..webhook() }, script.into_iter().map(step));
            let mut outcomes = Vec::new();
            let mut pushed = 0;
            let last = [Move::Share(4), Move::Wait(10_000_000)];
            for step in moves.into_iter().chain(last) {
                match step {
                    Move::Push(count) => {
                        rig.push(pushed..pushed + i64::from(count));
                        pushed += i64::from(count);
                    }
                    Move::Release(from) => rig.queue.release(|ticket| ticket.position.offset.0 >= from),
                    Move::Share(quarters) => rig.share(f64::from(quarters) / 4.0),
                    Move::Abandon => {
                        rig.queue.release(|ticket| ticket.position.offset.0 % 2 == 0);
                        rig.queue.abandon(|ticket| ticket.position.offset.0 % 2 == 0);
                    }
                    Move::Wait(millis) => {
                        let until = tokio::time::Instant::now() + Duration::from_millis(millis);
                        while let Ok(Some(report)) = tokio::time::timeout_at(until, rig.reports.recv()).await {
                            // The hold ends here. The window has one permit: a hold that is not
                            // released would stop the sender for good.
                            if let Report::Ended { tickets, .. } = report {
                                outcomes.extend(tickets.iter().map(|ticket| ticket.position.offset.0));
                            }
                        }
                    }
                }
                let books = rig.queue.tally();
                let tally = books.actions[0].1;
                let sum = tally.delivered + tally.released + tally.dropped.iter().sum::<u64>() + books.queued + books.in_flight;
                prop_assert_eq!(tally.matched, sum);
            }
            let books = rig.queue.tally();
            let tally = books.actions[0].1;
            prop_assert_eq!((books.queued, books.in_flight), (0, 0), "everything ends");
            let ended = tally.delivered + tally.dropped.iter().sum::<u64>();
            prop_assert_eq!(ended + tally.released, pushed as u64);
            // An abandoned delivery counts as released and may still have an outcome: the only way
            // to have both.
            prop_assert!((ended..=ended + books.abandoned).contains(&(outcomes.len() as u64)));
            prop_assert!(outcomes.windows(2).all(|pair| pair[0] < pair[1]), "in order, each once: {:?}", outcomes);
            let times = rig.times();
            for window in times.windows(3) {
                prop_assert!(window[2] - window[0] >= SECOND, "three within a second at 1/s and a burst of 2: {:?}", times);
            }
            let attempted: Vec<i64> = rig.payloads().iter().map(|payload| payload.parse().unwrap()).collect();
            prop_assert!(attempted.is_sorted(), "no other delivery between two attempts of one");
            Ok(())
        })?;
    }
}
