//! Why a broker's certificate is not valid: librdkafka's error does not say it, so a client of
//! its own repeats the handshake and records the reason. Nothing waits for it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::kafka::native::Handshake;
use crate::secret::Secret;

/// How long the reason is waited for.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The handshake that is being repeated, if any.
#[derive(Default)]
pub struct CertificateCheck {
    running: Option<(Handshake, Instant)>,
}

/// How a check has ended: OpenSSL's number of the fault, or without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding(pub Option<i32>);

impl CertificateCheck {
    /// Repeats the handshake with `broker`, unless one is under way. Returns whether one is.
    pub fn start(
        &mut self,
        broker: &str,
        properties: &BTreeMap<String, Secret<String>>,
        now: Instant,
    ) -> bool {
        if self.running.is_some() {
            return true;
        }
        let of_tls = |name: &str| name.starts_with("ssl.") || name.starts_with("enable.ssl.");
        let properties = properties.iter().filter(|(name, _)| of_tls(name));
        let properties = properties.map(|(name, value)| (name.as_str(), value.expose().as_str()));
        match Handshake::start(broker, properties) {
            Ok(handshake) => {
                self.running = Some((handshake, now));
                true
            }
            Err(error) => {
                tracing::debug!(%error, "could not check why a certificate is not valid");
                false
            }
        }
    }

    /// Returns how the check has ended, once.
    pub fn take(&mut self, now: Instant) -> Option<Finding> {
        let (handshake, since) = self.running.as_ref()?;
        let reason = handshake.reason();
        if reason.is_none() && now < *since + TIMEOUT {
            return None;
        }
        self.running = None;
        Some(Finding(reason))
    }

    /// Ends the check: the broker was reached.
    pub fn cancel(&mut self) {
        self.running = None;
    }
}
