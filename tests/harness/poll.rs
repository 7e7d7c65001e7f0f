//! Waits until a condition holds or a deadline has passed, without sleeping for a guessed time.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// The default deadline: long enough for a rebalance on a busy machine. Only a failing test waits
/// this long.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Retries `ask` until it succeeds. After [`DEADLINE`] it fails the test with `what` and the last
/// error.
#[track_caller]
pub fn poll<T>(what: &str, ask: impl FnMut() -> Result<T, String>) -> T {
    poll_for(DEADLINE, what, ask)
}

/// [`poll`] with another deadline.
#[track_caller]
pub fn poll_for<T>(
    deadline: Duration,
    what: &str,
    mut ask: impl FnMut() -> Result<T, String>,
) -> T {
    let started = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(reason) if started.elapsed() > deadline => {
                panic!("timeout after {deadline:?}: {what}; {reason}")
            }
            Err(_) => sleep(Duration::from_millis(10)),
        }
    }
}

/// [`poll`] for a condition.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    poll(what, || if condition() { Ok(()) } else { Err("the condition never held".to_owned()) });
}

/// Runs `check` at this interval until `time` has passed. `check` gets the elapsed time.
pub fn throughout(time: Duration, every: Duration, mut check: impl FnMut(Duration)) {
    let started = Instant::now();
    while started.elapsed() < time {
        check(started.elapsed());
        sleep(every.min(time.saturating_sub(started.elapsed())));
    }
}
