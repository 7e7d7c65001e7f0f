//! A Slack that is down, throttles, or fails for one webhook.

use std::time::Duration;

mod down;

mod storm;

mod dead;

mod retry_after;

/// The value below which this share of the times lies.
fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// In milliseconds, as a fault's line shows them.
fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
