//! Whether the worker turns, whether its work moves, and whether it is ready. Pure: the time is an argument.
//!
//! Invariant: ready means that an event produced from now on will be read, by this member or another of the group.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub mod stall;

/// The poll loop counts as stuck after this long without a turn.
pub const STUCK_AFTER: Duration = Duration::from_secs(30);

/// A replica is not ready once no broker has been reachable for this long.
pub const UNREACHABLE_AFTER: Duration = Duration::from_secs(10);

/// A replica is not ready once a webhook has been waiting for an acknowledged commit for this long: longer than a rebalance's drain by default.
pub const HELD_TOO_LONG: Duration = Duration::from_secs(10);

/// What the poll loop reports and the probes ask for. Starts as: just turned, not joined, nothing committed, brokers not yet reached.
pub struct Health {
    state: Mutex<State>,
}

struct State {
    last_turn: Instant,
    joined: bool,
    offsets_committed: bool,
    /// Since when no broker is reachable; `None` while one is.
    unreachable_since: Option<Instant>,
    /// A broker is there and lets nobody in: which, why, and what to do.
    refused: Option<String>,
    /// What Kafka's ACLs deny: one a line, with the ACL that it takes.
    denied: Vec<String>,
    /// Configured topics that do not exist.
    missing_topics: Vec<String>,
    /// For how long a sender has been waiting for an acknowledged commit.
    held: Option<Duration>,
    /// What stands still without a reason: one a line.
    stalls: Vec<String>,
    stopping: bool,
}

/// Why a probe fails: one reason a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwell(pub Vec<String>);

impl Health {
    /// A worker that starts at `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            state: Mutex::new(State {
                last_turn: now,
                joined: false,
                offsets_committed: false,
                unreachable_since: Some(now),
                refused: None,
                denied: Vec::new(),
                missing_topics: Vec::new(),
                held: None,
                stalls: Vec::new(),
                stopping: false,
            }),
        }
    }

    /// The poll loop has turned.
    pub fn turned(&self, now: Instant) {
        self.lock().last_turn = now;
    }

    /// Whether this process is a member of its group, with or without partitions.
    pub fn set_joined(&self, joined: bool) {
        self.lock().joined = joined;
    }

    /// Whether the starting offsets of what this member owns are committed (true also where it owns nothing).
    pub fn set_offsets_committed(&self, committed: bool) {
        self.lock().offsets_committed = committed;
    }

    /// Whether any broker is reachable. Say it as often as it is known; the first `false` of a row counts.
    pub fn set_reachable(&self, reachable: bool, now: Instant) {
        let mut state = self.lock();
        state.unreachable_since =
            if reachable { None } else { state.unreachable_since.or(Some(now)) };
    }

    /// Which broker is there and lets nobody in, and why; `None`: none.
    pub fn set_refused(&self, refused: Option<String>) {
        self.lock().refused = refused;
    }

    /// Whether this process is a member of its group, as far as is known.
    #[must_use]
    pub fn is_joined(&self) -> bool {
        self.lock().joined
    }

    /// What Kafka's ACLs deny this worker, one a line; it is waited for.
    pub fn set_denied(&self, denied: Vec<String>) {
        self.lock().denied = denied;
    }

    /// The configured topics that do not exist; they are waited for.
    pub fn set_missing_topics(&self, topics: Vec<String>) {
        self.lock().missing_topics = topics;
    }

    /// For how long the sender that waits longest has been waiting for Kafka to acknowledge what it sent before; `None`: none waits.
    pub fn set_held(&self, held: Option<Duration>) {
        self.lock().held = held;
    }

    /// What stands still without a reason ([`stall::Stalls`]): one a line, none as a rule. Whether that is news.
    pub fn set_stalls(&self, stalls: Vec<String>) -> bool {
        let mut state = self.lock();
        let news = state.stalls.is_empty() && !stalls.is_empty();
        state.stalls = stalls;
        news
    }

    /// Whether a broker is reachable, as far as is known.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.lock().unreachable_since.is_none()
    }

    /// The worker is on its way out: alive, and not ready any more.
    pub fn stopping(&self) {
        let mut state = self.lock();
        state.stopping = true;
        state.stalls.clear();
    }

    /// `/healthz`.
    ///
    /// # Errors
    /// The poll loop has not turned for [`STUCK_AFTER`], or something stands still: every reason.
    pub fn liveness(&self, now: Instant) -> Result<(), Unwell> {
        let state = self.lock();
        let still = now.saturating_duration_since(state.last_turn);
        let mut reasons = Vec::new();
        if still >= STUCK_AFTER {
            reasons.push(format!("the poll loop has not turned for {} s", still.as_secs()));
        }
        reasons.extend_from_slice(&state.stalls);
        if reasons.is_empty() { Ok(()) } else { Err(Unwell(reasons)) }
    }

    /// `/readyz`.
    ///
    /// # Errors
    /// Every reason why not.
    pub fn readiness(&self, now: Instant) -> Result<(), Unwell> {
        let state = self.lock();
        let mut reasons = Vec::new();
        if state.stopping {
            reasons.push("shutting down".to_owned());
        }
        let unreachable = state.unreachable_since.map(|since| now.saturating_duration_since(since));
        if let Some(unreachable) =
            unreachable.filter(|unreachable| *unreachable >= UNREACHABLE_AFTER)
        {
            reasons.push(format!("no broker has been reachable for {} s", unreachable.as_secs()));
        }
        // Where others let it in, one that does not is no reason.
        if let Some(refused) =
            state.refused.as_ref().filter(|_| !state.joined || unreachable.is_some())
        {
            reasons.push(refused.clone());
        }
        reasons.extend_from_slice(&state.denied);
        if !state.joined {
            reasons.push("the consumer group is not joined".to_owned());
        } else if !state.offsets_committed {
            reasons.push("the starting offsets are not committed".to_owned());
        }
        if let Some(held) = state.held.filter(|held| *held >= HELD_TOO_LONG) {
            reasons.push(format!(
                "Kafka has not acknowledged a commit for {} s: webhooks wait",
                held.as_secs()
            ));
        }
        for topic in &state.missing_topics {
            reasons.push(format!("topic `{topic}` does not exist"));
        }
        if reasons.is_empty() { Ok(()) } else { Err(Unwell(reasons)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Unwell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(health: &Health, now: Instant) -> Vec<String> {
        health.readiness(now).err().map_or_else(Vec::new, |unwell| unwell.0)
    }

    #[test]
    fn alive_while_the_loop_turns() {
        let start = Instant::now();
        let health = Health::new(start);
        assert_eq!(health.liveness(start + STUCK_AFTER - Duration::from_millis(1)), Ok(()));
        let unwell = health.liveness(start + STUCK_AFTER);
        assert_eq!(unwell, Err(Unwell(vec!["the poll loop has not turned for 30 s".to_owned()])));
        health.turned(start + STUCK_AFTER);
        assert_eq!(health.liveness(start + STUCK_AFTER * 2 - Duration::from_millis(1)), Ok(()));
    }

    #[test]
    fn what_stands_still_fails_the_probe_until_it_moves_or_the_worker_stops() {
        let start = Instant::now();
        let health = Health::new(start);
        let stalls = || vec!["one".to_owned(), "two".to_owned()];
        assert!(health.set_stalls(stalls()), "news");
        assert!(!health.set_stalls(stalls()), "no news");
        assert_eq!(health.liveness(start), Err(Unwell(stalls())));
        health.set_stalls(Vec::new());
        assert_eq!(health.liveness(start), Ok(()));
        health.set_stalls(stalls());
        health.stopping();
        assert_eq!(health.liveness(start), Ok(()));
    }

    #[test]
    fn a_time_before_the_last_turn_is_alive() {
        let start = Instant::now();
        let health = Health::new(start + Duration::from_secs(100));
        assert_eq!(health.liveness(start), Ok(()));
    }

    #[test]
    fn ready_once_joined_and_committed() {
        let start = Instant::now();
        let health = Health::new(start);
        assert_eq!(reasons(&health, start), ["the consumer group is not joined"]);
        health.set_reachable(true, start);
        health.set_joined(true);
        assert_eq!(reasons(&health, start), ["the starting offsets are not committed"]);
        health.set_offsets_committed(true);
        assert_eq!(health.readiness(start + Duration::from_secs(3600)), Ok(()));
        health.stopping();
        assert_eq!(reasons(&health, start), ["shutting down"]);
    }

    #[test]
    fn unready_while_something_is_denied() {
        let start = Instant::now();
        let health = Health::new(start);
        health.set_joined(true);
        health.set_offsets_committed(true);
        health.set_reachable(true, start);
        health.set_denied(vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(reasons(&health, start), ["one", "two"]);
        health.set_denied(Vec::new());
        assert_eq!(health.readiness(start), Ok(()));
    }

    #[test]
    fn unready_after_ten_seconds_without_a_broker_until_one_is_back() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let health = Health::new(start);
        health.set_joined(true);
        health.set_offsets_committed(true);
        health.set_reachable(true, start);
        health.set_reachable(false, start + second);
        health.set_reachable(false, start + 9 * second);
        assert_eq!(health.readiness(start + 10 * second), Ok(()));
        assert_eq!(
            reasons(&health, start + 11 * second),
            ["no broker has been reachable for 10 s"]
        );
        health.set_reachable(true, start + 12 * second);
        assert_eq!(health.readiness(start + 12 * second), Ok(()));
    }

    #[test]
    fn unready_while_commits_are_not_acknowledged() {
        let start = Instant::now();
        let health = Health::new(start);
        health.set_joined(true);
        health.set_offsets_committed(true);
        health.set_reachable(true, start);
        health.set_held(Some(Duration::from_secs(9)));
        assert_eq!(health.readiness(start), Ok(()));
        health.set_held(Some(Duration::from_secs(10)));
        assert_eq!(
            reasons(&health, start),
            ["Kafka has not acknowledged a commit for 10 s: webhooks wait"]
        );
        health.set_held(None);
        assert_eq!(health.readiness(start), Ok(()));
    }

    #[test]
    fn a_broker_that_never_answered_is_named_too() {
        let start = Instant::now();
        let health = Health::new(start);
        let later = reasons(&health, start + UNREACHABLE_AFTER);
        assert_eq!(
            later,
            ["no broker has been reachable for 10 s", "the consumer group is not joined"]
        );
    }
}
