//! Whether the worker is alive and ready: functions of a snapshot. Pure.

use std::time::{Duration, Instant};

use super::snapshot::Snapshot;

/// The poll loop counts as stuck after this long without a turn.
pub const STUCK_AFTER: Duration = Duration::from_secs(30);

/// A replica is not ready once no broker has been reachable for this long.
pub const UNREACHABLE_AFTER: Duration = Duration::from_secs(10);

/// A replica is not ready once a webhook has been held for this long: longer than a rebalance's
/// drain by default.
pub const HELD_TOO_LONG: Duration = Duration::from_secs(10);

/// Why the worker does not count as alive; empty where it does.
pub fn liveness(snapshot: &Snapshot, last_turn: Instant, now: Instant) -> Vec<String> {
    let since = now.saturating_duration_since(last_turn);
    let mut reasons = Vec::new();
    if since >= STUCK_AFTER {
        reasons.push(format!("the poll loop has not run for {} s", since.as_secs()));
    }
    if !snapshot.stopping {
        reasons.extend_from_slice(&snapshot.problems.stalls);
    }
    reasons
}

/// Why the worker is not ready; empty where it is.
pub fn readiness(snapshot: &Snapshot, now: Instant) -> Vec<String> {
    let problems = &snapshot.problems;
    let mut reasons = Vec::new();
    if snapshot.stopping {
        reasons.push("shutting down".to_owned());
    }
    let unreachable = snapshot.unreachable_since.map(|since| now.saturating_duration_since(since));
    if let Some(unreachable) = unreachable.filter(|lasted| *lasted >= UNREACHABLE_AFTER) {
        reasons.push(format!("no broker has been reachable for {} s", unreachable.as_secs()));
    }
    // Where other brokers accept the connection, one that does not is no reason.
    if !snapshot.joined || unreachable.is_some() {
        reasons.extend_from_slice(&problems.refused);
    }
    reasons.extend_from_slice(&problems.denied);
    if !snapshot.joined {
        reasons.push("the consumer group is not joined".to_owned());
    } else if !snapshot.offsets_committed {
        reasons.push("the starting offsets are not committed".to_owned());
    }
    if let Some(held) = snapshot.longest_hold().filter(|held| *held >= HELD_TOO_LONG) {
        reasons.push(format!(
            "Kafka has not acknowledged a commit for {} s: webhooks wait",
            held.as_secs()
        ));
    }
    for topic in &problems.missing_topics {
        reasons.push(format!("topic `{topic}` does not exist"));
    }
    reasons
}
