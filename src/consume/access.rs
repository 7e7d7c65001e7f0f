//! Tracks why Kafka refuses this worker: a refused connection, a denied topic or group. Pure: the
//! time is an argument.
//!
//! Invariant: `/readyz` names the problem and its remedy within seconds, and no longer once Kafka
//! gives access. A refused connection is retried, and a denied topic waited for, like a broker or a
//! topic that does not exist yet.

use std::collections::BTreeSet;
use std::time::Instant;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::config::model::Kafka;
use crate::event::TopicIndex;
use crate::kafka::refusal::Refusal;
use crate::log_throttle::LogThrottle;
use crate::topics::TopicNames;

/// The known problems.
pub struct Access {
    names: TopicNames,
    group: String,
    /// The client logs in with a token: a broker that refuses the login refuses the token.
    has_token: bool,
    denied_topics: BTreeSet<TopicIndex>,
    group_denied: bool,
    /// The connection that was refused last.
    refusal: Option<Refusal>,
    /// Its text, once the reason is known.
    reported: Option<String>,
    refusals: LogThrottle,
    /// Throttles the log line of every other client error.
    errors: LogThrottle,
}

/// What an error means for the access to Kafka.
#[derive(Debug, PartialEq, Eq)]
pub enum AccessChange {
    /// The group is denied, which is recorded.
    GroupDenied,
    /// Some topic is denied. The error does not say which one: the topics have to be described.
    TopicDenied,
    /// A connection was refused, which is recorded.
    Refused,
    /// A connection was refused because of this broker's certificate: the reason has to be found
    /// out.
    InvalidCertificate(String),
    /// The error says nothing about access.
    None,
}

impl Access {
    /// No problem is known.
    #[must_use]
    pub fn new(names: TopicNames, config: &Kafka) -> Self {
        Self {
            names,
            group: config.group_id.clone(),
            has_token: config.oauth_token_file.is_some(),
            denied_topics: BTreeSet::new(),
            group_denied: false,
            refusal: None,
            reported: None,
            refusals: LogThrottle::default(),
            errors: LogThrottle::default(),
        }
    }

    /// Records authorization failures and reports the missing ACL. Returns [`AccessChange::None`]
    /// for any other error.
    pub fn record_denial(&mut self, code: Option<RDKafkaErrorCode>) -> AccessChange {
        match code {
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
                self.set_group(false);
                AccessChange::GroupDenied
            }
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => AccessChange::TopicDenied,
            _ => AccessChange::None,
        }
    }

    /// Records an error of the client, `reason` being librdkafka's own words.
    pub fn record_error(&mut self, error: &KafkaError, reason: &str, now: Instant) -> AccessChange {
        let code = error.rdkafka_error_code();
        let denial = self.record_denial(code);
        if denial != AccessChange::None {
            return denial;
        }
        if let Some(refusal) = Refusal::of(reason) {
            return self.refuse(refusal, now);
        }
        // The same as a refusal that is known: librdkafka adds that no broker is left.
        let repeats = self.refusal.is_some() && code == Some(RDKafkaErrorCode::AllBrokersDown);
        if !repeats && let Some(times) = self.errors.record(now) {
            tracing::warn!(%error, reason, times, "Kafka client error, retrying");
        }
        AccessChange::None
    }

    fn refuse(&mut self, refusal: Refusal, now: Instant) -> AccessChange {
        let refusal = if self.has_token { refusal.of_token() } else { refusal };
        let broker = refusal.broker.clone();
        let needs_reason = refusal.is_certificate && !broker.is_empty();
        self.refusal = Some(refusal);
        if needs_reason {
            // Logged by `explain` once the reason is known. `/readyz` fails meanwhile, because the
            // group is not joined.
            return AccessChange::InvalidCertificate(broker);
        }
        self.report(now);
        AccessChange::Refused
    }

    /// Reports the refused connection, with OpenSSL's number of the certificate's fault, if known.
    pub fn explain(&mut self, reason: Option<i32>, now: Instant) {
        self.refusal = self.refusal.take().map(|refusal| match reason {
            Some(code) => refusal.because(code),
            None => refusal,
        });
        self.report(now);
    }

    fn report(&mut self, now: Instant) {
        let Some(refusal) = &self.refusal else { return };
        if let Some(times) = self.refusals.record(now) {
            let Refusal { broker, said, help, .. } = refusal;
            let broker = Some(broker.as_str()).filter(|broker| !broker.is_empty());
            tracing::warn!(
                broker,
                error = said,
                help,
                times,
                "connection to Kafka refused, retrying"
            );
        }
        self.reported = Some(refusal.to_string());
    }

    /// Returns whether the broker refuses the login: another token may be accepted.
    pub fn is_login_refused(&self) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| refusal.is_login)
    }

    /// Clears the errors that are over, now that a broker is reachable.
    pub fn clear_errors(&mut self, now: Instant) {
        if let Some(recovered) = self.errors.recover(now) {
            let seconds = recovered.lasted.as_secs_f64();
            tracing::info!(seconds, "connection to Kafka restored");
        }
    }

    /// Clears a refusal once the broker that refused the connection is up, or the group is joined
    /// without it. `up`: the addresses of the brokers with a working connection. Returns whether a
    /// refusal was cleared.
    pub fn clear_refusal<'a>(
        &mut self,
        mut up: impl Iterator<Item = &'a str>,
        joined: bool,
        now: Instant,
    ) -> bool {
        let Some(refusal) = &self.refusal else { return false };
        let recovers = |broker| refusal.broker.is_empty() || refusal.broker == broker;
        if !up.any(recovers) && !joined {
            return false;
        }
        self.refusal = None;
        self.reported = None;
        if let Some(recovered) = self.refusals.recover(now) {
            let seconds = recovered.lasted.as_secs_f64();
            tracing::info!(seconds, "connection to Kafka restored");
        }
        true
    }

    /// Records whether Kafka's ACLs allow a topic: its description says so, since librdkafka
    /// reports a denial only once.
    pub fn set_topic(&mut self, topic: TopicIndex, allowed: bool) {
        if allowed && self.denied_topics.remove(&topic) {
            tracing::info!(topic = self.names.name(topic), "access to topic granted");
        } else if !allowed && self.denied_topics.insert(topic) {
            let topic = self.names.name(topic);
            tracing::warn!(topic, help = acl("topic", topic), "access to topic denied, retrying");
        }
    }

    /// Records whether Kafka's ACLs allow the group: a lookup or a commit that succeeds shows it.
    pub fn set_group(&mut self, allowed: bool) {
        if std::mem::replace(&mut self.group_denied, !allowed) != allowed {
            return;
        }
        if allowed {
            tracing::info!(group = self.group, "access to group granted");
        } else {
            let help = acl("group", &self.group);
            tracing::warn!(group = self.group, help, "access to group denied, retrying");
        }
    }

    /// Returns whether a topic is denied.
    pub fn is_denied(&self, topic: TopicIndex) -> bool {
        self.denied_topics.contains(&topic)
    }

    /// Returns whether anything is denied.
    pub fn denies_anything(&self) -> bool {
        self.group_denied || !self.denied_topics.is_empty()
    }

    /// The refused connection, with its remedy.
    pub fn refusal(&self) -> Option<String> {
        self.reported.clone()
    }

    /// What is denied, one line each, with its remedy.
    pub fn denials(&self) -> Vec<String> {
        let topics = self.denied_topics.iter().map(|topic| ("topic", self.names.name(*topic)));
        let group = self.group_denied.then_some(("group", self.group.as_str()));
        let line = |(kind, name)| {
            format!("Kafka denies this worker the {kind} `{name}`: {}", acl(kind, name))
        };
        topics.chain(group).map(line).collect()
    }
}

/// Returns the remedy for a denied topic or group.
fn acl(kind: &str, name: &str) -> String {
    format!("give its user the ACL `Read` on the {kind} `{name}`")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::route::fixture;

    const TOPIC: TopicIndex = TopicIndex(0);
    const CERTIFICATE: &str =
        "ssl://k:9093/bootstrap: SSL handshake failed: certificate verify failed";
    const LOGIN: &str = "sasl_ssl://k:9093/bootstrap: SASL authentication error: failed";

    fn access() -> Access {
        Access::new(TopicNames::new(["t".to_owned()]), &fixture::config(Vec::new()).kafka)
    }

    fn error(code: RDKafkaErrorCode) -> KafkaError {
        KafkaError::Global(code)
    }

    #[test]
    fn a_denied_group_is_named_with_its_acl_until_it_is_allowed() {
        let now = Instant::now();
        let mut access = access();
        let denied = error(RDKafkaErrorCode::GroupAuthorizationFailed);
        assert_eq!(access.record_error(&denied, "", now), AccessChange::GroupDenied);
        let [denial] = &access.denials()[..] else { unreachable!() };
        assert!(denial.contains("ACL `Read` on the group `slackline`"), "{denial}");
        access.set_group(true);
        assert!(!access.denies_anything() && access.denials().is_empty());
    }

    #[test]
    fn a_denied_topic_is_named_once_its_description_says_so() {
        let now = Instant::now();
        let mut access = access();
        let denied = error(RDKafkaErrorCode::TopicAuthorizationFailed);
        assert_eq!(access.record_error(&denied, "", now), AccessChange::TopicDenied);
        assert!(!access.denies_anything(), "it does not say which one");
        access.set_topic(TOPIC, false);
        assert!(access.is_denied(TOPIC) && access.denials()[0].contains("topic `t`"));
        access.set_topic(TOPIC, true);
        assert!(!access.is_denied(TOPIC));
    }

    #[test]
    fn a_refused_login_is_reported_until_the_broker_is_up() {
        let now = Instant::now();
        let mut access = access();
        let failed = error(RDKafkaErrorCode::Authentication);
        assert_eq!(access.record_error(&failed, LOGIN, now), AccessChange::Refused);
        assert!(access.is_login_refused());
        assert!(access.refusal().unwrap().contains("`sasl.password`"));
        let later = now + Duration::from_secs(1);
        assert!(!access.clear_refusal(["other:9093"].into_iter(), false, later));
        assert!(access.clear_refusal(["k:9093"].into_iter(), false, later));
        assert_eq!((access.refusal(), access.is_login_refused()), (None, false));
    }

    #[test]
    fn a_group_that_is_joined_without_the_refusing_broker_clears_the_refusal() {
        let now = Instant::now();
        let mut access = access();
        access.record_error(&error(RDKafkaErrorCode::Authentication), LOGIN, now);
        assert!(access.clear_refusal([].into_iter(), true, now));
        assert!(!access.clear_refusal([].into_iter(), true, now), "nothing is left to clear");
    }

    #[test]
    fn an_invalid_certificate_is_reported_once_its_reason_is_known() {
        let now = Instant::now();
        let mut access = access();
        let failed = error(RDKafkaErrorCode::SSL);
        let change = access.record_error(&failed, CERTIFICATE, now);
        assert_eq!(change, AccessChange::InvalidCertificate("k:9093".to_owned()));
        assert_eq!(access.refusal(), None);
        access.explain(Some(10), now);
        assert!(access.refusal().unwrap().contains("has expired"));
    }

    #[test]
    fn an_invalid_certificate_without_a_known_reason_is_reported_too() {
        let now = Instant::now();
        let mut access = access();
        access.record_error(&error(RDKafkaErrorCode::SSL), CERTIFICATE, now);
        access.explain(None, now);
        assert!(access.refusal().unwrap().contains("`ssl.ca.location`"));
    }

    #[test]
    fn an_error_of_another_kind_says_nothing_about_access() {
        let now = Instant::now();
        let mut access = access();
        let down = error(RDKafkaErrorCode::AllBrokersDown);
        assert_eq!(access.record_error(&down, "1/1 brokers are down", now), AccessChange::None);
        assert!(!access.denies_anything() && access.refusal().is_none());
    }
}
