//! [3] The bounded queue of one webhook, and the books that are kept on it.
//!
//! The poll loop pushes and releases, the webhook's one sender takes and finishes. Every change of a delivery's state is made and
//! tallied under one lock, so that for whoever reads the [`Tally`], at any moment:
//!
//! matched = delivered + dropped + released + queued + in flight.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::config::model::{ActionIndex, WhenFull};
use crate::delivery::{Delivery, Ended, Origin, Reason, Ticket};
use crate::metrics::{ActionTally, Tally};

/// One webhook's queue: the deliveries that wait, and the one that is in flight.
pub struct Queue {
    inner: Mutex<Inner>,
    /// Rung when a delivery came or the queue was closed: what an idle sender waits for.
    arrived: Notify,
    /// Rung when the delivery in flight was taken away between two attempts: what a waiting sender listens for.
    released: Notify,
}

struct Inner {
    capacity: usize,
    when_full: WhenFull,
    waiting: VecDeque<Delivery>,
    in_flight: Option<InFlight>,
    closed: bool,
    retired: bool,
    /// Sorted by action.
    tallies: Vec<(ActionIndex, ActionTally)>,
    abandoned: u64,
    /// Deliveries that a sender took, ever.
    taken: u64,
    /// Attempts that were announced, ever.
    attempts: u64,
}

/// How a queue and its sender stand: what tells a sender that works from one that is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Deliveries that wait.
    pub waiting: usize,
    /// A delivery was taken and has not ended.
    pub in_flight: bool,
    /// Deliveries that a sender took, ever.
    pub taken: u64,
    /// Which attempt is under way, counted from the first.
    pub attempt: Option<u64>,
}

struct InFlight {
    ticket: Ticket,
    /// An HTTP request of it is under way.
    attempting: bool,
    /// Its partition is going away: no further attempt.
    leaving: bool,
}

/// What became of a delivery that was pushed.
#[derive(Debug, PartialEq, Eq)]
pub enum Push {
    /// It waits, and there is room for more.
    Queued,
    /// It waits; the queue is now full and its policy is `block`: pause what feeds it.
    Full,
    /// This delivery, the pushed one or an older one for its sake, was dropped (`overflow`): settle it.
    Dropped(Ticket),
}

/// What a sender does after an attempt that did not end the delivery.
#[derive(Debug, PartialEq, Eq)]
pub enum AfterAttempt {
    /// Keep it and try again.
    Keep,
    /// It was released to the partition's next owner: take the next one.
    Gone,
}

impl Queue {
    /// An empty queue of `capacity` (at least 1) for a webhook that serves `actions`.
    #[must_use]
    pub fn new(
        capacity: usize,
        when_full: WhenFull,
        actions: impl IntoIterator<Item = ActionIndex>,
    ) -> Self {
        let mut tallies: Vec<_> =
            actions.into_iter().map(|action| (action, ActionTally::default())).collect();
        tallies.sort_unstable_by_key(|(action, _)| *action);
        tallies.dedup_by_key(|(action, _)| *action);
        Self {
            inner: Mutex::new(Inner {
                capacity,
                when_full,
                waiting: VecDeque::new(),
                in_flight: None,
                closed: false,
                retired: false,
                tallies,
                abandoned: 0,
                taken: 0,
                attempts: 0,
            }),
            arrived: Notify::new(),
            released: Notify::new(),
        }
    }

    /// Admits a match, or drops one by the policy. Under `block` nothing is dropped: the queue can exceed its capacity by the rest of the one
    /// event that filled it. What a former owner had admitted ([`Origin::Listed`]) is admitted above the capacity.
    pub fn push(&self, delivery: Delivery, origin: Origin) -> Push {
        let mut inner = self.lock();
        let ticket = delivery.ticket;
        let tally = inner.tally(ticket.action);
        tally.matched += 1;
        tally.restored += u64::from(origin != Origin::Read);
        let full = inner.waiting.len() >= inner.capacity && origin != Origin::Listed;
        let displaced = match inner.when_full {
            WhenFull::DropNewest if full => Some(delivery),
            WhenFull::DropOldest if full => {
                let oldest = inner.waiting.pop_front();
                inner.waiting.push_back(delivery);
                oldest
            }
            WhenFull::DropNewest | WhenFull::DropOldest | WhenFull::Block => {
                inner.make_room();
                inner.waiting.push_back(delivery);
                None
            }
        };
        if let Some(displaced) = displaced {
            inner.tally(displaced.ticket.action).drop(Reason::Overflow);
            return Push::Dropped(displaced.ticket);
        }
        // What was admitted before is read on to its last: it needs no room.
        let asks = origin != Origin::Listed;
        let blocked =
            asks && inner.when_full == WhenFull::Block && inner.waiting.len() >= inner.capacity;
        drop(inner);
        self.arrived.notify_one();
        if blocked { Push::Full } else { Push::Queued }
    }

    /// Counts a match that is dropped before it could be queued: a message that rendered to nothing, or a delivery that nobody claims.
    pub fn drop_unqueued(&self, action: ActionIndex, origin: Origin, reason: Reason) {
        let mut inner = self.lock();
        let tally = inner.tally(action);
        tally.matched += 1;
        tally.restored += u64::from(origin != Origin::Read);
        tally.drop(reason);
    }

    /// Whether a `block` queue has drained far enough to be fed again: to half of its capacity, so that pauses are rare.
    pub fn has_room(&self) -> bool {
        let inner = self.lock();
        inner.when_full != WhenFull::Block || inner.waiting.len() <= inner.capacity / 2
    }

    /// How it stands now.
    pub fn standing(&self) -> Standing {
        let inner = self.lock();
        let in_flight = inner.in_flight.as_ref();
        Standing {
            waiting: inner.waiting.len(),
            in_flight: in_flight.is_some(),
            taken: inner.taken,
            attempt: in_flight.filter(|in_flight| in_flight.attempting).map(|_| inner.attempts),
        }
    }

    /// Takes what waits of the `leaving` partitions off the queue, and the delivery in flight unless an attempt of it is under way; that one is not
    /// tried again. They are released: their next owner reads them anew.
    pub fn release(&self, leaving: impl Fn(&Ticket) -> bool) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let tallies = &mut inner.tallies;
        inner.waiting.retain(|delivery| {
            let leaves = leaving(&delivery.ticket);
            if leaves {
                tally_of(tallies, delivery.ticket.action).released += 1;
            }
            !leaves
        });
        let Some(in_flight) =
            inner.in_flight.as_mut().filter(|in_flight| leaving(&in_flight.ticket))
        else {
            return;
        };
        in_flight.leaving = true;
        if !in_flight.attempting {
            inner.release_in_flight();
            self.released.notify_one();
        }
    }

    /// Whether an attempt of a `leaving` partition's delivery is still under way.
    pub fn is_attempting(&self, leaving: impl Fn(&Ticket) -> bool) -> bool {
        self.lock()
            .in_flight
            .as_ref()
            .is_some_and(|in_flight| in_flight.attempting && leaving(&in_flight.ticket))
    }

    /// At a drain's deadline: releases the delivery in flight though its attempt is still out, and counts it. Its late outcome changes nothing here.
    pub fn abandon(&self, leaving: impl Fn(&Ticket) -> bool) -> bool {
        let mut inner = self.lock();
        let abandoned =
            inner.in_flight.as_ref().is_some_and(|in_flight| leaving(&in_flight.ticket));
        if abandoned {
            inner.release_in_flight();
            inner.abandoned += 1;
        }
        abandoned
    }

    /// The webhook has other settings, or other actions. What waits above a smaller capacity stays.
    pub fn reconfigure(
        &self,
        capacity: usize,
        when_full: WhenFull,
        actions: impl IntoIterator<Item = ActionIndex>,
    ) {
        let mut inner = self.lock();
        inner.capacity = capacity;
        inner.when_full = when_full;
        for action in actions {
            inner.tally(action);
        }
    }

    /// The webhook is gone: nothing waits here any more, and nothing is taken until [`Queue::reopen`]. What `moves` says of goes to another webhook, and comes
    /// back; the rest is dropped (`unclaimed`).
    pub fn retire(&self, moves: impl Fn(ActionIndex) -> bool) -> (Vec<Delivery>, Vec<Ticket>) {
        let mut inner = self.lock();
        inner.retired = true;
        let (mut moved, mut dropped) = (Vec::new(), Vec::new());
        for delivery in std::mem::take(&mut inner.waiting) {
            let tally = inner.tally(delivery.ticket.action);
            if moves(delivery.ticket.action) {
                tally.released += 1;
                moved.push(delivery);
            } else {
                tally.drop(Reason::Unclaimed);
                dropped.push(delivery.ticket);
            }
        }
        (moved, dropped)
    }

    /// The webhook is there again.
    pub fn reopen(&self) {
        self.lock().retired = false;
        self.arrived.notify_one();
    }

    /// Whether the webhook is gone: then no further attempt begins.
    pub fn is_retired(&self) -> bool {
        self.lock().retired
    }

    /// The sender of a webhook that is gone gives back what is in flight and was not delivered. It waits then, for [`Queue::retire`]; one that was released
    /// meanwhile is the next owner's.
    pub fn give_back(&self, delivery: Delivery) {
        let mut inner = self.lock();
        if inner.in_flight_of(&delivery.ticket).is_some() {
            inner.in_flight = None;
            inner.waiting.push_front(delivery);
        }
    }

    /// Ends the sender once it asks for the next delivery. What still waits stays: release it first.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    /// The next delivery, which is in flight from then on; `None` once the queue is closed.
    pub async fn next(&self) -> Option<Delivery> {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.arrived.notified().await;
        }
    }

    fn take(&self) -> Option<Option<Delivery>> {
        let mut inner = self.lock();
        if inner.closed {
            return Some(None);
        }
        if inner.retired {
            return None;
        }
        let delivery = inner.waiting.pop_front()?;
        inner.taken += 1;
        inner.in_flight =
            Some(InFlight { ticket: delivery.ticket, attempting: false, leaving: false });
        Some(Some(delivery))
    }

    /// Announces an attempt. `false`: the delivery was released meanwhile; take the next one.
    pub fn begin_attempt(&self, ticket: &Ticket) -> bool {
        let mut inner = self.lock();
        match inner.in_flight_of(ticket) {
            Some(in_flight) => in_flight.attempting = true,
            None => return false,
        }
        inner.attempts += 1;
        true
    }

    /// After an attempt that failed but may be made again.
    pub fn end_attempt(&self, ticket: &Ticket) -> AfterAttempt {
        let mut inner = self.lock();
        let Some(in_flight) = inner.in_flight_of(ticket) else { return AfterAttempt::Gone };
        in_flight.attempting = false;
        if in_flight.leaving {
            inner.release_in_flight();
            return AfterAttempt::Gone;
        }
        AfterAttempt::Keep
    }

    /// The delivery in flight has ended. An abandoned one was counted as released already and is not counted again.
    pub fn finish(&self, ticket: &Ticket, ended: Ended) {
        let mut inner = self.lock();
        if inner.in_flight_of(ticket).is_none() {
            return;
        }
        inner.in_flight = None;
        let tally = inner.tally(ticket.action);
        match ended {
            Ended::Delivered => tally.delivered += 1,
            Ended::Dropped(reason) => tally.drop(reason),
        }
    }

    /// Completes when the delivery in flight may have been taken away between two attempts; [`Queue::begin_attempt`] then tells.
    pub async fn released(&self) {
        self.released.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Grows as a `VecDeque` does by itself, but not past the queue's capacity: of a thousand full queues of 100, a fifth would be room that nothing uses.
    fn make_room(&mut self) {
        let waiting = self.waiting.len();
        if waiting == self.waiting.capacity() {
            self.waiting.reserve_exact(waiting.max(4).min(self.capacity.saturating_sub(waiting)));
        }
    }

    fn in_flight_of(&mut self, ticket: &Ticket) -> Option<&mut InFlight> {
        self.in_flight.as_mut().filter(|in_flight| in_flight.ticket == *ticket)
    }

    fn release_in_flight(&mut self) {
        if let Some(in_flight) = self.in_flight.take() {
            self.tally(in_flight.ticket.action).released += 1;
        }
    }

    fn tally(&mut self, action: ActionIndex) -> &mut ActionTally {
        tally_of(&mut self.tallies, action)
    }
}

/// An action that the queue was not made for (none is) would get a tally of its own rather than be lost.
fn tally_of(
    tallies: &mut Vec<(ActionIndex, ActionTally)>,
    action: ActionIndex,
) -> &mut ActionTally {
    let at = match tallies.binary_search_by_key(&action, |(of, _)| *of) {
        Ok(at) => at,
        Err(at) => {
            tallies.insert(at, (action, ActionTally::default()));
            at
        }
    };
    &mut tallies[at].1
}

impl crate::metrics::Tallied for Queue {
    fn tally(&self) -> Tally {
        let inner = self.lock();
        Tally {
            capacity: inner.capacity as u64,
            queued: inner.waiting.len() as u64,
            in_flight: u64::from(inner.in_flight.is_some()),
            abandoned: inner.abandoned,
            actions: inner.tallies.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
