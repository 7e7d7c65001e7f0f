//! What the metrics and the log show.

use super::*;
use crate::metrics::AttemptResult;

#[tokio::test(start_paused = true)]
async fn the_metrics_show_every_attempt_and_every_throttle() {
    const THROTTLED: &str = "slackline_throttled_until_timestamp_seconds{webhook=\"sales\"}";
    let timeout = rig::Step::from(Err(rig::no_answer(AttemptResult::Timeout)));
    let connect = rig::Step::from(Err(rig::no_answer(AttemptResult::Connect)));
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
async fn the_metrics_show_the_end_of_a_throttle_of_an_idle_webhook() {
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
fn the_log_reports_an_outage_once_and_no_url() {
    let text = rig::logged(true, async {
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
    let lines: Vec<&str> = text.lines().collect();
    assert!((7..=12).contains(&lines.len()), "{text}");
    assert!(
        lines[0].contains("attempt failed")
            && lines[0].contains("webhook=\"sales\" action=\"signup\""),
        "{text}"
    );
    assert!(lines[1].contains("attempt failed") && lines[1].contains("attempts="), "{text}");
    assert!(lines[0].contains("attempts=1 ") || lines[0].ends_with("attempts=1"), "{text}");
    assert!(text.contains("posting works again") && text.contains("attempts_failed=300"), "{text}");
    assert!(text.contains("throttled by Slack") && text.contains("seconds=5"), "{text}");
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
fn drops_that_no_line_covers_are_logged_when_the_sender_ends() {
    let text = rig::logged(true, async {
        let mut rig = Rig::start(webhook(), ["no_service"; 3].map(rejected));
        rig.push(0..3);
        for _ in 0..3 {
            rig.outcome().await;
        }
        rig.queue.close();
        rig.ended().await;
    });
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("delivery dropped") && lines[0].contains("deliveries=1"), "{text}");
    assert!(
        lines[1].contains("since the last line") && lines[1].contains("deliveries=2"),
        "{text}"
    );
    assert_eq!(lines.len(), 2, "{text}");
}
