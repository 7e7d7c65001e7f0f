//! Memory with 10,000 actions on 1,000 webhooks, none of which answers, while a topic is read that fills all their queues; scraped every second.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;

use super::report::Bound::AtMost;
use super::report::{Settings, Table, progress};
use super::slack::Slack;
use super::throughput::group;
use super::topics::{self, Kind};
use super::worker::Worker;
use crate::actions::{Setup, Triggers};

const ACTIONS: usize = 10_000;
const WEBHOOKS: usize = 1_000;

/// Scrapes after everything was read: what they allocate counts, and comes back.
const AFTERWARDS: u32 = 10;

/// After so long the row is of what was read by then.
const LIMIT: Duration = Duration::from_secs(120);

/// One row.
pub fn run(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    if !settings.wants("memory") {
        return Ok(());
    }
    let topic = "memory";
    topics::full(settings, topic, Kind::USUAL)?;
    let slack = Slack::start()?;
    let setup = Setup {
        brokers: settings.brokers.clone(),
        group: group(),
        topic: topic.to_owned(),
        slack: slack.url(),
        admin: String::new(),
        webhooks: WEBHOOKS,
    };
    let worker = Worker::start(settings, setup, Triggers::Full(ACTIONS))?;
    worker.assigned()?;
    let began = Instant::now();
    let mut left = if settings.quick { 1 } else { AFTERWARDS };
    let mut consumed = 0;
    while left > 0 {
        thread::sleep(Duration::from_secs(1));
        consumed = worker.sum("slackline_events_consumed_total")? as u64;
        let (now, most) = worker.memory()?;
        table.sample(
            "memory",
            json!({ "second": began.elapsed().as_secs_f64(), "consumed": consumed, "resident": now, "most": most }),
        );
        if consumed == settings.events {
            left -= 1;
        } else if began.elapsed() > LIMIT {
            progress(&format!("memory: only {consumed} events in {LIMIT:?}"));
            break;
        }
    }
    ensure!(consumed > 0, "nothing was read");
    let (queued, dropped) = (worker.sum("slackline_queue_depth")?, worker.sum("slackline_deliveries_dropped_total")?);
    let (now, most) = worker.memory()?;
    let detail = format!(
        "at most; {:.1} MB at the end; {consumed} events, {queued} queued, {dropped} dropped",
        now as f64 / 1e6
    );
    let name = "resident memory, 10,000 actions on 1,000 webhooks, full load, scraped every second";
    table.row(name, most as f64 / 1e6, "MB", AtMost(80.0), AtMost(50.0), detail);
    topics::delete(settings, topic)
}
