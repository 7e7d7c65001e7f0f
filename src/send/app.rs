//! What the senders of one app share on this replica: turns at the app's rate, its throttle, its
//! rest.
//!
//! Invariant: the channels take turns in the order in which they asked. One that has posted asks
//! again behind all others, so that none waits for more than one message of each.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::Instant;
use tracing::{info, warn};

use self::turns::{Change, Ready, Turns};
use super::pace::sleep_until;
use super::verdict::{Repair, Verdict};
use crate::config::model::WebhookIndex;
use crate::metrics::{AppMetrics, AttemptResult};

mod turns;

/// The timer's precision. Where turns come faster, a sender that slept would miss some.
const TIMER: Duration = Duration::from_millis(2);

/// One app on this replica. It stays for the life of the process, as queues do.
pub struct App {
    name: String,
    started: Instant,
    /// Fair: the sender that has it takes the next turn.
    turn: Arc<tokio::sync::Mutex<()>>,
    turns: Mutex<Turns>,
    /// The sender that has the turn looks again when the next attempt may leave.
    changed: Notify,
    metrics: AppMetrics,
}

/// The right to make the app's next attempt.
pub struct Turn {
    #[expect(dead_code, reason = "held until dropped")]
    guard: OwnedMutexGuard<()>,
    asked: Instant,
}

impl Turn {
    /// How long ago the sender requested it.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.asked.elapsed()
    }
}

/// Who attempts: a channel, as of the configuration of this number.
#[derive(Debug, Clone, Copy)]
pub struct Attempter {
    /// The channel's sender.
    pub channel: WebhookIndex,
    /// The configuration that it posts with.
    pub generation: u64,
}

impl App {
    /// Without a share of the rate: [`App::set_rate`] sets it.
    #[must_use]
    pub fn new(name: String, metrics: AppMetrics) -> Self {
        Self {
            name,
            started: Instant::now(),
            turn: Arc::default(),
            turns: Mutex::new(Turns::new(Duration::ZERO)),
            changed: Notify::new(),
            metrics,
        }
    }

    /// Lets this replica's `share` of the app's messages a second leave. What was spent stays
    /// spent.
    pub fn set_rate(&self, per_second: f64, share: f64) {
        let mut turns = self.turns.lock();
        if turns.set_rate(per_second, share, self.now()) {
            self.metrics.rate_limit(turns.rate());
            self.changed.notify_one();
        }
    }

    /// Activates the configuration of this number: where the app rests, one channel probes.
    pub fn activate(&self, generation: u64) {
        if self.turns.lock().activate(generation, self.now()) {
            self.changed.notify_one();
        }
    }

    /// Waits for the app's next turn, behind every channel that waits already. Boxed: senders
    /// without an app hold none of it.
    pub fn turn(
        self: Arc<Self>,
        generation: u64,
    ) -> std::pin::Pin<Box<dyn Future<Output = Turn> + Send>> {
        Box::pin(async move {
            let asked = Instant::now();
            let turn = Turn { guard: Arc::clone(&self.turn).lock_owned().await, asked };
            loop {
                let (now, ready, rate) = {
                    let turns = self.turns.lock();
                    let now = self.now();
                    (now, turns.ready_at(generation, now), turns.rate())
                };
                match ready {
                    Ready::At(at) if at <= now => return turn,
                    Ready::At(at) if at - now < TIMER && rate * TIMER.as_secs_f64() > 1.0 => {
                        tokio::task::yield_now().await;
                    }
                    Ready::At(at) => {
                        // A time that the clock does not reach is not waited for.
                        let at = self.started.checked_add(at);
                        tokio::select! {
                            () = self.changed.notified() => {}
                            () = sleep_until(at) => {}
                        }
                    }
                    Ready::AfterChange => self.changed.notified().await,
                }
            }
        })
    }

    /// Lets an attempt leave, with its turn. `false`: not any more, and nothing is spent.
    pub fn take(&self, _: Turn, by: Attempter) -> bool {
        self.turns.lock().take(by.channel, by.generation, self.now())
    }

    /// Records what the attempt of `channel` came to: the app may rest, or rest no longer.
    pub fn record(&self, channel: WebhookIndex, verdict: &Verdict) {
        let mut turns = self.turns.lock();
        let now = self.now();
        let change = match verdict {
            Verdict::Rest { word, whose: Repair::App } => {
                turns.refuse(channel, word.clone(), now, rand::random())
            }
            Verdict::Retry { result: AttemptResult::Connect | AttemptResult::Timeout, .. } => {
                turns.end_probe(channel);
                None
            }
            _ => turns.answer(channel, now),
        };
        drop(turns);
        self.changed.notify_one();
        match (change, verdict) {
            (Some(Change::Rests), Verdict::Rest { word, .. }) => {
                warn!(app = self.name, answer = word, "app rests: nothing is posted but a probe");
            }
            (Some(Change::Works(lasted)), _) => {
                info!(app = self.name, seconds = lasted.as_secs_f64(), "app rests no longer");
            }
            _ => {}
        }
    }

    /// Records that Slack throttles `channel` for `pause`. Returns until when the app waits, where
    /// that is new: two channels were throttled within 10 s.
    pub fn throttle(&self, channel: WebhookIndex, pause: Duration) -> Option<SystemTime> {
        let (now, until) = {
            let mut turns = self.turns.lock();
            let now = self.now();
            (now, turns.throttle(channel, now.saturating_add(pause), now)?)
        };
        self.changed.notify_one();
        let left = until.saturating_sub(now);
        let seconds = left.as_secs_f64();
        warn!(app = self.name, seconds, "two channels throttled by Slack: the app waits");
        SystemTime::now().checked_add(left)
    }

    /// Whether the app rests.
    #[must_use]
    pub fn rests(&self) -> bool {
        self.turns.lock().rest().is_some()
    }

    /// The age above which deliveries are dropped while the app rests, where no `max_age` is set.
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.turns.lock().rest().and_then(super::rest::Rest::max_age)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests;
