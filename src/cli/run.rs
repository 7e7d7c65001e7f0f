//! `slackline run`: the worker, from loading the configuration to a graceful stop.
//!
//! Invariant: the first signal starts a graceful stop, the second ends the process immediately, and
//! no signal is lost in between. SIGHUP is handled by `cli/reload.rs`.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::config_file::ConfigArgument;
use super::exit::Exit;
use super::format::Format;
use super::logs;
use super::process::{StopSignals, exit_immediately, runtime};
use super::reload::{self, Source};
use crate::config::model::Config;
use crate::pipeline::Pipeline;

const EXAMPLES: &str = "\
Examples:
  slackline run
  slackline run deploy/examples/slackline.yaml
  RUST_LOG=debug slackline run --log-format json

SIGTERM and SIGINT stop it gracefully. SIGHUP reloads the configuration, and so does a change of its \
files; an invalid configuration changes nothing.
It serves /metrics, /healthz and /readyz on `admin.listen` (127.0.0.1:9464).";

/// Run the worker until SIGTERM or Ctrl-C
///
/// Joins the consumer group and posts a message for every event that matches an action. Waits for
/// brokers and topics that do not exist yet. On SIGTERM or Ctrl-C it stops reading, waits for
/// requests in flight (`kafka.drain_timeout`), commits, and leaves the group; the partitions' next
/// owner reads the events that were still queued. A second signal ends it immediately.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    #[command(flatten)]
    pub config: ConfigArgument,
}

pub fn run(args: &RunArgs, log_format: Format) -> anyhow::Result<Exit> {
    logs::init(log_format, "info", None)?;
    let config_file = args.config.option();
    let (config, files) = config_file.load()?;
    let source = Source::new(config_file.path(), files);
    runtime()?.block_on(until_stopped(Arc::new(config), source))?;
    Ok(Exit::Done)
}

async fn until_stopped(config: Arc<Config>, source: Source) -> anyhow::Result<()> {
    let mut signals = StopSignals::listen()?;
    let shutdown = CancellationToken::new();
    let pipeline = Pipeline::open(config).await?;
    let (configs, new_configs) = mpsc::channel(1);
    let follow = reload::follow(source, configs, Arc::clone(&pipeline.metrics));
    let worker = pipeline.run(shutdown.clone(), new_configs);
    tokio::pin!(worker);
    tokio::select! {
        ended = &mut worker => return Ok(ended?),
        Err(error) = follow => return Err(error).context("cannot listen for SIGHUP"),
        signal = signals.next() => {
            tracing::info!(signal, "stopping; a second signal exits immediately");
        }
    }
    shutdown.cancel();
    tokio::select! {
        ended = worker => Ok(ended?),
        signal = signals.next() => exit_immediately(signal),
    }
}
