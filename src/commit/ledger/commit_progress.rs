//! What the broker has acknowledged of one partition, and what it has not. Pure.
//!
//! Invariant: a hold is kept until a commit that contains its outcome is acknowledged, or until
//! the partition is revoked and this is dropped.

use crate::commit_hold::CommitHold;
use crate::event::Offset;

use super::committable::Committable;

/// The commits of one owned partition.
#[derive(Debug, Default)]
pub struct CommitProgress {
    /// The acknowledged committed offset; `None` until there is a commit.
    pub committed: Option<Offset>,
    /// The acknowledged metadata; `None` until a commit of this assignment was acknowledged.
    metadata: Option<String>,
    /// To be committed without delay, whatever was settled.
    pub urgent: bool,
    /// The holds of outcomes that no commit contains yet.
    pub uncommitted: Vec<CommitHold>,
    /// The holds of outcomes that the commit in flight contains.
    in_commit: Vec<CommitHold>,
}

impl CommitProgress {
    /// A new assignment. It is urgent: until its start is committed, the next owner would decide
    /// where to start again, and skip what arrived meanwhile.
    pub fn new(committed: Option<Offset>) -> Self {
        Self { committed, urgent: true, ..Self::default() }
    }

    pub fn is_urgent(&self) -> bool {
        self.urgent || !self.uncommitted.is_empty()
    }

    /// Whether the broker has this state and every outcome. A state that was cut can be the same
    /// text before and after an outcome, so the holds count too.
    pub fn has_acknowledged(&self, state: &Committable) -> bool {
        self.committed == Some(state.offset)
            && self.metadata.as_ref() == Some(&state.metadata)
            && self.uncommitted.is_empty()
            && self.in_commit.is_empty()
    }

    /// A commit was sent, which contains every outcome so far.
    pub fn sent(&mut self) {
        self.in_commit.append(&mut self.uncommitted);
        self.urgent = false;
    }

    /// The broker acknowledged `state`: the holds of its outcomes end.
    pub fn acknowledged(&mut self, state: &Committable) {
        self.committed = Some(state.offset);
        self.metadata = Some(state.metadata.clone());
        self.in_commit.clear();
    }

    /// The commit in flight failed; its outcomes must be included in the next one.
    pub fn failed(&mut self) {
        self.uncommitted.append(&mut self.in_commit);
        self.urgent |= self.metadata.is_none();
    }
}
