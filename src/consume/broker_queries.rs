//! Requests whose answers are polled, never waited for: log ends and topic descriptions.
//!
//! Nothing is requested while no broker is available: librdkafka would look for one without a
//! pause, which costs half a core.

use std::time::{Duration, Instant};

use crate::kafka::native::{Described, End, Ends, TopicQueue};
use crate::topics::TopicNames;

/// How long an answer may take; it is requested again anyway.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How often the ends of paused partitions are requested: librdkafka learns an end by fetching.
const PAUSED_ENDS: Duration = Duration::from_secs(5);

/// How often the ends of all owned partitions are requested: a fetcher that is stuck does not know
/// that there is anything to fetch.
const ALL_ENDS: Duration = Duration::from_secs(30);

/// How often the topics are requested. The client goes on reading a recreated topic as if it were
/// the deleted one, at the old offset: only the id shows it.
const TOPICS: Duration = Duration::from_secs(10);

/// How often the topics are requested while access to one is denied.
const DENIED_TOPICS: Duration = Duration::from_secs(2);

/// The queues of the answers, and when something was requested last.
pub struct BrokerQueries {
    ends: Ends,
    described: TopicQueue,
    ends_at: Instant,
    all_ends_at: Instant,
    topics_at: Instant,
    /// Whether the descriptions are requested at the next opportunity, whatever the interval.
    topics_wanted: bool,
    /// Whether a request for the descriptions is in flight.
    topics_requested: bool,
}

/// Whose ends are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueEnds {
    /// Those of all owned partitions.
    All,
    /// Those of paused partitions.
    Paused,
}

impl BrokerQueries {
    /// Nothing is requested yet.
    pub fn new(ends: Ends, described: TopicQueue, now: Instant) -> Self {
        Self {
            ends,
            described,
            ends_at: now,
            all_ends_at: now,
            topics_at: now,
            topics_wanted: false,
            topics_requested: false,
        }
    }

    /// Returns the partitions whose ends have to be requested now, and counts them as requested.
    pub fn due_ends(&mut self, now: Instant) -> Option<DueEnds> {
        if now < self.ends_at + PAUSED_ENDS {
            return None;
        }
        self.ends_at = now;
        if now < self.all_ends_at + ALL_ENDS {
            return Some(DueEnds::Paused);
        }
        self.all_ends_at = now;
        Some(DueEnds::All)
    }

    /// Requests the ends of partitions.
    pub fn request_ends(&self, partitions: &[(&str, i32)]) {
        if !partitions.is_empty()
            && let Err(error) = self.ends.request(partitions, TIMEOUT)
        {
            tracing::debug!(%error, "could not request the ends of partitions");
        }
    }

    /// Takes the ends that have arrived.
    pub fn take_ends(&self) -> Vec<End> {
        std::iter::from_fn(|| self.ends.answer()).flatten().collect()
    }

    /// Requests the topics' descriptions at the next opportunity.
    pub fn want_topics(&mut self) {
        self.topics_wanted = true;
    }

    /// Requests the topics' descriptions from `broker` when they are due; `denied`: access to a
    /// topic is denied.
    pub fn request_topics(
        &mut self,
        broker: Option<i32>,
        names: &TopicNames,
        denied: bool,
        now: Instant,
    ) {
        let interval = if denied { DENIED_TOPICS } else { TOPICS };
        let is_due = self.topics_wanted || now >= self.topics_at + interval;
        if broker.is_none() || self.topics_requested || !is_due {
            return;
        }
        self.topics_at = now;
        self.topics_wanted = false;
        match self.described.request(broker, &names.all(), TIMEOUT) {
            Ok(()) => self.topics_requested = true,
            Err(error) => tracing::debug!(%error, "could not request the topics"),
        }
    }

    /// Takes the topics' descriptions, if they have arrived.
    pub fn take_topics(&mut self, names: &TopicNames) -> Option<Vec<Described>> {
        if !self.topics_requested {
            return None;
        }
        let answer = self.described.answer(&names.all())?;
        self.topics_requested = false;
        answer.inspect_err(|error| tracing::debug!(%error, "no answer about the topics")).ok()
    }
}
