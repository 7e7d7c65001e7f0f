//! The counts of one queue, by action. Pure.
//!
//! Each method is one change of a delivery's state. Only what waits and what is in flight is not
//! counted here: the queue holds it.

use crate::config::model::ActionIndex;
use crate::delivery::{Origin, Outcome, Reason, Ticket};
use crate::metrics::ActionTally;
use crate::post::Tickets;

/// The tallies, sorted by action.
pub(super) struct Books(Vec<(ActionIndex, ActionTally)>);

impl Books {
    pub(super) fn new(actions: impl IntoIterator<Item = ActionIndex>) -> Self {
        let mut books = Self(Vec::new());
        books.add(actions);
        books
    }

    /// Adds actions, which are exported as 0 until something is counted.
    pub(super) fn add(&mut self, actions: impl IntoIterator<Item = ActionIndex>) {
        self.0.extend(actions.into_iter().map(|action| (action, ActionTally::default())));
        // Stable: the counts of an action that was there already come first and stay.
        self.0.sort_by_key(|(action, _)| *action);
        self.0.dedup_by_key(|(action, _)| *action);
    }

    pub(super) fn count_match(&mut self, action: ActionIndex, origin: Origin) {
        let tally = self.tally(action);
        tally.matched += 1;
        tally.restored += u64::from(origin != Origin::Read);
    }

    pub(super) fn count_drop(&mut self, action: ActionIndex, reason: Reason) {
        self.tally(action).drop(reason);
    }

    pub(super) fn count_outcome(&mut self, tickets: &Tickets, outcome: Outcome) {
        for Ticket { action, .. } in tickets.iter() {
            match outcome {
                Outcome::Delivered => self.tally(action).delivered += 1,
                Outcome::Dropped(reason) => self.count_drop(action, reason),
            }
        }
    }

    /// Removes and counts the tickets for which `leaving` holds. Returns whether there was one.
    pub(super) fn release(
        &mut self,
        tickets: &mut Tickets,
        leaving: impl Fn(&Ticket) -> bool,
    ) -> bool {
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

    /// A copy for the metrics.
    pub(super) fn tallies(&self) -> Vec<(ActionIndex, ActionTally)> {
        self.0.clone()
    }

    /// An action that the queue was not made for gets a tally of its own rather than be lost.
    fn tally(&mut self, action: ActionIndex) -> &mut ActionTally {
        let at = match self.0.binary_search_by_key(&action, |(of, _)| *of) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (action, ActionTally::default()));
                at
            }
        };
        &mut self.0[at].1
    }
}
