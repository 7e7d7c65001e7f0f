//! `slackline sample-events`: sends the demo's events to Kafka, to try a deployment.
//!
//! Invariant: the exit code is 0 only if the broker acknowledged every event.

use std::io::Write;
use std::time::Duration;

use anstream::stdout;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::exit::Exit;
use super::format::Format;
use super::logs;
use super::process::{StopSignals, runtime};
use super::values::{parse_duration, parse_rate};
use crate::demo::producer::Producer;
use crate::demo::traffic;

const EXAMPLES: &str = "\
Examples:
  slackline sample-events                           5 a second until Ctrl-C
  slackline sample-events --rate 100 --for 30s      nearly 3,000 events
  slackline sample-events --brokers kafka:9092 --topic users
  slackline demo --print-config                     a configuration for them

One event in five matches an action of the demo's configuration: enterprise signups, NPS answers and \
orders in turn.";

const TICK: Duration = Duration::from_millis(20);

/// The timeout of the first request, so that a wait is logged soon.
const FIRST_TIMEOUT: Duration = Duration::from_secs(1);

/// The timeout of a later request, and of creating the topic.
const CREATE_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause before the next attempt to create the topic.
const CREATE_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait at the end for events that are not acknowledged.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// Send sample events to Kafka, to try a deployment
///
/// Sends the demo's events; one in five matches an action of the demo's configuration. Waits for
/// brokers that are not available yet, and creates the topic if it does not exist.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct SampleEventsArgs {
    /// The addresses of the brokers, as HOST:PORT, separated by commas
    #[arg(long, value_name = "ADDR", default_value = "localhost:9092")]
    brokers: String,

    /// The topic of the events; created with --partitions if it does not exist
    #[arg(long, value_name = "NAME", default_value = "events")]
    topic: String,

    /// Events a second
    #[arg(long, value_name = "RATE", default_value = "5", value_parser = parse_rate)]
    rate: f64,

    /// The number of partitions if the topic is created
    #[arg(
        long,
        value_name = "COUNT",
        default_value = "4",
        value_parser = clap::value_parser!(i32).range(1..)
    )]
    partitions: i32,

    /// Stop after this long, such as 30s, the wait for the brokers included [default: until Ctrl-C]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    stop_after: Option<Duration>,
}

pub fn run(args: &SampleEventsArgs, log_format: Format) -> anyhow::Result<Exit> {
    logs::init(log_format, "warn", None)?;
    runtime()?.block_on(async {
        let mut signals = StopSignals::listen()?;
        sample_events(args, signals.next(), &mut stdout()).await
    })
}

/// Produces events until `shutdown` or the end of `--for`. Waits for brokers that do not answer.
async fn sample_events(
    args: &SampleEventsArgs,
    shutdown: impl Future,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let mut shutdown = std::pin::pin!(shutdown);
    let deadline = args.stop_after.map(|limit| Instant::now() + limit);
    tokio::select! {
        created = create_topic(args, deadline) => created?,
        _ = &mut shutdown => return Ok(Exit::Done),
    }
    let producer = Producer::new(&args.brokers, &args.topic)?;
    writeln!(
        out,
        "{} events a second to `{}` on {}; Ctrl-C stops it",
        args.rate, args.topic, args.brokers
    )?;
    out.flush()?;

    let started = Instant::now();
    let limit = remaining(deadline);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut next = 0;
    loop {
        tokio::select! {
            biased;
            _ = &mut shutdown => break,
            _ = ticks.tick() => {}
        }
        let elapsed = started.elapsed().min(limit);
        while next < due(args.rate, elapsed) {
            // An event for which there is no room counts as not acknowledged.
            let _ = producer.produce(&traffic::mixed(next));
            next += 1;
        }
        if elapsed == limit {
            break;
        }
    }
    let acknowledged = producer.finish(FLUSH_TIMEOUT);
    let failed = next - acknowledged;
    writeln!(out, "{acknowledged} events sent, {failed} not acknowledged")?;
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}

/// Returns the number of events to send within `elapsed`. The first is sent immediately.
fn due(rate: f64, elapsed: Duration) -> u64 {
    (rate * elapsed.as_secs_f64()).ceil() as u64
}

/// Returns the time until `deadline`; without one, there is no end.
fn remaining(deadline: Option<Instant>) -> Duration {
    deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
}

/// Creates the topic if it does not exist. Waits for the brokers, at most until `deadline`.
async fn create_topic(args: &SampleEventsArgs, deadline: Option<Instant>) -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", &args.brokers)
        .set("client.id", "slackline-sample-events")
        .create()?;
    let topic = NewTopic::new(&args.topic, args.partitions, TopicReplication::Fixed(-1));
    let mut timeout = FIRST_TIMEOUT;
    loop {
        let limit = timeout.min(remaining(deadline));
        // Permission to write to a topic does not include permission to create it.
        let metadata = tokio::task::block_in_place(|| admin.inner().fetch_metadata(None, limit));
        let error = match metadata {
            Ok(metadata) if metadata.topics().iter().any(|topic| topic.name() == args.topic) => {
                return Ok(());
            }
            Ok(_) => {
                let limit = CREATE_TIMEOUT.min(remaining(deadline));
                let options =
                    AdminOptions::new().request_timeout(Some(limit)).operation_timeout(Some(limit));
                match admin.create_topics([&topic], &options).await {
                    Ok(results) => match results.into_iter().next() {
                        None | Some(Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => {
                            return Ok(());
                        }
                        Some(Err((_, code))) => {
                            anyhow::bail!("cannot create the topic `{}`: {code}", args.topic)
                        }
                    },
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        tracing::warn!(%error, brokers = args.brokers, "Kafka does not answer yet, retrying");
        timeout = CREATE_TIMEOUT;
        sleep(CREATE_PAUSE.min(remaining(deadline))).await;
        anyhow::ensure!(
            !remaining(deadline).is_zero(),
            "no answer from `{}` within the time of --for; are these the brokers?",
            args.brokers
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use clap::Parser;
    use rdkafka::mocking::MockCluster;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: SampleEventsArgs,
    }

    fn args(line: &[&str]) -> Result<SampleEventsArgs, clap::Error> {
        Line::try_parse_from(std::iter::once(&"sample-events").chain(line)).map(|line| line.args)
    }

    #[test]
    fn options_have_defaults_and_limits() {
        let defaults = args(&[]).unwrap();
        assert_eq!(
            (defaults.topic.as_str(), defaults.partitions, defaults.stop_after),
            ("events", 4, None)
        );
        for wrong in
            [&["--rate", "0"][..], &["--rate", "nan"], &["--partitions", "0"], &["--for", "3"]]
        {
            assert!(args(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn events_are_sent_at_the_given_rate() {
        assert_eq!(due(5.0, Duration::ZERO), 0);
        assert_eq!(due(5.0, Duration::from_millis(1)), 1);
        assert_eq!(due(5.0, Duration::from_secs(2)), 10);
        assert_eq!(due(0.1, Duration::from_secs(11)), 2);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_sent_event_is_acknowledged_and_counted() {
        let cluster = MockCluster::new(1).unwrap();
        // The mock cluster cannot create topics through the Admin API.
        cluster.create_topic("events", 4, 1).unwrap();
        let args =
            args(&["--brokers", &cluster.bootstrap_servers(), "--rate", "100", "--for", "3s"])
                .unwrap();
        let (_stop, never) = tokio::sync::oneshot::channel::<()>();
        let mut out = Vec::new();
        let ended = sample_events(&args, never, &mut out).await.unwrap();
        let printed = String::from_utf8(out).unwrap();
        assert_eq!(ended, Exit::Done, "{printed}");
        assert!(printed.contains(" events sent, 0 not acknowledged"), "{printed}");
        assert!(!printed.contains("\n0 events sent"), "{printed}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_wait_for_a_broker_ends_with_the_time_of_for() {
        let args = args(&["--brokers", "127.0.0.1:1", "--for", "100ms"]).unwrap();
        let (_stop, never) = tokio::sync::oneshot::channel::<()>();
        let error = sample_events(&args, never, &mut Vec::new()).await.unwrap_err();
        assert!(error.to_string().contains("`127.0.0.1:1`"), "{error}");
    }
}
