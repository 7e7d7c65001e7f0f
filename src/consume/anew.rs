//! [1] What follows when a client has failed for good: librdkafka calls no callback any more and joins no group again, so everything that it was reading is let go,
//! and a new client takes its place.
//!
//! Invariant: no failure of a client ends the worker, but for one: another process has taken over its `kafka.instance_id`, and two that replace each other by turns
//! would be worse than one that ends.

use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio_util::sync::CancellationToken;

use crate::event::Partition;
use crate::health::stall::Stalls;
use crate::kafka::{self, Connection};
use crate::metrics::RebalanceKind;

use super::PollLoop;

/// The pause before the first new client.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause between two clients.
const LONGEST: Duration = Duration::from_secs(30);

/// A client that worked for so long failed for a reason of its own: the next pause is the first one again.
const SOUND: Duration = Duration::from_secs(120);

/// How often a pause looks at what came.
const LOOK_AROUND: Duration = Duration::from_millis(200);

/// The pauses between clients that fail one after the other. Pure: the time is an argument.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failed: u32,
    last: Option<Instant>,
}

impl Backoff {
    /// A client failed, or could not be made: how long to wait before the next one.
    pub(super) fn pause(&mut self, now: Instant) -> Duration {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) >= SOUND) {
            self.failed = 0;
        }
        let pause = FIRST.saturating_mul(1 << self.failed.min(16)).min(LONGEST);
        self.failed = self.failed.saturating_add(1);
        self.last = Some(now + pause);
        pause
    }
}

impl PollLoop {
    /// Subscribes the client to the configured topics.
    pub(super) fn subscribe(&self) -> Result<(), KafkaError> {
        let names: Vec<&str> = self.parts.config.kafka.topics.iter().map(String::as_str).collect();
        self.parts.client.subscribe(&names)
    }

    /// A failure that no poll returned: the client knows of it all the same.
    pub(super) fn look_for_failure(&mut self) {
        if self.fatal.is_none() {
            self.fatal = self.parts.client.client().fatal_error().map(|(code, _)| code);
        }
    }

    /// Lets go of what the failed client was reading, and replaces it. Returns at `shutdown` without a new one.
    pub(super) fn replace_client(&mut self, code: RDKafkaErrorCode, shutdown: &CancellationToken) {
        let reason = self.parts.client.client().fatal_error().map(|(_, reason)| reason);
        self.is_denied(Some(code));
        tracing::error!(%code, reason, "the Kafka client failed for good: what it was reading is let go, and a new one is made");
        self.let_go();
        loop {
            let pause = self.backoff.pause(Instant::now());
            if !self.pause(pause, shutdown) {
                return;
            }
            match self.connect() {
                Ok(()) => break,
                Err(error) => {
                    tracing::error!(%error, "no new Kafka client could be made; trying again")
                }
            }
        }
        self.fatal = None;
        self.parts.metrics.client_replaced();
        tracing::info!("a new Kafka client joins the group");
    }

    /// Nothing of it can be committed, and nobody asks for it: attempts in flight are left alone and fenced, the rest is the next owner's.
    fn let_go(&mut self) {
        let owned: Vec<Partition> = self.parts.settlement.ledger.partitions().collect();
        if !owned.is_empty() {
            self.parts.metrics.rebalance(RebalanceKind::Lost);
        }
        self.give_up(&owned, true);
        self.undecided = None;
        self.out_of_range = None;
        self.stuck.clear();
        self.parts.health.set_joined(false);
        self.stalls = Stalls::default();
        self.parts.health.set_stalls(Vec::new());
        self.parts.client.context().close();
        // It refuses, as it refuses everything now, but leaves the group: nobody has to wait for the end of its session.
        self.parts.client.unsubscribe();
    }

    fn connect(&mut self) -> Result<(), KafkaError> {
        let Connection { client, records, commits, ends, described } = (self.parts.connect)()?;
        self.parts.settlement.committer.replace(commits, Instant::now());
        self.parts.records = records;
        self.parts.ends = ends;
        self.parts.described = described;
        // The last that holds the old one: it is destroyed here, before the new one joins.
        self.parts.client = client;
        self.broker = None;
        self.leave_remade();
        self.subscribe()
    }

    /// Waits, and turns meanwhile: late outcomes are taken, a stop is heard. Whether the time has passed without one.
    fn pause(&mut self, pause: Duration, shutdown: &CancellationToken) -> bool {
        let end = Instant::now() + pause;
        while !shutdown.is_cancelled() {
            let now = Instant::now();
            if now >= end {
                return true;
            }
            self.parts.health.turned(now);
            self.parts.settlement.take_reports();
            self.parts.wakes.wait(LOOK_AROUND.min(end - now));
        }
        false
    }

    /// librdkafka waits for an answer to every assignment, also while it closes.
    pub(super) fn decline_the_undecided(&mut self) {
        if self.undecided.take().is_some()
            && let Err(error) = kafka::take_over(&self.parts.client, &TopicPartitionList::new())
        {
            tracing::debug!(%error, "could not decline an assignment");
        }
    }
}

#[cfg(test)]
mod tests;
