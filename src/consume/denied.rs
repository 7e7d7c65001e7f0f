//! [1] What Kafka's ACLs deny a worker that is let in: a topic, or the group. It is said clearly, and waited for like a topic that is not there.
//!
//! Invariant: `/readyz` names what is denied and the ACL that it takes within seconds, and forgets it once Kafka allows it. Of a topic the broker's own description
//! tells, since librdkafka says it once; of the group a look-up or a commit that succeeds.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;

use crate::event::TopicIndex;

use super::PollLoop;

/// How often the topics are asked for while something is denied.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Denied {
    topics: BTreeSet<TopicIndex>,
    group: bool,
}

impl Denied {
    pub(super) fn is_empty(&self) -> bool {
        self.topics.is_empty() && !self.group
    }

    pub(super) fn has(&self, topic: TopicIndex) -> bool {
        self.topics.contains(&topic)
    }
}

impl PollLoop {
    /// Whether an error is a denial; it is told by name then.
    pub(super) fn is_denied(&mut self, code: Option<RDKafkaErrorCode>) -> bool {
        match code {
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => self.deny_group(),
            // It does not say which one.
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
                self.ask_for_topics_at_once(Instant::now())
            }
            _ => return false,
        }
        true
    }

    /// How the last commit ended, if one has since the last call.
    pub(super) fn look_at_commits(&mut self) {
        match self.parts.settlement.committer.take_result() {
            Some(Ok(())) => self.allow_group(),
            Some(Err(code)) => {
                self.is_denied(Some(code));
            }
            None => {}
        }
    }

    pub(super) fn deny_topic(&mut self, topic: TopicIndex) {
        if self.denied.topics.insert(topic) {
            tracing::warn!("{}; trying again until it is allowed", self.of_topic(topic));
            self.report_denied();
        }
    }

    pub(super) fn allow_topic(&mut self, topic: TopicIndex) {
        if self.denied.topics.remove(&topic) {
            tracing::info!(topic = self.topics.name(topic), "Kafka allows the topic now");
            self.report_denied();
        }
    }

    fn deny_group(&mut self) {
        if !std::mem::replace(&mut self.denied.group, true) {
            tracing::warn!("{}; trying again until it is allowed", self.of_group());
            self.report_denied();
        }
    }

    pub(super) fn allow_group(&mut self) {
        if std::mem::take(&mut self.denied.group) {
            tracing::info!(group = self.parts.config.kafka.group_id, "Kafka allows the group now");
            self.report_denied();
        }
    }

    fn report_denied(&self) {
        let topics = self.denied.topics.iter().map(|topic| self.of_topic(*topic));
        self.parts
            .health
            .set_denied(topics.chain(self.denied.group.then(|| self.of_group())).collect());
    }

    fn of_topic(&self, topic: TopicIndex) -> String {
        let name = self.topics.name(topic);
        format!(
            "Kafka denies this worker the topic `{name}`: give its user the ACL `Read` on the topic `{name}`"
        )
    }

    fn of_group(&self) -> String {
        let name = &self.parts.config.kafka.group_id;
        format!(
            "Kafka denies this worker the group `{name}`: give its user the ACL `Read` on the group `{name}`"
        )
    }
}
