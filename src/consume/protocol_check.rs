//! Finds out whether a broker that closes its connections uses another protocol than
//! `security.protocol` says: a separate thread connects to it. Nothing waits for it.

use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use crate::kafka::listener::Listener;
use crate::kafka::probe;

/// How long an answer counts, so that a client that keeps reconnecting does not double its load.
const VALID: Duration = Duration::from_secs(30);

/// The probe that is under way, if any.
#[derive(Default)]
pub struct ProtocolCheck {
    running: Option<Receiver<Option<Listener>>>,
    /// The broker that was probed last, when, and the result.
    last: Option<(String, Instant, Option<Listener>)>,
}

/// What answers at the broker; `None` if nothing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found(pub Option<Listener>);

impl ProtocolCheck {
    /// Probes `broker`, unless a probe is under way or its last one is recent.
    pub fn start(&mut self, broker: &str, now: Instant) {
        let is_recent = |(of, at, _): &(String, Instant, _)| of == broker && now < *at + VALID;
        if self.running.is_some() {
            return;
        }
        let (report, result) = mpsc::channel();
        if let Some((_, _, found)) = self.last.as_ref().filter(|last| is_recent(last)) {
            let _ = report.send(*found);
        } else {
            let of = broker.to_owned();
            self.last = Some((of.clone(), now, None));
            let spawned = thread::Builder::new()
                .name("protocol-check".to_owned())
                .spawn(move || report.send(probe(&of)));
            if let Err(error) = spawned {
                tracing::debug!(%error, "could not check the protocol of a broker's port");
            }
        }
        self.running = Some(result);
    }

    /// Returns what was found, once.
    pub fn take(&mut self) -> Option<Found> {
        let found = match self.running.as_ref()?.try_recv() {
            Ok(found) => found,
            Err(TryRecvError::Empty) => return None,
            // There was no thread left to probe with.
            Err(TryRecvError::Disconnected) => None,
        };
        self.running = None;
        if let Some((_, _, last)) = &mut self.last {
            *last = found;
        }
        Some(Found(found))
    }
}
