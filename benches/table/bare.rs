//! The baseline: a consumer that only calls `BaseConsumer::poll` and sums the payloads' lengths,
//! with slackline's properties.
//!
//! It runs as its own process, on the core that the worker uses in its turn.

use std::mem::ManuallyDrop;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rdkafka::ClientContext;
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance};
use serde_json::{Value, json};

use super::process::Moment;
use super::settings::{Settings, number};
use super::worker::group;
use crate::actions::{self, Setup, Triggers};

/// The limit for reading the whole topic, with reserve for a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Records the moment of the assignment, like `worker.rs` does.
#[derive(Default)]
struct Context {
    assigned: OnceLock<Moment>,
}

impl ClientContext for Context {}

impl ConsumerContext for Context {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let (Rebalance::Assign(_), Ok(now)) = (rebalance, Moment::of(std::process::id())) {
            let _ = self.assigned.set(now);
        }
    }
}

/// Reads the whole topic once. Returns the seconds from the first to the last event, and the
/// processor time in µs.
pub fn read(settings: &Settings, topic: &str) -> anyhow::Result<(f64, f64)> {
    let events = settings.events.to_string();
    let output = settings.run_mode(&["bare", &settings.brokers, topic, &events])?;
    Ok((number(&output, "seconds")?, number(&output, "cpu_us")?))
}

/// The process itself. Returns its measurements.
pub fn run(brokers: &str, topic: &str, wanted: u64) -> anyhow::Result<Value> {
    let brokers = brokers.to_owned();
    let setup = Setup { brokers, group: group(), ..Setup::of(topic) };
    let config = actions::config(&setup, Triggers::Selective(1));
    let mut properties = slackline::kafka::properties(&config.kafka);
    // A bare consumer does not need what slackline sets for its guarantees and metrics.
    properties
        .set("auto.offset.reset", "earliest")
        .set("statistics.interval.ms", "0")
        .set("enable.partition.eof", "false");
    let consumer: BaseConsumer<Context> =
        BaseConsumer::from_config_and_context(&properties, Context::default())?;
    // Not dropped: leaving the group would only take time, and its id is not used again.
    let consumer = ManuallyDrop::new(consumer);
    consumer.subscribe(&[topic])?;
    let began = Instant::now();
    let (mut events, mut bytes, mut first) = (0, 0, began);
    while events < wanted {
        let Some(message) = consumer.poll(Duration::from_millis(100)) else {
            // Also after a poll that served another event, such as the assignment.
            ensure!(began.elapsed() < PATIENCE, "{events} events in {PATIENCE:?}");
            continue;
        };
        let message = message?;
        // Not from the assignment on: the consumer then looks up the starting offset, which takes a
        // tenth of a second.
        if events == 0 {
            first = Instant::now();
        }
        bytes += message.payload_len();
        events += 1;
    }
    let seconds = first.elapsed().as_secs_f64();
    let assigned = consumer.context().assigned.get().context("nothing was assigned")?;
    Ok(json!({ "seconds": seconds, "cpu_us": assigned.cpu_us()?, "bytes": bytes }))
}
