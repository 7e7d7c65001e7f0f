//! A new client in place of one with a fatal error.
//!
//! Invariant: the failed client is destroyed before the new one joins the group. A lookup in flight
//! holds it, and is waited for.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::poll_waker::WakeReceiver;

use super::error::ConsumeError;
use super::membership::Membership;
use super::monitor::Monitor;
use super::settlement::Settlement;

/// The longest wait without a turn.
const INTERVAL: Duration = Duration::from_millis(200);

/// Replaces the client, of which everything is released; an attempt that fails is repeated after a
/// longer pause. Goes on taking outcomes meanwhile. Returns at `shutdown` without a new client.
pub fn replace_client(
    membership: &mut Membership,
    settlement: &mut Settlement,
    monitor: &Monitor,
    wakes: &mut WakeReceiver,
    shutdown: &CancellationToken,
) -> Result<(), ConsumeError> {
    let mut now = Instant::now();
    let mut due = now + membership.session.recovery.pause(now);
    while !shutdown.is_cancelled() {
        now = Instant::now();
        monitor.turned(now);
        settlement.take_reports();
        // Its answer is about partitions that are not assigned any more.
        membership.take_findings(now)?;
        if now < due || !membership.lookup.is_idle() {
            wakes.wait(INTERVAL);
            continue;
        }
        let replace_commits = |commits| settlement.committer.replace(commits, now);
        if let Err(error) = membership.session.replace(replace_commits, now) {
            tracing::error!(%error, "no new Kafka client could be created, retrying");
            due = now + membership.session.recovery.pause(now);
            continue;
        }
        membership.topics.adopt_new_ids();
        monitor.metrics.client_replaced();
        tracing::info!("a new Kafka client joins the group");
        break;
    }
    Ok(())
}
