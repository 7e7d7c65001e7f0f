//! What a sender counts besides its queue's tally: attempts, durations, limits.
//!
//! Each webhook has one lock, so that a scrape shows an attempt's result together with its
//! duration.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, MutexGuard};

use super::histogram::Histogram;
use super::labels::AttemptResult;

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
}

/// A handle for recording one app's metrics. Clones share the numbers.
#[derive(Clone, Default)]
pub struct AppMetrics(Arc<Mutex<f64>>);

impl AppMetrics {
    /// Sets this replica's share of the app's rate, in messages a second.
    pub fn rate_limit(&self, per_second: f64) {
        *self.0.lock() = per_second;
    }

    /// Returns what was set last.
    pub fn read(&self) -> f64 {
        *self.0.lock()
    }
}

/// One webhook's numbers at one moment.
#[derive(Clone, Copy)]
pub struct Numbers {
    /// Attempts, in the order of [`AttemptResult::ALL`].
    pub attempts: [u64; AttemptResult::ALL.len()],
    pub duration: Histogram,
    pub latency: Histogram,
    /// Messages that were cut.
    pub truncated: u64,
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
            truncated: 0,
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

    /// Counts a message that was cut to 40,000 characters.
    pub fn truncated(&self) {
        self.lock().numbers.truncated += 1;
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
        let mut state = self.lock();
        state.numbers.resting = why.is_some();
        state.resting = why.map(String::into_boxed_str);
    }

    /// Returns why the webhook rests.
    pub fn why_resting(&self) -> Option<String> {
        self.lock().resting.as_deref().map(str::to_owned)
    }

    /// Returns the numbers of this moment.
    pub fn read(&self) -> Numbers {
        self.lock().numbers
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

/// Returns a time in Unix time.
pub fn unix_seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
