//! The counts of one queue, by action. Pure.
//!
//! Each method is one change of a delivery's state. Only what waits and what is in flight is not
//! counted here: the queue holds it.

use crate::config::model::ActionIndex;
use crate::delivery::{Origin, Outcome, Ticket};
use crate::metrics::ActionTally;
use crate::post::Tickets;

/// The tallies, sorted by action.
#[derive(Default)]
pub struct DeliveryCounts(pub Vec<(ActionIndex, ActionTally)>);

impl DeliveryCounts {
    /// Adds actions, which are exported as 0 until something is counted.
    pub fn add(&mut self, actions: impl IntoIterator<Item = ActionIndex>) {
        for action in actions {
            self.tally(action);
        }
    }

    pub fn count_match(&mut self, action: ActionIndex, origin: Origin) {
        let tally = self.tally(action);
        tally.matched += 1;
        tally.restored += u64::from(origin != Origin::Read);
    }

    pub fn count_outcome(&mut self, tickets: &Tickets, outcome: Outcome) {
        for Ticket { action, .. } in tickets.iter() {
            let tally = self.tally(action);
            match outcome {
                Outcome::Delivered => tally.delivered += 1,
                Outcome::Dropped(reason) => tally.drop(reason),
            }
        }
    }

    /// Removes and counts the tickets for which `leaving` holds. Returns whether there was one.
    pub fn release(&mut self, tickets: &mut Tickets, leaving: impl Fn(&Ticket) -> bool) -> bool {
        let before = tickets.len();
        tickets.retain(|ticket| {
            let leaves = leaving(ticket);
            if leaves {
                self.tally(ticket.action).released += 1;
            }
            !leaves
        });
        tickets.len() < before
    }

    /// An action that the queue was not made for gets its own tally rather than be lost.
    pub fn tally(&mut self, action: ActionIndex) -> &mut ActionTally {
        let at = self.0.binary_search_by_key(&action, |(of, _)| *of).unwrap_or_else(|at| {
            // Most queues have one action: ten thousand of them need no room for four.
            self.0.reserve_exact(1);
            self.0.insert(at, (action, ActionTally::default()));
            at
        });
        &mut self.0[at].1
    }
}
