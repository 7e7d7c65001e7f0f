//! [1] What becomes of one record: matched, rendered, queued, noted in the ledger; and what a full queue does about it.
//!
//! Invariant: every delivery that the router asks for is pending in the ledger until it has an outcome, whether a queue took it or not.

use crate::commit::ledger::entry::Entry;
use crate::commit::recovery::{Claimed, Unclaimed};
use crate::config::model::ActionIndex;
use crate::delivery::{Epoch, Origin, Outcome, REMOVED_ACTION, Reason, Ticket};
use crate::event::{Position, Record, TopicIndex};
use crate::kafka::native::Message;
use crate::metrics::TopicTally;
use crate::post::{Post, Tickets};
use crate::queue::Push;
use crate::route::{Routed, Routing, Verdict};

use super::PollLoop;
use super::pause::Change;

impl PollLoop {
    /// One record: matched, rendered, queued, noted in the ledger. Below the mark that a former owner left, only what it left.
    pub(super) fn read(&mut self, message: &Message<'_>) {
        let position = message.position();
        let topic = position.partition.topic;
        let Self { parts, routing, tallies, .. } = self;
        let mut unknown_topic = TopicTally::default();
        let tally = tallies.get_mut(topic.0 as usize).unwrap_or(&mut unknown_topic);
        let entry = match parts.settlement.ledger.entry(position) {
            // Of a partition that was revoked meanwhile, or read before.
            Entry::Known => return,
            Entry::Done(done) => {
                tally.reread += 1;
                return done.pass();
            }
            entry => entry,
        };
        let record = message.record();
        let verdict = parts.router.route(&record, routing);
        for action in routing.errors.drain(..) {
            parts.metrics.expression_errors(action, 1);
        }
        match (entry, verdict) {
            // Nearly every event.
            (Entry::New(new), Verdict::Unmatched) => {
                tally.unmatched += 1;
                new.pass();
            }
            (Entry::New(new), Verdict::Invalid(reason)) => {
                tally.invalid(reason);
                new.pass();
            }
            (Entry::New(new), Verdict::Matched) => {
                tally.matched += 1;
                let pending = routing.deliveries.iter().map(|routed| routed.action).collect();
                let epoch = new.record(record.timestamp, pending);
                let mut routing = std::mem::take(routing);
                for routed in routing.deliveries.drain(..) {
                    let ticket = Ticket { position, epoch, action: routed.action };
                    self.admit(ticket, Origin::Read, routed, record.timestamp);
                }
                self.routing = routing;
            }
            (Entry::Left(left), _) => {
                tally.reread += 1;
                let matched: Vec<ActionIndex> =
                    routing.deliveries.iter().map(|routed| routed.action).collect();
                let (epoch, claimed) = left.claim(record.timestamp, &matched);
                let mut routing = std::mem::take(routing);
                self.restore(&record, epoch, claimed, &mut routing);
                self.routing = routing;
            }
            (Entry::Known | Entry::Done(_), _) => {}
        }
    }

    /// Delivers what a former owner left of an event, as far as an action claims it, and drops the
    /// rest.
    fn restore(
        &mut self,
        record: &Record<'_>,
        epoch: Epoch,
        claimed: Claimed,
        routing: &mut Routing,
    ) {
        let position = record.position;
        for routed in routing.deliveries.drain(..) {
            let claim = claimed.deliveries.iter().find(|(action, _)| *action == routed.action);
            if let Some((action, origin)) = claim {
                let ticket = Ticket { position, epoch, action: *action };
                self.admit(ticket, *origin, routed, record.timestamp);
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
            Unclaimed::Unknown => (None, REMOVED_ACTION),
        };
        match webhook.and_then(|webhook| self.parts.queues.get(webhook.0 as usize)) {
            Some(queue) => queue.drop_unqueued(action, Origin::Listed, Reason::Unclaimed),
            None => self.parts.metrics.unclaimed(),
        }
        let ticket = Ticket { position, epoch, action };
        self.end(&ticket.into(), Reason::Unclaimed);
    }

    /// One delivery to its webhook's queue, or to its end.
    fn admit(&mut self, ticket: Ticket, origin: Origin, routed: Routed, timestamp: Option<i64>) {
        let Some(queue) = self.parts.queues.get(routed.webhook.0 as usize) else { return };
        let Ok(message) = routed.message else {
            queue.drop_unqueued(ticket.action, origin, Reason::EmptyMessage);
            return self.end(&ticket.into(), Reason::EmptyMessage);
        };
        if message.truncated {
            self.parts.metrics.webhook(routed.webhook).truncated();
        }
        let post = Post { tickets: ticket.into(), payload: message.payload, timestamp };
        match queue.push(post, origin) {
            Push::Queued => {}
            Push::Full => {
                let change = self.pauses.block(routed.webhook);
                self.tell_of_pauses(&change);
            }
            Push::Dropped(tickets) => self.end(&tickets, Reason::Overflow),
        }
    }

    /// Drops deliveries that no sender has seen.
    pub(super) fn end(&mut self, tickets: &Tickets, reason: Reason) {
        for ticket in tickets.iter() {
            self.parts.settlement.end(&ticket, Outcome::Dropped(reason), None);
        }
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
