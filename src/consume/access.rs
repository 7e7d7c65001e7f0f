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
use crate::kafka::listener::{self, Listener};
use crate::kafka::refusal::{self, Refusal};
use crate::kafka::security_protocol::SecurityProtocol;
use crate::log_throttle::LogThrottle;
use crate::topics::TopicNames;

/// The page about errors without their own remedy.
const HELP: &str = "https://github.com/slackline/slackline/blob/main/docs/troubleshooting.md#it-is-not-ready-kafka";

/// The known problems.
pub struct Access {
    names: TopicNames,
    group: String,
    /// The client logs in with a token: a broker that refuses the login refuses the token.
    has_token: bool,
    protocol: SecurityProtocol,
    denied_topics: BTreeSet<TopicIndex>,
    group_denied: bool,
    /// The connection that was refused last.
    refusal: Option<Refusal>,
    /// The same once its reason is known.
    reported: Option<Refusal>,
    /// The broker whose port was in doubt last.
    suspect: Option<Suspect>,
    refusals: LogThrottle,
    /// Throttles the log line of every other client error.
    errors: LogThrottle,
}

/// A broker that closes its connections, perhaps because of another protocol.
struct Suspect {
    broker: String,
    /// librdkafka's words, to be logged if the port explains nothing; `None` if it logs them only.
    error: Option<String>,
    /// How often it closed one at its first request.
    closed_when_up: u32,
    /// Its port is being probed.
    is_pending: bool,
}

/// One connection that is closed at its first request may be a broker that stops.
const CLOSES: u32 = 2;

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
    /// This broker closes its connections, perhaps because of another protocol: its port has to be
    /// probed.
    ProtocolInDoubt(String),
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
            protocol: SecurityProtocol::of(&config.properties),
            denied_topics: BTreeSet::new(),
            group_denied: false,
            refusal: None,
            reported: None,
            suspect: None,
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
        let change = self.record_closed(reason, Some(reason));
        if change != AccessChange::None {
            return change;
        }
        // The same as a refusal that is known: librdkafka adds that no broker is left.
        let is_pending = self.suspect.as_ref().is_some_and(|suspect| suspect.is_pending);
        let is_known = self.refusal.is_some() || is_pending;
        if !(is_known && code == Some(RDKafkaErrorCode::AllBrokersDown)) {
            self.log_error(reason, now);
        }
        AccessChange::None
    }

    /// Records a connection that was closed. `error`: what to log if the protocol is not why.
    pub fn record_closed(&mut self, reason: &str, error: Option<&str>) -> AccessChange {
        let (broker, _) = refusal::parts(reason);
        if !refusal::may_be_the_protocol(reason) || broker.is_empty() {
            return AccessChange::None;
        }
        let before = self.suspect.take().filter(|suspect| suspect.broker == broker);
        let before = before.map_or(0, |suspect| suspect.closed_when_up);
        self.suspect = Some(Suspect {
            broker: broker.to_owned(),
            error: error.map(str::to_owned),
            closed_when_up: before + u32::from(refusal::is_closed_when_up(reason)),
            is_pending: true,
        });
        AccessChange::ProtocolInDoubt(broker.to_owned())
    }

    fn log_error(&mut self, reason: &str, now: Instant) {
        if let Some(times) = self.errors.record(now) {
            tracing::warn!(reason, help = HELP, times, "Kafka client error, retrying");
        }
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

    /// Reports what the probe of a broker's port has found.
    pub fn explain_protocol(&mut self, found: Option<Listener>, now: Instant) {
        let Some(suspect) = &mut self.suspect else { return };
        suspect.is_pending = false;
        let (error, closes) = (suspect.error.take(), suspect.closed_when_up >= CLOSES);
        let mismatch = found
            .and_then(|found| listener::mismatch(self.protocol, found, &suspect.broker, closes));
        if mismatch.is_some() {
            self.refusal = mismatch;
            self.report(now);
        } else if let Some(reason) = error {
            self.log_error(&reason, now);
        }
    }

    fn report(&mut self, now: Instant) {
        let Some(refusal) = &self.refusal else { return };
        if let Some(times) = self.refusals.record(now) {
            let Refusal { broker, said, help, .. } = refusal;
            let broker = Some(broker.as_str()).filter(|broker| !broker.is_empty());
            tracing::warn!(
                broker,
                error = said,
                help = help.as_ref(),
                times,
                "connection to Kafka refused, retrying"
            );
        }
        self.reported = Some(refusal.clone());
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
        if joined {
            self.suspect = None;
        }
        let Some(refusal) = &self.refusal else { return false };
        let recovers = |broker| {
            !refusal.until_joined && (refusal.broker.is_empty() || refusal.broker == broker)
        };
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

    /// The refused connection, once the reason is known.
    pub fn refused(&self) -> Option<&Refusal> {
        self.reported.as_ref()
    }

    /// The refused connection, with its remedy.
    pub fn refusal(&self) -> Option<String> {
        self.reported.as_ref().map(Refusal::to_string)
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
pub fn acl(kind: &str, name: &str) -> String {
    format!("give its user the ACL `Read` on the {kind} `{name}`")
}

#[cfg(test)]
mod tests;
