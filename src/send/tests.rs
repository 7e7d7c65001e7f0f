#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use super::sender::latency;
use super::slack::Answer;
use super::*;
use crate::delivery::{Delivery, Ended, Reason, Ticket};
use crate::metrics::Tallied;

mod connection_permits;
mod hostile;
mod rig;
mod simulation;
mod throttled;

use rig::{Retry, Rig, failed, later, limited, ok, rejected, webhook};

const SECOND: Duration = Duration::from_secs(1);

fn seconds(times: &[Duration]) -> Vec<f64> {
    times.iter().map(|at| (at.as_secs_f64() * 10.0).round() / 10.0).collect()
}

#[tokio::test(start_paused = true)]
async fn deliveries_leave_in_order_at_the_rate() {
    let mut rig = Rig::start(webhook(), []);
    rig.push(0..4);
    for offset in 0..4 {
        assert_eq!(rig.outcome().await, (offset, Ended::Delivered));
    }
    assert_eq!(seconds(&rig.times()), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(rig.payloads(), ["0", "1", "2", "3"]);
    rig.settle().await;
    assert_eq!((rig.tally().delivered, rig.in_flight()), (4, 0));
    assert_eq!(rig.wakes(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_saved_up_while_nothing_comes() {
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
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
    assert_eq!(rig.outcome().await, (1, Ended::Delivered));
    assert_eq!(seconds(&rig.times()), [0.0, 1.0, 2.0, 3.5, 4.5]);
    assert_eq!(rig.payloads(), ["0", "0", "0", "0", "1"], "a retried delivery stays first in line");
}

#[tokio::test(start_paused = true)]
async fn a_429_stops_the_webhook_and_uses_no_budget() {
    let short = Retry { initial: SECOND, max: SECOND, max_elapsed: 5 * SECOND };
    let script = [limited(Some(30)), limited(Some(30)), failed(500), limited(Some(60))];
    let mut rig =
        Rig::start(Webhook { retry: short, rate_per_second: 1000.0, ..webhook() }, script);
    rig.push(0..2);
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
    assert_eq!(rig.outcome().await, (1, Ended::Delivered));
    let times = rig.times();
    assert_eq!(seconds(&times[..3]), [0.0, 30.0, 60.0]);
    assert!(times[4] - times[3] >= 60 * SECOND && times[4] - times[3] < 61 * SECOND);
    assert_eq!(rig.payloads(), ["0", "0", "0", "0", "0", "1"]);
}

#[tokio::test(start_paused = true)]
async fn a_429_without_retry_after_backs_off_further_each_time() {
    let retry = Retry { initial: 100 * SECOND, max: 800 * SECOND, max_elapsed: SECOND };
    let script: Vec<_> = (0..40).map(|_| limited(None)).collect();
    let mut rig = Rig::start(Webhook { retry, ..webhook() }, script);
    rig.push(0..1);
    assert_eq!(rig.outcome().await, (0, Ended::Delivered), "however long it takes");
    let times = rig.times();
    assert!(times[1] <= 101 * SECOND);
    // 37 pauses of 400 s on average; a mean under 200 s is a chance of one in a billion.
    assert!(times[40] - times[3] > 37 * 200 * SECOND);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 801 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_keeps_failing_is_dropped_when_its_time_is_up() {
    let retry = Retry { initial: SECOND, max: 10 * SECOND, max_elapsed: 60 * SECOND };
    let script: Vec<_> = (0..1000)
        .map(|_| Err(NoAnswer::Connect("refused".to_owned())))
        .map(rig::Step::from)
        .collect();
    let mut rig = Rig::start(Webhook { retry, ..webhook() }, script);
    rig.push(0..2);
    assert_eq!(rig.outcome().await, (0, Ended::Dropped(Reason::RetriesExhausted)));
    let last = *rig.times().last().unwrap();
    assert!(last >= 60 * SECOND && last < 62 * SECOND, "{last:?}");
    assert_eq!(rig.outcome().await, (1, Ended::Dropped(Reason::RetriesExhausted)));
    let times = rig.times();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= SECOND));
    assert!(*times.last().unwrap() - last >= 60 * SECOND, "the second has its own budget");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_final() {
    let mut rig = Rig::start(webhook(), [rejected("channel_not_found"), ok()]);
    rig.push(0..2);
    assert_eq!(rig.outcome().await, (0, Ended::Dropped(Reason::Rejected)));
    assert_eq!(rig.outcome().await, (1, Ended::Delivered));
    assert_eq!(rig.times().len(), 2);
    rig.settle().await;
    assert_eq!(rig.tally().dropped[Reason::Rejected as usize], 1);
}

#[tokio::test(start_paused = true)]
async fn a_released_delivery_is_let_go_at_once_whatever_it_waits_for() {
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
async fn an_attempt_under_way_runs_to_its_end() {
    let mut rig = Rig::start(webhook(), [later(ok(), 5000), later(failed(500), 5000)]);
    rig.push(0..2);
    rig.settle().await;
    rig.queue.release(|ticket| ticket.position.offset.0 == 0);
    assert!(rig.queue.is_attempting(|_| true));
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
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
async fn an_abandoned_attempts_late_answer_changes_no_book() {
    let mut rig = Rig::start(webhook(), [later(ok(), 5000)]);
    rig.push(0..1);
    rig.settle().await;
    assert!(rig.queue.abandon(|_| true));
    assert_eq!(rig.outcome().await, (0, Ended::Delivered), "the ledger's fence decides");
    rig.settle().await;
    assert_eq!((rig.tally().released, rig.tally().delivered), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_share_in_force_is_the_rate() {
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
    drop(rig.orders);
    rig.reports.recv().await.unwrap();
    assert_eq!(seconds(&rig.fake.times()).last(), Some(&1010.0), "the last share stays in force");
}

#[tokio::test(start_paused = true)]
async fn the_ledger_hears_before_the_books_close() {
    let mut rig = Rig::start(webhook(), []);
    rig.push(0..3);
    // Two outcomes fill the channel; the third waits for room.
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!((rig.tally().delivered, rig.in_flight()), (2, 1));
    assert!(rig.queue.is_attempting(|_| true), "a drain still waits for it");
    for offset in 0..3 {
        assert_eq!(rig.outcome().await, (offset, Ended::Delivered));
    }
    rig.settle().await;
    assert_eq!((rig.tally().delivered, rig.in_flight()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_sender_ends_with_its_queue_or_its_ledger() {
    let mut rig = Rig::start(webhook(), []);
    rig.queue.close();
    rig.ended().await;

    let mut rig = Rig::start(webhook(), []);
    rig.reports.close();
    rig.push(0..2);
    rig.ended().await;
}

#[tokio::test(start_paused = true)]
async fn one_webhooks_trouble_is_no_other_webhooks() {
    let mut down = Rig::start(webhook(), (0..100).map(|_| failed(500)).collect::<Vec<_>>());
    let mut slow = Rig::start(webhook(), (0..100).map(|_| later(ok(), 9000)).collect::<Vec<_>>());
    let mut throttled = Rig::start(webhook(), [limited(Some(600))]);
    let mut well = Rig::start(webhook(), []);
    for rig in [&mut down, &mut slow, &mut throttled, &mut well] {
        rig.push(0..20);
    }
    for offset in 0..20 {
        assert_eq!(well.outcome().await, (offset, Ended::Delivered));
    }
    assert_eq!(seconds(&well.times()), (0..20).map(f64::from).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn every_attempt_and_every_pause_is_seen_in_the_metrics() {
    const THROTTLED: &str = "slackline_throttled_until_timestamp_seconds{webhook=\"sales\"}";
    let timeout = rig::Step::from(Err(NoAnswer::Timeout(SECOND)));
    let connect = rig::Step::from(Err(NoAnswer::Connect("refused".to_owned())));
    let mut rig = Rig::start(
        webhook(),
        [failed(500), timeout, connect, limited(Some(3000)), ok(), rejected("no_service")],
    );
    assert_eq!(rig.metric(THROTTLED), 0.0);
    rig.push(0..2);
    while rig.times().len() < 4 {
        tokio::time::sleep(SECOND).await;
    }
    rig.settle().await;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((rig.metric(THROTTLED) - now - 3000.0).abs() < 100.0);
    rig.outcome().await;
    assert_eq!(rig.metric(THROTTLED), 0.0);
    rig.outcome().await;
    for result in ["server_error", "timeout", "connect", "rate_limited", "ok", "rejected"] {
        let series = format!("slackline_attempts_total{{webhook=\"sales\",result=\"{result}\"}}");
        assert_eq!(rig.metric(&series), 1.0, "{result}");
    }
    assert_eq!(rig.metric("slackline_attempt_duration_seconds_count{webhook=\"sales\"}"), 6.0);
    assert_eq!(rig.metric("slackline_delivery_latency_seconds_count{webhook=\"sales\"}"), 1.0);
    rig.share(0.25);
    rig.settle().await;
    assert_eq!(rig.metric("slackline_rate_limit_per_second{webhook=\"sales\"}"), 0.25);
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_in_the_metrics_though_nothing_is_left_to_send() {
    const THROTTLED: &str = "slackline_throttled_until_timestamp_seconds{webhook=\"sales\"}";
    let mut rig = Rig::start(webhook(), [limited(Some(60))]);
    rig.push(0..1);
    rig.settle().await;
    rig.queue.release(|_| true);
    tokio::time::sleep(59 * SECOND).await;
    assert!(rig.metric(THROTTLED) > 0.0);
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(rig.metric(THROTTLED), 0.0);
    rig.push(1..2);
    rig.outcome().await;
    assert_eq!(seconds(&rig.times()), [0.0, 61.0]);
}

#[test]
fn an_idle_sender_is_small() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let (sender, _rest) = rig::sender(webhook(), Clients::new().endpoint(&webhook()).unwrap());
    let size = std::mem::size_of_val(&run(sender));
    assert!(size <= 2048, "{size} bytes, ten thousand times");
}

#[test]
fn the_log_tells_of_an_outage_once_and_of_no_url() {
    let text = rig::logged(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let retry = Retry { initial: SECOND, max: SECOND, max_elapsed: 600 * SECOND };
            let script = (0..300).map(|_| failed(503)).chain([
                ok(),
                limited(Some(5)),
                ok(),
                rejected("GET /services/T0/B0/s3cr3t"),
            ]);
            let mut rig = Rig::start(Webhook { retry, ..webhook() }, script.collect::<Vec<_>>());
            rig.push(0..3);
            for _ in 0..3 {
                rig.outcome().await;
            }
        });
    });
    let lines: Vec<&str> = text.lines().collect();
    assert!((7..=12).contains(&lines.len()), "{text}");
    assert!(
        lines[0].contains("attempt failed")
            && lines[0].contains("webhook=\"sales\" action=\"signup\""),
        "{text}"
    );
    assert!(lines[1].contains("attempts still fail") && lines[1].contains("attempts="), "{text}");
    assert!(text.contains("posting works again") && text.contains("attempts_failed=300"), "{text}");
    assert!(text.contains("rate limited by Slack") && text.contains("seconds=5"), "{text}");
    assert!(
        lines.last().unwrap().contains("delivery dropped")
            && text.contains("topic=\"events\" partition=0 offset=2"),
        "{text}"
    );
    assert!(
        !text.contains("s3cr3t") && !text.contains("hooks.slack.com") && !text.contains("payload"),
        "{text}"
    );
}

#[test]
fn a_latency_is_never_negative_and_never_a_panic() {
    assert_eq!(latency(i64::MAX), Some(Duration::ZERO));
    assert_eq!(latency(-1), None);
    assert!(latency(0).unwrap() > SECOND);
}

/// At most one in doubt: nothing leaves until a commit that tells the outcome before is acknowledged.
#[tokio::test(start_paused = true)]
async fn a_sender_is_held_until_its_outcome_is_committed() {
    let mut rig = Rig::start_held(webhook(), []);
    rig.push(0..3);
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(rig.times().len(), 1, "its rate would have let it go on");
    assert!(
        rig.window.held_for(std::time::Instant::now()).is_some(),
        "and it is told that it waits"
    );
    rig.window.leave();
    assert_eq!(rig.outcome().await, (1, Ended::Delivered));
    assert_eq!(rig.window.held_for(std::time::Instant::now()), None);
}

#[tokio::test(start_paused = true)]
async fn a_fast_webhook_has_a_tenth_of_a_second_in_doubt() {
    let mut rig = Rig::start_held(Webhook { rate_per_second: 50.0, ..webhook() }, []);
    rig.push(0..20);
    for offset in 0..5 {
        assert_eq!(rig.outcome().await, (offset, Ended::Delivered));
    }
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(rig.times().len(), 5);
}

/// What is released while it waits leaves its place to nobody: it has none.
#[tokio::test(start_paused = true)]
async fn a_held_delivery_can_be_released() {
    let mut rig = Rig::start_held(webhook(), []);
    rig.push(0..3);
    rig.outcome().await;
    tokio::time::sleep(10 * SECOND).await;
    rig.queue.release(|ticket| ticket.position.offset.0 == 1);
    rig.settle().await;
    assert_eq!(rig.tally().released, 1);
    rig.window.leave();
    assert_eq!(rig.outcome().await, (2, Ended::Delivered));
    tokio::time::sleep(10 * SECOND).await;
    rig.push(3..5);
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(rig.times().len(), 2, "one place, taken by the last outcome");
}
