//! `slackline run`: the worker, from the configuration to a clean stop.
//!
//! SIGHUP is the business of `cli/reload.rs`.
//! Invariant: the first signal asks for a graceful stop, the second ends the process at once; no signal is lost in between.

use std::io;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::logs::{self, Level};
use super::reload::{self, Source};
use super::{ConfigFile, Exit, LogFormat};
use crate::config::model::Config;
use crate::pipeline::Pipeline;

/// What `slackline run --help` ends with.
pub const EXAMPLES: &str = "\
Examples:
  slackline run
  SALES_WEBHOOK_URL=https://hooks.slack.com/… slackline run -c deploy/examples/slackline.yaml
  RUST_LOG=debug slackline run --log-format json

SIGTERM and SIGINT stop it gracefully. SIGHUP loads the configuration anew, and so does a change of its files; what is refused changes nothing.
It answers on `admin.listen` (127.0.0.1:9464): /metrics, /healthz, /readyz.";

/// The options of `slackline run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Where the configuration is.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// The signals that ask for a stop: SIGTERM of a supervisor, SIGINT of a person.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

/// Runs the worker until it is told to stop.
///
/// # Errors
/// What made the worker fail.
pub fn run(args: &RunArgs, log_format: LogFormat) -> anyhow::Result<Exit> {
    logs::init(log_format, Level::Info, None)?;
    let path = args.file.config.clone();
    let (config, files) = match super::load_source(&path) {
        Ok((config, files)) => (Arc::new(config), files),
        Err(refused) => return Ok(refused),
    };
    super::runtime()
        .context("cannot start the runtime")?
        .block_on(until_stopped(config, Source::new(path, files)))?;
    Ok(Exit::Done)
}

async fn until_stopped(config: Arc<Config>, source: Source) -> anyhow::Result<()> {
    let mut signals = StopSignals::listen().context("cannot listen for signals")?;
    let shutdown = CancellationToken::new();
    let pipeline = Pipeline::open(config).await?;
    let (configs, new_configs) = mpsc::channel(1);
    let follow = reload::follow(source, configs, pipeline.metrics());
    let worker = pipeline.run(shutdown.clone(), new_configs);
    tokio::pin!(worker);
    tokio::select! {
        ended = &mut worker => return Ok(ended?),
        Err(error) = follow => return Err(error).context("cannot listen for SIGHUP"),
        name = signals.next() => tracing::info!(signal = name, "stopping; a second signal ends it at once"),
    }
    shutdown.cancel();
    tokio::select! {
        ended = worker => Ok(ended?),
        name = signals.next() => end_at_once(name),
    }
}

/// The way out of a stop that hangs: no destructor is waited for. What was not committed is read again.
pub(super) fn end_at_once(signal: &str) -> ! {
    tracing::warn!(signal, "ended at once; what was not committed is read again");
    std::process::exit(1)
}

impl StopSignals {
    /// From now on a signal does not end the process by itself.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one and names it.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
