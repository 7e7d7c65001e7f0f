//! The time from producing an event to the arrival of its post at Slack, one event at a time on an
//! idle system.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rdkafka::producer::{BaseRecord, Producer as _};
use serde_json::json;

use super::report::{Bounds, Table};
use super::settings::Settings;
use super::slack::Slack;
use super::topics;
use super::worker::Worker;
use crate::actions::{Setup, Triggers};
use crate::events;

const PARTITIONS: i32 = 3;
const WARM_UP: u32 = 20;

/// Adds two rows: the median and the 99th percentile.
pub fn run(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    if !settings.wants("latency") {
        return Ok(());
    }
    let topic = "latency";
    topics::create(settings, topic, PARTITIONS)?;
    let slack = Slack::hanging()?;
    let setup = Setup { slack: slack.url(), webhooks: 1, ..Setup::of(topic) };
    let worker = Worker::start(settings, setup, Triggers::Selective(1))?;
    worker.assigned()?;
    let producer = topics::producer(&settings.brokers, &[("linger.ms", "0")])?;
    let mut took = Vec::new();
    for number in 0..WARM_UP + if settings.quick { 20 } else { 1_000 } {
        // Idle, and not in step with an interval of the worker.
        thread::sleep(Duration::from_millis(u64::from(20 + number * 37 % 100)));
        let id = format!("event-{number}");
        let payload = events::mark(&id);
        let sent = Instant::now();
        let record = BaseRecord::<(), str>::to(topic)
            .partition(number as i32 % PARTITIONS)
            .payload(&payload);
        producer.send(record).map_err(|(error, _)| error)?;
        producer.flush(Duration::from_secs(10))?;
        let arrived = loop {
            if let Some(at) = slack.marks().get(&id) {
                break *at;
            }
            ensure!(sent.elapsed() < Duration::from_secs(10), "no post of `{id}` arrived");
            thread::sleep(Duration::from_millis(1));
        };
        // The first events open connections.
        if number >= WARM_UP {
            let milliseconds = arrived.saturating_duration_since(sent).as_secs_f64() * 1e3;
            table.sample("latency", json!(milliseconds));
            took.push(milliseconds);
        }
    }
    took.sort_by(f64::total_cmp);
    let at = |share: f64| {
        took.get(((took.len() - 1) as f64 * share).round() as usize).copied().context("no samples")
    };
    let detail = format!("{} events; at most {:.1} ms", took.len(), at(1.0)?);
    let (p50, p99) = (Bounds::at_most(5.0, 2.0), Bounds::at_most(20.0, 8.0));
    table.row("event to post, idle, p50", &[at(0.5)?], "ms", p50, detail.clone());
    table.row("event to post, idle, p99", &[at(0.99)?], "ms", p99, detail);
    topics::delete(settings, topic)
}
