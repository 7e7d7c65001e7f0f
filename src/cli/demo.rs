//! `slackline demo`: the whole product on this machine. An embedded Kafka, a fake Slack, sample traffic, and the real worker between them.
//!
//! Invariant: the worker is started from a configuration's text by the very code of `run`, and knows nothing of the demo.

use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::logs::{self, Level};
use super::run::{StopSignals, end_at_once};
use super::{Exit, LogFormat, duration};
use crate::config::{self, model::Config};
use crate::demo::bus::Bus;
use crate::demo::counters::Counters;
use crate::demo::screen::{self, Screen};
use crate::demo::timeline::{self, Cue};
use crate::demo::traffic::{self, Channel};
use crate::demo::workspace::Workspace;
use crate::fake_slack::Request;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::pipeline::{Pipeline, PipelineError};

/// What `slackline demo --help` ends with.
pub const EXAMPLES: &str = "\
Examples:
  slackline demo                    until Ctrl-C
  slackline demo --for 65s          one whole round, then a clean stop
  slackline demo --print-config     the configuration that it runs with
  RUST_LOG=info slackline demo      with all that the worker logs";

const CONFIG: &str = include_str!("demo.yaml");

/// How often traffic is produced and the timeline looked at.
const TICK: Duration = Duration::from_millis(50);

/// How often the counters are read.
const COUNT_EVERY: u32 = 5;

/// What a stop means.
const LEFT: &str = "attempts in flight may end, what is queued is left to Kafka";

/// Joining takes the embedded Kafka 3 s; much later it would be a fault worth an error.
const JOIN_WITHIN: Duration = Duration::from_secs(30);

/// Everyday traffic: 300 events a second.
const BACKGROUND_EVERY: Duration = Duration::from_micros(3_333);

/// The options of `slackline demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Stop by itself after this long, as in 30s or 2m; one round of acts takes a minute [default: until Ctrl-C]
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    stop_after: Option<Duration>,

    /// Print the configuration that the demo runs with, and do nothing else
    #[arg(long)]
    print_config: bool,
}

/// The worker while it runs.
type Worker<'a> = Pin<&'a mut dyn Future<Output = Result<(), PipelineError>>>;

/// Runs the demo until Ctrl-C or `--for`.
///
/// # Errors
/// What made it fail: no port, or a worker that ended with an error.
pub fn demo(args: &DemoArgs, log_format: LogFormat, out: &mut dyn Write) -> anyhow::Result<Exit> {
    if args.print_config {
        out.write_all(CONFIG.as_bytes())?;
        return Ok(Exit::Done);
    }
    let line = screen::live_line();
    // The worker's warnings are part of the show: they tell of every drop, limit and outage.
    logs::init(log_format, Level::Warn, Some(line.clone()))?;
    let runtime = super::runtime().context("cannot start the runtime")?;
    let mut screen = Screen::new(out, line);
    let ended = runtime.block_on(play(args.stop_after, &mut screen));
    screen.clear();
    ended
}

async fn play(stop_after: Option<Duration>, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let mut signals = StopSignals::listen().context("cannot listen for signals")?;
    let bus = Bus::start().context("cannot start the embedded Kafka")?;
    let slack = Workspace::start().await.context("cannot start the fake Slack")?;
    let pipeline = open(configuration(&bus, &slack)?).await?;
    introduce(screen, &pipeline)?;

    let mut show = Show {
        metrics: pipeline.metrics(),
        health: pipeline.health(),
        posts: slack.posts(),
        bus,
        slack,
        screen,
        produced: [0; Channel::ALL.len()],
    };
    let shutdown = CancellationToken::new();
    let worker = pipeline.run(shutdown.clone(), tokio::sync::mpsc::channel(1).1);
    tokio::pin!(worker);
    let mut worker: Worker<'_> = worker;
    let why = tokio::select! {
        ended = worker.as_mut() => {
            ended.context("the worker failed")?;
            anyhow::bail!("the worker ended though nobody asked it to");
        }
        played = show.play(started, stop_after) => played.map(|()| "time is up"),
        signal = signals.next() => Ok(signal),
    };
    let told = why.and_then(|why| Ok(show.screen.remark(&format!("\n{why}: stopping; {LEFT}"))?));
    show.bus.stop();
    shutdown.cancel();
    if told.is_err() {
        // Nobody looks any more; the worker stops before the Kafka that it talks to all the same.
        worker.await?;
        return told.map(|()| Exit::Failed);
    }
    tokio::select! {
        stopped = show.watch(worker) => stopped?,
        signal = signals.next() => {
            show.screen.clear();
            end_at_once(signal)
        }
    }
    show.summary(started.elapsed())
}

/// The demo's file, checked by the code that checks everybody's.
fn configuration(bus: &Bus, slack: &Workspace) -> anyhow::Result<Config> {
    let filled_in = |name: &str| match name {
        "DEMO_BROKERS" => Some(bus.address()),
        "DEMO_SALES_URL" => Some(slack.url(Channel::Sales)),
        "DEMO_SUPPORT_URL" => Some(slack.url(Channel::Support)),
        "DEMO_ORDERS_URL" => Some(slack.url(Channel::Orders)),
        _ => None,
    };
    let no_files = |_: &Path| Err(io::Error::from(io::ErrorKind::NotFound));
    let loaded = config::check(CONFIG, Path::new("demo.yaml"), &filled_in, &no_files);
    Ok(loaded
        .map_err(|errors| anyhow::anyhow!("{errors}"))
        .context("the demo's own configuration is broken")?
        .config)
}

/// On the configured port if it is free, so that the address is the usual one; on any other if not.
async fn open(config: Config) -> anyhow::Result<Pipeline> {
    let mut config = config;
    let taken = tokio::net::TcpListener::bind(&config.admin.listen).await.is_err();
    if taken {
        "127.0.0.1:0".clone_into(&mut config.admin.listen);
    }
    Ok(Pipeline::open(Arc::new(config)).await?)
}

fn introduce(screen: &mut Screen<'_>, pipeline: &Pipeline) -> io::Result<()> {
    screen.print(
        "slackline demo: an embedded Kafka, a fake Slack, and the real worker between them",
    )?;
    if let Some(address) = pipeline.admin_address() {
        screen.remark(&format!(
            "metrics        http://{address}/metrics   (and /healthz, /readyz)"
        ))?;
        screen.look_further(format!("http://{address}/metrics"));
    }
    screen.remark("configuration  slackline demo --print-config")?;
    screen.remark("joining the consumer group, which takes an embedded Kafka 3 s …")?;
    Ok(())
}

/// Everything that is in front of and behind the worker.
struct Show<'s, 'o> {
    bus: Bus,
    slack: Workspace,
    posts: broadcast::Receiver<Arc<Request>>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    screen: &'s mut Screen<'o>,
    /// Samples so far, by [`Channel::ALL`]'s order.
    produced: [u64; Channel::ALL.len()],
}

impl Show<'_, '_> {
    /// Plays the acts, once the worker is ready, until `stop_after` from `started` on.
    async fn play(&mut self, started: Instant, stop_after: Option<Duration>) -> anyhow::Result<()> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut curtain = None;
        let mut played = Duration::ZERO;
        for tick in (0..COUNT_EVERY).cycle() {
            self.print_until(ticks.tick()).await?;
            if stop_after.is_some_and(|stop_after| started.elapsed() >= stop_after) {
                break;
            }
            let now = Instant::now();
            let Some(curtain) = curtain else {
                if self.health.readiness(now).is_ok() {
                    curtain = Some(now);
                } else if started.elapsed() > JOIN_WITHIN {
                    let unready = self
                        .health
                        .readiness(now)
                        .err()
                        .map(|unwell| unwell.to_string())
                        .unwrap_or_default();
                    anyhow::bail!(
                        "the worker is not ready after {} s: {unready}",
                        JOIN_WITHIN.as_secs()
                    );
                }
                continue;
            };
            let elapsed = now.duration_since(curtain);
            for cue in timeline::cues(played, elapsed) {
                self.follow(cue)?;
            }
            self.produce(played, elapsed)?;
            played = elapsed;
            if tick == 0 {
                self.screen.counters(&Counters::read(&self.metrics.text()), elapsed)?;
            }
        }
        Ok(())
    }

    fn follow(&mut self, cue: Cue) -> anyhow::Result<()> {
        match cue {
            Cue::Act(act) => self.screen.act(act)?,
            Cue::Burst(orders) => {
                for _ in 0..orders {
                    self.produce_sample(Channel::Orders)?;
                }
            }
            Cue::Slack(channel, mood) => self.slack.set_mood(channel, mood),
        }
        Ok(())
    }

    fn produce(&mut self, from: Duration, to: Duration) -> anyhow::Result<()> {
        let before = timeline::times(BACKGROUND_EVERY, Duration::ZERO, from);
        for number in before..before + timeline::times(BACKGROUND_EVERY, from, to) {
            self.bus.produce(&traffic::background(number))?;
        }
        for channel in Channel::ALL {
            for _ in 0..timeline::times(channel.every(), from, to) {
                self.produce_sample(channel)?;
            }
        }
        Ok(())
    }

    fn produce_sample(&mut self, channel: Channel) -> anyhow::Result<()> {
        let number = &mut self.produced[channel as usize];
        self.bus.produce(&traffic::sample(channel, *number))?;
        *number += 1;
        Ok(())
    }

    /// Prints what the fake Slack receives while the worker stops.
    async fn watch(&mut self, worker: Worker<'_>) -> anyhow::Result<()> {
        self.print_until(worker).await?.context("the worker failed while it stopped")
    }

    /// Prints what the fake Slack receives until `done` is.
    async fn print_until<T>(&mut self, done: impl Future<Output = T>) -> anyhow::Result<T> {
        tokio::pin!(done);
        loop {
            let received = tokio::select! {
                done = &mut done => {
                    while let Ok(request) = self.posts.try_recv() {
                        self.screen.print(&self.slack.show(&request))?;
                    }
                    return Ok(done);
                }
                received = self.posts.recv() => received,
            };
            match received {
                Ok(request) => self.screen.print(&self.slack.show(&request))?,
                Err(RecvError::Lagged(missed)) => {
                    self.screen.remark(&format!("… {missed} posts not shown"))?
                }
                // The fake Slack lives as long as the show: it cannot be closed.
                Err(RecvError::Closed) => anyhow::bail!("the fake Slack is gone"),
            }
        }
    }

    fn summary(&mut self, took: Duration) -> anyhow::Result<Exit> {
        let counters = Counters::read(&self.metrics.text());
        let Counters { consumed, invalid, matched, delivered, released, .. } = &counters;
        let dropped = counters.dropped();
        let reasons = counters.reasons();
        self.screen.clear();
        self.screen.headline(&format!("Stopped after {} s", took.as_secs()))?;
        self.screen.print(&format!(
            "   {consumed} events read, {invalid} of them invalid, {matched} posts asked for\n   \
             = {delivered} delivered + {dropped} dropped{reasons} + {released} released"
        ))?;
        if *released > 0 {
            self.screen
                .remark("   released: still queued or between two attempts; the next worker reads them again")?;
        }
        self.screen.remark(&format!("   the fake Slack counts {} posts", self.slack.posted()))?;
        if counters.balance() {
            return Ok(Exit::Done);
        }
        self.screen.print("   which does not add up: please report it")?;
        Ok(Exit::Failed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn the_configuration_is_accepted() {
        let (bus, slack) = (Bus::start().unwrap(), Workspace::start().await.unwrap());
        let config = configuration(&bus, &slack).unwrap();
        assert_eq!(config.kafka.brokers, bus.address());
        for channel in Channel::ALL {
            assert!(
                config.webhooks.iter().any(|webhook| webhook.name == channel.webhook()),
                "{channel:?}"
            );
        }
    }
}
