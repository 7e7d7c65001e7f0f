//! Why Kafka does not let this worker join its group, although it accepts the connection. Pure: the
//! time is an argument.
//!
//! Invariant: a refusal is over only when the group is joined: reachable brokers do not end it.

use std::time::Instant;

use rdkafka::error::RDKafkaErrorCode;

use crate::log_throttle::LogThrottle;

/// The last refusal.
pub struct JoinRefusal {
    group: String,
    refusal: Option<(String, &'static str)>,
    lines: LogThrottle,
}

/// The requests that join a group, as librdkafka's texts name them.
const REQUESTS: [&str; 4] = ["JoinGroup", "SyncGroup", "ConsumerGroupHeartbeat", "FindCoordinator"];

impl JoinRefusal {
    /// Nothing is refused.
    #[must_use]
    pub fn new(group: &str) -> Self {
        Self { group: group.to_owned(), refusal: None, lines: LogThrottle::default() }
    }

    /// Records an error of the client, `reason` being librdkafka's own words. Returns `false` if it
    /// is not about joining the group, or about a missing ACL ([`super::access`]).
    pub fn record(&mut self, code: Option<RDKafkaErrorCode>, reason: &str, now: Instant) -> bool {
        let is_denial = matches!(
            code,
            Some(
                RDKafkaErrorCode::GroupAuthorizationFailed
                    | RDKafkaErrorCode::TopicAuthorizationFailed
            )
        );
        if is_denial || !REQUESTS.iter().any(|request| reason.starts_with(request)) {
            return false;
        }
        let (said, help) = match code.and_then(known) {
            Some((said, help)) => (said.replace("GROUP", &format!("`{}`", self.group)), help),
            None => (
                format!("Kafka does not let this worker join the group `{}`: {reason}", self.group),
                "the broker's log may say more",
            ),
        };
        if let Some(times) = self.lines.record(now) {
            let group = &self.group;
            tracing::warn!(group, error = said, reason, help, times, "group not joined, retrying");
        }
        self.refusal = Some((said, help));
        true
    }

    /// The group is joined.
    pub fn clear(&mut self, now: Instant) {
        self.refusal = None;
        if let Some(recovered) = self.lines.recover(now) {
            tracing::info!(seconds = recovered.lasted.as_secs_f64(), "group joined");
        }
    }

    /// The refusal, with its remedy.
    pub fn line(&self) -> Option<String> {
        self.refusal.as_ref().map(|(said, help)| format!("{said}: {help}"))
    }
}

/// What an error means, with `GROUP` for the group's name, and the remedy.
fn known(code: RDKafkaErrorCode) -> Option<(&'static str, &'static str)> {
    Some(match code {
        RDKafkaErrorCode::InconsistentGroupProtocol => (
            "another program uses the group GROUP with another assignment strategy",
            "set another `kafka.group_id`, or, if all members are slackline's, give all the same \
             `partition.assignment.strategy`",
        ),
        RDKafkaErrorCode::InvalidSessionTimeout => (
            "the broker does not allow this `session.timeout.ms`",
            "set it within the broker's `group.min.session.timeout.ms` and \
             `group.max.session.timeout.ms`",
        ),
        RDKafkaErrorCode::InvalidGroupId => {
            ("the broker does not allow the group's name GROUP", "set another `kafka.group_id`")
        }
        RDKafkaErrorCode::GroupMaxSizeReached => (
            "the group GROUP has as many members as the broker allows",
            "start fewer replicas, or raise the broker's `group.max.size`",
        ),
        RDKafkaErrorCode::UnsupportedVersion | RDKafkaErrorCode::UnsupportedFeature => (
            "the brokers do not support this group protocol",
            "remove `group.protocol` from `kafka.properties`, or use brokers of version 4.0 or later",
        ),
        RDKafkaErrorCode::UnsupportedAssignor => (
            "the brokers do not have this assignor",
            "remove `group.remote.assignor` from `kafka.properties`, or name one of the broker's \
             `group.consumer.assignors`",
        ),
        RDKafkaErrorCode::UnreleasedInstanceId => (
            "another member of the group GROUP has this `kafka.instance_id`",
            "stop it, or wait until its session ends",
        ),
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_refused_join_is_named_with_its_remedy_until_the_group_is_joined() {
        let now = Instant::now();
        let mut join = JoinRefusal::new("shared");
        let reason = "JoinGroup failed: Broker: Inconsistent group protocol";
        assert!(join.record(Some(RDKafkaErrorCode::InconsistentGroupProtocol), reason, now));
        let line = join.line().unwrap();
        assert!(line.contains("another program uses the group `shared`"), "{line}");
        assert!(line.contains("set another `kafka.group_id`"), "{line}");
        join.clear(now);
        assert_eq!(join.line(), None);
    }

    #[test]
    fn an_unknown_refusal_is_passed_on_in_librdkafkas_words() {
        let mut join = JoinRefusal::new("shared");
        let reason = "JoinGroup failed: Broker: Unknown server error";
        assert!(join.record(Some(RDKafkaErrorCode::Unknown), reason, Instant::now()));
        assert!(join.line().unwrap().contains(reason));
    }

    #[test]
    fn every_known_refusal_names_something_to_change() {
        for code in [
            RDKafkaErrorCode::InvalidSessionTimeout,
            RDKafkaErrorCode::InvalidGroupId,
            RDKafkaErrorCode::GroupMaxSizeReached,
            RDKafkaErrorCode::UnsupportedVersion,
            RDKafkaErrorCode::UnsupportedFeature,
            RDKafkaErrorCode::UnsupportedAssignor,
            RDKafkaErrorCode::UnreleasedInstanceId,
        ] {
            let mut join = JoinRefusal::new("shared");
            let reason = "ConsumerGroupHeartbeat fatal error: Broker: no";
            assert!(join.record(Some(code), reason, Instant::now()));
            let line = join.line().unwrap();
            assert!(line.contains('`') && !line.contains("GROUP"), "{line}");
        }
    }

    #[test]
    fn an_error_of_a_connection_is_not_about_the_group() {
        let mut join = JoinRefusal::new("shared");
        let (version, denied) =
            (RDKafkaErrorCode::UnsupportedVersion, RDKafkaErrorCode::GroupAuthorizationFailed);
        for (code, reason) in [
            (version, "k:9092/1: Disconnected"),
            (version, "1/1 brokers are down"),
            (version, ""),
            (denied, "FindCoordinator response error: Broker: Group authorization failed"),
        ] {
            assert!(!join.record(Some(code), reason, Instant::now()), "{reason}");
        }
        assert_eq!(join.line(), None);
    }
}
