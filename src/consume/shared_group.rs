//! Reports another deployment in this one's consumer group.
//!
//! Of two deployments in one group, each gets some of the partitions and never reads the others:
//! neither drops anything, and each posts only a part. Commits show it: each has a sketch of the
//! actions of the deployment that made it.

use std::sync::Arc;
use std::time::Instant;

use crate::commit::name_index::NameIndex;
use crate::commit::restart_state::{RestartState, codec};
use crate::event::{Offset, Origin, Partition, TopicIndex};
use crate::kafka::native::Committed;
use crate::metrics::{ForeignCommit, Metrics};

use self::sightings::{News, Sightings};
use super::broker_lookup::Findings;
use super::topic_table::TopicTable;

mod sightings;

/// What to do about it.
const HELP: &str = "give each deployment its own `kafka.group_id`";

/// What is known of the other deployment.
pub struct SharedGroup {
    sightings: Sightings,
    group: String,
    metrics: Arc<Metrics>,
}

impl SharedGroup {
    /// Nothing is in sight in `group`.
    #[must_use]
    pub fn new(group: String, metrics: Arc<Metrics>) -> Self {
        Self { sightings: Sightings::default(), group, metrics }
    }

    /// Takes the assigned partitions whose last commit is another deployment's.
    pub fn assigned(&mut self, foreign: &[Partition], now: Instant) {
        let news = self.sightings.assigned(foreign, now);
        let count = u64::try_from(foreign.len()).unwrap_or(u64::MAX);
        let alternating = if let Some(News::Alternates(count)) = news { count } else { 0 };
        self.metrics.foreign_commits(ForeignCommit::Alternating, alternating);
        self.metrics.foreign_commits(ForeignCommit::Found, count - alternating);
        self.report(news);
    }

    /// Takes the partitions that this member releases: it has committed them.
    pub fn released(&mut self, partitions: &[Partition], now: Instant) {
        self.sightings.released(partitions, now);
    }

    /// Whether the next lookup takes a survey: of the commits of all partitions.
    pub fn takes_survey(&mut self, now: Instant) -> bool {
        self.sightings.takes_survey(now)
    }

    /// Takes a lookup's survey, if it has one.
    pub fn surveyed(
        &mut self,
        findings: &Findings,
        topics: &TopicTable,
        names: &NameIndex,
        now: Instant,
    ) {
        if !findings.is_survey {
            return;
        }
        let is_foreign = |topic: TopicIndex, committed: &Committed| {
            let offset = committed.offset.map(Offset);
            let state = offset.and_then(|offset| codec::decode(&committed.metadata, offset));
            state.is_some_and(|state| is_foreign(&state, topic, topics, names))
        };
        let all = findings.of_topic.iter();
        let all = all.flat_map(|(topic, all)| all.iter().map(move |committed| (*topic, committed)));
        let foreign = all.filter(|(topic, committed)| is_foreign(*topic, committed)).count();
        let foreign = u64::try_from(foreign).unwrap_or(u64::MAX);
        let news = self.sightings.surveyed(foreign, now);
        self.report(news);
    }

    /// What `/readyz` shows about it; the worker is ready nevertheless.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let current = self.sightings.current()?;
        let (group, partitions) = (&self.group, current.partitions);
        let how = if current.alternates() {
            "its commits alternate with those of this one".to_owned()
        } else {
            format!("partitions with its commits: {partitions}")
        };
        Some(format!("another deployment uses the consumer group `{group}` ({how}): {HELP}"))
    }

    fn report(&self, news: Option<News>) {
        let current = self.sightings.current();
        self.metrics.set_foreign_partitions(current.map_or(0, |current| current.partitions));
        let group = self.group.as_str();
        match news {
            None => {}
            Some(News::Appeared(partitions)) => tracing::warn!(
                group,
                partitions,
                help = "give each deployment its own `kafka.group_id`; if an update has renamed every action, nothing is to be done",
                "partitions were last committed by a deployment that has none of these actions: if it still runs in this consumer group, each of the two reads only a part of the events"
            ),
            Some(News::Alternates(partitions)) => tracing::error!(
                group,
                partitions,
                help = HELP,
                "another deployment uses the same consumer group: its commits alternate with those of this one, and each of the two reads only a part of the events"
            ),
            Some(News::Disappeared) => {
                tracing::info!(group, "no partition is committed by another deployment any more")
            }
        }
    }
}

/// Whether a commit of a topic's partition is another deployment's. One that was copied from
/// another cluster says nothing about this group.
#[must_use]
pub fn is_foreign(
    state: &RestartState,
    topic: TopicIndex,
    topics: &TopicTable,
    names: &NameIndex,
) -> bool {
    state.log.seen_from(topics.log(topic)) == Origin::ThisLog && names.is_foreign(&state.actions)
}
