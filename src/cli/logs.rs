//! Where logs go and how they look: standard error, one line each.
//!
//! Invariant: nothing but logs is formatted here, and no log reaches standard output.

use std::io::{self, IsTerminal as _, Write};
use std::panic::PanicHookInfo;

use anyhow::Context as _;
use indicatif::ProgressBar;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::LogFormat;

/// How much is logged unless `RUST_LOG` says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What an operator of a running worker wants to know.
    Info,
    /// Only what needs somebody, for commands that have an answer of their own to print.
    Warn,
}

/// The crate's own word on a client that failed for good and can't be closed in order: it was told, and the client is destroyed all the same.
const QUIET: &str = "rdkafka::consumer::base_consumer=off";

/// Standard error, with a live line of the demo's kept below it where there is one.
#[derive(Clone)]
struct Stderr {
    below: Option<ProgressBar>,
}

/// Starts logging, of panics too; once per process.
///
/// # Errors
/// Logging was started before.
pub fn init(format: LogFormat, level: Level, below: Option<ProgressBar>) -> anyhow::Result<()> {
    let default = match level {
        Level::Info => "info",
        Level::Warn => "warn",
    };
    let directives =
        std::env::var("RUST_LOG").ok().filter(|directives| !directives.trim().is_empty());
    let asked = directives.as_deref().map(EnvFilter::try_new);
    // A slip in a variable is no reason to keep a worker from its work.
    let slip = matches!(asked, Some(Err(_)));
    let filter =
        asked.and_then(Result::ok).unwrap_or_else(|| EnvFilter::new(format!("{default},{QUIET}")));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(Stderr { below });
    let started = match format {
        LogFormat::Text => subscriber.with_target(false).with_ansi(wants_colour()).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).with_ansi(false).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!(error)).context("cannot start logging")?;
    std::panic::set_hook(Box::new(log_panic));
    if slip {
        let given = directives.unwrap_or_default();
        tracing::warn!(
            "RUST_LOG is `{given}`, which is no filter; `{default}` is used. Write a level, or module=level pairs"
        );
    }
    Ok(())
}

/// A panic is a fault of ours: it goes where every other line goes, in the same format, with its place.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let what = panic.payload_as_str().unwrap_or("no message");
    tracing::error!(
        at,
        thread = thread.name().unwrap_or("unnamed"),
        "panic (please report it): {what}"
    );
}

/// On a terminal, unless `NO_COLOR` is set (to anything but nothing: no-color.org).
fn wants_colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}

impl Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match &self.below {
            Some(bar) => bar.suspend(|| io::stderr().write(line)),
            None => io::stderr().write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
