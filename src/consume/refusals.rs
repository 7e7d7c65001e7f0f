//! Why this worker gets nothing from Kafka: brokers without a connection, refused connections and
//! logins, denied topics and groups, a group that cannot be joined.
//!
//! Composes the components that each know one of them, and the checks that find out what
//! librdkafka does not say.

use std::sync::Arc;
use std::time::Instant;

use rdkafka::Statistics;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::config::model::Config;
use crate::kafka::refusal::Refusal;
use crate::topics::TopicNames;

use super::access::{Access, AccessChange};
use super::certificate_check::{CertificateCheck, Finding};
use super::join_refusal::JoinRefusal;
use super::protocol_check::{Found, ProtocolCheck};
use super::statistics;
use super::unreachable::Unreachable;

/// The known problems.
pub struct Refusals {
    /// Refused connections, denied topics and groups.
    pub access: Access,
    /// The brokers to which no connection can be opened.
    unreachable: Unreachable,
    /// Why the group cannot be joined.
    join: JoinRefusal,
    /// Why a broker's certificate is not valid.
    certificate: CertificateCheck,
    /// Whether a broker's port uses another protocol.
    protocol: ProtocolCheck,
    config: Arc<Config>,
}

impl Refusals {
    /// No problem is known.
    #[must_use]
    pub fn new(names: TopicNames, config: Arc<Config>) -> Self {
        Self {
            access: Access::new(names, &config.kafka),
            unreachable: Unreachable::new(&config.kafka.brokers),
            join: JoinRefusal::new(&config.kafka.group_id),
            certificate: CertificateCheck::default(),
            protocol: ProtocolCheck::default(),
            config,
        }
    }

    /// Records an error of the client, `reason` being librdkafka's own words. Returns whether some
    /// topic is denied: the topics have to be described.
    pub fn record(&mut self, error: &KafkaError, reason: &str, now: Instant) -> bool {
        let code = error.rdkafka_error_code();
        if self.join.record(code, reason, now) || self.unreachable.record(reason, now) {
            return false;
        }
        // What is known of the brokers says more.
        if self.unreachable.is_known() && code == Some(RDKafkaErrorCode::AllBrokersDown) {
            return false;
        }
        match self.access.record_error(error, reason, now) {
            AccessChange::TopicDenied => return true,
            AccessChange::InvalidCertificate(broker) => {
                if !self.certificate.start(&broker, &self.config.kafka.properties, now) {
                    self.access.explain(None, now);
                }
            }
            AccessChange::ProtocolInDoubt(broker) => self.protocol.start(&broker, now),
            AccessChange::GroupDenied | AccessChange::Refused | AccessChange::None => {}
        }
        false
    }

    /// Records a connection that failed and that librdkafka only logs.
    pub fn record_failed_connection(&mut self, reason: &str, now: Instant) {
        if let AccessChange::ProtocolInDoubt(broker) = self.access.record_closed(reason, None) {
            self.protocol.start(&broker, now);
        } else {
            self.unreachable.record(reason, now);
        }
    }

    /// Records the fatal error of a client.
    pub fn record_fatal(&mut self, code: RDKafkaErrorCode, reason: &str, now: Instant) {
        self.join.record(Some(code), reason, now);
    }

    /// Clears what is over: the statistics show which brokers are up. `reachable`: any of them is.
    pub fn clear(&mut self, statistics: &Statistics, reachable: bool, joined: bool, now: Instant) {
        let up = || statistics::up(statistics).map(|broker| broker.nodename.as_str());
        let known = statistics.brokers.values().map(|broker| broker.nodename.as_str());
        self.unreachable.apply(known, up(), now);
        if joined {
            self.join.clear(now);
        }
        if self.access.clear_refusal(up(), joined, now) {
            self.certificate.cancel();
        }
        if reachable {
            self.access.clear_errors(now);
        }
    }

    /// Takes what the checks have found.
    pub fn take_findings(&mut self, now: Instant) {
        if let Some(Finding(reason)) = self.certificate.take(now) {
            self.access.explain(reason, now);
        }
        if let Some(Found(listener)) = self.protocol.take() {
            self.access.explain_protocol(listener, now);
        }
    }

    /// The refused connection, and the brokers without one.
    pub fn connections(&self) -> Vec<Refusal> {
        let access = self.access.refused().cloned();
        access.into_iter().chain(self.unreachable.problems()).collect()
    }

    /// The problems of connections and of the group, one line each, with the remedy.
    pub fn lines(&self) -> Vec<String> {
        let access = self.access.refusal().into_iter();
        access.chain(self.unreachable.lines()).chain(self.join.line()).collect()
    }
}
