//! Takes a snapshot of the poll loop's components.

use std::sync::Arc;
use std::time::Instant;

use crate::commit::ledger::PartitionProgress;
use crate::config::model::WebhookIndex;
use crate::health::{PartitionSnapshot, Problems, Snapshot, WebhookSnapshot};
use crate::queue::{Queue, QueueStatus};

use super::intake::Intake;
use super::membership::Membership;
use super::sender_controls::SenderControls;
use super::settlement::Settlement;

/// The state of the worker at `now`.
pub fn snapshot(
    membership: &Membership,
    settlement: &Settlement,
    intake: &Intake,
    controls: &SenderControls,
    now: Instant,
) -> Snapshot {
    let Membership { session, assignment, refusals, .. } = membership;
    let partition = |at: PartitionProgress| PartitionSnapshot {
        partition: at.partition,
        next: at.next,
        committed: at.committed,
        end: assignment.end(at.partition, at.next),
        unsettled: at.unsettled,
        oldest: at.oldest,
        paused: intake.backpressure.is_paused(at.partition.topic),
        unavailable: assignment.is_leaderless(at.partition)
            || refusals.access.is_denied(at.partition.topic),
    };
    Snapshot {
        at: now,
        config: Arc::clone(&intake.config),
        joined: assignment.is_joined(),
        offsets_committed: are_offsets_committed(membership, settlement),
        resolving: assignment.needs_lookup(),
        stopping: false,
        unreachable_since: session.unreachable_since,
        commit_in_flight_since: settlement.committer.schedule.in_flight,
        problems: problems(membership),
        partitions: settlement.ledger.progress().map(partition).collect(),
        webhooks: webhooks(&intake.queues, controls, now),
    }
}

/// Returns whether readiness differs from what `last` shows.
pub fn is_outdated(last: &Snapshot, membership: &Membership, settlement: &Settlement) -> bool {
    last.joined != membership.assignment.is_joined()
        || last.offsets_committed != are_offsets_committed(membership, settlement)
        || !last.problems.differ_in_stalls_only(&problems(membership))
}

/// Returns whether a restart now would skip nothing that is produced from now on.
fn are_offsets_committed(membership: &Membership, settlement: &Settlement) -> bool {
    !membership.assignment.is_resolving() && settlement.ledger.all_committed()
}

/// What an operator has to act on, stalls aside.
fn problems(membership: &Membership) -> Problems {
    let Membership { topics, refusals, shared_group, .. } = membership;
    let missing = topics.missing().into_iter().map(|topic| topics.name(topic).to_owned());
    Problems {
        refused: refusals.lines(),
        denied: refusals.access.denials(),
        missing_topics: missing.collect(),
        stalls: Vec::new(),
        shared_group: shared_group.problem(),
    }
}

/// The webhooks at `now`.
pub fn webhooks(
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
