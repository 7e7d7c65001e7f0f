#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use super::probes::{STUCK_AFTER, UNREACHABLE_AFTER};
use super::*;
use crate::config::model::WebhookIndex;
use crate::route::fixture;

const SECOND: Duration = Duration::from_secs(1);

fn health(now: Instant) -> Health {
    Health::new(config(), now)
}

fn config() -> Arc<Config> {
    fixture::config(Vec::new())
}

/// A snapshot of a worker that is ready.
fn ready(now: Instant) -> Snapshot {
    Snapshot {
        joined: true,
        offsets_committed: true,
        unreachable_since: None,
        ..Snapshot::at_start(config(), now)
    }
}

fn reasons(snapshot: Snapshot, now: Instant) -> Vec<String> {
    let health = health(now);
    health.publish(snapshot);
    health.readiness(now).err().map_or_else(Vec::new, |unwell| unwell.0)
}

#[test]
fn alive_while_the_loop_turns() {
    let start = Instant::now();
    let health = health(start);
    assert_eq!(health.liveness(start + STUCK_AFTER - Duration::from_millis(1)), Ok(()));
    let unwell = health.liveness(start + STUCK_AFTER);
    assert_eq!(unwell, Err(ProbeFailure(vec!["the poll loop has not run for 30 s".to_owned()])));
    health.turned(start + STUCK_AFTER);
    assert_eq!(health.liveness(start + STUCK_AFTER * 2 - Duration::from_millis(1)), Ok(()));
}

#[test]
fn work_without_progress_fails_the_probe_until_it_progresses_or_the_worker_stops() {
    let start = Instant::now();
    let health = health(start);
    let mut snapshot = ready(start);
    snapshot.problems.stalls = vec!["one".to_owned(), "two".to_owned()];
    health.publish(snapshot.clone());
    assert_eq!(health.liveness(start), Err(ProbeFailure(snapshot.problems.stalls.clone())));
    health.publish(ready(start));
    assert_eq!(health.liveness(start), Ok(()));
    health.publish(Snapshot { stopping: true, ..snapshot });
    assert_eq!(health.liveness(start), Ok(()));
}

#[test]
fn a_time_before_the_last_turn_is_alive() {
    let start = Instant::now();
    assert_eq!(health(start + Duration::from_secs(100)).liveness(start), Ok(()));
}

#[test]
fn ready_once_joined_and_committed() {
    let start = Instant::now();
    let joining = Snapshot { joined: false, offsets_committed: false, ..ready(start) };
    assert_eq!(reasons(joining, start), ["the consumer group is not joined"]);
    let committing = Snapshot { offsets_committed: false, ..ready(start) };
    assert_eq!(reasons(committing, start), ["the starting offsets are not committed"]);
    assert!(reasons(ready(start), start + 3_600 * SECOND).is_empty());
    let stopping = Snapshot { stopping: true, ..ready(start) };
    assert_eq!(reasons(stopping, start), ["shutting down"]);
}

#[test]
fn unready_while_something_is_denied_or_a_topic_is_missing() {
    let start = Instant::now();
    let mut snapshot = ready(start);
    snapshot.problems.denied = vec!["one".to_owned(), "two".to_owned()];
    snapshot.problems.missing_topics = vec!["t".to_owned()];
    assert_eq!(reasons(snapshot, start), ["one", "two", "topic `t` does not exist"]);
}

#[test]
fn a_refused_connection_counts_until_others_let_the_worker_in() {
    let start = Instant::now();
    let mut snapshot = ready(start);
    snapshot.problems.refused = vec!["refused".to_owned()];
    assert!(reasons(snapshot.clone(), start).is_empty());
    snapshot.joined = false;
    assert_eq!(reasons(snapshot, start), ["refused", "the consumer group is not joined"]);
}

#[test]
fn unready_after_ten_seconds_without_a_broker_until_one_is_back() {
    let start = Instant::now();
    let away = Snapshot { unreachable_since: Some(start), ..ready(start) };
    assert!(reasons(away.clone(), start + 9 * SECOND).is_empty());
    assert_eq!(reasons(away, start + 10 * SECOND), ["no broker has been reachable for 10 s"]);
    assert!(reasons(ready(start), start + 12 * SECOND).is_empty());
}

#[test]
fn unready_while_commits_are_not_acknowledged() {
    let start = Instant::now();
    let held = |seconds: u32| {
        let mut snapshot = ready(start);
        snapshot.webhooks = vec![WebhookSnapshot {
            webhook: WebhookIndex(0),
            waiting: 1,
            in_flight: true,
            taken: 1,
            attempt: None,
            rate_share: 1.0,
            held: Some(seconds * SECOND),
        }];
        reasons(snapshot, start)
    };
    assert!(held(9).is_empty());
    assert_eq!(held(10), ["Kafka has not acknowledged a commit for 10 s: webhooks wait"]);
}

#[test]
fn a_broker_that_never_answered_is_named_too() {
    let start = Instant::now();
    let later = health(start).readiness(start + UNREACHABLE_AFTER).unwrap_err();
    assert_eq!(
        later.0,
        ["no broker has been reachable for 10 s", "the consumer group is not joined"]
    );
}
