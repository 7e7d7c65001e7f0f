//! What the probes answer from: the poll loop's latest snapshot, and when the loop last turned.
//!
//! Invariant: ready means that an event produced from now on will be read, by this member or
//! another one of its group.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};

use crate::config::model::Config;

pub use self::snapshot::{PartitionSnapshot, Problems, Snapshot, WebhookSnapshot};

mod probes;

mod snapshot;

/// Written by the poll loop, read by the probes and the status of a demo.
pub struct Health {
    state: Mutex<State>,
}

struct State {
    last_turn: Instant,
    snapshot: Arc<Snapshot>,
}

/// Why a probe fails: one reason a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeFailure(pub Vec<String>);

impl Health {
    /// A worker that starts at `now`: it has just turned, has not joined its group, and has reached
    /// no broker yet.
    #[must_use]
    pub fn new(config: Arc<Config>, now: Instant) -> Self {
        let snapshot = Arc::new(Snapshot::at_start(config, now));
        Self { state: Mutex::new(State { last_turn: now, snapshot }) }
    }

    /// Records that the poll loop has turned.
    pub fn turned(&self, now: Instant) {
        self.lock().last_turn = now;
    }

    /// Replaces the snapshot.
    pub fn publish(&self, snapshot: Snapshot) {
        self.lock().snapshot = Arc::new(snapshot);
    }

    /// The latest snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.lock().snapshot)
    }

    /// Answers `/healthz`.
    ///
    /// # Errors The poll loop has not run for 30 s, or owned work makes no progress: every reason.
    pub fn liveness(&self, now: Instant) -> Result<(), ProbeFailure> {
        let state = self.lock();
        probe_result(probes::liveness(&state.snapshot, state.last_turn, now))
    }

    /// Answers `/readyz`.
    ///
    /// # Errors
    /// Every reason why not.
    pub fn readiness(&self, now: Instant) -> Result<(), ProbeFailure> {
        probe_result(probes::readiness(&self.snapshot(), now))
    }

    /// What an operator has to know although it does not make the worker unready: one line each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let shared_group = self.snapshot().problems.shared_group.clone();
        shared_group.map(|note| format!("note: {note}")).into_iter().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

fn probe_result(reasons: Vec<String>) -> Result<(), ProbeFailure> {
    if reasons.is_empty() { Ok(()) } else { Err(ProbeFailure(reasons)) }
}

impl fmt::Display for ProbeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

#[cfg(test)]
mod tests;
