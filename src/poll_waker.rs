//! Ends the poll loop's wait when librdkafka has something for it, or a sender has an outcome.
//!
//! A socket pair rather than a condition variable, because librdkafka writes to a file descriptor.
//! Invariant: no wake is lost. One that comes while the loop does not wait ends its next wait
//! immediately, or within `GATHER` of the last wake.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// How long further wakes are gathered after one. At tens of thousands of outcomes a second a
/// system call and two thread switches for each would cost as much as a quarter of the post itself.
/// The first wake takes effect immediately; what follows would wait for the commit in flight
/// anyway.
const GATHER: Duration = Duration::from_millis(1);

/// The loop gathers: a wake needs no system call.
const GATHERS: u8 = 1;

/// The loop was woken since it last checked.
const WOKEN: u8 = 2;

/// Wakes the poll loop from any thread; never blocks. Cheap to clone.
#[derive(Clone)]
pub struct Waker(Arc<Shared>);

struct Shared {
    write: UnixStream,
    /// [`GATHERS`] and [`WOKEN`]. With either set, the loop will notice a wake without a system
    /// call.
    state: AtomicU8,
}

/// The poll loop's end of the socket pair.
pub struct WakeReceiver {
    read: UnixStream,
    shared: Arc<Shared>,
    /// Until when wakes are gathered; `None`: the loop was not woken just now.
    gathers_until: Option<Instant>,
}

/// Creates a waker and its receiver.
///
/// # Errors
/// When the system has no socket pair (out of file descriptors).
pub fn pair() -> io::Result<(Waker, WakeReceiver)> {
    let (write, read) = UnixStream::pair()?;
    write.set_nonblocking(true)?;
    let shared = Arc::new(Shared { write, state: AtomicU8::new(0) });
    Ok((Waker(Arc::clone(&shared)), WakeReceiver { read, shared, gathers_until: None }))
}

impl Waker {
    /// Ends the current wait, or the next one.
    pub fn wake(&self) {
        if self.0.state.fetch_or(WOKEN, Ordering::AcqRel) == 0 {
            // A full buffer holds enough wakes already.
            let _ = (&self.0.write).write(&[1]);
        }
    }

    /// The file descriptor that librdkafka writes to; valid as long as the waker lives.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.0.write.as_raw_fd()
    }
}

impl WakeReceiver {
    /// Waits for a wake, at most for `timeout` (at least one millisecond).
    pub fn wait(&mut self, timeout: Duration) {
        let mut timeout = timeout;
        if let Some(until) = self.gathers_until {
            let left = until.saturating_duration_since(Instant::now());
            // librdkafka's wakes are not gathered.
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

    /// Starts to gather: until the next [`WakeReceiver::wait`] no waker needs to write, because the
    /// caller now takes what has come.
    fn gather(&mut self) {
        // Not a store: a swap also acquires what was written before a wake that came just now.
        self.shared.state.swap(GATHERS, Ordering::AcqRel);
        self.gathers_until = Some(Instant::now() + GATHER);
    }

    /// Returns whether a byte came. The loop checks everything in both cases. A read error is
    /// ignored: the loop also polls at its own interval.
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
        let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let sender = {
            let sent = Arc::clone(&sent);
            std::thread::spawn(move || {
                for _ in 0..50_000 {
                    sent.fetch_add(1, Ordering::Release);
                    waker.wake();
                }
                waker
            })
        };
        let mut waits = 0;
        while sent.load(Ordering::Acquire) < 50_000 {
            let began = Instant::now();
            wakes.wait(LONG);
            assert!(began.elapsed() < LONG / 2, "a wake was lost");
            waits += 1;
        }
        assert!(waits < 25_000, "{waits} waits");
        drop(sender.join().unwrap());
    }

    #[test]
    fn a_hundred_thousand_wakes_do_not_block() {
        let (waker, mut wakes) = pair().unwrap();
        for _ in 0..100_000 {
            waker.wake();
            let _ = (&waker.0.write).write(&[1]);
        }
        wakes.wait(LONG);
    }
}
