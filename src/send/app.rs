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
use super::cure::{RUNBOOK, cure, why};
use super::pace::sleep_until;
use super::verdict::{Repair, Verdict};
use crate::config::model::WebhookIndex;
use crate::log_throttle::LogThrottle;
use crate::metrics::AppMetrics;

mod turns;

/// One app on this replica. It stays for the life of the process, as queues do.
pub struct App {
    name: String,
    started: Instant,
    /// Fair: the sender that has it takes the next turn.
    turn: Arc<tokio::sync::Mutex<()>>,
    turns: Mutex<Turns>,
    /// The sender that has the turn looks again when the next attempt may leave.
    changed: Notify,
    throttles: Mutex<LogThrottle>,
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
            throttles: Mutex::default(),
            metrics,
        }
    }

    /// Lets this replica's `share` of the app's messages a second leave. What was spent stays
    /// spent.
    pub fn set_rate(&self, per_second: f64, share: f64) {
        let mut turns = self.turns.lock();
        if turns.set_rate(per_second, share, self.now()) {
            self.metrics.set_rate_limit(turns.rate());
            self.changed.notify_one();
        }
    }

    /// Records that the configuration of this number brings another credential, or that a person
    /// requested a probe: where the app rests, one channel probes.
    pub fn renew(&self, generation: u64) {
        self.turns.lock().renew(generation, self.now());
        self.changed.notify_one();
    }

    /// Where the app shows that it rests.
    #[must_use]
    pub fn metrics(&self) -> AppMetrics {
        self.metrics.clone()
    }

    /// Returns the app's next turn, if no channel waits for one and an attempt may leave now.
    pub fn try_turn(self: &Arc<Self>, generation: u64) -> Option<Turn> {
        let asked = Instant::now();
        let guard = Arc::clone(&self.turn).try_lock_owned().ok()?;
        let now = self.now();
        let ready = self.turns.lock().ready_at(generation, now);
        matches!(ready, Ready::At(at) if at <= now).then_some(Turn { guard, asked })
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
                let now = self.now();
                let ready = self.turns.lock().ready_at(generation, now);
                match ready {
                    Ready::At(at) if at <= now => return turn,
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

    /// Records what an attempt came to: the app may rest, or no longer rest.
    pub fn record(&self, by: Attempter, verdict: &Verdict) {
        let mut turns = self.turns.lock();
        if !turns.is_current(by.generation) {
            return;
        }
        // Nearly every answer: it changes nothing, and wakes no sender.
        if turns.rest().is_none() && !matches!(verdict, Verdict::Rest { whose: Repair::App, .. }) {
            return;
        }
        let now = self.now();
        let change = match verdict {
            Verdict::Rest { word, whose: Repair::App } => {
                self.metrics.resting(Some(why(word, Some(&self.name))));
                turns.refuse(by.channel, word.clone(), now, rand::random())
            }
            _ if verdict.is_answer() => turns.answer(),
            _ => {
                turns.unanswered(by.channel, now, rand::random());
                None
            }
        };
        if let Some(Change::Works(_)) = change {
            self.metrics.resting(None);
        }
        drop(turns);
        self.changed.notify_one();
        match (change, verdict) {
            (Some(Change::Rests), Verdict::Rest { word, .. }) => {
                let (app, cure) = (&self.name, cure(word, Some(&self.name)));
                let answer = word;
                warn!(
                    app,
                    answer,
                    cure,
                    help = RUNBOOK,
                    "app rests: nothing is posted until this is repaired"
                );
            }
            (Some(Change::Works(rest)), _) => {
                let seconds = now.saturating_sub(rest.since()).as_secs_f64();
                info!(app = self.name, attempts = rest.failures(), seconds, "app no longer rests");
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
        if let Some(times) = self.throttles.lock().record(Instant::now().into_std()) {
            let (app, seconds) = (&self.name, left.as_secs_f64());
            warn!(app, seconds, times, "two channels throttled by Slack: the app waits");
        }
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
