//! Logging: one line each on standard error, as text or JSON.
//!
//! Invariant: no log is written to standard output.

use std::io::{self, IsTerminal as _, Write};
use std::panic::PanicHookInfo;

use anyhow::Context as _;
use indicatif::ProgressBar;
use tracing_subscriber::EnvFilter;

use super::format::Format;

/// rust-rdkafka logs an error when a client that failed fatally cannot be closed in order. The
/// error has been logged before, and the client is destroyed anyway.
const QUIET: &str = "rdkafka::consumer::base_consumer=off";

/// Standard error, above the demo's live line where there is one.
struct Stderr {
    live_line: Option<ProgressBar>,
}

/// Starts logging, panics included. Called once per process. `default` is the level when `RUST_LOG`
/// is not set: `info` for a worker, `warn` for commands that print their own results.
///
/// # Errors
/// Logging has been started before.
pub fn init(format: Format, default: &str, live_line: Option<ProgressBar>) -> anyhow::Result<()> {
    let directives =
        std::env::var("RUST_LOG").ok().filter(|directives| !directives.trim().is_empty());
    let parsed = directives.as_deref().map(EnvFilter::try_new);
    // A mistake in a variable must not keep a worker from working.
    let invalid = matches!(parsed, Some(Err(_)));
    let filter =
        parsed.and_then(Result::ok).unwrap_or_else(|| EnvFilter::new(format!("{default},{QUIET}")));
    let stderr = move || Stderr { live_line: live_line.clone() };
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let started = match format {
        Format::Text => subscriber.with_target(false).with_ansi(wants_colors()).try_init(),
        Format::Json => subscriber.json().flatten_event(true).with_ansi(false).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!(error)).context("cannot start logging")?;
    std::panic::set_hook(Box::new(log_panic));
    if invalid {
        let given = directives.unwrap_or_default();
        tracing::warn!(
            "invalid RUST_LOG `{given}`, using `{default}`; set a level, or module=level pairs"
        );
    }
    Ok(())
}

/// Logs a panic with its location, in the format of every other line.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let message = panic.payload_as_str().unwrap_or("no message");
    tracing::error!(
        at,
        thread = thread.name().unwrap_or("unnamed"),
        "panic (please report it): {message}"
    );
}

/// Whether logs are colored: on a terminal, unless `NO_COLOR` is set and not empty (no-color.org).
fn wants_colors() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}

impl Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match &self.live_line {
            Some(bar) => bar.suspend(|| io::stderr().write(line)),
            None => io::stderr().write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
