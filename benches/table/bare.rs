//! The yardstick: a consumer that does nothing but `BaseConsumer::poll` and adds up the payloads' lengths, with the properties that slackline has.
//!
//! It is a process of its own, on the core that the worker has in its turn.

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

/// For the whole topic; a busy machine may take some of it.
const PATIENCE: Duration = Duration::from_secs(300);

/// Notes the assignment, as it is noted of the worker.
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

/// Reads the whole topic once. Seconds from the first event to the last one, and µs of processor time in all.
pub fn read(settings: &Settings, topic: &str) -> anyhow::Result<(f64, f64)> {
    let program = std::env::current_exe()?;
    let output = settings
        .measured(&program)
        .args(["bare", &settings.brokers, topic, &settings.events.to_string()])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the bare consumer failed");
    let said: Value = serde_json::from_slice(&output.stdout)?;
    let of = |name: &str| said[name].as_f64().with_context(|| format!("no `{name}` in `{said}`"));
    Ok((of("seconds")?, of("cpu_us")?))
}

/// The process itself: `brokers topic events`. Prints what it measured as one line of JSON.
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
        oauth_token_file: None,
    };
    let mut properties = slackline::kafka::properties(&kafka);
    // What slackline needs for its promises and its metrics, a bare consumer does not pay for.
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
            // Also after whatever else a poll served, such as the assignment.
            ensure!(began.elapsed() < PATIENCE, "{events} events in {PATIENCE:?}");
            continue;
        };
        let message = message?;
        // Not from the assignment on: it looks up where to begin only then, which takes a tenth of a second.
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
    // Leaving the group would only take time: nobody asks for it again.
    std::process::exit(0)
}
