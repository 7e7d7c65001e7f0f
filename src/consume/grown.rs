//! [1] Partitions that were added to a topic and that nobody reads: what a static member can bring about.
//!
//! A member with a `kafka.instance_id` that comes back within its session gets its old assignment without a rebalance. Where a topic grew meanwhile, its first look
//! at the topic shows the new count already, so librdkafka sees no change and never asks for a rebalance; if all members came back so, nobody does.
//! Invariant: a partition that was added is read, whoever came back when.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;

use crate::event::{Partition, TopicIndex};
use crate::kafka::native;

use super::PollLoop;
use super::lookup::LOOKUP_TIMEOUT;

/// How long after an assignment is looked: a member that saw the topic grow has asked for a rebalance by then.
const LOOK_AFTER: Duration = Duration::from_secs(3);

/// What is to be looked at.
#[derive(Debug, Default)]
pub(super) struct Grown {
    again: Option<Instant>,
    /// Topics, with the number of partitions for which this process has joined anew: once is enough.
    joined_for: BTreeSet<(TopicIndex, u32)>,
}

impl PollLoop {
    /// Partitions were assigned: later it is looked whether somebody has the others.
    pub(super) fn note_assignment(&mut self, now: Instant) {
        if self.parts.config.kafka.instance_id.is_some() {
            self.grown.again = Some(now + LOOK_AFTER);
        }
    }

    /// Leaves the group and joins it anew where partitions were added and nobody has begun with them: that is a rebalance, with all that goes with a graceful one.
    pub(super) fn look_for_unread_partitions(&mut self, now: Instant) {
        let Some(_) = self.grown.again.take_if(|again| now >= *again) else { return };
        match self.unread_partitions() {
            Ok(unread) if unread.is_empty() => {}
            Ok(unread) => {
                let names: Vec<&str> =
                    unread.iter().map(|(topic, _)| self.topics.name(*topic)).collect();
                tracing::warn!(
                    topics = ?names,
                    "partitions were added and no member of the group reads them: a static member that comes back keeps its assignment; joining anew"
                );
                self.grown.joined_for.extend(unread);
                self.parts.client.unsubscribe();
                if let Err(error) = self.subscribe() {
                    tracing::error!(%error, "could not subscribe anew");
                    self.grown.again = Some(now + LOOK_AFTER);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "could not look for partitions that nobody reads");
                self.grown.again = Some(now + LOOK_AFTER);
            }
        }
    }

    /// The topics with partitions that were added since the group began with what is owned, are not owned here, and have no committed offset.
    fn unread_partitions(&self) -> Result<Vec<(TopicIndex, u32)>, KafkaError> {
        let owned: BTreeSet<Partition> = self.parts.settlement.ledger.partitions().collect();
        let mut unread = Vec::new();
        for topic in self.topics.indices() {
            let Some(count) = self.topics.partitions(topic) else { continue };
            let Some(before) = self
                .parts
                .settlement
                .ledger
                .initial_partitions(topic)
                .filter(|before| *before < count)
            else {
                continue;
            };
            if self.grown.joined_for.contains(&(topic, count)) {
                continue;
            }
            let numbers =
                i32::try_from(before).unwrap_or(i32::MAX)..i32::try_from(count).unwrap_or(i32::MAX);
            let added: Vec<(String, i32)> = numbers
                .filter(|number| !owned.contains(&Partition { topic, number: *number }))
                .map(|number| (self.topics.name(topic).to_owned(), number))
                .collect();
            let committed = native::committed(&self.parts.client, &added, LOOKUP_TIMEOUT)?;
            if committed.iter().any(|at| at.offset.is_none()) {
                unread.push((topic, count));
            }
        }
        Ok(unread)
    }
}
