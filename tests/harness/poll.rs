//! Waiting without guessing: until something is so, or a deadline has passed.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Long enough for a rebalance on a busy machine. Only a failing test waits as long.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Asks again until there is an answer; fails the test with `what` and the last reason after [`DEADLINE`].
#[track_caller]
pub fn poll<T>(what: &str, ask: impl FnMut() -> Result<T, String>) -> T {
    poll_for(DEADLINE, what, ask)
}

/// As [`poll`], with a deadline of its own.
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
                panic!("after {deadline:?} still not: {what}; {reason}")
            }
            Err(_) => sleep(Duration::from_millis(10)),
        }
    }
}

/// A [`poll`] for a plain condition.
#[track_caller]
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    poll(what, || if so() { Ok(()) } else { Err("it never was".to_owned()) });
}

/// Checks every so often until `time` has passed: what must hold all along. `check` is told how much has passed.
pub fn throughout(time: Duration, every: Duration, mut check: impl FnMut(Duration)) {
    let started = Instant::now();
    while started.elapsed() < time {
        check(started.elapsed());
        sleep(every.min(time.saturating_sub(started.elapsed())));
    }
}
