//! What becomes of a record: it is matched, rendered and queued, and recorded in the ledger.
//! Topics that feed a full `when_full: block` webhook are paused.
//!
//! Invariants: every delivery that the router requests is pending in the ledger until it has an
//! outcome, whether a queue accepted it or not. A paused topic is not read: what was taken of it is
//! kept in its order, and read later.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::commit::ledger::entry::Entry;
use crate::commit::recovery::{Claim, Claimed, Unclaimed};
use crate::config::model::{Config, WebhookIndex};
use crate::delivery::{Epoch, Origin, Reason, Route, Ticket};
use crate::event::{Record, TopicIndex};
use crate::event_time::EventTime;
use crate::kafka::native::{Message, PartitionError, Records, Taken};
use crate::metrics::{Metrics, TopicTally};
use crate::post::Post;
use crate::queue::{Push, Queue};
use crate::route::{RecordKind, Routed, Router, Routing};
use crate::topics::TopicNames;

use super::backpressure::{Backpressure, Change};
use super::event_log::EventLog;
use super::rate_share::Feeds;
use super::removed_webhooks::RemovedWebhooks;
use super::settlement::Settlement;

/// How long one turn reads records, so that outcomes never wait long.
const TURN: Duration = Duration::from_millis(50);

/// How many records are read between two checks of the clock: with many triggers a few records take
/// long.
const CLOCK: usize = 32;

/// Takes fetched records, matches and renders them, and queues their deliveries.
pub struct Intake {
    /// The active configuration.
    pub config: Arc<Config>,
    router: Router,
    /// By webhook.
    pub queues: Vec<Arc<Queue>>,
    /// Which topics are paused.
    pub backpressure: Backpressure,
    /// A buffer, used again for every record.
    routing: Routing,
    /// By topic: what this turn has counted. Added to the metrics together.
    tallies: Vec<TopicTally>,
    removed: RemovedWebhooks,
    /// Logs the events that cannot be used unchanged.
    pub events: EventLog,
    /// The topic that is read first in the next turn.
    first: usize,
    names: TopicNames,
    metrics: Arc<Metrics>,
}

/// How far a turn has read.
#[derive(Debug)]
pub enum ReadProgress {
    /// Everything that has arrived was read, paused topics aside.
    Exhausted,
    /// The turn is over, and there may be more.
    OutOfTime,
    /// An error came in place of a record.
    Error(PartitionError),
}

/// A delivery that is to be queued.
struct Arrival {
    ticket: Ticket,
    origin: Origin,
    time: EventTime,
    /// How many parts of the message a former owner has posted.
    parts_sent: u8,
}

impl Intake {
    /// Reads records as `config` says.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        queues: Vec<Arc<Queue>>,
        feeds: Feeds,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            router: Router::new(Arc::clone(&config)),
            queues,
            backpressure: Backpressure::new(feeds),
            routing: Routing::default(),
            tallies: vec![TopicTally::default(); config.kafka.topics.len()],
            removed: RemovedWebhooks::default(),
            events: EventLog::new(Arc::clone(&config)),
            first: 0,
            names: TopicNames::new(config.kafka.topics.iter().cloned()),
            metrics,
            config,
        }
    }

    /// When a turn that starts now is over.
    pub fn turn_end() -> Instant {
        Instant::now() + TURN
    }

    /// Reads what has arrived, topic by topic, until `end`.
    pub fn read_records(
        &mut self,
        records: &mut [Records],
        end: Instant,
        settlement: &mut Settlement,
    ) -> ReadProgress {
        let count = records.len();
        let first = self.first.min(count);
        let (later, sooner) = records.split_at_mut(first);
        for records in sooner.iter_mut().chain(later) {
            match self.read_topic(records, end, settlement) {
                ReadProgress::Exhausted => {}
                stopped => return stopped,
            }
        }
        ReadProgress::Exhausted
    }

    /// Ends a turn: where one topic fills whole turns, the next one is read first in the next turn.
    pub fn end_turn(&mut self) {
        self.first = if self.first + 1 < self.tallies.len() { self.first + 1 } else { 0 };
        for (topic, tally) in self.names.indices().zip(&mut self.tallies) {
            if *tally != TopicTally::default() {
                self.metrics.add_events(topic, &std::mem::take(tally));
            }
        }
    }

    fn read_topic(
        &mut self,
        records: &mut Records,
        end: Instant,
        settlement: &mut Settlement,
    ) -> ReadProgress {
        let topic = records.topic;
        loop {
            for _ in 0..CLOCK {
                if self.backpressure.is_paused(topic) {
                    return ReadProgress::Exhausted;
                }
                let Some(taken) = records.take() else {
                    if records.fill() {
                        continue;
                    }
                    return ReadProgress::Exhausted;
                };
                match taken {
                    Taken::Message(message) => self.read(&message, settlement),
                    Taken::Error(error) => return ReadProgress::Error(error),
                }
            }
            if Instant::now() >= end {
                return ReadProgress::OutOfTime;
            }
        }
    }

    /// Reads one record. Below the mark that a former owner has left, only what it left pending is
    /// delivered.
    fn read(&mut self, message: &Message<'_>, settlement: &mut Settlement) {
        let position = message.position;
        let Self { router, routing, tallies, metrics, events, .. } = self;
        let mut unknown_topic = TopicTally::default();
        let topic = position.partition.topic.0 as usize;
        let tally = tallies.get_mut(topic).unwrap_or(&mut unknown_topic);
        let entry = match settlement.ledger.entry(position) {
            // Of a partition that was released meanwhile, or read before.
            Entry::Known => return,
            Entry::Done(done) => {
                tally.reread += 1;
                return done.pass();
            }
            entry => entry,
        };
        let record = message.record();
        let verdict = router.route(&record, routing);
        for failure in routing.errors.drain(..) {
            metrics.expression_errors(failure.action, 1);
            events.failed(position, failure, Instant::now());
        }
        match (entry, verdict) {
            // Nearly every event.
            (Entry::New(new), RecordKind::Unmatched) => {
                tally.unmatched += 1;
                new.pass();
            }
            (Entry::New(new), RecordKind::Invalid(reason)) => {
                tally.invalid(reason);
                events.invalid(&record, reason, Instant::now());
                new.pass();
            }
            (Entry::New(new), RecordKind::Matched) => {
                tally.matched += 1;
                let pending = routing.deliveries.iter().map(|routed| routed.route).collect();
                let epoch = new.record(record.timestamp, pending);
                let mut routing = std::mem::take(routing);
                let time = EventTime::of(record.timestamp, SystemTime::now);
                for routed in routing.deliveries.drain(..) {
                    let ticket = Ticket { position, epoch, action: routed.route.action };
                    let arrival = Arrival { ticket, origin: Origin::Read, time, parts_sent: 0 };
                    self.admit(arrival, routed, settlement);
                }
                self.routing = routing;
            }
            (Entry::Left(left), _) => {
                tally.reread += 1;
                let matched: Vec<Route> =
                    routing.deliveries.iter().map(|routed| routed.route).collect();
                let (epoch, claimed) = left.claim(record.timestamp, &matched);
                let mut routing = std::mem::take(routing);
                self.restore(&record, epoch, claimed, &mut routing, settlement);
                self.routing = routing;
            }
            (Entry::Known | Entry::Done(_), _) => {}
        }
    }

    /// Delivers what a former owner has left of an event, as far as an action claims it, and drops
    /// the rest.
    fn restore(
        &mut self,
        record: &Record<'_>,
        epoch: Epoch,
        claimed: Claimed,
        routing: &mut Routing,
        settlement: &mut Settlement,
    ) {
        let position = record.position;
        let time = EventTime::of(record.timestamp, SystemTime::now);
        for routed in routing.deliveries.drain(..) {
            let claim = claimed.deliveries.iter().find(|claim| claim.route == routed.route);
            if let Some(&Claim { route: Route { action, .. }, origin, parts_sent, .. }) = claim {
                let ticket = Ticket { position, epoch, action };
                let arrival = Arrival { ticket, origin, time, parts_sent };
                self.admit(arrival, routed, settlement);
            }
        }
        for Unclaimed { action, webhook } in claimed.unclaimed {
            match webhook.and_then(|webhook| self.queues.get(webhook.0 as usize)) {
                Some(queue) => queue.drop_unqueued(action, Origin::Listed, Reason::Unclaimed),
                None => self.metrics.unclaimed(),
            }
            let ticket = Ticket { position, epoch, action };
            settlement.drop_unsent(&ticket.into(), webhook, Reason::Unclaimed);
        }
    }

    /// Puts one delivery into its webhook's queue, or ends it.
    fn admit(&mut self, arrival: Arrival, routed: Routed, settlement: &mut Settlement) {
        let Arrival { ticket, origin, time, parts_sent } = arrival;
        let Routed { route: Route { action, webhook }, is_unlisted, message } = routed;
        let Some(queue) = self.queues.get(webhook.0 as usize) else { return };
        if is_unlisted {
            self.metrics.channel_not_listed(webhook, action);
        }
        let max_age = self.config.max_age(action, webhook).filter(|_| parts_sent == 0);
        let message = match message {
            _ if time.is_older(max_age, SystemTime::now()) => Err(Reason::Expired),
            Err(_) => Err(Reason::EmptyMessage),
            Ok(message) => Ok(message),
        };
        let message = match message {
            Ok(message) => message,
            Err(reason) => {
                queue.drop_unqueued(action, origin, reason);
                return settlement.drop_unsent(&ticket.into(), Some(webhook), reason);
            }
        };
        if !message.truncated.is_empty() {
            self.metrics.webhook(webhook).truncated(message.truncated);
            self.events.cut(ticket.position, action, message.truncated, Instant::now());
        }
        let post = Post { tickets: ticket.into(), payload: message.payload, time, parts_sent };
        match queue.push(post, origin) {
            Push::Queued => {}
            Push::Full => {
                let change = self.backpressure.block(webhook);
                self.log(&change);
            }
            Push::Dropped(tickets) => {
                settlement.drop_unsent(&tickets, Some(webhook), Reason::Overflow);
            }
        }
    }

    /// Resumes the topics whose webhooks have room again.
    pub fn resume(&mut self) {
        let queues = &self.queues;
        let change = self
            .backpressure
            .unblock(|webhook| queues.get(webhook.0 as usize).is_none_or(|queue| queue.has_room()));
        self.log(&change);
    }

    /// Takes another configuration, which has `removed` webhooks: the next record is the first one
    /// that it matches.
    pub fn reload(
        &mut self,
        config: Arc<Config>,
        router: Router,
        queues: Vec<Arc<Queue>>,
        feeds: Feeds,
        removed: BTreeSet<WebhookIndex>,
    ) {
        self.events.reload(Arc::clone(&config));
        self.config = config;
        self.router = router;
        self.queues = queues;
        self.removed.replace(removed, &self.queues);
        let change = self.backpressure.reload(feeds);
        self.log(&change);
    }

    /// Empties the queues of removed webhooks, including what their senders have given back.
    pub fn clear_removed(&self, settlement: &mut Settlement) {
        self.removed.clear(&self.config, &self.queues, settlement);
    }

    /// Logs topics that were paused or resumed. The client itself is not paused: its fetched
    /// records stay in their queue.
    fn log(&self, change: &Change) {
        let names = |topics: &[TopicIndex]| -> Vec<&str> {
            topics.iter().map(|topic| self.names.name(*topic)).collect()
        };
        if !change.pause.is_empty() {
            let topics = names(&change.pause);
            tracing::debug!(?topics, "paused: a webhook with `when_full: block` is full");
        }
        if !change.resume.is_empty() {
            tracing::debug!(topics = ?names(&change.resume), "resumed");
        }
    }
}
