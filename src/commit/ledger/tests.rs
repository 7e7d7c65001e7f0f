//! The ledger, the codec and the recovery together, against a naive model of a topic, its owners
//! and what Slack received.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use super::Ledger;
use super::entry::Entry;
use crate::commit_hold::{CommitHold, CommitWindow};
use crate::delivery::{Epoch, Route};
use crate::event::Position;

mod commits;

mod history;

mod parts;

mod senders;

/// A window with more permits than a test takes.
fn window() -> Arc<CommitWindow> {
    Arc::new(CommitWindow::new(10_000.0))
}

fn hold(window: &Arc<CommitWindow>) -> Option<CommitHold> {
    let hold = window.try_acquire();
    assert!(hold.is_some());
    hold
}

/// Records an event of which these deliveries are pending, unless it is known.
fn record(ledger: &mut Ledger, position: Position, pending: Vec<Route>) -> Option<Epoch> {
    match ledger.entry(position) {
        Entry::Known => None,
        Entry::New(new) => Some(new.record(None, pending)),
        Entry::Left(left) => Some(left.claim(None, &pending).0),
        Entry::Done(done) => {
            done.pass();
            ledger.epoch(position.partition)
        }
    }
}
