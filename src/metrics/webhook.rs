//! What a sender counts besides its queue's tally: attempts, durations, limits.
//!
//! Each webhook has one lock, so that a scrape shows an attempt's result together with its
//! duration.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, MutexGuard};

use super::histogram::Histogram;
use super::labels::AttemptResult;
use crate::truncation::{Truncation, Truncations};

const DURATION_BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const LATENCY_BOUNDS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 180.0, 420.0, 900.0];

/// A handle for recording one webhook's metrics. Clones share the numbers.
#[derive(Clone, Default)]
pub struct WebhookMetrics(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    numbers: Numbers,
    /// Why the webhook rests, with the cure; `None` where it does not.
    resting: Option<Box<str>>,
    /// The webhook's app: while it rests, the webhook does.
    app: Option<AppMetrics>,
}

/// A handle for recording one app's metrics. Clones share the numbers.
#[derive(Clone, Default)]
pub struct AppMetrics(Arc<Mutex<AppState>>);

#[derive(Default)]
struct AppState {
    rate_limit: f64,
    resting: Option<Box<str>>,
}

impl AppMetrics {
    /// Sets this replica's share of the app's rate, in messages a second.
    pub fn set_rate_limit(&self, per_second: f64) {
        self.0.lock().rate_limit = per_second;
    }

    /// Returns this replica's share of the app's rate, as set last.
    pub fn rate_limit(&self) -> f64 {
        self.0.lock().rate_limit
    }

    /// Sets why the app rests, with the cure; `None` when it does not. Each channel shows it.
    pub fn resting(&self, why: Option<String>) {
        self.0.lock().resting = why.map(String::into_boxed_str);
    }

    fn why_resting(&self) -> Option<String> {
        self.0.lock().resting.as_deref().map(str::to_owned)
    }
}

/// One webhook's numbers at one moment.
#[derive(Clone, Copy)]
pub struct Numbers {
    /// Attempts, in the order of [`AttemptResult::ALL`].
    pub attempts: [u64; AttemptResult::ALL.len()],
    pub duration: Histogram,
    pub latency: Histogram,
    /// Messages that were cut, in the order of [`Truncation::ALL`].
    pub truncated: [u64; Truncation::ALL.len()],
    /// This replica's rate, in messages a second.
    pub rate_limit: f64,
    pub held: bool,
    /// When the last throttle ends, in Unix time; 0 without one.
    pub throttled_until: f64,
    pub resting: bool,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            attempts: [0; AttemptResult::ALL.len()],
            duration: Histogram::new(&DURATION_BOUNDS),
            latency: Histogram::new(&LATENCY_BOUNDS),
            truncated: [0; Truncation::ALL.len()],
            rate_limit: 0.0,
            held: false,
            throttled_until: 0.0,
            resting: false,
        }
    }
}

impl WebhookMetrics {
    /// Counts an attempt. `latency` is the time from the event's Kafka timestamp to Slack's
    /// acceptance: `None` unless Slack accepted the message and the record has a timestamp.
    pub fn attempt(&self, result: AttemptResult, took: Duration, latency: Option<Duration>) {
        let numbers = &mut self.lock().numbers;
        numbers.attempts[result as usize] += 1;
        numbers.duration.observe(took);
        if let Some(latency) = latency {
            numbers.latency.observe(latency);
        }
    }

    /// Sets the time at which Slack's `Retry-After` ends; `None` when the webhook is not throttled.
    pub fn throttled_until(&self, until: Option<SystemTime>) {
        self.lock().numbers.throttled_until = until.map_or(0.0, unix_seconds);
    }

    /// Counts a message that was cut: each kind once.
    pub fn truncated(&self, kinds: Truncations) {
        let numbers = &mut self.lock().numbers;
        for what in kinds.iter() {
            numbers.truncated[what as usize] += 1;
        }
    }

    /// Sets this replica's share of the rate, in messages a second.
    pub fn rate_limit(&self, per_second: f64) {
        self.lock().numbers.rate_limit = per_second;
    }

    /// Sets whether the next message has been waiting for a commit for longer than a second.
    pub fn held(&self, held: bool) {
        self.lock().numbers.held = held;
    }

    /// Sets why the webhook rests, with the cure; `None` when it does not. `/readyz` shows it.
    pub fn resting(&self, why: Option<String>) {
        self.lock().resting = why.map(String::into_boxed_str);
    }

    /// Sets the app whose channel the webhook is; `None`: it belongs to none.
    pub fn belongs_to(&self, app: Option<AppMetrics>) {
        self.lock().app = app;
    }

    /// Returns why the webhook rests: for its app's reason, or else for its own.
    pub fn why_resting(&self) -> Option<String> {
        let state = self.lock();
        let apps = state.app.as_ref().and_then(AppMetrics::why_resting);
        apps.or_else(|| state.resting.as_deref().map(str::to_owned))
    }

    /// Returns the numbers of this moment.
    pub fn read(&self) -> Numbers {
        let state = self.lock();
        let app_rests = || state.app.as_ref().is_some_and(|app| app.0.lock().resting.is_some());
        Numbers { resting: state.resting.is_some() || app_rests(), ..state.numbers }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

/// Returns a time in Unix time.
pub fn unix_seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
