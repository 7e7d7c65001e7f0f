//! 429s: the throttle, its report, and one that a former owner of a partition received.

use super::*;
use crate::metrics::WebhookMetrics;
use crate::send::pace::Pace;

#[tokio::test(start_paused = true)]
async fn a_429_throttles_the_webhook_and_uses_no_retry_budget() {
    let short = Retry { initial: SECOND, max: SECOND, max_elapsed: 5 * SECOND };
    let script = [limited(Some(30)), limited(Some(30)), failed(500), limited(Some(60))];
    let mut rig =
        Rig::start(Webhook { retry: short, rate_per_second: 1000.0, ..webhook() }, script);
    rig.push(0..2);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    assert_eq!(rig.outcome().await, (1, Outcome::Delivered));
    let times = rig.times();
    assert_eq!(seconds(&times[..3]), [0.0, 30.0, 60.0]);
    assert!(times[4] - times[3] >= 60 * SECOND && times[4] - times[3] < 61 * SECOND);
    assert_eq!(rig.payloads(), ["0", "0", "0", "0", "0", "1"]);
}

/// It holds for the next delivery, too, and for the partition's next owner.
#[tokio::test(start_paused = true)]
async fn a_503_with_retry_after_is_obeyed_within_the_retry_budget() {
    let retry = Retry { initial: SECOND, max: SECOND, max_elapsed: 100 * SECOND };
    let unavailable = |seconds| rig::failed_for(503, seconds);
    let script = [unavailable(30), unavailable(50), unavailable(40), unavailable(600), ok()];
    let mut rig = Rig::start(Webhook { retry, ..webhook() }, script);
    rig.push(0..2);
    let Report::Throttled { webhook, .. } = rig.reports.recv().await.unwrap() else {
        panic!("no throttle")
    };
    assert_eq!(webhook, WebhookIndex(0));
    assert_eq!(rig.outcome().await, (0, Outcome::Dropped(Reason::RetriesExhausted)));
    assert_eq!(rig.outcome().await, (1, Outcome::Delivered));
    assert_eq!(seconds(&rig.times()), [0.0, 30.0, 80.0, 120.0, 720.0]);
}

#[tokio::test(start_paused = true)]
async fn a_429_without_retry_after_backs_off_further_each_time() {
    let retry = Retry { initial: 100 * SECOND, max: 800 * SECOND, max_elapsed: SECOND };
    let script: Vec<_> = (0..40).map(|_| limited(None)).collect();
    let mut rig = Rig::start(Webhook { retry, ..webhook() }, script);
    rig.push(0..1);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered), "however long it takes");
    let times = rig.times();
    assert!(times[1] <= 101 * SECOND);
    // 37 pauses of 400 s on average; a mean under 200 s is a chance of one in a billion.
    assert!(times[40] - times[3] > 37 * 200 * SECOND);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 801 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_former_owners_retry_after_is_kept() {
    let mut rig = Rig::start(webhook(), []);
    let until = SystemTime::now() + 30 * SECOND;
    rig.control.send_modify(|control| control.throttled_until = Some(until));
    rig.push(0..1);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    let left = rig.times()[0].as_secs_f64();
    assert!((29.0..=30.1).contains(&left), "{left}");
}

/// It may be an app's, or come from the restart state: no delivery of the webhook waits for it.
#[tokio::test(start_paused = true)]
async fn a_removed_webhook_shows_no_throttle_until_it_comes_back() {
    let mut rig = Rig::start(webhook(), [limited(Some(30))]);
    let shown = |rig: &Rig| {
        rig.metric("slackline_throttled_until_timestamp_seconds{webhook=\"sales\"}") > 0.0
    };
    rig.push(0..1);
    rig.settle().await;
    assert!(shown(&rig));
    rig.queue.retire(|_| false);
    rig.reload(webhook(), 0);
    rig.settle().await;
    assert!(!shown(&rig));
    let until = SystemTime::now() + 60 * SECOND;
    rig.control.send_modify(|control| control.throttled_until = Some(until));
    rig.settle().await;
    assert!(!shown(&rig));
    rig.queue.reopen();
    rig.reload(webhook(), 0);
    rig.settle().await;
    assert!(shown(&rig));
}

/// Commits carry it to the next owner of the partition.
#[tokio::test(start_paused = true)]
async fn a_429_is_reported() {
    let mut rig = Rig::start(webhook(), [limited(Some(30))]);
    rig.push(0..1);
    let Report::Throttled { webhook, until } = rig.reports.recv().await.unwrap() else {
        panic!("no throttle")
    };
    let left = until.duration_since(SystemTime::now()).unwrap().as_secs_f64();
    assert!(webhook == WebhookIndex(0) && (29.0..=30.0).contains(&left), "{left}");
}

#[test]
fn the_workspaces_limit_of_messages_is_waited_for_from_1_to_15_minutes() {
    let mut pace = Pace::new(&webhook(), WebhookMetrics::default());
    let mut minutes = |verdict| {
        let (pause, _) = pace.throttle(&webhook(), &verdict, Duration::ZERO);
        pause.as_secs() / 60
    };
    let limit = || Verdict::MessageLimit;
    assert_eq!([(); 6].map(|()| minutes(limit())), [1, 2, 4, 8, 15, 15]);
}
