//! When another deployment's commits were seen in this group, and what follows. Pure: the time is
//! an argument.
//!
//! A partition whose last commit is another deployment's has two causes. After a rollout that
//! renames every action, it is that of an earlier version, whose last commits disappear with its
//! last member. A second deployment with the same `kafka.group_id` goes on committing: a survey of
//! all partitions finds its commits again and again, and a partition that moves to it and back was
//! committed by both in turn.
//!
//! Invariant: each appearance is reported once, however many rebalances it takes. Commits that
//! alternate with this member's are reported each time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::event::Partition;

/// How long a partition's release is remembered: two moves within this time alternate.
const MEMORY: Duration = Duration::from_secs(3_600);

/// The time between two surveys while another deployment is in sight.
const SURVEY_EVERY: Duration = Duration::from_secs(60);

/// What was seen, and when to look again.
#[derive(Debug, Clone, Default)]
pub struct Sightings {
    /// When this member last released a partition, of the last hour.
    released: BTreeMap<Partition, Instant>,
    current: Option<Sighting>,
}

/// Another deployment in sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// The partitions whose last commits are another deployment's, as last counted.
    pub partitions: u64,
    /// When such a commit was last found to alternate with this member's.
    alternated: Option<Instant>,
    survey_at: Instant,
}

/// What a batch of assigned partitions, or a survey, shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Another deployment appears: its commits were the last ones of this many partitions.
    Appeared(u64),
    /// It committed this many partitions after this member had, and they are back.
    Alternates(u64),
    /// Its commits have disappeared.
    Disappeared,
}

impl Sighting {
    /// Whether its commits alternate with this member's.
    #[must_use]
    pub fn alternates(&self) -> bool {
        self.alternated.is_some()
    }
}

impl Sightings {
    /// Takes the assigned partitions whose last commit is another deployment's.
    pub fn assigned(&mut self, foreign: &[Partition], now: Instant) -> Option<News> {
        self.forget(now);
        let count = |partitions: usize| u64::try_from(partitions).unwrap_or(u64::MAX);
        let partitions = count(foreign.len());
        if partitions == 0 {
            return None;
        }
        let is_new = self.current.is_none();
        let new = Sighting { partitions: 0, alternated: None, survey_at: now + SURVEY_EVERY };
        let current = self.current.get_or_insert(new);
        current.partitions = current.partitions.max(partitions);
        let returned = foreign.iter().filter(|at| self.released.contains_key(at)).count();
        if returned > 0 {
            current.alternated = Some(now);
            return Some(News::Alternates(count(returned)));
        }
        is_new.then_some(News::Appeared(partitions))
    }

    /// Takes the partitions that this member releases: it has committed them.
    pub fn released(&mut self, partitions: &[Partition], now: Instant) {
        self.forget(now);
        self.released.extend(partitions.iter().map(|partition| (*partition, now)));
    }

    /// Whether the commits of all partitions are to be looked up. At most once a minute: the call
    /// schedules the next survey.
    pub fn takes_survey(&mut self, now: Instant) -> bool {
        let due = self.current.as_mut().filter(|current| now >= current.survey_at);
        due.map(|current| current.survey_at = now + SURVEY_EVERY).is_some()
    }

    /// Takes the number of partitions whose last commit is another deployment's. Commits that have
    /// alternated keep it in sight for an hour.
    pub fn surveyed(&mut self, partitions: u64, now: Instant) -> Option<News> {
        let current = self.current.as_mut()?;
        current.partitions = partitions;
        current.alternated = current.alternated.filter(|at| is_recent(*at, now));
        if partitions > 0 || current.alternates() {
            return None;
        }
        self.current = None;
        Some(News::Disappeared)
    }

    /// What is in sight; `None`: nothing.
    #[must_use]
    pub fn current(&self) -> Option<Sighting> {
        self.current
    }

    fn forget(&mut self, now: Instant) {
        self.released.retain(|_, at| is_recent(*at, now));
    }
}

fn is_recent(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < MEMORY
}

#[cfg(test)]
mod tests;
