//! [1] What becomes of one record: matched, rendered, queued, noted in the ledger; and what a full queue does about it.
//!
//! Invariant: every delivery that the router asks for is pending in the ledger until it has an outcome, whether a queue took it or not.

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::message::{BorrowedMessage, Message, Timestamp};

use crate::config::check::{ActionIndex, Config};
use crate::delivery::{Delivery, Reason, Ticket};
use crate::event::{Headers, Offset, Partition, Position, Record, TopicIndex};
use crate::queue::Push;
use crate::route::{Routed, Verdict};

use super::pause::Change;
use super::{PollLoop, settle};

impl PollLoop {
    /// One record: matched, rendered, queued, noted in the ledger.
    pub(super) fn read(&mut self, message: &BorrowedMessage<'_>) {
        let Some(topic) = self.topics.index(message.topic()) else { return };
        let partition = Partition { topic, number: message.partition() };
        let position = Position { partition, offset: Offset(message.offset()) };
        // Of a partition that was given up meanwhile, or read before: its owner, or the ledger, has it.
        if !self.ledger.expects(position) {
            return;
        }
        let record = Record {
            position,
            topic: message.topic(),
            timestamp: match message.timestamp() {
                Timestamp::NotAvailable => None,
                Timestamp::CreateTime(at) | Timestamp::LogAppendTime(at) => Some(at),
            },
            key: message.key(),
            headers: message.headers().map_or(&(), |headers| headers as &dyn Headers),
            payload: message.payload(),
        };
        let mut routing = std::mem::take(&mut self.routing);
        let verdict = self.parts.router.route(&record, &mut routing);
        self.count(topic, verdict);
        for action in routing.errors.drain(..) {
            self.parts.metrics.expression_errors(action, 1);
        }
        let actions = routing.deliveries.iter().map(|routed| routed.action);
        if let Some(epoch) = self.ledger.read(position, record.timestamp, actions) {
            for routed in routing.deliveries.drain(..) {
                let ticket = Ticket { position, epoch, action: routed.action };
                self.admit(ticket, routed, record.timestamp);
            }
        }
        self.routing = routing;
    }

    fn count(&mut self, topic: TopicIndex, verdict: Verdict) {
        let Some(tally) = self.tallies.get_mut(topic.0 as usize) else { return };
        match verdict {
            Verdict::Invalid(reason) => tally.invalid(reason),
            Verdict::Unmatched => tally.unmatched += 1,
            Verdict::Matched => tally.matched += 1,
        }
    }

    /// One delivery to its webhook's queue, or to its end.
    fn admit(&mut self, ticket: Ticket, routed: Routed, timestamp: Option<i64>) {
        let Some(queue) = self.parts.queues.get(routed.webhook.0 as usize) else { return };
        let Ok(message) = routed.message else {
            queue.drop_unqueued(ticket.action, Reason::EmptyMessage);
            return self.dropped(&ticket, Reason::EmptyMessage);
        };
        if message.truncated {
            self.parts.metrics.webhook(routed.webhook).truncated();
        }
        match queue.push(Delivery { ticket, payload: message.payload, timestamp }) {
            Push::Queued => {}
            Push::Full => {
                let change = self.pauses.block(routed.webhook);
                self.apply(&change);
            }
            Push::Dropped(ticket) => self.dropped(&ticket, Reason::Overflow),
        }
    }

    /// Settles a delivery that no sender will see, and tells of it.
    fn dropped(&mut self, ticket: &Ticket, reason: Reason) {
        settle(&mut self.ledger, &mut self.parts, ticket);
        let repeat = self.drops.entry((ticket.action, reason)).or_default();
        if let Some(deliveries) = repeat.note(self.began.elapsed()).times() {
            log_drops(&self.parts.config, ticket.action, reason, deliveries);
        }
    }

    pub(super) fn resume_what_has_room(&mut self) {
        let queues = &self.parts.queues;
        let change = self.pauses.unblock(|webhook| queues.get(webhook.0 as usize).is_none_or(|queue| queue.has_room()));
        self.apply(&change);
    }

    /// Pauses and resumes the owned partitions of the topics.
    fn apply(&mut self, change: &Change) {
        for (topics, pause) in [(&change.pause, true), (&change.resume, false)] {
            if topics.is_empty() {
                continue;
            }
            let mut list = TopicPartitionList::new();
            for partition in self.ledger.partitions().filter(|partition| topics.contains(&partition.topic)) {
                list.add_partition(self.topics.name(partition.topic), partition.number);
            }
            let client = &self.parts.client;
            let result = if pause { client.pause(&list) } else { client.resume(&list) };
            let names: Vec<&str> = topics.iter().map(|topic| self.topics.name(*topic)).collect();
            match result {
                Ok(()) if pause => {
                    tracing::debug!(topics = ?names, "paused: a webhook with `when_full: block` is full")
                }
                Ok(()) => tracing::debug!(topics = ?names, "resumed"),
                Err(error) => tracing::warn!(%error, topics = ?names, pause, "could not pause or resume"),
            }
        }
    }
}

pub(super) fn log_drops(config: &Config, action: ActionIndex, reason: Reason, deliveries: u64) {
    let Some(action) = config.actions.get(action.0 as usize) else { return };
    let webhook = config.webhooks.get(action.webhook.0 as usize).map_or("", |webhook| webhook.name.as_str());
    let why = match reason {
        Reason::EmptyMessage => "the message is empty",
        _ => "the queue is full",
    };
    let (action, reason) = (action.name.as_str(), reason.as_str());
    tracing::warn!(webhook, action, reason, deliveries, "delivery dropped: {why}");
}
