//! What ends the poll loop's wait: librdkafka has something for it, or a sender has an outcome.
//!
//! A socket pair rather than a condition variable, since librdkafka can write to a file descriptor itself.
//! Invariant: no wake is lost; one that comes while nobody waits ends the next wait at once, or within [`GATHER`] where a wake has just been heard.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// For so long after a wake further ones are gathered: at tens of thousands of outcomes a second a system call and two switches of threads for each would cost
/// as much as a quarter of the post itself. The first one is heard at once; what follows would wait for the commit in flight anyway.
const GATHER: Duration = Duration::from_millis(1);

/// The loop gathers: a wake needs no system call.
const GATHERS: u8 = 1;

/// Somebody has woken the loop since it last looked.
const WOKEN: u8 = 2;

/// WakeReceiver the poll loop from any thread; never blocks. Cheap to clone.
#[derive(Clone)]
pub struct Waker(Arc<Shared>);

struct Shared {
    write: UnixStream,
    /// [`GATHERS`], [`WOKEN`]. With either set, a wake is on its way or will be looked for.
    state: AtomicU8,
}

/// The poll loop's end.
pub struct WakeReceiver {
    read: UnixStream,
    shared: Arc<Shared>,
    /// Until when wakes are gathered, where the loop has just been woken.
    gathers_until: Option<Instant>,
}

/// Makes a waker and what it wakes.
///
/// # Errors
/// Where the system gives no socket pair: out of file descriptors.
pub fn pair() -> io::Result<(Waker, WakeReceiver)> {
    let (write, read) = UnixStream::pair()?;
    write.set_nonblocking(true)?;
    let shared = Arc::new(Shared { write, state: AtomicU8::new(0) });
    Ok((Waker(Arc::clone(&shared)), WakeReceiver { read, shared, gathers_until: None }))
}

impl Waker {
    /// Ends the current wait, or the next.
    pub fn wake(&self) {
        if self.0.state.fetch_or(WOKEN, Ordering::AcqRel) == 0 {
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

impl WakeReceiver {
    /// Waits for a wake, at most for `timeout` (one millisecond at least).
    pub fn wait(&mut self, timeout: Duration) {
        let mut timeout = timeout;
        if let Some(until) = self.gathers_until {
            let left = until.saturating_duration_since(Instant::now());
            // librdkafka is heard also meanwhile.
            if !left.is_zero() && self.read(left.min(timeout)) {
                return;
            }
            timeout = timeout.saturating_sub(left);
            self.gathers_until = None;
            if self.shared.state.swap(0, Ordering::AcqRel) & WOKEN != 0 {
                self.gather();
                return;
            }
        }
        self.read(timeout);
        if self.shared.state.load(Ordering::Acquire) & WOKEN != 0 {
            self.gather();
        }
    }

    /// From here on to the next look nobody needs to write: the caller takes what came, and [`WakeReceiver::wait`] asks again.
    fn gather(&mut self) {
        // Not a store: what was done before a wake that came just now is seen by the caller.
        self.shared.state.swap(GATHERS, Ordering::AcqRel);
        self.gathers_until = Some(Instant::now() + GATHER);
    }

    /// Whether a byte came. Timed out or woken: the loop looks at everything in both cases. What cannot be read is waited out elsewhere: the loop polls with its
    /// own interval.
    fn read(&mut self, timeout: Duration) -> bool {
        let _ = self.read.set_read_timeout(Some(timeout.max(Duration::from_millis(1))));
        self.read.read(&mut [0; 512]).is_ok()
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
    fn wakes_in_a_row_are_gathered_and_none_is_lost() {
        let (waker, mut wakes) = pair().unwrap();
        let told = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let sender = {
            let told = Arc::clone(&told);
            std::thread::spawn(move || {
                for _ in 0..50_000 {
                    told.fetch_add(1, Ordering::Release);
                    waker.wake();
                }
                waker
            })
        };
        let mut waits = 0;
        while told.load(Ordering::Acquire) < 50_000 {
            let began = Instant::now();
            wakes.wait(LONG);
            assert!(began.elapsed() < LONG / 2, "a wake was lost");
            waits += 1;
        }
        assert!(waits < 25_000, "{waits} waits");
        drop(sender.join().unwrap());
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
