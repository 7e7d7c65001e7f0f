//! [1] Assign and revoke: where a partition begins, and how one is left.
//!
//! Invariant: a partition is read only once its start is decided from what the broker holds, and it is given up only after what is in flight of it has ended, or
//! its drain's deadline has passed, and the result of its last commit is known.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

use rdkafka::consumer::{Consumer, RebalanceProtocol};
use rdkafka::error::KafkaError;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use crate::commit::ledger::Takeover;
use crate::commit::name_index::NameHash;
use crate::commit::restart_state::Throttle;
use crate::delivery::Ticket;
use crate::event::Partition;
use crate::kafka;
use crate::metrics::RebalanceKind;

use super::lookup::{Beginning, LOOKUP_RETRY};
use super::{Parts, PollLoop, share};

/// How often a drain looks at what came.
const LOOK_AROUND: Duration = Duration::from_millis(20);

/// An assignment that the client has not been told to begin with, since where to begin is not known.
#[derive(Debug)]
pub(super) struct Undecided {
    partitions: Vec<Partition>,
    again: Instant,
}

impl PollLoop {
    /// The group gave partitions to this member: decide where each begins, then read.
    pub(super) fn assigned(&mut self, partitions: &[(String, i32)]) {
        self.parts.metrics.rebalance(RebalanceKind::Assign);
        let partitions = self.known_partitions(partitions);
        let now = Instant::now();
        self.undecide(partitions, now);
        self.decide_the_undecided(now);
    }

    /// Where these begin is to be decided, with what waits for that already.
    fn undecide(&mut self, mut partitions: Vec<Partition>, again: Instant) {
        if let Some(earlier) = self.undecided.take() {
            partitions.extend(earlier.partitions);
            partitions.sort_unstable();
            partitions.dedup();
        }
        self.undecided = Some(Undecided { partitions, again });
    }

    /// Owned partitions whose logs are no longer what was read: they are given up as at a revoke, and begin as if they had just been assigned. The client goes
    /// on holding them meanwhile: a revoke finds everything as it always does.
    pub(super) fn begin_again(&mut self, partitions: Vec<Partition>) {
        let topics: BTreeSet<&str> =
            partitions.iter().map(|at| self.topics.name(at.topic)).collect();
        tracing::warn!(
            ?topics,
            partitions = partitions.len(),
            "partitions are not what was read of them any more: deciding anew where to begin"
        );
        self.give_up(&partitions, false);
        self.undecide(partitions, Instant::now());
    }

    /// Tries to decide where an assignment begins. What fails is tried again: never guessed.
    pub(super) fn decide_the_undecided(&mut self, now: Instant) {
        let Some(undecided) = self.undecided.take_if(|undecided| now >= undecided.again) else {
            return;
        };
        match self.begin(&undecided.partitions) {
            Ok(()) => {
                self.parts.health.set_joined(true);
                self.allow_group();
                if let Some(recovered) = self.lookups.recover(self.began.elapsed()) {
                    tracing::info!(failed = recovered.total, "where to begin is known now");
                }
            }
            Err(error) => {
                self.is_denied(error.rdkafka_error_code());
                if let Some(times) = self.lookups.record(self.began.elapsed()).times() {
                    tracing::warn!(%error, times, "could not look up where to begin; nothing is read until it is known");
                }
                self.undecide(undecided.partitions, now + LOOKUP_RETRY);
            }
        }
    }

    fn begin(&mut self, partitions: &[Partition]) -> Result<(), KafkaError> {
        self.describe_topics()?;
        self.leave_remade();
        let begins = self.look_up(partitions)?;
        let mut list = TopicPartitionList::with_capacity(begins.len());
        for Beginning { partition, known, begin, .. } in &begins {
            list.add_partition_offset(
                self.topics.name(partition.topic),
                partition.number,
                KafkaOffset::Offset(begin.offset().0),
            )?;
            self.log_begin(*partition, *begin, known);
        }
        let cooperative =
            matches!(self.parts.client.rebalance_protocol(), RebalanceProtocol::Cooperative);
        if cooperative {
            // Those that begin again: a second assignment of one would be refused.
            let held = kafka::held(&self.parts.client, &list)?;
            if held.count() > 0 {
                kafka::give_up(&self.parts.client, &held)?;
            }
        } else {
            // An eager assignment replaces the one before: it names everything.
            for standing in self.parts.settlement.ledger.progress() {
                let Partition { topic, number } = standing.partition;
                list.add_partition_offset(
                    self.topics.name(topic),
                    number,
                    KafkaOffset::Offset(standing.next.0),
                )?;
            }
        }
        self.take_over(&list)?;
        let begun = begins.len();
        for beginning in begins {
            let partition = beginning.partition;
            self.ends.insert(partition, beginning.known.high);
            self.inherit(beginning);
        }
        // A start that is not committed would be decided anew by the next owner, over what came meanwhile.
        self.parts.settlement.committer.request();
        self.note_assignment(Instant::now());
        self.ownership_changed();
        tracing::info!(
            partitions = begun,
            owned = self.parts.settlement.ledger.partitions().count(),
            "partitions assigned"
        );
        Ok(())
    }

    /// Makes the client read the partitions of `list`, each from its offset, and their records come to their topics' queues.
    pub(super) fn take_over(&self, list: &TopicPartitionList) -> Result<(), KafkaError> {
        // Before: from here on librdkafka sends none of their records to its own queue, whatever becomes of the forwarding.
        self.forward(list)?;
        kafka::take_over(&self.parts.client, list)?;
        // And after: what is assigned anew is stopped first, and a stop ends the forwarding. Such stops are over when the client answers this. What was fetched
        // between has waited in the partition's queue.
        self.parts.client.assignment()?;
        self.forward(list)
    }

    fn forward(&self, list: &TopicPartitionList) -> Result<(), KafkaError> {
        for at in list.elements() {
            let topic = self.topics.index(at.topic());
            if let Some(records) = topic.and_then(|topic| self.parts.records.get(topic.0 as usize))
            {
                records.forward(at.partition())?;
            }
        }
        Ok(())
    }

    /// Takes a partition over with what its former owner left.
    fn inherit(&mut self, Beginning { partition, known, begin, state }: Beginning) {
        let mut state = state.filter(|_| begin.goes_on()).unwrap_or_default();
        if state.leftover.as_mut().is_some_and(|left| left.truncate(known.high)) {
            let topic = self.topics.name(partition.topic);
            tracing::warn!(topic, partition = partition.number, end = %known.high, "the partition's log was cut below what was read of it (an unclean leader election): what comes there now is delivered");
        }
        for Throttle { webhook, until } in state.throttles {
            self.keep_throttle(webhook, until);
        }
        let taken = Takeover {
            committed: known.committed.filter(|_| begin.goes_on()),
            leftover: state.leftover,
            // It goes on with the count that it began with: the others' look-ups tell by it which partitions were added since.
            partitions: state.partitions.or(self.topics.partitions(partition.topic)),
            topic: self.topics.id(partition.topic),
        };
        self.parts.settlement.assign(partition, begin.offset(), taken);
    }

    /// A `Retry-After` that a former owner was told: its webhook's sender waits for it here too.
    fn keep_throttle(&mut self, webhook: NameHash, until: u64) {
        let Some(webhook) = self.parts.settlement.ledger.names().webhook_named(webhook) else {
            return;
        };
        let until = SystemTime::UNIX_EPOCH + Duration::from_secs(until);
        if until <= SystemTime::now() {
            return;
        }
        let seconds = until.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        self.parts.settlement.throttle(webhook, seconds);
        if let Some(orders) = self.parts.orders.get(webhook.0 as usize) {
            orders.send_if_modified(|orders| {
                let later = orders.throttled_until.is_none_or(|before| before < until);
                if later {
                    orders.throttled_until = Some(until);
                }
                later
            });
        }
    }

    /// The group takes partitions away: stop, let what is in flight end, commit, forget.
    pub(super) fn revoked(&mut self, partitions: &[(String, i32)], lost: bool) {
        let partitions = self.known_partitions(partitions);
        self.parts.metrics.rebalance(if lost {
            RebalanceKind::Lost
        } else {
            RebalanceKind::Revoke
        });
        if let Some(undecided) = &mut self.undecided {
            undecided.partitions.retain(|partition| !partitions.contains(partition));
        }
        self.give_up(&partitions, lost);
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in &partitions {
            list.add_partition(self.topics.name(partition.topic), partition.number);
        }
        // Also where some were never taken over: the client refuses to give up what it does not hold.
        let held = kafka::held(&self.parts.client, &list);
        if let Err(error) = held.and_then(|held| kafka::give_up(&self.parts.client, &held)) {
            tracing::warn!(%error, "the client could not give partitions up");
        }
        if lost {
            self.parts.health.set_joined(false);
            tracing::warn!(
                partitions = partitions.len(),
                "partitions lost: this member was out of the group for longer than its session"
            );
        } else {
            tracing::info!(
                partitions = partitions.len(),
                owned = self.parts.settlement.ledger.partitions().count(),
                "partitions revoked"
            );
        }
    }

    /// Stops: everything is given up, then the group is left.
    pub(super) fn leave(&mut self) {
        self.parts.health.stopping();
        let owned: Vec<Partition> = self.parts.settlement.ledger.partitions().collect();
        tracing::info!(
            owned = owned.len(),
            "stopping: attempts in flight may end, what is queued is left to the next owner"
        );
        self.give_up(&owned, self.fatal.is_some());
        self.decline_the_undecided();
        self.parts.client.context().close();
        self.parts.client.unsubscribe();
    }

    /// Drains and commits `partitions`, then forgets them. Of lost ones nothing can be committed: they are only let go.
    pub(super) fn give_up(&mut self, partitions: &[Partition], lost: bool) {
        let deadline = Instant::now() + self.parts.config.kafka.drain_timeout;
        let leaving = |ticket: &Ticket| partitions.contains(&ticket.position.partition);
        for queue in &self.parts.queues {
            queue.release(leaving);
        }
        if !lost {
            self.drain(leaving, deadline);
        }
        let mut abandoned = 0_u32;
        for queue in &self.parts.queues {
            abandoned += u32::from(queue.abandon(leaving));
        }
        if abandoned > 0 {
            tracing::warn!(
                abandoned,
                "attempts were still out at the drain's deadline: their messages may come twice"
            );
        }
        self.parts.settlement.take_reports();
        if !lost {
            self.commit_finally(partitions, deadline);
        }
        // What is read on must not begin with what was read before: should a partition come back, it begins where its start is decided.
        for records in &mut self.parts.records {
            records.forget(|partition| partitions.contains(&partition));
        }
        self.stuck.retain(|partition| !partitions.contains(partition));
        for partition in partitions {
            self.parts.settlement.revoke(*partition);
            self.ends.remove(partition);
            self.asked_ends.remove(partition);
        }
        self.ownership_changed();
    }

    /// Waits until no attempt of the leaving partitions is under way. Outcomes go on being taken; a drain counts as turning.
    fn drain(&mut self, leaving: impl Fn(&Ticket) -> bool, deadline: Instant) {
        loop {
            // Asked before the outcomes are taken: an attempt that is over has put its outcome on the channel or is about to (see `Queue::finish`).
            let attempting = self.parts.queues.iter().any(|queue| queue.is_attempting(&leaving));
            self.parts.settlement.take_reports();
            let now = Instant::now();
            self.parts.health.turned(now);
            // What stays goes on meanwhile: its senders wait for commits.
            self.parts.settlement.commit(now);
            self.observe_holds(now);
            if !attempting || now >= deadline {
                return;
            }
            self.parts.wakes.wait(LOOK_AROUND.min(deadline - now));
        }
    }

    fn commit_finally(&mut self, partitions: &[Partition], deadline: Instant) {
        // The drain may have used its time up: a commit takes milliseconds and gets them.
        let deadline = deadline.max(Instant::now() + Duration::from_secs(1));
        let Parts { settlement, health, .. } = &mut self.parts;
        let done =
            settlement.commit_finally(partitions, deadline, || health.turned(Instant::now()));
        if !done {
            tracing::warn!(
                "the last commit was not acknowledged in time: the next owner may repeat deliveries"
            );
        }
    }

    /// Tells senders and metrics what this replica owns now.
    pub(super) fn ownership_changed(&mut self) {
        let owned = share::owned(self.parts.settlement.ledger.partitions());
        for (feed, sender) in self.feeds.iter().zip(&self.parts.orders) {
            let share = share::share(feed, &owned, &self.topics);
            sender.send_if_modified(|orders| {
                let changed = orders.rate_share != share;
                orders.rate_share = share;
                changed
            });
        }
        self.report_partitions();
    }

    fn known_partitions(&self, partitions: &[(String, i32)]) -> Vec<Partition> {
        partitions
            .iter()
            .filter_map(|(topic, number)| {
                Some(Partition { topic: self.topics.index(topic)?, number: *number })
            })
            .collect()
    }
}
