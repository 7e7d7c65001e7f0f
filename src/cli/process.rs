//! What a command needs from the operating system: the runtime's threads, and the stop signals.

use std::io;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Creates the runtime of a command that uses the network.
///
/// # Errors
/// The system refuses threads or file descriptors.
pub fn runtime() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_multi_thread().enable_all().thread_name("slackline").build();
    runtime.context("cannot start the runtime")
}

/// The signals that request a stop: SIGTERM, usually from a supervisor, and SIGINT, from Ctrl-C.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Starts listening. From now on these signals do not end the process by themselves.
    ///
    /// # Errors
    /// The system refuses a signal handler.
    pub fn listen() -> anyhow::Result<Self> {
        let listen = || -> io::Result<Self> {
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            })
        };
        listen().context("cannot listen for signals")
    }

    /// Waits for the next signal and returns its name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Ends the process after a second signal, without running destructors: the way out of a stop that
/// hangs.
pub fn exit_immediately(signal: &str) -> ! {
    tracing::warn!(signal, "exiting immediately; uncommitted events will be read again");
    std::process::exit(1)
}
