//! The post that the sender has taken. Pure.

use crate::delivery::Ticket;
use crate::post::Tickets;

/// A post in flight.
pub(super) struct InFlight {
    /// Identifies the post.
    first: Ticket,
    /// Its deliveries, except those that were released since it was taken.
    pub(super) tickets: Tickets,
    /// An HTTP request of it is out.
    pub(super) attempting: bool,
    /// Tickets whose partition is being revoked: released when the attempt ends without an outcome.
    pub(super) leaving: Vec<Ticket>,
}

impl InFlight {
    /// The post with these tickets; `None` without any.
    pub(super) fn new(tickets: Tickets) -> Option<Self> {
        let first = tickets.first()?;
        Some(Self { first, tickets, attempting: false, leaving: Vec::new() })
    }

    /// Whether this is the post that was taken with these tickets.
    pub(super) fn is(&self, tickets: &Tickets) -> bool {
        tickets.first() == Some(self.first)
    }
}
