//! What a person must repair rests the webhook: nothing is dropped for it.

use super::*;
use crate::config::model::WhenFull;
use crate::metrics::AttemptResult;

const MINUTE: Duration = Duration::from_secs(60);

/// The webhook with another URL.
fn moved() -> Webhook {
    crate::config::fixture::webhook("sales", "https://hooks.slack.com/services/T0/B1/an0ther")
}

#[tokio::test(start_paused = true)]
async fn a_resting_webhook_is_probed_with_its_first_message_and_drops_nothing() {
    let retry = Retry { initial: SECOND, max: SECOND, max_elapsed: 60 * SECOND };
    let script = (0..7).map(|_| rests()).chain([failed(500), ok()]).collect::<Vec<_>>();
    let mut rig = Rig::start(Webhook { retry, ..webhook() }, script);
    rig.push_aged(0..3, Duration::ZERO);
    rig.settle().await;
    assert!(rig.is_resting());
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered), "the rest used no retry budget");
    assert!(!rig.is_resting());
    let times = rig.times();
    let pauses = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() / 60.0);
    for (pause, minutes) in pauses.zip([1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]) {
        assert!((minutes..=minutes * 1.1 + 0.001).contains(&pause), "{pause} for {minutes}");
    }
    assert_eq!(rig.outcome().await, (1, Outcome::Delivered));
    assert_eq!(rig.outcome().await, (2, Outcome::Delivered));
    let resting = "slackline_attempts_total{webhook=\"sales\",result=\"resting\"}";
    assert_eq!(rig.metric(resting), 7.0);
}

#[tokio::test(start_paused = true)]
async fn the_queues_policy_goes_on_during_a_rest() {
    for when_full in [WhenFull::DropNewest, WhenFull::DropOldest, WhenFull::Block] {
        let webhook = Webhook { queue_capacity: 2, when_full, ..webhook() };
        let mut rig = Rig::start(webhook, [rests()]);
        rig.push_aged(0..1, Duration::ZERO);
        rig.settle().await;
        rig.push_aged(1..5, Duration::ZERO);
        let mut delivered = Vec::new();
        let expected = match when_full {
            WhenFull::DropNewest => vec![0, 1, 2],
            WhenFull::DropOldest => vec![0, 3, 4],
            WhenFull::Block => vec![0, 1, 2, 3, 4],
        };
        assert_eq!(rig.queue.has_room(), when_full != WhenFull::Block);
        for _ in &expected {
            let (offset, outcome) = rig.outcome().await;
            assert_eq!(outcome, Outcome::Delivered);
            delivered.push(offset);
        }
        assert_eq!(delivered, expected, "{when_full:?}");
        assert!(rig.queue.has_room());
    }
}

#[tokio::test(start_paused = true)]
async fn a_resting_delivery_is_released_immediately_and_the_next_one_waits_for_the_same_probe() {
    let mut rig = Rig::start(webhook(), [rests()]);
    rig.push_aged(0..3, Duration::ZERO);
    tokio::time::sleep(10 * SECOND).await;
    rig.queue.release(|ticket| ticket.position.offset.0 == 0);
    rig.settle().await;
    assert_eq!((rig.tally().released, rig.in_flight(), rig.times().len()), (1, 1, 1));
    assert_eq!(rig.outcome().await, (1, Outcome::Delivered));
    assert!(rig.times()[1] >= MINUTE);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_the_end_of_a_rest() {
    let mut rig = Rig::start(webhook(), [rests()]);
    rig.push_aged(0..3, Duration::ZERO);
    rig.settle().await;
    assert!(!rig.queue.is_attempting(|_| true), "nothing to drain");
    let before = tokio::time::Instant::now();
    rig.queue.release(|_| true);
    rig.queue.close();
    rig.ended().await;
    assert_eq!((before.elapsed(), rig.tally().released), (Duration::ZERO, 3));
}

#[tokio::test(start_paused = true)]
async fn the_hold_is_kept_over_a_rest() {
    let mut rig = Rig::start_held(webhook(), [rests(), rests()]);
    rig.push_aged(0..2, Duration::ZERO);
    tokio::time::sleep(2 * MINUTE).await;
    assert_eq!(rig.window.held_for(std::time::Instant::now()), None);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    tokio::time::sleep(60 * MINUTE).await;
    assert_eq!(rig.times().len(), 3, "the next one waits for the commit");
    rig.commit();
    assert_eq!(rig.outcome().await, (1, Outcome::Delivered));
}

#[tokio::test(start_paused = true)]
async fn a_changed_url_ends_a_rest_and_any_other_reload_does_not() {
    let mut rig = Rig::start(webhook(), [rests()]);
    rig.push_aged(0..1, Duration::ZERO);
    rig.settle().await;
    rig.reload(Webhook { queue_capacity: 7, ..webhook() }, 0);
    tokio::time::sleep(SECOND).await;
    assert_eq!((rig.times().len(), rig.is_resting()), (1, true));
    rig.reload(moved(), 0);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    assert!(!rig.is_resting() && rig.times()[1] < 2 * SECOND, "{:?}", rig.times());
}

#[tokio::test(start_paused = true)]
async fn a_changed_url_ends_the_rest_of_an_idle_sender() {
    let mut rig = Rig::start(webhook(), [rests()]);
    rig.push_aged(0..1, Duration::ZERO);
    rig.settle().await;
    rig.queue.release(|_| true);
    rig.settle().await;
    assert!(rig.is_resting());
    rig.reload(moved(), 0);
    rig.settle().await;
    assert!(!rig.is_resting());
}

#[tokio::test(start_paused = true)]
async fn a_signal_probes_and_the_schedule_goes_on() {
    let mut rig = Rig::start(webhook(), [rests(), rests()]);
    rig.push_aged(0..1, Duration::ZERO);
    tokio::time::sleep(10 * SECOND).await;
    rig.reload(webhook(), 1);
    tokio::time::sleep(SECOND).await;
    assert_eq!((rig.times().len(), rig.is_resting()), (2, true));
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    let times = rig.times();
    assert!((10 * SECOND..11 * SECOND).contains(&times[1]), "{times:?}");
    assert!((2 * MINUTE..=3 * MINUTE).contains(&(times[2] - times[1])), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_removed_webhook_ends() {
    let mut rig = Rig::start(webhook(), [rests()]);
    rig.push_aged(0..1, Duration::ZERO);
    rig.settle().await;
    rig.queue.retire(|_| false);
    rig.reload(webhook(), 0);
    rig.settle().await;
    assert!(!rig.is_resting());
    assert_eq!((rig.times().len(), rig.in_flight()), (1, 0), "given back");
    rig.queue.reopen();
    rig.reload(webhook(), 0);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
}

#[tokio::test(start_paused = true)]
async fn a_probe_without_an_answer_ends_no_rest_and_uses_no_budget() {
    let retry = Retry { initial: SECOND, max: SECOND, max_elapsed: 30 * SECOND };
    let connect = || rig::Step::from(Err(rig::no_answer(AttemptResult::Connect)));
    let timeout = rig::Step::from(Err(rig::no_answer(AttemptResult::Timeout)));
    let mut rig =
        Rig::start(Webhook { retry, ..webhook() }, [rests(), connect(), timeout, connect()]);
    rig.push_aged(0..1, Duration::ZERO);
    tokio::time::sleep(9 * MINUTE).await;
    assert_eq!((rig.times().len(), rig.is_resting()), (4, true));
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
}

#[tokio::test(start_paused = true)]
async fn any_other_answer_ends_a_rest() {
    for (last, outcome) in [
        (rejected("invalid_payload"), Outcome::Dropped(Reason::Rejected)),
        (limited(Some(5)), Outcome::Delivered),
        (failed(500), Outcome::Delivered),
    ] {
        let mut rig = Rig::start(webhook(), [rests(), last]);
        rig.push_aged(0..1, Duration::ZERO);
        tokio::time::sleep(70 * SECOND).await;
        assert!(!rig.is_resting());
        assert_eq!(rig.outcome().await, (0, outcome));
    }
}

/// A short fault while old events are caught up on drops nothing.
#[tokio::test(start_paused = true)]
async fn events_older_than_a_day_are_dropped_from_the_first_failed_probe_on() {
    const OLD: Duration = Duration::from_secs(24 * 3600 + 60);
    let mut rig = Rig::start(webhook(), [rests(), ok()]);
    rig.push_aged(0..1, OLD);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered), "one failed attempt");

    let mut rig = Rig::start_held(webhook(), [rests(), rests()]);
    rig.push_aged(0..3, OLD);
    rig.push_aged(3..4, Duration::from_secs(23 * 3600));
    for offset in 0..3 {
        assert_eq!(rig.outcome().await, (offset, Outcome::Dropped(Reason::Expired)));
    }
    assert_eq!(rig.times().len(), 2, "those behind the first cost no attempt and no commit");
    assert!(rig.is_resting());
    rig.commit();
    assert_eq!(rig.outcome().await, (3, Outcome::Delivered));
    rig.settle().await;
    assert_eq!(rig.tally().dropped[Reason::Expired as usize], 3);
    rig.push_aged(4..5, OLD);
    rig.commit();
    assert_eq!(rig.outcome().await, (4, Outcome::Delivered), "the rest is over");
}

#[tokio::test(start_paused = true)]
async fn a_max_age_takes_the_place_of_the_day() {
    let max_age = Some(Duration::from_secs(48 * 3600));
    let mut rig = Rig::start(Webhook { max_age, ..webhook() }, [rests(), rests()]);
    rig.push_aged(0..1, Duration::from_secs(47 * 3600));
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    rig.push_aged(1..2, Duration::from_secs(49 * 3600));
    assert_eq!(rig.outcome().await, (1, Outcome::Dropped(Reason::Expired)));
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_max_age_costs_no_attempt_and_a_released_one_is_not_dropped() {
    let webhook = Webhook { max_age: Some(MINUTE), ..webhook() };
    let mut rig = Rig::start(webhook, []);
    rig.push_aged(0..2, 2 * MINUTE);
    rig.push_aged(2..3, Duration::ZERO);
    assert_eq!(rig.outcome().await, (0, Outcome::Dropped(Reason::Expired)));
    assert_eq!(rig.outcome().await, (1, Outcome::Dropped(Reason::Expired)));
    assert_eq!(rig.outcome().await, (2, Outcome::Delivered));
    assert_eq!(rig.payloads(), ["2"]);
    rig.push_aged(3..4, 2 * MINUTE);
    rig.queue.release(|_| true);
    rig.settle().await;
    assert_eq!((rig.tally().released, rig.tally().dropped[Reason::Expired as usize]), (1, 2));
}

#[test]
fn a_rest_is_logged_at_its_start_and_at_its_end_with_the_cure() {
    let text = rig::logged(true, async {
        let script = (0..5).map(|_| rests()).chain([ok(), rests(), ok()]).collect::<Vec<_>>();
        let mut rig = Rig::start(webhook(), script);
        rig.push_aged(0..2, Duration::ZERO);
        rig.settle().await;
        let line = "webhook \"sales\" rests: no_service (the webhook was removed: create another \
                    one and change the URL)";
        assert_eq!(rig.resting(), [line]);
        rig.outcome().await;
        rig.outcome().await;
    });
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].contains("WARN") && lines[0].contains("webhook rests"), "{text}");
    assert!(lines[0].contains("answer=\"no_service\" cure=\"the webhook was removed"), "{text}");
    assert!(lines[1].contains("INFO") && lines[1].contains("no longer rests"), "{text}");
    assert!(lines[1].contains("attempts=5 "), "{text}");
}
