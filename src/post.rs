//! What travels from a match to Slack and back: a rendered post with its tickets, and the reports
//! of its sender.

use std::fmt;
use std::time::SystemTime;

use crate::commit_hold::CommitHold;
use crate::config::model::{ActionIndex, WebhookIndex};
use crate::delivery::{Epoch, Outcome, Ticket};
use crate::event::Position;
use crate::event_time::EventTime;

/// One rendered message and the deliveries that it makes: what a queue holds.
pub struct Post {
    /// The deliveries that end with this post.
    pub tickets: Tickets,
    /// The request's body: the JSON object for Slack. Event data: never logged above debug level.
    pub payload: Box<[u8]>,
    /// When the event happened, for the delivery's latency and its `max_age`.
    pub time: EventTime,
    /// The number of parts of a long text that were posted already.
    pub parts_sent: u8,
}

/// The tickets of one post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tickets {
    /// The usual case, without an allocation. The ticket's fields are written out so that the
    /// enum's tag fits beside them: there may be a hundred thousand posts in the queues.
    One {
        /// As in [`Ticket`].
        position: Position,
        /// As in [`Ticket`].
        epoch: Epoch,
        /// As in [`Ticket`].
        action: ActionIndex,
    },
    /// Any number.
    Several(Vec<Ticket>),
}

/// What a sender reports to the poll loop.
#[derive(Debug)]
pub enum Report {
    /// A post has ended.
    Ended {
        /// Its deliveries.
        tickets: Tickets,
        /// How it ended.
        outcome: Outcome,
        /// Keeps the sender from its next post until a commit contains the outcome; `None`: nothing
        /// was attempted.
        hold: Option<CommitHold>,
    },
    /// A part of a post was posted, and others follow.
    Progress {
        /// Its deliveries.
        tickets: Tickets,
        /// The number of parts that were posted.
        parts_sent: u8,
        /// Keeps the sender from the next part until a commit contains the number.
        hold: CommitHold,
    },
    /// Slack throttles the webhook. The next owner of the partitions that feed it must know.
    Throttled {
        /// Which webhook.
        webhook: WebhookIndex,
        /// The end of Slack's `Retry-After`.
        until: SystemTime,
    },
}

impl Tickets {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::One { .. } => 1,
            Self::Several(tickets) => tickets.len(),
        }
    }

    /// Whether every ticket was removed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first ticket, which identifies the post.
    #[must_use]
    pub fn first(&self) -> Option<Ticket> {
        self.iter().next()
    }

    /// Every ticket.
    pub fn iter(&self) -> impl Iterator<Item = Ticket> + '_ {
        let (one, several) = match *self {
            Self::One { position, epoch, action } => {
                (Some(Ticket { position, epoch, action }), [].as_slice())
            }
            Self::Several(ref tickets) => (None, tickets.as_slice()),
        };
        one.into_iter().chain(several.iter().copied())
    }

    /// Removes the tickets for which `keep` returns `false`.
    pub fn retain(&mut self, mut keep: impl FnMut(&Ticket) -> bool) {
        match self {
            Self::Several(tickets) => tickets.retain(keep),
            Self::One { .. } if self.iter().all(|ticket| keep(&ticket)) => {}
            Self::One { .. } => *self = Self::Several(Vec::new()),
        }
    }
}

impl From<Ticket> for Tickets {
    fn from(Ticket { position, epoch, action }: Ticket) -> Self {
        Self::One { position, epoch, action }
    }
}

impl FromIterator<Ticket> for Tickets {
    fn from_iter<I: IntoIterator<Item = Ticket>>(tickets: I) -> Self {
        Self::Several(tickets.into_iter().collect())
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("tickets", &self.tickets)
            .field("bytes", &self.payload.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Offset, Partition, TopicIndex};

    fn ticket(offset: i64) -> Ticket {
        let partition = Partition { topic: TopicIndex(0), number: 0 };
        let position = Position { partition, offset: Offset(offset) };
        Ticket { position, epoch: Epoch(1), action: ActionIndex(0) }
    }

    #[test]
    fn a_post_of_one_ticket_is_64_bytes() {
        assert_eq!(size_of::<Post>(), 64);
    }

    #[test]
    fn one_and_several_tickets_are_listed_and_removed_alike() {
        let one = Tickets::from(ticket(1));
        let several: Tickets = [1, 2, 3].map(ticket).into_iter().collect();
        for (mut tickets, all, odd) in [(one, 1, 1), (several, 3, 2)] {
            assert_eq!((tickets.len(), tickets.first()), (all, Some(ticket(1))));
            tickets.retain(|ticket| ticket.position.offset.0 % 2 == 1);
            assert_eq!(tickets.iter().count(), odd);
            tickets.retain(|_| false);
            assert!(tickets.is_empty() && tickets.first().is_none());
        }
    }
}
