//! `slackline sample-events`: the demo's traffic for a Kafka that is there, to try a deployment with.
//!
//! Invariant: what was sent and what the broker took are counted apart, and the exit code says whether they are equal.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use rdkafka::ClientConfig;
use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::run::StopSignals;
use super::{Exit, duration};
use crate::demo::traffic;

/// For `--help`.
pub const EXAMPLES: &str = "\
Examples:
  slackline sample-events --brokers localhost:9092 --topic events             5 a second until Ctrl-C
  slackline sample-events --brokers kafka:9092 --rate 100 --for 30s           3,000 events
  slackline demo --print-config                                               a configuration that posts some of them

One event in five asks for a post of the demo's configuration: enterprise signups, NPS answers, orders in turn.";

const TICK: Duration = Duration::from_millis(20);

/// For one try to make the topic, and for the pause between two.
const TOPIC_WITHIN: Duration = Duration::from_secs(5);
const TOPIC_AGAIN: Duration = Duration::from_secs(1);

/// For what is still on its way at the end.
const FLUSH: Duration = Duration::from_secs(10);

/// The options of `slackline sample-events`.
#[derive(Debug, Args)]
pub struct SampleEventsArgs {
    /// Where Kafka is, as HOST:PORT, several with commas
    #[arg(long, value_name = "ADDR", default_value = "localhost:9092")]
    brokers: String,

    /// Where the events go; made with --partitions where it does not exist
    #[arg(long, value_name = "NAME", default_value = "events")]
    topic: String,

    /// Events a second
    #[arg(long, value_name = "RATE", default_value = "5", value_parser = super::fake_slack::rate)]
    rate: f64,

    /// Of a topic that does not exist yet
    #[arg(long, value_name = "COUNT", default_value = "4", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: i32,

    /// Stop by itself after this long, such as 30s [default: until Ctrl-C]
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    stop_after: Option<Duration>,
}

/// How many the broker took and how many it did not.
#[derive(Debug, Default)]
struct Counts {
    taken: AtomicU64,
    failed: AtomicU64,
}

struct Counting(Arc<Counts>);

impl ClientContext for Counting {}

impl ProducerContext for Counting {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => self.0.taken.fetch_add(1, Ordering::Relaxed),
            Err((error, _)) => {
                tracing::debug!(%error, "an event was not taken");
                self.0.failed.fetch_add(1, Ordering::Relaxed)
            }
        };
    }
}

/// Produces until SIGTERM, Ctrl-C or `--for`.
///
/// # Errors
/// As [`sample_events`].
pub async fn until_stopped(args: &SampleEventsArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let mut signals = StopSignals::listen().context("cannot listen for signals")?;
    sample_events(args, signals.next(), out).await
}

/// Produces until `shutdown` or `--for`; brokers that are not there are waited for.
///
/// # Errors
/// The broker refuses the topic, or `out` fails.
async fn sample_events(
    args: &SampleEventsArgs,
    shutdown: impl Future,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let mut shutdown = std::pin::pin!(shutdown);
    tokio::select! {
        made = make_topic(args) => made?,
        _ = &mut shutdown => return Ok(Exit::Done),
    }
    let counts = Arc::new(Counts::default());
    let producer: ThreadedProducer<Counting> = client(args)
        .set("queue.buffering.max.ms", "5")
        .create_with_context(Counting(Arc::clone(&counts)))?;
    writeln!(
        out,
        "{} events a second to `{}` on {}; Ctrl-C ends it",
        args.rate, args.topic, args.brokers
    )?;
    out.flush()?;

    let began = Instant::now();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut next, mut refused) = (0, 0);
    loop {
        tokio::select! {
            biased;
            _ = &mut shutdown => break,
            _ = ticks.tick() => {}
        }
        let elapsed = args.stop_after.map_or(began.elapsed(), |limit| began.elapsed().min(limit));
        while next < due(args.rate, elapsed) {
            let sample = traffic::mixed(next);
            // A full queue is a broker that is away: later events will do as well.
            let sent =
                producer.send(BaseRecord::to(&args.topic).key(&sample.key).payload(&sample.value));
            refused += u64::from(sent.is_err());
            next += 1;
        }
        if args.stop_after.is_some_and(|limit| began.elapsed() >= limit) {
            break;
        }
    }
    if let Err(error) = producer.flush(FLUSH) {
        tracing::warn!(%error, "not all events arrived");
    }
    let taken = counts.taken.load(Ordering::Relaxed);
    let failed = counts.failed.load(Ordering::Relaxed) + refused;
    writeln!(out, "{taken} events sent, {failed} not taken by Kafka")?;
    Ok(if taken == next { Exit::Done } else { Exit::Failed })
}

/// How many events are sent after so long: the first at once.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates")]
fn due(rate: f64, elapsed: Duration) -> u64 {
    (rate * elapsed.as_secs_f64()).ceil() as u64
}

fn client(args: &SampleEventsArgs) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &args.brokers).set("client.id", "slackline-sample-events");
    config
}

async fn make_topic(args: &SampleEventsArgs) -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> = client(args).create()?;
    let topic = NewTopic::new(&args.topic, args.partitions, TopicReplication::Fixed(-1));
    let options = AdminOptions::new()
        .request_timeout(Some(TOPIC_WITHIN))
        .operation_timeout(Some(TOPIC_WITHIN));
    loop {
        // Who may write to a topic that is there need not be allowed to make one.
        let there =
            tokio::task::block_in_place(|| admin.inner().fetch_metadata(None, TOPIC_WITHIN));
        if there.is_ok_and(|there| there.topics().iter().any(|topic| topic.name() == args.topic)) {
            return Ok(());
        }
        let error = match admin.create_topics([&topic], &options).await {
            Ok(results) => match results.into_iter().next() {
                None | Some(Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => {
                    return Ok(());
                }
                Some(Err((_, code))) => {
                    anyhow::bail!("the topic `{}` cannot be made: {code}", args.topic)
                }
            },
            Err(error) => error,
        };
        tracing::warn!(%error, brokers = args.brokers, "Kafka does not answer yet; waiting");
        sleep(TOPIC_AGAIN).await;
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
    fn as_many_are_due_as_the_rate_says() {
        assert_eq!(due(5.0, Duration::ZERO), 0);
        assert_eq!(due(5.0, Duration::from_millis(1)), 1);
        assert_eq!(due(5.0, Duration::from_secs(2)), 10);
        assert_eq!(due(0.1, Duration::from_secs(11)), 2);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_sent_is_taken_and_counted() {
        let cluster = MockCluster::new(1).unwrap();
        // The mock cluster has no Admin API to make it by.
        cluster.create_topic("events", 4, 1).unwrap();
        let args =
            args(&["--brokers", &cluster.bootstrap_servers(), "--rate", "500", "--for", "200ms"])
                .unwrap();
        let (_stop, never) = tokio::sync::oneshot::channel::<()>();
        let mut out = Vec::new();
        let ended = sample_events(&args, never, &mut out).await.unwrap();
        let said = String::from_utf8(out).unwrap();
        assert_eq!(ended, Exit::Done, "{said}");
        assert!(said.contains("100 events sent, 0 not taken"), "{said}");
    }
}
