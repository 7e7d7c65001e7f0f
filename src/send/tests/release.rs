//! Deliveries that are released while they wait or are attempted.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_delivery_is_released_immediately_whatever_it_waits_for() {
    let slow = Retry { initial: 3000 * SECOND, max: 3000 * SECOND, max_elapsed: 9000 * SECOND };
    let held = [
        // The limiter: the bucket is empty for 1,000 s.
        (Webhook { rate_per_second: 0.001, ..webhook() }, ok(), 1.0),
        // Backoff.
        (Webhook { retry: slow, ..webhook() }, failed(500), 1.0),
        // Retry-After.
        (webhook(), limited(Some(1800)), 1.0),
        // No share of the rate.
        (webhook(), ok(), 0.0),
    ];
    for (case, (webhook, answer, share)) in held.into_iter().enumerate() {
        let mut rig = Rig::start(webhook, [answer]);
        rig.share(share);
        rig.push(0..2);
        rig.settle().await;
        let attempts = rig.times().len();
        // Case 0: offset 0 was delivered and 1 waits; otherwise 0 waits.
        let held = if case == 0 { 1 } else { 0 };
        assert_eq!(rig.in_flight(), 1, "case {case}");
        let before = tokio::time::Instant::now();
        rig.queue.release(|ticket| ticket.position.offset.0 == held);
        rig.settle().await;
        assert_eq!(rig.tally().released, 1, "case {case}");
        rig.push(7..8);
        rig.settle().await;
        assert_eq!(
            (before.elapsed(), rig.in_flight()),
            (Duration::ZERO, 1),
            "case {case}: the next one is in hand"
        );
        rig.queue.release(|_| true);
        rig.queue.close();
        rig.ended().await;
        assert_eq!(
            (before.elapsed(), rig.times().len()),
            (Duration::ZERO, attempts),
            "case {case}: and nothing was sent"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_waits_for_the_attempt_in_flight() {
    let mut rig = Rig::start(webhook(), [later(ok(), 5000), later(failed(500), 5000)]);
    rig.push(0..2);
    rig.settle().await;
    rig.queue.release(|ticket| ticket.position.offset.0 == 0);
    assert!(rig.queue.is_attempting(|_| true));
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    tokio::time::sleep(SECOND).await;
    assert!(rig.queue.is_attempting(|_| true));
    rig.queue.release(|_| true);
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(
        (rig.times().len(), rig.tally().released, rig.tally().delivered),
        (2, 1, 1),
        "no second attempt"
    );
    assert!(rig.reports.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn the_late_answer_of_an_abandoned_attempt_is_not_counted() {
    let mut rig = Rig::start(webhook(), [later(ok(), 5000)]);
    rig.push(0..1);
    rig.settle().await;
    assert!(rig.queue.abandon(|_| true));
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered), "the ledger's fence decides");
    rig.settle().await;
    assert_eq!((rig.tally().released, rig.tally().delivered), (1, 0));
}
