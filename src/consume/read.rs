//! [1] What becomes of one record: matched, rendered, queued, noted in the ledger; and what a full queue does about it.
//!
//! Invariant: every delivery that the router asks for is pending in the ledger until it has an outcome, whether a queue took it or not.

use crate::commit::inherited::Unclaimed;
use crate::commit::ledger::{Read, Reading};
use crate::config::model::ActionIndex;
use crate::delivery::{Delivery, Ended, Epoch, Origin, REMOVED_ACTION, Reason, Ticket};
use crate::event::{Position, Record, TopicIndex};
use crate::kafka::native::Message;
use crate::metrics::TopicTally;
use crate::queue::Push;
use crate::route::{Routed, Routing, Verdict};

use super::PollLoop;
use super::pause::Change;

impl PollLoop {
    /// One record: matched, rendered, queued, noted in the ledger. Below the mark that a former owner left, only what it left.
    pub(super) fn read(&mut self, message: &Message<'_>) {
        let position = message.position();
        let topic = position.partition.topic;
        let reading = self.parts.settlement.ledger.reading(position);
        match reading {
            // Of a partition that was given up meanwhile, or read before: its owner, or the ledger, has it.
            Reading::Known => return,
            Reading::Done => {
                self.parts.settlement.ledger.read(position, Read::default());
                return self.count(topic, |tally| tally.reread += 1);
            }
            Reading::New | Reading::Left => {}
        }
        let record = message.record();
        let verdict = self.parts.router.route(&record, &mut self.routing);
        for action in self.routing.errors.drain(..) {
            self.parts.metrics.expression_errors(action, 1);
        }
        if reading == Reading::New && verdict != Verdict::Matched {
            // What nearly every event is.
            self.count(topic, |tally| match verdict {
                Verdict::Invalid(reason) => tally.invalid(reason),
                Verdict::Unmatched | Verdict::Matched => tally.unmatched += 1,
            });
            self.parts
                .settlement
                .ledger
                .read(position, Read { timestamp: record.timestamp, ..Read::default() });
            return;
        }
        let mut routing = std::mem::take(&mut self.routing);
        if reading == Reading::New {
            self.count(topic, |tally| tally.matched += 1);
            let pending = routing.deliveries.iter().map(|routed| routed.action).collect();
            let read = Read { timestamp: record.timestamp, pending, done: Vec::new() };
            if let Some(epoch) = self.parts.settlement.ledger.read(position, read) {
                for routed in routing.deliveries.drain(..) {
                    let ticket = Ticket { position, epoch, action: routed.action };
                    self.admit(ticket, Origin::Read, routed, record.timestamp);
                }
            }
        } else {
            self.count(topic, |tally| tally.reread += 1);
            self.restore(&record, &mut routing);
        }
        self.routing = routing;
    }

    /// What a former owner left of an event: delivered by whoever claims it, and settled as dropped where nobody does.
    fn restore(&mut self, record: &Record<'_>, routing: &mut Routing) {
        let position = record.position;
        let matched: Vec<ActionIndex> =
            routing.deliveries.iter().map(|routed| routed.action).collect();
        let claimed = self.parts.settlement.ledger.claim(position, &matched);
        let pending = claimed.deliveries.iter().map(|(action, _)| *action).collect();
        let read = Read { timestamp: record.timestamp, pending, done: claimed.done };
        let Some(epoch) = self.parts.settlement.ledger.read(position, read) else { return };
        for routed in routing.deliveries.drain(..) {
            let claim = claimed.deliveries.iter().find(|(action, _)| *action == routed.action);
            if let Some((action, origin)) = claim {
                self.admit(
                    Ticket { position, epoch, action: *action },
                    *origin,
                    routed,
                    record.timestamp,
                );
            }
        }
        for unclaimed in claimed.unclaimed {
            self.unclaimed(position, epoch, unclaimed);
        }
    }

    /// A delivery that a former owner left, and no action wants any more: its event is settled without it.
    fn unclaimed(&mut self, position: Position, epoch: Epoch, unclaimed: Unclaimed) {
        let config = &self.parts.config;
        let webhook_of = |action: ActionIndex| {
            config.actions.get(action.0 as usize).map(|action| action.webhook)
        };
        let (webhook, action) = match unclaimed {
            Unclaimed::Action(action) => (webhook_of(action), action),
            Unclaimed::Webhook(webhook) => (Some(webhook), REMOVED_ACTION),
            Unclaimed::Nobody => (None, REMOVED_ACTION),
        };
        match webhook.and_then(|webhook| self.parts.queues.get(webhook.0 as usize)) {
            Some(queue) => queue.drop_unqueued(action, Origin::Listed, Reason::Unclaimed),
            None => self.parts.metrics.unclaimed(),
        }
        let ticket = Ticket { position, epoch, action };
        self.end(&ticket, Reason::Unclaimed);
    }

    fn count(&mut self, topic: TopicIndex, count: impl FnOnce(&mut TopicTally)) {
        if let Some(tally) = self.tallies.get_mut(topic.0 as usize) {
            count(tally);
        }
    }

    /// One delivery to its webhook's queue, or to its end.
    fn admit(&mut self, ticket: Ticket, origin: Origin, routed: Routed, timestamp: Option<i64>) {
        let Some(queue) = self.parts.queues.get(routed.webhook.0 as usize) else { return };
        let Ok(message) = routed.message else {
            queue.drop_unqueued(ticket.action, origin, Reason::EmptyMessage);
            return self.end(&ticket, Reason::EmptyMessage);
        };
        if message.truncated {
            self.parts.metrics.webhook(routed.webhook).truncated();
        }
        match queue.push(Delivery { ticket, payload: message.payload, timestamp }, origin) {
            Push::Queued => {}
            Push::Full => {
                let change = self.pauses.block(routed.webhook);
                self.tell_of_pauses(&change);
            }
            Push::Dropped(ticket) => self.end(&ticket, Reason::Overflow),
        }
    }

    fn end(&mut self, ticket: &Ticket, reason: Reason) {
        self.parts.settlement.end(ticket, Ended::Dropped(reason), None);
    }

    pub(super) fn resume_what_has_room(&mut self) {
        let queues = &self.parts.queues;
        let change = self
            .pauses
            .unblock(|webhook| queues.get(webhook.0 as usize).is_none_or(|queue| queue.has_room()));
        self.tell_of_pauses(&change);
    }

    /// A topic that stands still is not asked for records; nothing has to be told to the client.
    pub(super) fn tell_of_pauses(&self, change: &Change) {
        let names = |topics: &[TopicIndex]| -> Vec<&str> {
            topics.iter().map(|topic| self.topics.name(*topic)).collect()
        };
        if !change.pause.is_empty() {
            tracing::debug!(topics = ?names(&change.pause), "paused: a webhook with `when_full: block` is full");
        }
        if !change.resume.is_empty() {
            tracing::debug!(topics = ?names(&change.resume), "resumed");
        }
    }
}
