//! Takes a snapshot of the poll loop's components.

use std::sync::Arc;
use std::time::Instant;

use crate::commit::ledger;
use crate::config::model::WebhookIndex;
use crate::health::{PartitionSnapshot, Problems, Snapshot, WebhookSnapshot};
use crate::queue::{Queue, QueueStatus};

use super::access::Access;
use super::intake::Intake;
use super::membership::Membership;
use super::sender_controls::SenderControls;
use super::settlement::Settlement;

/// The components that a snapshot shows.
pub(crate) struct Observed<'a> {
    /// The member of the group.
    pub(crate) membership: &'a Membership,
    /// How deliveries end.
    pub(crate) settlement: &'a Settlement,
    /// What is read.
    pub(crate) intake: &'a Intake,
    /// What the senders are set to.
    pub(crate) controls: &'a SenderControls,
    /// Refused connections and denied topics or groups, with their remedies.
    pub(crate) access: &'a Access,
}

impl Observed<'_> {
    /// Returns whether this process is a member of its group.
    pub(crate) fn is_joined(&self) -> bool {
        self.membership.assignment.is_joined()
    }

    /// Returns whether a restart now would skip nothing that is produced from now on.
    pub(crate) fn are_offsets_committed(&self) -> bool {
        !self.membership.assignment.is_resolving() && self.settlement.ledger.all_committed()
    }

    /// The state of the worker at `now`.
    pub(crate) fn snapshot(&self, now: Instant) -> Snapshot {
        let Membership { session, assignment, .. } = self.membership;
        Snapshot {
            at: now,
            config: Arc::clone(self.intake.config()),
            joined: self.is_joined(),
            offsets_committed: self.are_offsets_committed(),
            resolving: assignment.is_unsettled(),
            stopping: false,
            unreachable_since: session.unreachable_since(),
            commit_in_flight_since: self.settlement.committer.in_flight_since(),
            problems: self.problems(),
            partitions: self.settlement.ledger.progress().map(|at| self.partition(at)).collect(),
            webhooks: webhooks(self.intake.queues(), self.controls, now),
        }
    }

    /// What an operator has to act on, stalls aside.
    pub(crate) fn problems(&self) -> Problems {
        let topics = &self.membership.topics;
        let missing = topics.missing().into_iter().map(|topic| topics.name(topic).to_owned());
        Problems {
            refused: self.access.refusal(),
            denied: self.access.denials(),
            missing_topics: missing.collect(),
            stalls: Vec::new(),
        }
    }

    fn partition(&self, at: ledger::PartitionProgress) -> PartitionSnapshot {
        let (assignment, topic) = (&self.membership.assignment, at.partition.topic);
        PartitionSnapshot {
            partition: at.partition,
            next: at.next,
            committed: at.committed,
            end: assignment.end(at.partition, at.next),
            unsettled: at.unsettled,
            oldest: at.oldest,
            paused: self.intake.backpressure().is_paused(topic),
            unavailable: assignment.is_leaderless(at.partition) || self.access.is_denied(topic),
        }
    }
}

/// The webhooks at `now`.
pub(crate) fn webhooks(
    queues: &[Arc<Queue>],
    controls: &SenderControls,
    now: Instant,
) -> Vec<WebhookSnapshot> {
    let one = |(webhook, queue): (WebhookIndex, &Arc<Queue>)| {
        let QueueStatus { waiting, in_flight, taken, attempt } = queue.status();
        WebhookSnapshot {
            webhook,
            waiting,
            in_flight,
            taken,
            attempt,
            rate_share: controls.rate_share(webhook),
            held: controls.held_for(webhook, now),
        }
    };
    (0..).map(WebhookIndex).zip(queues).map(one).collect()
}
