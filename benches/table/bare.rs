//! The baseline: a consumer that only calls `BaseConsumer::poll` and sums the payloads' lengths,
//! with slackline's properties.
//!
//! It runs as a process of its own, on the core that the worker uses in its turn.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rdkafka::ClientContext;
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance};
use serde_json::{Value, json};
use slackline::config::model::{Kafka, Start};

use super::process;
use super::report::Settings;

/// The limit for reading the whole topic, with reserve for a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Records the processor time at the assignment, like `worker.rs` does.
#[derive(Default)]
struct Context {
    assigned: OnceLock<Duration>,
}

impl ClientContext for Context {}

impl ConsumerContext for Context {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let (Rebalance::Assign(_), Ok(cpu)) = (rebalance, process::cpu(std::process::id())) {
            let _ = self.assigned.set(cpu);
        }
    }
}

/// Reads the whole topic once. Returns the seconds from the first to the last event, and the
/// processor time in µs.
pub fn read(settings: &Settings, topic: &str) -> anyhow::Result<(f64, f64)> {
    let program = std::env::current_exe()?;
    let output = settings
        .measured(&program)
        .args(["bare", &settings.brokers, topic, &settings.events.to_string()])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the bare consumer failed");
    let output: Value = serde_json::from_slice(&output.stdout)?;
    let of =
        |name: &str| output[name].as_f64().with_context(|| format!("no `{name}` in `{output}`"));
    Ok((of("seconds")?, of("cpu_us")?))
}

/// The process itself, with the arguments `brokers topic events`. Prints its measurements as one
/// line of JSON.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let [brokers, topic, events] = arguments else { anyhow::bail!("three arguments") };
    let wanted: u64 = events.parse()?;
    let kafka = Kafka {
        brokers: brokers.clone(),
        group_id: format!("bare-{}", std::process::id()),
        topics: vec![topic.clone()],
        start: Start::Earliest,
        instance_id: None,
        drain_timeout: Duration::from_secs(5),
        properties: Default::default(),
        property_files: std::collections::BTreeMap::new(),
        oauth_token_file: None,
    };
    let mut properties = slackline::kafka::properties(&kafka);
    // A bare consumer does not need what slackline sets for its guarantees and metrics.
    properties
        .set("auto.offset.reset", "earliest")
        .set("statistics.interval.ms", "0")
        .set("enable.partition.eof", "false");
    let consumer: BaseConsumer<Context> =
        BaseConsumer::from_config_and_context(&properties, Context::default())?;
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
    let before = consumer.context().assigned.get().context("nothing was assigned")?;
    let seconds = first.elapsed().as_secs_f64();
    let cpu = process::cpu(std::process::id())?.saturating_sub(*before);
    println!(
        "{}",
        json!({ "seconds": seconds, "cpu_us": cpu.as_secs_f64() * 1e6, "bytes": bytes })
    );
    // Leaving the group would only take time; its id is not used again.
    std::process::exit(0)
}
