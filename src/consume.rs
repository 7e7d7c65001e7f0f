//! The poll loop: one OS thread that owns the Kafka client, the router, the ledger and the
//! commits. It needs no locks but the queues' own.
//!
//! This file composes the stage's components, which do not know the poll loop: each owns its state,
//! takes what it needs as arguments, and returns what happened.
//!
//! Invariants: the loop blocks only in a rebalance, for a bounded drain. Everything that waits for
//! a broker runs on another thread ([`broker_lookup`]), and a topic that feeds a full queue is not
//! read while polling goes on, so `max.poll.interval.ms` is never exceeded. Outcomes are taken
//! before new records: an outcome makes room, and its commit decides what a crash would repeat.

use std::time::{Duration, Instant};

use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::event::Partition;
use crate::health::Snapshot;
use crate::kafka::ClientEvent;
use crate::metrics::RebalanceKind;
use crate::poll_waker::WakeReceiver;

use self::broker_lookup::Findings;
use self::intake::{Intake, ReadProgress};
use self::membership::Membership;
use self::monitor::Monitor;
use self::sender_controls::SenderControls;
use self::settlement::Settlement;
use self::snapshot_source::{is_outdated, webhooks};

pub use self::error::ConsumeError;
pub use self::reload::Reload;

mod error;

// The member of the consumer group.

pub(crate) mod added_partitions;
pub(crate) mod assignment;
pub(crate) mod broker_lookup;
pub(crate) mod broker_queries;
pub(crate) mod client_position;
pub(crate) mod client_recovery;
pub(crate) mod client_replacement;
pub(crate) mod membership;
pub(crate) mod resolution;
pub(crate) mod session;
pub(crate) mod shared_group;
pub(crate) mod starting_offset;
pub(crate) mod statistics;
pub(crate) mod topic_table;

// What Kafka refuses, and why.

pub(crate) mod access;
pub(crate) mod certificate_check;
pub(crate) mod join_refusal;
pub(crate) mod protocol_check;
pub(crate) mod refusals;
pub(crate) mod unreachable;

// From a record to a queue, and how a delivery ends.

pub(crate) mod backpressure;
pub(crate) mod drain;
pub(crate) mod drop_log;
pub(crate) mod event_log;
pub(crate) mod intake;
pub(crate) mod rate_share;
pub(crate) mod reload;
pub(crate) mod removed_webhooks;
pub(crate) mod sender_controls;
pub(crate) mod settlement;

// What the loop shows about itself.

pub(crate) mod monitor;
pub(crate) mod snapshot_source;

#[cfg(test)]
mod rig;

/// The longest time that an idle loop sleeps. Client events, records, reports and reloads wake it
/// earlier.
const IDLE: Duration = Duration::from_millis(200);

/// The poll loop. Its parts are passed in: see [`crate::pipeline`].
pub struct PollLoop {
    /// Ends the loop's waits.
    pub wakes: WakeReceiver,
    /// Configurations that replace the active one.
    pub reloads: mpsc::UnboundedReceiver<Reload>,
    /// This process as a member of its group.
    pub membership: Membership,
    /// From a record to the queues.
    pub intake: Intake,
    /// How deliveries end.
    pub settlement: Settlement,
    /// What the senders are set to while they run.
    pub controls: SenderControls,
    /// What the loop shows about itself.
    pub monitor: Monitor,
}

impl PollLoop {
    /// Consumes until `shutdown`, then drains, commits and leaves the group.
    ///
    /// # Errors
    /// Where no client can continue.
    pub fn run(mut self, shutdown: &CancellationToken) -> Result<(), ConsumeError> {
        self.membership.session.subscribe().map_err(ConsumeError::Subscribe)?;
        let ended = self.turn_until(shutdown);
        self.leave();
        ended
    }

    fn turn_until(&mut self, shutdown: &CancellationToken) -> Result<(), ConsumeError> {
        while !shutdown.is_cancelled() {
            match self.membership.session.fatal {
                None => {
                    if !self.turn()? {
                        self.wakes.wait(self.settlement.time_to_next_commit(IDLE));
                    }
                }
                Some(RDKafkaErrorCode::FencedInstanceId) => {
                    let instance_id = self.intake.config.kafka.instance_id.clone();
                    return Err(ConsumeError::Fenced { instance_id });
                }
                Some(code) => self.replace_client(code, shutdown)?,
            }
        }
        Ok(())
    }

    /// One turn. Returns whether there is more to do immediately.
    fn turn(&mut self) -> Result<bool, ConsumeError> {
        let now = Instant::now();
        self.monitor.turned(now);
        self.controls.throttle_each(self.settlement.take_throttles());
        self.apply_reloads();
        self.settlement.commit(now);
        self.intake.resume();
        self.apply_lookup(now)?;
        self.observe(now);
        let more = self.poll_events();
        self.membership.request_lookup(&self.settlement.ledger, now)?;
        Ok(self.read_records() || more)
    }

    /// Acts on what the client reports, until there is nothing more. Returns whether there may be.
    fn poll_events(&mut self) -> bool {
        let end = Intake::turn_end();
        loop {
            let poll = self.membership.session.poll();
            for event in poll.events {
                self.handle_event(event);
            }
            // The stray record was discarded: its partition is released and read again from the
            // ledger's position.
            if let Some(stray) = poll.stray
                && self.settlement.ledger.epoch(stray).is_some()
            {
                self.resolve_again(&[stray], "records arrived outside the topic's queue");
            }
            if self.membership.session.fatal.is_some() || !poll.more {
                return false;
            }
            if Instant::now() >= end {
                return true;
            }
        }
    }

    fn handle_event(&mut self, event: ClientEvent) {
        let Self { membership, .. } = self;
        match event {
            ClientEvent::Assigned(named) => {
                self.monitor.metrics.rebalance(RebalanceKind::Assign);
                membership.assignment.assign(&membership.session.partitions(&named));
            }
            ClientEvent::Revoked { partitions, lost } => {
                let partitions = membership.session.partitions(&partitions);
                self.revoked(&partitions, lost);
            }
            ClientEvent::Statistics(statistics) => {
                if membership.apply_statistics(&statistics, Instant::now()) {
                    self.ownership_changed();
                }
            }
            ClientEvent::Error(error, reason) => {
                membership.client_error(&error, &reason);
            }
            ClientEvent::ConnectionFailed(reason) => {
                membership.refusals.record_failed_connection(&reason, Instant::now());
            }
        }
    }

    /// Reads what has arrived until the turn is over. Returns whether there may be more.
    fn read_records(&mut self) -> bool {
        let end = Intake::turn_end();
        let mut more = false;
        let Self { membership, intake, settlement, .. } = self;
        while membership.session.fatal.is_none() {
            match intake.read_records(&mut membership.session.records, end, settlement) {
                ReadProgress::Error(error) => {
                    membership.partition_error(error, &settlement.ledger);
                    continue;
                }
                ReadProgress::OutOfTime => more = true,
                ReadProgress::Exhausted => {}
            }
            break;
        }
        intake.end_turn();
        more
    }

    /// Applies what a lookup has found, if one has ended.
    fn apply_lookup(&mut self, now: Instant) -> Result<(), ConsumeError> {
        if let Some(findings) = self.membership.take_findings(now)? {
            match self.apply_findings(&findings, now) {
                Ok(()) => self.membership.lookup.log_success(now),
                Err(error) => self.membership.lookup_failed(&error, now),
            }
        }
        Ok(())
    }

    fn apply_findings(&mut self, findings: &Findings, now: Instant) -> KafkaResult<()> {
        let ledger = &self.settlement.ledger;
        self.membership.topics.set_cluster(findings.cluster);
        if self.membership.apply_topics(&findings.described, ledger) {
            self.ownership_changed();
        }
        let recreated = self.membership.assignment.of_recreated_topics();
        self.resolve_again(&recreated, "the topic was recreated");
        // From here on commits carry the new ids.
        self.membership.topics.adopt_new_ids();
        let Self { membership, settlement, .. } = self;
        let others = membership.resume_out_of_range(findings, settlement)?;
        self.resolve_again(&others, "the log was recreated or truncated");
        let Self { membership, settlement, controls, .. } = self;
        if membership.start_assigned(findings, settlement, controls, now)? {
            self.ownership_changed();
        }
        self.membership.rejoin_for_added(findings);
        Ok(())
    }

    /// The group takes partitions away: they are drained, committed and forgotten.
    fn revoked(&mut self, partitions: &[Partition], lost: bool) {
        let kind = if lost { RebalanceKind::Lost } else { RebalanceKind::Revoke };
        self.monitor.metrics.rebalance(kind);
        self.release(partitions, lost);
        self.membership.assignment.revoke(partitions);
        self.membership.session.release(partitions);
        let (partitions, owned) = (partitions.len(), self.settlement.ledger.partitions().count());
        if lost {
            self.membership.assignment.removed_from_group();
            tracing::warn!(
                partitions,
                "partitions lost: this member was out of the group for longer than its session"
            );
        } else {
            tracing::info!(partitions, owned, "partitions revoked");
        }
    }

    /// Releases partitions as at a revoke and resolves their starting offsets as at an assignment.
    /// They stay assigned in the client meanwhile, so that a revoke finds them.
    fn resolve_again(&mut self, partitions: &[Partition], cause: &str) {
        if partitions.is_empty() {
            return;
        }
        tracing::warn!(
            partitions = partitions.len(),
            cause,
            "releasing partitions and resolving their starting offsets again"
        );
        self.release(partitions, false);
        self.membership.assignment.resolve(partitions);
    }

    /// Drains and commits partitions, then forgets what was read of them. Of `lost` ones nothing
    /// can be committed.
    fn release(&mut self, partitions: &[Partition], lost: bool) {
        let Self { membership, intake: Intake { config, queues, .. }, settlement, .. } = self;
        let deadline = (!lost).then(|| Instant::now() + config.kafka.drain_timeout);
        drain::drain(partitions, deadline, queues, settlement, |longest| {
            let now = Instant::now();
            self.monitor.turned(now);
            if self.monitor.is_due(now) {
                self.monitor.update_webhooks(webhooks(queues, &self.controls, now), now);
            }
            self.wakes.wait(longest);
        });
        membership.session.forget(partitions);
        for partition in partitions {
            settlement.ledger.revoke(*partition);
        }
        membership.shared_group.released(partitions, Instant::now());
        self.ownership_changed();
    }

    /// Stops: everything is released, then the group is left.
    fn leave(&mut self) {
        self.monitor.stop();
        self.membership.lookup.cancel();
        let owned: Vec<Partition> = self.settlement.ledger.partitions().collect();
        tracing::info!(
            owned = owned.len(),
            "stopping: attempts in flight may end, queued deliveries are left to the next owner"
        );
        self.release(&owned, self.membership.session.fatal.is_some());
        self.settlement.drops.finish();
        self.intake.events.finish();
        let Membership { session, assignment, .. } = &mut self.membership;
        if assignment.clear() {
            session.decline();
        }
        session.close();
    }

    /// Releases what a failed client was reading, and replaces it. Returns at `shutdown` without a
    /// new one.
    fn replace_client(
        &mut self,
        code: RDKafkaErrorCode,
        shutdown: &CancellationToken,
    ) -> Result<(), ConsumeError> {
        self.membership.record_denial(Some(code));
        let reason = self.membership.session.fatal_reason();
        let words = reason.as_deref().unwrap_or_default();
        self.membership.refusals.record_fatal(code, words, Instant::now());
        tracing::error!(%code, reason, "fatal Kafka client error; releasing partitions and creating a new client");
        let owned: Vec<Partition> = self.settlement.ledger.partitions().collect();
        if !owned.is_empty() {
            self.monitor.metrics.rebalance(RebalanceKind::Lost);
        }
        // Nothing of it can be committed, and no other member waits for it: attempts in flight are
        // left alone and fenced. The assignment is cleared first, so that the snapshot of the
        // release shows a worker that is not in its group.
        self.membership.assignment.clear();
        self.release(&owned, true);
        self.membership.lookup.cancel();
        self.membership.session.close();
        self.monitor.reset(self.snapshot(Instant::now()));
        let Self { membership, settlement, monitor, wakes, .. } = self;
        client_replacement::replace_client(membership, settlement, monitor, wakes, shutdown)
    }

    /// Activates the configurations that have arrived, and clears what senders of removed webhooks
    /// have given back.
    fn apply_reloads(&mut self) {
        while let Ok(reload) = self.reloads.try_recv() {
            let Self { settlement, controls, intake, .. } = self;
            let generation = reload.apply(settlement, controls, intake);
            self.ownership_changed();
            self.controls.activate(generation);
        }
        self.intake.clear_removed(&mut self.settlement);
    }

    /// Runs the periodic work. Once a second: queries topics and log ends, checks access, detects
    /// stalls, publishes a snapshot. In between: publishes when readiness has changed.
    fn observe(&mut self, now: Instant) {
        let Self { membership, settlement, intake, .. } = self;
        if let Some(described) = membership.query_topics(now)
            && membership.apply_topics(&described, &settlement.ledger)
        {
            self.ownership_changed();
        } else if !self.monitor.is_due(now) {
            if is_outdated(&self.monitor.health.snapshot(), membership, settlement) {
                self.monitor.update(self.snapshot(now));
            }
        } else {
            membership.session.check_fatal();
            membership.check_access(settlement.committer.result.take(), now);
            membership.query_ends(&settlement.ledger, &intake.backpressure, now);
            membership.skip_control_records(&mut settlement.ledger);
            settlement.tick(now);
            intake.events.summarize(now);
            self.monitor.observe(self.snapshot(now));
        }
    }

    /// Applies a change of the owned partitions or of the partition counts to senders and metrics.
    fn ownership_changed(&mut self) {
        let Self { membership, settlement, controls, .. } = self;
        controls.set_shares(settlement.ledger.partitions(), &membership.topics);
        self.monitor.update(self.snapshot(Instant::now()));
    }

    fn snapshot(&self, now: Instant) -> Snapshot {
        let Self { membership, settlement, intake, controls, .. } = self;
        snapshot_source::snapshot(membership, settlement, intake, controls, now)
    }
}
