//! `slackline demo`: the whole product on this machine. An embedded Kafka, a fake Slack, sample
//! events, and the real worker between them.
//!
//! Invariant: the worker runs the code of `run` with a configuration file's text, and does not know
//! that it is part of a demo.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anstream::stdout;
use anyhow::Context as _;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::format::Format;
use super::logs;
use super::process::{StopSignals, exit_immediately, runtime};
use super::values::parse_duration;
use crate::config::{self, model::Config};
use crate::demo::bus::Bus;
use crate::demo::counters::Counters;
use crate::demo::screen::{self, Screen};
use crate::demo::timeline::{self, Step};
use crate::demo::traffic::{self, Channel};
use crate::demo::workspace;
use crate::fake_slack::{FakeSlack, Feed};
use crate::health::Health;
use crate::metrics::Metrics;
use crate::pipeline::Pipeline;

const EXAMPLES: &str = "\
Examples:
  slackline demo                    run until Ctrl-C
  slackline demo --for 65s          run one whole round, then stop gracefully
  slackline demo --print-config     print the configuration that it runs with
  RUST_LOG=info slackline demo      show all logs of the worker";

const CONFIG: &str = include_str!("demo.yaml");

/// How often events are produced and the timeline is checked.
const TICK: Duration = Duration::from_millis(50);

/// The counters are read once in this many ticks.
const TICKS_PER_COUNT: u32 = 5;

/// How long the worker may take to get ready. Joining the embedded Kafka takes 3 s.
const JOIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait at the end for events that are not acknowledged.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The interval between background events: 300 a second.
const BACKGROUND_INTERVAL: Duration = Duration::from_micros(3_333);

/// See the whole product work on this machine, in a minute
///
/// Runs an embedded Kafka, a fake Slack, sample events, and the real worker between them. Needs no
/// file, no network and no account, and leaves nothing behind. Within a minute it shows steady
/// traffic, a burst that overflows a queue, a rate limit, an outage, and the recovery.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// Stop after this long, such as 30s or 2m; one round takes a minute [default: until Ctrl-C]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    stop_after: Option<Duration>,

    /// Print the configuration of the demo and exit
    #[arg(long)]
    print_config: bool,
}

pub fn run(args: &DemoArgs, log_format: Format) -> anyhow::Result<Exit> {
    let mut out = stdout();
    if args.print_config {
        out.write_all(CONFIG.as_bytes())?;
        return Ok(Exit::Done);
    }
    let line = screen::live_line();
    // The worker's warnings are part of the demo: every drop, rate limit and outage.
    logs::init(log_format, "warn", Some(line.clone()))?;
    let runtime = runtime()?;
    let mut screen = Screen::new(&mut out, line);
    let ended = runtime.block_on(play(args.stop_after, &mut screen));
    screen.clear();
    ended
}

async fn play(stop_after: Option<Duration>, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let mut signals = StopSignals::listen()?;
    let bus = Bus::start().context("cannot start the embedded Kafka")?;
    let slack = workspace::start().await.context("cannot start the fake Slack")?;
    let pipeline = open(configuration(&bus, &slack)?).await?;
    introduce(screen, &pipeline)?;

    let mut demo = Demo {
        metrics: Arc::clone(&pipeline.metrics),
        health: Arc::clone(&pipeline.health),
        posts: slack.subscribe(),
        bus,
        slack,
        screen,
        produced: [0; Channel::ALL.len()],
    };
    let shutdown = CancellationToken::new();
    let worker = pipeline.run(shutdown.clone(), tokio::sync::mpsc::channel(1).1);
    tokio::pin!(worker);
    let why = tokio::select! {
        ended = &mut worker => {
            ended.context("the worker failed")?;
            anyhow::bail!("the worker ended without a request to stop");
        }
        played = demo.play(started, stop_after) => played.map(|()| "time is up"),
        signal = signals.next() => Ok(signal),
    };
    let announced = why.and_then(|why| {
        let text =
            format!("\n{why}: stopping; requests in flight complete, queued events stay in Kafka");
        Ok(demo.screen.remark(&text)?)
    });
    demo.bus.producer.finish(FLUSH_TIMEOUT);
    shutdown.cancel();
    if announced.is_err() {
        // The output is closed. The worker still stops before the Kafka that it uses.
        worker.await?;
        return announced.map(|()| Exit::Failed);
    }
    tokio::select! {
        stopped = demo.print_until(worker) => {
            stopped?.context("the worker failed while stopping")?;
        }
        signal = signals.next() => {
            demo.screen.clear();
            exit_immediately(signal)
        }
    }
    demo.summary(started.elapsed())
}

/// Returns the demo's configuration, checked like every other configuration.
fn configuration(bus: &Bus, slack: &FakeSlack) -> anyhow::Result<Config> {
    let filled_in = |name: &str| match name {
        "DEMO_BROKERS" => Some(bus.address()),
        "DEMO_TOKEN" => Some("xoxb-demo".to_owned()),
        "DEMO_API_URL" => Some(slack.url("/api/")),
        "DEMO_ORDERS_URL" => Some(slack.url(workspace::path(Channel::Orders))),
        _ => None,
    };
    let no_files = |_: &Path| Err(io::Error::from(io::ErrorKind::NotFound));
    let loaded = config::check(CONFIG, Path::new("demo.yaml"), &filled_in, &no_files);
    Ok(loaded.context("the demo's configuration is invalid")?.config)
}

/// Opens the worker on the configured port if it is free, otherwise on any free port.
async fn open(mut config: Config) -> anyhow::Result<Pipeline> {
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
        screen.metrics_url = format!("http://{address}/metrics");
    }
    screen.remark("configuration  slackline demo --print-config")?;
    screen.remark("joining the consumer group, which takes 3 s …")?;
    Ok(())
}

/// The running demo, except for the worker.
struct Demo<'s, 'o> {
    bus: Bus,
    slack: FakeSlack,
    posts: Feed,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    screen: &'s mut Screen<'o>,
    /// The number of matching events produced, in the order of [`Channel::ALL`].
    produced: [u64; Channel::ALL.len()],
}

impl Demo<'_, '_> {
    /// Plays the acts once the worker is ready, until `stop_after` has passed since `started`.
    async fn play(&mut self, started: Instant, stop_after: Option<Duration>) -> anyhow::Result<()> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut first_act = None;
        let mut played = Duration::ZERO;
        for tick in (0..TICKS_PER_COUNT).cycle() {
            self.print_until(ticks.tick()).await?;
            if stop_after.is_some_and(|stop_after| started.elapsed() >= stop_after) {
                break;
            }
            let now = Instant::now();
            let Some(first_act) = first_act else {
                match self.health.readiness(now) {
                    Ok(()) => first_act = Some(now),
                    Err(unready) if started.elapsed() > JOIN_TIMEOUT => {
                        let waited = JOIN_TIMEOUT.as_secs();
                        anyhow::bail!("the worker is not ready after {waited} s: {unready}");
                    }
                    Err(_) => {}
                }
                continue;
            };
            let elapsed = now.duration_since(first_act);
            for step in timeline::steps(played, elapsed) {
                self.perform(step)?;
            }
            self.produce(played, elapsed)?;
            played = elapsed;
            if tick == 0 {
                self.screen.counters(&Counters::read(&self.metrics.text()), elapsed)?;
            }
        }
        Ok(())
    }

    fn perform(&mut self, step: Step) -> anyhow::Result<()> {
        match step {
            Step::Act { number, title, description } => {
                self.screen.headline(&format!("Act {number}: {title}"))?;
                self.screen.remark(&format!("   {description}"))?;
            }
            Step::Burst(orders) => {
                for _ in 0..orders {
                    self.produce_sample(Channel::Orders)?;
                }
            }
            Step::Slack(channel, behavior) => {
                workspace::set_behavior(&self.slack, channel, behavior)
            }
        }
        Ok(())
    }

    fn produce(&mut self, from: Duration, to: Duration) -> anyhow::Result<()> {
        let before = timeline::times(BACKGROUND_INTERVAL, Duration::ZERO, from);
        for number in before..before + timeline::times(BACKGROUND_INTERVAL, from, to) {
            self.bus.producer.produce(&traffic::background(number))?;
        }
        for channel in Channel::ALL {
            for _ in 0..timeline::times(channel.interval(), from, to) {
                self.produce_sample(channel)?;
            }
        }
        Ok(())
    }

    fn produce_sample(&mut self, channel: Channel) -> anyhow::Result<()> {
        let number = &mut self.produced[channel as usize];
        self.bus.producer.produce(&traffic::sample(channel, *number))?;
        *number += 1;
        Ok(())
    }

    /// Prints the messages that the fake Slack receives until `done` completes.
    async fn print_until<T>(&mut self, done: impl Future<Output = T>) -> anyhow::Result<T> {
        tokio::pin!(done);
        loop {
            tokio::select! {
                // What was received before the end is still printed.
                biased;
                Some(shown) = self.posts.next() => self.screen.print(&shown)?,
                done = &mut done => return Ok(done),
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
            "   {consumed} events read, {invalid} of them invalid, {matched} deliveries\n   \
             = {delivered} delivered + {dropped} dropped{reasons} + {released} released"
        ))?;
        if *released > 0 {
            self.screen
                .remark("   released: still queued or between two attempts; the next worker reads these events again")?;
        }
        let posted = self.slack.requests().iter().filter(|request| request.is_posted()).count();
        self.screen.remark(&format!("   the fake Slack received {posted} messages"))?;
        if counters.balance() {
            return Ok(Exit::Done);
        }
        self.screen.print("   these numbers do not add up: please report it")?;
        Ok(Exit::Failed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn the_configuration_is_valid() {
        let (bus, slack) = (Bus::start().unwrap(), workspace::start().await.unwrap());
        let config = configuration(&bus, &slack).unwrap();
        assert_eq!(config.kafka.brokers, bus.address());
        for channel in Channel::ALL {
            assert!(
                config.webhooks.iter().any(|webhook| webhook.name == channel.as_str()),
                "{channel:?}"
            );
        }
    }
}
