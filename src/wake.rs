//! What ends the poll loop's wait: librdkafka has something for it, or a sender has an outcome.
//!
//! A socket pair rather than a condition variable, since librdkafka can write to a file descriptor itself.
//! Invariant: no wake is lost; one that comes while nobody waits ends the next wait at once.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Wakes the poll loop from any thread; never blocks. Cheap to clone.
#[derive(Clone)]
pub struct Waker(Arc<Shared>);

struct Shared {
    write: UnixStream,
    /// A wake is on its way: more of them need no system call.
    pending: AtomicBool,
}

/// The poll loop's end.
pub struct Wakes {
    read: UnixStream,
    shared: Arc<Shared>,
}

/// Makes a waker and what it wakes.
///
/// # Errors
/// Where the system gives no socket pair: out of file descriptors.
pub fn pair() -> io::Result<(Waker, Wakes)> {
    let (write, read) = UnixStream::pair()?;
    write.set_nonblocking(true)?;
    let shared = Arc::new(Shared { write, pending: AtomicBool::new(false) });
    Ok((Waker(Arc::clone(&shared)), Wakes { read, shared }))
}

impl Waker {
    /// Ends the current wait, or the next.
    pub fn wake(&self) {
        if !self.0.pending.swap(true, Ordering::AcqRel) {
            // A full buffer holds wakes enough already.
            let _ = (&self.0.write).write(&[1]);
        }
    }

    /// Where librdkafka writes a byte of its own; valid as long as the waker lives.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.0.write.as_raw_fd()
    }
}

impl Wakes {
    /// Waits for a wake, at most for `timeout` (one millisecond at least).
    pub fn wait(&mut self, timeout: Duration) {
        let _ = self.read.set_read_timeout(Some(timeout.max(Duration::from_millis(1))));
        // Timed out or woken: the loop looks at everything in both cases. What cannot be read is waited out elsewhere: the loop polls with its own interval.
        let mut bytes = [0; 512];
        if self.read.read(&mut bytes).is_ok() {
            self.shared.pending.store(false, Ordering::Release);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_wake_before_the_wait_is_not_lost() {
        let (waker, mut wakes) = pair().unwrap();
        for _ in 0..3 {
            waker.wake();
            let began = Instant::now();
            wakes.wait(LONG);
            assert!(began.elapsed() < LONG);
        }
    }

    #[test]
    fn a_wake_from_another_thread_ends_the_wait() {
        let (waker, mut wakes) = pair().unwrap();
        let other = std::thread::spawn(move || waker.wake());
        let began = Instant::now();
        wakes.wait(LONG);
        assert!(began.elapsed() < LONG);
        other.join().unwrap();
    }

    #[test]
    fn a_hundred_thousand_wakes_block_nobody() {
        let (waker, mut wakes) = pair().unwrap();
        for _ in 0..100_000 {
            waker.wake();
            let _ = (&waker.0.write).write(&[1]);
        }
        wakes.wait(LONG);
    }
}
