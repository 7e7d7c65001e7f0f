//! How deliveries end: the ledger, the commits, and what the senders report.
//!
//! Invariant: every ending of a delivery goes through [`Settlement::end`], whatever ended it, and
//! only from the poll loop's thread.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::mpsc;

use crate::commit::Committer;
use crate::commit::ledger::{Ledger, Settled};
use crate::commit::name_index::NameIndex;
use crate::commit_hold::CommitHold;
use crate::config::model::{Config, WebhookIndex};
use crate::delivery::{Reason, Ticket};
use crate::event::Partition;
use crate::metrics::{Metrics, TopicTally};
use crate::post::{Report, Tickets};
use crate::topics::TopicNames;

use super::drop_log::{DropLog, Dropped};

/// The ledger with what settles it and what commits it.
pub struct Settlement {
    /// Per owned partition, the unsettled events.
    pub ledger: Ledger,
    /// Commits what the ledger offers.
    pub committer: Committer,
    /// Filled by the senders. Bounded: a sender waits until earlier reports were taken.
    reports: mpsc::Receiver<Report>,
    /// What the senders are to be throttled until: a channel's throttle can be its app's.
    throttles: Vec<(WebhookIndex, SystemTime)>,
    /// Logs the drops that no sender has logged.
    pub drops: DropLog,
    names: TopicNames,
    metrics: Arc<Metrics>,
}

impl Settlement {
    /// Settles what `reports` brings; no partition is owned yet.
    #[must_use]
    pub fn new(
        config: &Arc<Config>,
        committer: Committer,
        reports: mpsc::Receiver<Report>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            ledger: Ledger::new(Arc::new(NameIndex::new(config))),
            committer,
            reports,
            throttles: Vec::new(),
            drops: DropLog::new(Arc::clone(config)),
            names: TopicNames::new(config.kafka.topics.iter().cloned()),
            metrics,
        }
    }

    /// Ends one delivery. `hold` keeps its sender from the next post until the outcome is
    /// committed; `None` where no sender has seen the delivery.
    ///
    /// An outcome without a hold needs no commit for itself: after a crash the delivery is dropped
    /// again, or there is room for it.
    fn end(&mut self, ticket: &Ticket, hold: Option<CommitHold>) {
        let from_sender = hold.is_some();
        match self.ledger.settle(ticket, hold) {
            Settled::Applied if from_sender => self.committer.schedule.request(),
            Settled::Fenced if from_sender => self.metrics.fenced_outcome(),
            _ => {}
        }
    }

    /// Records how many parts of one delivery were posted; others follow.
    fn progress(&mut self, ticket: &Ticket, parts_sent: u8, hold: CommitHold) {
        match self.ledger.record_parts(ticket, parts_sent, hold) {
            Settled::Applied => self.committer.schedule.request(),
            Settled::Fenced => self.metrics.fenced_outcome(),
        }
    }

    /// Drops deliveries that no sender has seen, and logs it. `webhook` is where they would have
    /// been posted, as far as known.
    pub fn drop_unsent(
        &mut self,
        tickets: &Tickets,
        webhook: Option<WebhookIndex>,
        reason: Reason,
    ) {
        for ticket in tickets.iter() {
            self.end(&ticket, None);
            let partition = ticket.position.partition;
            let is_foreign = self.ledger.is_from_another_deployment(partition);
            self.drops.record(&Dropped { ticket, webhook, reason, is_foreign }, Instant::now());
        }
    }

    /// [`Settlement::take_reports`]. Returns what the senders are to be throttled until, since the
    /// last call.
    pub fn take_throttles(&mut self) -> Vec<(WebhookIndex, SystemTime)> {
        self.take_reports();
        std::mem::take(&mut self.throttles)
    }

    /// Takes what the senders have reported: outcomes, and the throttling of a webhook by Slack.
    pub fn take_reports(&mut self) {
        while let Ok(report) = self.reports.try_recv() {
            match report {
                Report::Ended { tickets, hold, .. } => {
                    for ticket in tickets.iter() {
                        self.end(&ticket, hold.clone());
                    }
                }
                Report::Progress { tickets, parts_sent, hold } => {
                    for ticket in tickets.iter() {
                        self.progress(&ticket, parts_sent, hold.clone());
                    }
                }
                Report::Throttled { webhook, until } => {
                    self.throttles.push((webhook, until));
                    let until = until.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                    // The next owner waits for the whole second.
                    self.throttle(webhook, until.as_secs() + 1);
                }
            }
        }
    }

    /// Records that Slack throttles a webhook until `until`, in seconds since the epoch: commits
    /// carry it.
    pub fn throttle(&mut self, webhook: WebhookIndex, until: u64) {
        if self.ledger.throttle(webhook, until) {
            self.committer.schedule.request();
        }
    }

    /// Takes the answer of the commit in flight, and sends the next one if it is due.
    pub fn commit(&mut self, now: Instant) {
        self.committer.poll(&mut self.ledger, &self.names, now);
    }

    /// Commits `partitions` and waits until the broker has acknowledged it, at most until
    /// `deadline`. `waiting` is called in between. Returns whether all was acknowledged.
    pub fn commit_and_wait(
        &mut self,
        partitions: &[Partition],
        deadline: Instant,
        mut waiting: impl FnMut(),
    ) -> bool {
        loop {
            waiting();
            self.take_reports();
            let Self { ledger, committer, names, .. } = self;
            let now = Instant::now();
            if committer.flush(ledger, names, partitions, now) {
                return true;
            }
            if now >= deadline {
                return false;
            }
            committer.await_answer(ledger, deadline - now);
        }
    }

    /// Logs and counts what has come up within a second, and forgets the throttles that have
    /// passed.
    pub fn tick(&mut self, now: Instant) {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        self.ledger.expire_throttles(since_epoch.unwrap_or_default().as_secs());
        self.drops.summarize(now);
        for (at, lost) in self.ledger.take_lost() {
            // Compacted away, or out of the retention.
            let topic = self.names.name(at.topic);
            tracing::error!(
                topic,
                partition = at.number,
                lost,
                "events with pending deliveries were removed from the topic before they were delivered"
            );
            let tally = TopicTally { offsets_lost: lost, ..TopicTally::default() };
            self.metrics.add_events(at.topic, &tally);
        }
    }

    /// Takes the names of another configuration.
    pub fn reload(&mut self, config: &Arc<Config>) {
        self.ledger.set_names(Arc::new(NameIndex::new(config)));
        self.drops.reload(Arc::clone(config));
    }

    /// Returns the time until the next commit is due, at most `longest`.
    pub fn time_to_next_commit(&self, longest: Duration) -> Duration {
        let now = Instant::now();
        let due = self
            .committer
            .schedule
            .next_due()
            .map_or(longest, |at| at.saturating_duration_since(now));
        due.min(longest)
    }
}
