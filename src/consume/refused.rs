//! [1] What is done about a broker that is there and lets nobody in: it is said clearly, once a minute at most, and waited for like one that is not there.
//!
//! Invariant: `/readyz` says why within seconds, and forgets it when the connection stands.

use std::time::{Duration, Instant};

use rdkafka::Statistics;
use rdkafka::consumer::Consumer;

use crate::kafka;
use crate::kafka::native::Handshake;
use crate::kafka::refusal::Refusal;
use crate::log_throttle::LogThrottle;

use super::PollLoop;

/// How long the reason of a certificate's fault is waited for.
const REASON_WITHIN: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Refused {
    told: LogThrottle,
    last: Option<Refusal>,
    /// Why a certificate is not valid is being found out, since then.
    handshake: Option<(Handshake, Instant)>,
}

impl Refused {
    pub(super) fn is_known(&self) -> bool {
        self.last.is_some()
    }
}

impl PollLoop {
    /// A connection was refused.
    pub(super) fn refused(&mut self, refusal: Refusal) {
        let refusal =
            if self.parts.client.context().has_token() { refusal.of_token() } else { refusal };
        if refusal.is_certificate && !refusal.broker.is_empty() {
            // Its health is told when the reason is known; it was not ready before either.
            if self.refused.handshake.is_none() {
                let of_tls =
                    |name: &&String| name.starts_with("ssl.") || name.starts_with("enable.ssl.");
                let properties = &self.parts.config.kafka.properties;
                let properties = properties.iter().filter(|(name, _)| of_tls(name));
                let properties =
                    properties.map(|(name, value)| (name.as_str(), value.expose().as_str()));
                match Handshake::start(&refusal.broker, properties) {
                    Ok(handshake) => self.refused.handshake = Some((handshake, Instant::now())),
                    Err(error) => {
                        tracing::debug!(%error, "could not find out why a certificate is not valid");
                        return self.tell_of(refusal);
                    }
                }
            }
            self.refused.last = Some(refusal);
            return;
        }
        self.tell_of(refusal);
    }

    fn tell_of(&mut self, refusal: Refusal) {
        let text = refusal.to_string();
        if let Some(times) = self.refused.told.record(self.began.elapsed()).times() {
            tracing::warn!(times, "{text}; trying again until it is mended");
        }
        self.parts.health.set_refused(Some(text));
        self.refused.last = Some(refusal);
    }

    /// Looks whether the reason is known, and whether there is another token, once a second.
    pub(super) fn look_at_refusals(&mut self, now: Instant) {
        if self.refused.last.as_ref().is_some_and(|refusal| refusal.is_login) {
            kafka::renew_token(&self.parts.client);
        }
        let Some((handshake, since)) = &self.refused.handshake else { return };
        let reason = handshake.reason();
        if reason.is_none() && now < *since + REASON_WITHIN {
            return;
        }
        self.refused.handshake = None;
        if let Some(refusal) = self.refused.last.take() {
            self.tell_of(
                reason.map_or_else(|| refusal.clone(), |code| refusal.clone().because(code)),
            );
        }
    }

    /// Forgets a refusal once the broker that refused is up, or the group is joined without it.
    pub(super) fn look_who_is_up(&mut self, statistics: &Statistics) {
        let Some(refusal) = &self.refused.last else { return };
        let up = |broker: &rdkafka::statistics::Broker| {
            broker.state == "UP" && (refusal.broker.is_empty() || broker.nodename == refusal.broker)
        };
        if !statistics.brokers.values().any(up) && !self.parts.health.is_joined() {
            return;
        }
        self.refused.last = None;
        self.refused.handshake = None;
        self.parts.health.set_refused(None);
        if let Some(recovered) = self.refused.told.recover(self.began.elapsed()) {
            tracing::info!(seconds = recovered.lasted.as_secs_f64(), "Kafka takes the connection");
        }
    }
}
