//! The bounded queue of one webhook, and its counts.
//!
//! The poll loop pushes and releases posts; the webhook's one sender takes and finishes them.
//! Invariant: every change of a delivery's state and its count are made under one lock, so that
//! every reader of the [`Tally`] finds, at any moment:
//!
//! matched = delivered + dropped + released + queued + in flight.

use std::collections::VecDeque;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::config::model::{ActionIndex, WhenFull};
use crate::delivery::{Origin, Outcome, Reason, Ticket};
use crate::metrics::Tally;
use crate::post::{Post, Tickets};

use self::delivery_counts::DeliveryCounts;

mod delivery_counts;

/// One webhook's queue: the posts that wait, and the one that is in flight.
pub struct Queue {
    inner: Mutex<Inner>,
    /// Notified when a post was pushed or the queue was closed: wakes an idle sender.
    pushed: Notify,
    /// Notified when the post in flight was released between two attempts: wakes a sender that
    /// waits for its next attempt.
    released: Notify,
}

#[derive(Default)]
struct Inner {
    capacity: usize,
    when_full: WhenFull,
    waiting: VecDeque<Post>,
    in_flight: Option<InFlight>,
    /// The process is stopping: the sender ends.
    closed: bool,
    /// The configuration no longer has the webhook: nothing is taken.
    retired: bool,
    counts: DeliveryCounts,
    /// Posts whose request was in flight at a drain's deadline, in total.
    abandoned: u64,
    /// Posts that the sender took, in total.
    taken: u64,
    /// Attempts that were announced, in total.
    attempts: u64,
}

/// The post that the sender has taken.
struct InFlight {
    /// Identifies the post.
    first: Ticket,
    /// Its deliveries, except those that were released since it was taken.
    tickets: Tickets,
    /// Whether an HTTP request of it is in flight.
    attempting: bool,
    /// Tickets whose partition is being revoked: released when the attempt ends without an outcome.
    leaving: Vec<Ticket>,
}

/// A snapshot of a queue, which distinguishes a working sender from a dead one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueStatus {
    /// Posts that wait.
    pub waiting: usize,
    /// A post was taken and has not ended.
    pub in_flight: bool,
    /// Posts that the sender took, in total.
    pub taken: u64,
    /// The number of the attempt in flight, counted over all posts.
    pub attempt: Option<u64>,
}

/// What happened to a post that was pushed.
#[derive(Debug, PartialEq, Eq)]
pub enum Push {
    /// It waits, and there is room for more.
    Queued,
    /// It waits; the queue is now full and its policy is `block`: pause the topics that feed it.
    Full,
    /// The post with these tickets, the pushed one or the oldest one, was dropped (`overflow`):
    /// settle them.
    Dropped(Tickets),
}

impl Queue {
    /// An empty queue of `capacity` (at least 1) for a webhook that serves `actions`.
    #[must_use]
    pub fn new(
        capacity: usize,
        when_full: WhenFull,
        actions: impl IntoIterator<Item = ActionIndex>,
    ) -> Self {
        let (inner, pushed, released) = (Mutex::default(), Notify::new(), Notify::new());
        let queue = Self { inner, pushed, released };
        queue.reconfigure(capacity, when_full, actions);
        queue
    }

    /// Queues a post, or drops one if the queue is full and its policy says so. Under `block`
    /// nothing is dropped: the queue can exceed its capacity by the remaining posts of the one
    /// event that filled it. What a former owner had admitted ([`Origin::Listed`]) is queued above
    /// the capacity.
    pub fn push(&self, post: Post, origin: Origin) -> Push {
        let mut inner = self.lock();
        for ticket in post.tickets.iter() {
            inner.counts.count_match(ticket.action, origin);
        }
        // What a former owner admitted needs no room, so it does not pause anything.
        let needs_room = origin != Origin::Listed;
        let full = needs_room && inner.waiting.len() >= inner.capacity;
        let displaced = match inner.when_full {
            WhenFull::DropNewest if full => Some(post),
            WhenFull::DropOldest if full => {
                let oldest = inner.waiting.pop_front();
                inner.waiting.push_back(post);
                oldest
            }
            _ => {
                inner.make_room();
                inner.waiting.push_back(post);
                None
            }
        };
        if let Some(Post { tickets, .. }) = displaced {
            inner.counts.count_outcome(&tickets, Outcome::Dropped(Reason::Overflow));
            return Push::Dropped(tickets);
        }
        let fills = needs_room
            && inner.when_full == WhenFull::Block
            && inner.waiting.len() >= inner.capacity;
        drop(inner);
        self.pushed.notify_one();
        if fills { Push::Full } else { Push::Queued }
    }

    /// Counts a match that is dropped before it is queued: a message that rendered to nothing, or
    /// a former owner's delivery that no action claims.
    pub fn drop_unqueued(&self, action: ActionIndex, origin: Origin, reason: Reason) {
        let mut inner = self.lock();
        inner.counts.count_match(action, origin);
        inner.counts.tally(action).drop(reason);
    }

    /// Whether the topics that feed a full `block` queue may be resumed: at half of the capacity,
    /// so that pauses are rare.
    pub fn has_room(&self) -> bool {
        let inner = self.lock();
        inner.when_full != WhenFull::Block || inner.waiting.len() <= inner.capacity / 2
    }

    /// The current snapshot.
    pub fn status(&self) -> QueueStatus {
        let inner = self.lock();
        let in_flight = inner.in_flight.as_ref();
        QueueStatus {
            waiting: inner.waiting.len(),
            in_flight: in_flight.is_some(),
            taken: inner.taken,
            attempt: in_flight.filter(|in_flight| in_flight.attempting).map(|_| inner.attempts),
        }
    }

    /// Releases the deliveries of the `leaving` partitions: their next owner delivers them. Posts
    /// that wait are removed with their last ticket, and so is the post in flight; while a request
    /// of it is in flight, it is removed only when the attempt ends without an outcome.
    pub fn release(&self, leaving: impl Fn(&Ticket) -> bool) {
        let mut inner = self.lock();
        let Inner { waiting, counts, .. } = &mut *inner;
        waiting.retain_mut(|post| {
            counts.release(&mut post.tickets, &leaving);
            !post.tickets.is_empty()
        });
        if let Some(InFlight { attempting: true, tickets, leaving: noted, .. }) =
            &mut inner.in_flight
        {
            noted.extend(tickets.iter().filter(&leaving));
        } else if inner.release_in_flight(leaving) && inner.in_flight.is_none() {
            self.released.notify_one();
        }
    }

    /// Whether a request for a delivery of a `leaving` partition is in flight.
    pub fn is_attempting(&self, leaving: impl Fn(&Ticket) -> bool) -> bool {
        self.lock().in_flight.as_ref().is_some_and(|in_flight| {
            in_flight.attempting && in_flight.tickets.iter().any(|ticket| leaving(&ticket))
        })
    }

    /// Releases the `leaving` deliveries whose request is still in flight at a drain's deadline. A
    /// late outcome changes nothing here. Returns whether there were any.
    pub fn abandon(&self, leaving: impl Fn(&Ticket) -> bool) -> bool {
        let mut inner = self.lock();
        let abandoned = inner.release_in_flight(leaving);
        inner.abandoned += u64::from(abandoned);
        abandoned
    }

    /// Takes over the webhook's new settings and actions. What waits above a smaller capacity
    /// stays.
    pub fn reconfigure(
        &self,
        capacity: usize,
        when_full: WhenFull,
        actions: impl IntoIterator<Item = ActionIndex>,
    ) {
        let mut inner = self.lock();
        inner.capacity = capacity;
        inner.when_full = when_full;
        inner.counts.add(actions);
    }

    /// Empties the queue of a webhook that was removed from the configuration, and lets its sender
    /// take nothing until [`Queue::reopen`]. Returns the posts to push to another webhook's queue
    /// (those of actions for which `moves` holds, by the first ticket's), and the tickets of the
    /// dropped ones (`unclaimed`).
    pub fn retire(&self, moves: impl Fn(ActionIndex) -> bool) -> (Vec<Post>, Vec<Tickets>) {
        let mut inner = self.lock();
        inner.retired = true;
        let (mut moved, mut dropped) = (Vec::new(), Vec::new());
        for mut post in std::mem::take(&mut inner.waiting) {
            if post.tickets.first().is_some_and(|ticket| moves(ticket.action)) {
                let tickets = post.tickets.clone();
                inner.counts.release(&mut post.tickets, |_| true);
                moved.push(Post { tickets, ..post });
            } else {
                inner.counts.count_outcome(&post.tickets, Outcome::Dropped(Reason::Unclaimed));
                dropped.push(post.tickets);
            }
        }
        (moved, dropped)
    }

    /// Reopens the queue of a webhook that the configuration has again.
    pub fn reopen(&self) {
        self.lock().retired = false;
        self.pushed.notify_one();
    }

    /// Whether the webhook was removed from the configuration: no further attempt is made.
    pub fn is_retired(&self) -> bool {
        self.lock().retired
    }

    /// Returns the post in flight, which has no outcome, to the front of the queue. The sender of a
    /// removed webhook does this; the next [`Queue::retire`] moves or drops the post. One that was
    /// released meanwhile belongs to the next owner and is discarded.
    pub fn give_back(&self, post: Post) {
        let mut inner = self.lock();
        if let Some(InFlight { tickets, .. }) = inner.take_in_flight(&post.tickets) {
            inner.waiting.push_front(Post { tickets, ..post });
        }
    }

    /// Ends the sender when it next requests a post. Waiting posts stay: release them first.
    pub fn close(&self) {
        self.lock().closed = true;
        self.pushed.notify_one();
    }

    /// Takes the next post, which is in flight from then on; `None` once the queue is closed.
    pub async fn next(&self) -> Option<Post> {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.pushed.notified().await;
        }
    }

    /// `None` where there is nothing to take for now; `Some(None)` once the queue is closed.
    fn take(&self) -> Option<Option<Post>> {
        let mut inner = self.lock();
        if inner.closed {
            return Some(None);
        }
        if inner.retired {
            return None;
        }
        let post = inner.waiting.pop_front()?;
        inner.taken += 1;
        inner.in_flight = post.tickets.first().map(|first| InFlight {
            first,
            tickets: post.tickets.clone(),
            attempting: false,
            leaving: Vec::new(),
        });
        Some(Some(post))
    }

    /// Announces an attempt. Returns `false` if the post was released meanwhile: take the next one.
    pub fn start_attempt(&self, tickets: &Tickets) -> bool {
        let mut inner = self.lock();
        let Some(in_flight) = inner.in_flight_of(tickets) else { return false };
        in_flight.attempting = true;
        inner.attempts += 1;
        true
    }

    /// Records that an attempt ended without an outcome. Returns `false` if the post was released
    /// meanwhile: take the next one.
    pub fn end_attempt(&self, tickets: &Tickets) -> bool {
        let mut inner = self.lock();
        let Some(in_flight) = inner.in_flight_of(tickets) else { return false };
        in_flight.attempting = false;
        let leaving = std::mem::take(&mut in_flight.leaving);
        inner.release_in_flight(|ticket| leaving.contains(ticket));
        inner.in_flight.is_some()
    }

    /// Counts the outcome of the post in flight. An abandoned post was counted as released already
    /// and is not counted again.
    pub fn finish(&self, tickets: &Tickets, outcome: Outcome) {
        let mut inner = self.lock();
        if let Some(InFlight { tickets, .. }) = inner.take_in_flight(tickets) {
            inner.counts.count_outcome(&tickets, outcome);
        }
    }

    /// Counts the post in flight as one whose blocks were refused.
    pub fn count_refused_blocks(&self, tickets: &Tickets) {
        let mut inner = self.lock();
        for ticket in tickets.iter() {
            inner.counts.tally(ticket.action).blocks_refused += 1;
        }
    }

    /// Completes when the post in flight may have been released between two attempts;
    /// [`Queue::start_attempt`] then says whether it was.
    pub async fn released(&self) {
        self.released.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

impl Inner {
    /// Grows as a `VecDeque` does by itself, but not past the queue's capacity: of a thousand full
    /// queues of 100 posts, a fifth would be unused memory.
    fn make_room(&mut self) {
        let waiting = self.waiting.len();
        if waiting == self.waiting.capacity() {
            self.waiting.reserve_exact(waiting.max(4).min(self.capacity.saturating_sub(waiting)));
        }
    }

    fn in_flight_of(&mut self, tickets: &Tickets) -> Option<&mut InFlight> {
        self.in_flight.as_mut().filter(|in_flight| tickets.first() == Some(in_flight.first))
    }

    fn take_in_flight(&mut self, tickets: &Tickets) -> Option<InFlight> {
        self.in_flight.take_if(|in_flight| tickets.first() == Some(in_flight.first))
    }

    /// Returns whether anything was released.
    fn release_in_flight(&mut self, leaving: impl Fn(&Ticket) -> bool) -> bool {
        let Some(in_flight) = &mut self.in_flight else { return false };
        let released = self.counts.release(&mut in_flight.tickets, leaving);
        self.in_flight.take_if(|in_flight| in_flight.tickets.is_empty());
        released
    }
}

impl crate::metrics::Tallied for Queue {
    fn tally(&self) -> Tally {
        let inner = self.lock();
        Tally {
            capacity: inner.capacity as u64,
            queued: inner.waiting.iter().map(|post| post.tickets.len() as u64).sum(),
            in_flight: inner.in_flight.as_ref().map_or(0, |it| it.tickets.len() as u64),
            abandoned: inner.abandoned,
            actions: inner.counts.0.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
