//! Turns a lookup's findings into starting offsets, each with the former owner's restart state.
//!
//! Invariant: a restart state counts only where the committed offset belongs to the same log. Of
//! one that was copied from another cluster, only the offset and the `Retry-After`s count.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::commit::name_index::NameIndex;
use crate::commit::restart_state::{RestartState, Throttle, codec};
use crate::config::model;
use crate::event::{LogId, Offset, Origin, Partition, TopicIndex};
use crate::kafka::native::Committed;
use crate::metrics::{Metrics, TopicTally};

use super::broker_lookup::Findings;
use super::sender_controls::SenderControls;
use super::settlement::Settlement;
use super::shared_group::is_foreign;
use super::starting_offset::{self, KnownOffsets, StartingOffset, TopicCommits};
use super::topic_table::TopicTable;

/// Where one partition starts, and with what.
pub struct Start {
    /// Which one.
    pub partition: Partition,
    /// What the broker holds for it.
    pub known: KnownOffsets,
    /// Where it is read from.
    pub starting: StartingOffset,
    /// What counts of the commit's metadata, if slackline wrote it.
    state: Option<RestartState>,
}

/// Where each of these assigned partitions starts.
pub fn starts(
    partitions: &[Partition],
    findings: &Findings,
    topics: &TopicTable,
    start: model::Start,
) -> Vec<Start> {
    let mut others: BTreeMap<TopicIndex, TopicCommits> = BTreeMap::new();
    let mut one = |partition: &Partition| {
        let committed = findings.committed.get(partition)?;
        let state = state(*partition, committed, topics);
        let known = KnownOffsets {
            committed: committed.offset.map(Offset),
            committed_log: state.as_ref().map(|state| state.log).unwrap_or_default(),
            ..known(*partition, findings, topics)?
        };
        let state = match known.origin() {
            Origin::AnotherCluster => state.map(RestartState::without_log),
            Origin::ThisLog | Origin::DeletedTopic => state,
        };
        let of_topic = match known.committed {
            Some(_) => TopicCommits::None,
            None => *others
                .entry(partition.topic)
                .or_insert_with(|| topic_commits(partition.topic, findings, topics)),
        };
        let starting =
            starting_offset::decide(known, of_topic, start).exclude_already_read(state.as_ref());
        Some(Start { partition: *partition, known, starting, state })
    };
    partitions.iter().filter_map(&mut one).collect()
}

/// Where each of these owned partitions, with the offsets to read next, continues: those offsets
/// were out of range.
pub fn continuations(
    partitions: &[(Partition, Offset)],
    findings: &Findings,
    topics: &TopicTable,
    start: model::Start,
) -> Vec<Start> {
    let one = |(partition, next): &(Partition, Offset)| {
        let known = known(*partition, findings, topics)?;
        let known = KnownOffsets { committed: Some(*next), committed_log: known.log, ..known };
        let starting = starting_offset::decide(known, TopicCommits::None, start);
        Some(Start { partition: *partition, known, starting, state: None })
    };
    partitions.iter().filter_map(one).collect()
}

/// What the broker holds for a partition without a commit.
fn known(at: Partition, findings: &Findings, topics: &TopicTable) -> Option<KnownOffsets> {
    let (low, high) = *findings.logs.get(&at)?;
    let (number, log) = (at.number, topics.log(at.topic));
    let (committed, committed_log) = (None, LogId::default());
    Some(KnownOffsets { number, log, committed, committed_log, low, high })
}

/// The state that a commit carries. Without one of slackline's, the committed offset counts alone:
/// everything from there on is pending.
fn state(at: Partition, committed: &Committed, topics: &TopicTable) -> Option<RestartState> {
    let offset = Offset(committed.offset?);
    let state = codec::decode(&committed.metadata, offset);
    if state.is_none() {
        let (topic, partition) = (topics.name(at.topic), at.number);
        if committed.metadata.is_empty() {
            tracing::info!(topic, partition, %offset, "the committed offset was set by another program: delivering everything from there on");
        } else {
            tracing::warn!(topic, partition, %offset, "ignoring the committed offset's metadata, which another program or a later version wrote: delivering everything from the offset on");
        }
    }
    state
}

/// What the group has committed for all of a topic's partitions.
fn topic_commits(topic: TopicIndex, findings: &Findings, topics: &TopicTable) -> TopicCommits {
    let committed = findings.of_topic.get(&topic).map_or(&[][..], |committed| committed);
    let states: Vec<Option<RestartState>> = committed
        .iter()
        .filter_map(|at| Some(codec::decode(&at.metadata, Offset(at.offset?))))
        .collect();
    match TopicCommits::of(states.iter().map(Option::as_ref), topics.log(topic)) {
        // The broker forgets a topic's offsets with the topic.
        TopicCommits::None if topics.is_recreated(topic) => TopicCommits::OfDeletedTopic,
        commits => commits,
    }
}

/// What the partitions of a topic have of offsets that were copied.
#[derive(Default)]
struct CopiedOffsets {
    /// How many of them were copied from another cluster.
    copied: u64,
    /// How many of those are past the end of the log.
    past_end: u64,
    /// How many partitions have none, while others have one.
    missing: u64,
}

/// Logs and counts, by topic, the offsets that were copied from another cluster or set by another
/// program, where what follows is not exact.
pub fn report_copied(starts: &[Start], topics: &TopicTable, metrics: &Metrics) {
    let mut by_topic: BTreeMap<TopicIndex, CopiedOffsets> = BTreeMap::new();
    for Start { partition, known, starting, .. } in starts {
        let counts = by_topic.entry(partition.topic).or_default();
        counts.copied += u64::from(known.origin() == Origin::AnotherCluster);
        counts.past_end += u64::from(matches!(starting, StartingOffset::CopiedPastEnd(_)));
        counts.missing += u64::from(matches!(starting, StartingOffset::NotCopied(_)));
    }
    for (index, CopiedOffsets { copied, past_end, missing }) in by_topic {
        let topic = topics.name(index);
        if copied > 0 {
            let tally = TopicTally { copied_offsets: copied, ..TopicTally::default() };
            metrics.add_events(index, &tally);
            tracing::warn!(
                topic,
                copied,
                past_end,
                missing,
                help = "messages that were posted since that offset are repeated; if the offsets were not translated for this cluster, stop slackline and set them with `kafka-consumer-groups --reset-offsets`",
                "the committed offsets were copied from another cluster: starting there, without the pending deliveries that they list; partitions without one start where `kafka.start` says"
            );
        } else if missing > 0 {
            tracing::warn!(
                topic,
                partitions = missing,
                help = "to read one from elsewhere, stop slackline and set its offset too",
                "partitions without a committed offset, while another program has set those of others: starting where `kafka.start` says"
            );
        }
    }
}

/// The partitions whose last commit is another deployment's.
pub fn foreign(starts: &[Start], topics: &TopicTable, names: &NameIndex) -> Vec<Partition> {
    let is_foreign = |start: &&Start| {
        let state = start.state.as_ref();
        state.is_some_and(|state| is_foreign(state, start.partition.topic, topics, names))
    };
    starts.iter().filter(is_foreign).map(|start| start.partition).collect()
}

impl Start {
    /// Logs why the partition starts where it does, unless at its committed offset, and counts the
    /// events that were lost.
    pub fn report(&self, topics: &TopicTable, metrics: &Metrics) {
        let (topic, partition) = (topics.name(self.partition.topic), self.partition.number);
        let offset = self.starting.offset();
        let committed = self.known.committed.map(|at| at.0);
        match self.starting {
            StartingOffset::Committed(_) | StartingOffset::Copied(_) => {}
            StartingOffset::Configured(_) | StartingOffset::NotCopied(_) => {
                tracing::info!(topic, partition, %offset, "no committed offset; starting where `kafka.start` says");
            }
            StartingOffset::CopiedPastEnd(_) => {
                tracing::info!(topic, partition, committed, %offset, "the offset that was copied from another cluster is past the end of the log; starting from the end");
            }
            StartingOffset::Added(_) => {
                tracing::info!(topic, partition, %offset, "new partition; starting from its earliest offset");
            }
            StartingOffset::OutOfRetention { lost, .. } => {
                tracing::error!(
                    topic,
                    partition,
                    lost,
                    %offset,
                    help = "raise the topic's retention, or find out why slackline did not run",
                    "events were removed by retention before they were read"
                );
                let tally = TopicTally { offsets_lost: lost, ..TopicTally::default() };
                metrics.add_events(self.partition.topic, &tally);
            }
            StartingOffset::Recreated(_) => {
                tracing::warn!(topic, partition, committed, %offset, "the topic was deleted and created again; starting from its earliest offset");
            }
            StartingOffset::Truncated(_) => {
                tracing::warn!(topic, partition, committed, %offset, "the log was truncated below the committed offset (an unclean leader election); starting from its end");
            }
            StartingOffset::PastEnd(_) => {
                tracing::warn!(topic, partition, committed, end = %self.known.high, %offset, "the committed offset is past the end of the log: the topic was recreated or truncated; starting from its earliest offset");
            }
        }
    }

    /// Takes the partition over, with what its former owner has left.
    pub fn take_over(
        self,
        settlement: &mut Settlement,
        controls: &SenderControls,
        topics: &TopicTable,
    ) {
        let Self { partition, known, starting, state } = self;
        let mut state = state.filter(|_| starting.continues()).unwrap_or_default();
        if state.leftover.as_mut().is_some_and(|left| left.truncate(known.high)) {
            let topic = topics.name(partition.topic);
            tracing::warn!(topic, partition = partition.number, end = %known.high, "the log was truncated below what was read of it (an unclean leader election); delivering what comes after its end");
        }
        state.parts.retain(|offset| offset < known.high);
        for Throttle { webhook, until } in std::mem::take(&mut state.throttles) {
            // A `Retry-After` that a former owner received: the webhook's sender waits for it here
            // too.
            let Some(webhook) = settlement.ledger.names().webhook_named(webhook) else { continue };
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(until);
            if time > SystemTime::now() {
                settlement.throttle(webhook, until);
                controls.throttle(webhook, time);
            }
        }
        // The count that the partition started with is kept: the lookups of other members see by
        // it which partitions were added since.
        state.partitions = state.partitions.or(topics.partitions(partition.topic));
        state.log = topics.log(partition.topic);
        let committed = known.committed.filter(|_| starting.continues());
        settlement.ledger.assign(partition, starting.offset(), committed, state);
    }
}
