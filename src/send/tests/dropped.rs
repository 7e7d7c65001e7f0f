//! Deliveries that fail, on paused time.

use super::*;
use crate::metrics::AttemptResult;

#[tokio::test(start_paused = true)]
async fn a_delivery_that_keeps_failing_is_dropped_after_max_elapsed() {
    let retry = Retry { initial: SECOND, max: 10 * SECOND, max_elapsed: 60 * SECOND };
    let script: Vec<_> = (0..1000)
        .map(|_| Err(rig::no_answer(AttemptResult::Connect)))
        .map(rig::Step::from)
        .collect();
    let mut rig = Rig::start(Webhook { retry, ..webhook() }, script);
    rig.push(0..2);
    assert_eq!(rig.outcome().await, (0, Outcome::Dropped(Reason::RetriesExhausted)));
    let last = *rig.times().last().unwrap();
    assert!(last >= 60 * SECOND && last < 62 * SECOND, "{last:?}");
    assert_eq!(rig.outcome().await, (1, Outcome::Dropped(Reason::RetriesExhausted)));
    let times = rig.times();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= SECOND));
    assert!(*times.last().unwrap() - last >= 60 * SECOND, "the second has its own budget");
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_is_repeated_after_its_backoff_whatever_the_rate_allows() {
    let retry = Retry { initial: 10 * SECOND, max: 10 * SECOND, max_elapsed: 900 * SECOND };
    let fast = Webhook { rate_per_second: 1000.0, retry, ..webhook() };
    let mut rig = Rig::start(fast, (0..12).map(|_| failed(500)).collect::<Vec<_>>());
    rig.push(0..1);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    let times = rig.times();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 10 * SECOND + SECOND / 100));
    // Twelve times between 0 and 10 s: less than a second in all is one case of 10^20.
    assert!(times[12] > SECOND, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_delivery_is_dropped() {
    let mut rig = Rig::start(webhook(), [rejected("channel_not_found"), ok()]);
    rig.push(0..2);
    assert_eq!(rig.outcome().await, (0, Outcome::Dropped(Reason::Rejected)));
    assert_eq!(rig.outcome().await, (1, Outcome::Delivered));
    assert_eq!(rig.times().len(), 2);
    rig.settle().await;
    assert_eq!(rig.tally().dropped[Reason::Rejected as usize], 1);
}

#[tokio::test(start_paused = true)]
async fn the_trouble_of_one_webhook_does_not_delay_another() {
    let mut down = Rig::start(webhook(), (0..100).map(|_| failed(500)).collect::<Vec<_>>());
    let mut slow = Rig::start(webhook(), (0..100).map(|_| later(ok(), 9000)).collect::<Vec<_>>());
    let mut throttled = Rig::start(webhook(), [limited(Some(600))]);
    let mut well = Rig::start(webhook(), []);
    for rig in [&mut down, &mut slow, &mut throttled, &mut well] {
        rig.push(0..20);
    }
    for offset in 0..20 {
        assert_eq!(well.outcome().await, (offset, Outcome::Delivered));
    }
    assert_eq!(seconds(&well.times()), (0..20).map(f64::from).collect::<Vec<_>>());
}
