//! A new client in place of one with a fatal error.
//!
//! Invariant: the failed client is destroyed before the new one joins the group. A lookup in flight
//! holds it, and is waited for.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::poll_waker::WakeReceiver;

use super::access::Access;
use super::broker_lookup::LookupDied;
use super::membership::Membership;
use super::monitor::Monitor;
use super::settlement::Settlement;

/// The longest wait without a turn.
const INTERVAL: Duration = Duration::from_millis(200);

/// What a replacement works on. Everything that the failed client was reading is released.
pub(crate) struct ClientReplacement<'a> {
    /// Has the failed client.
    pub(crate) membership: &'a mut Membership,
    /// Goes on taking outcomes.
    pub(crate) settlement: &'a mut Settlement,
    /// Records why lookups fail.
    pub(crate) access: &'a mut Access,
    /// A wait counts as turning.
    pub(crate) monitor: &'a Monitor,
    /// Ends a wait.
    pub(crate) wakes: &'a mut WakeReceiver,
}

impl ClientReplacement<'_> {
    /// Replaces the client; an attempt that fails is repeated after a longer pause. Returns at
    /// `shutdown` without a new client.
    pub(crate) fn run(mut self, shutdown: &CancellationToken) -> Result<(), LookupDied> {
        loop {
            let pause = self.membership.session.recovery.pause(Instant::now());
            if !self.wait(Instant::now() + pause, shutdown)? {
                return Ok(());
            }
            let now = Instant::now();
            let Self { membership, settlement, .. } = &mut self;
            let replace_commits = |commits| settlement.committer.replace(commits, now);
            match membership.session.replace(replace_commits, now) {
                Ok(()) => break,
                Err(error) => {
                    tracing::error!(%error, "no new Kafka client could be created, retrying");
                }
            }
        }
        self.membership.topics.adopt_new_ids();
        self.monitor.metrics.client_replaced();
        tracing::info!("a new Kafka client joins the group");
        Ok(())
    }

    /// Turns until `end`, and until no lookup holds the failed client. Returns `false` if a
    /// shutdown came before.
    fn wait(&mut self, end: Instant, shutdown: &CancellationToken) -> Result<bool, LookupDied> {
        while !shutdown.is_cancelled() {
            let now = Instant::now();
            self.monitor.turned(now);
            self.settlement.take_reports();
            // Its answer is about partitions that are not assigned any more.
            self.membership.take_findings(self.access, now)?;
            if now >= end && self.membership.lookup.is_idle() {
                return Ok(true);
            }
            self.wakes.wait(INTERVAL.min(end.saturating_duration_since(now)));
        }
        Ok(false)
    }
}
