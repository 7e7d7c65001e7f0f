//! Order, rate, burst and rate share, on paused time.

use super::*;

#[tokio::test(start_paused = true)]
async fn deliveries_leave_in_order_at_the_rate() {
    let mut rig = Rig::start(webhook(), []);
    rig.push(0..4);
    for offset in 0..4 {
        assert_eq!(rig.outcome().await, (offset, Outcome::Delivered));
    }
    assert_eq!(seconds(&rig.times()), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(rig.payloads(), ["0", "1", "2", "3"]);
    rig.settle().await;
    assert_eq!((rig.tally().delivered, rig.in_flight()), (4, 0));
    assert_eq!(rig.wakes(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_saved_up_while_the_queue_is_empty() {
    let mut rig = Rig::start(Webhook { burst: 3, ..webhook() }, []);
    tokio::time::advance(10 * SECOND).await;
    rig.push(0..5);
    for _ in 0..5 {
        rig.outcome().await;
    }
    assert_eq!(seconds(&rig.times()), [10.0, 10.0, 10.0, 11.0, 12.0]);
}

#[tokio::test(start_paused = true)]
async fn retries_wait_for_the_limiter_too() {
    let impatient = Retry {
        initial: Duration::from_millis(1),
        max: Duration::from_millis(1),
        max_elapsed: 900 * SECOND,
    };
    let mut rig = Rig::start(
        Webhook { retry: impatient, ..webhook() },
        [failed(500), failed(503), later(failed(502), 1500)],
    );
    rig.push(0..2);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    assert_eq!(rig.outcome().await, (1, Outcome::Delivered));
    assert_eq!(seconds(&rig.times()), [0.0, 1.0, 2.0, 3.5, 4.5]);
    assert_eq!(rig.payloads(), ["0", "0", "0", "0", "1"], "a retried delivery stays first in line");
}

#[tokio::test(start_paused = true)]
async fn the_current_rate_share_is_obeyed() {
    let mut rig = Rig::start(webhook(), [ok(), ok(), later(ok(), 2000)]);
    rig.share(0.25);
    rig.push(0..5);
    rig.outcome().await;
    rig.outcome().await;
    rig.share(0.0);
    tokio::time::sleep(1000 * SECOND).await;
    rig.share(0.5);
    rig.outcome().await;
    rig.outcome().await;
    assert_eq!(
        seconds(&rig.times()),
        [0.0, 4.0, 1006.0, 1008.0],
        "frozen for 1000 s, then at half the rate, also during the slow attempt"
    );
    drop(rig.control);
    rig.reports.recv().await.unwrap();
    assert_eq!(seconds(&rig.script.times()).last(), Some(&1010.0), "the last share stays");
}
