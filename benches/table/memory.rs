//! Memory with 10,000 actions on 1,000 webhooks, while a topic fills all queues and each webhook
//! posts at its rate; scraped every second.
//!
//! Then the same while no webhook answers, so that each has an open connection.

use std::thread;
use std::time::Duration;

use anyhow::ensure;
use serde_json::json;

use super::report::{Bounds, Table, progress};
use super::settings::Settings;
use super::slack::Slack;
use super::topics::{self, Kind};
use super::worker::Worker;
use crate::actions::{Setup, Triggers};

const ACTIONS: usize = 10_000;
const WEBHOOKS: usize = 1_000;

/// Scrapes after the whole topic was read: their memory counts, and is returned.
const AFTERWARDS: u32 = 10;

/// The longest run; the row then covers the events read so far.
const LIMIT: Duration = Duration::from_secs(120);

/// Adds one row.
pub fn run(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    if !settings.wants("memory") {
        return Ok(());
    }
    let topic = "memory";
    topics::full(settings, topic, Kind::USUAL)?;
    let load = measured(settings, table, topic, "memory", &Slack::start()?)?;
    let hanging =
        measured(settings, table, topic, "memory, no webhook answers", &Slack::hanging()?)?;
    let Load { most, end, consumed, queued, dropped } = load;
    let detail = format!(
        "at most; {end:.1} MB at the end; {consumed} events, {queued} queued, {dropped} dropped; without any answers {:.1} MB at most and {:.1} MB at the end",
        hanging.most, hanging.end
    );
    let name = "resident memory, 10,000 actions on 1,000 webhooks, full load, scraped every second";
    table.row(name, &[most], "MB", Bounds::at_most(80.0, 50.0), detail);
    topics::delete(settings, topic)
}

/// The measurements of one worker; memory in MB.
struct Load {
    most: f64,
    end: f64,
    consumed: u64,
    queued: f64,
    dropped: f64,
}

fn measured(
    settings: &Settings,
    table: &mut Table,
    topic: &str,
    name: &str,
    slack: &Slack,
) -> anyhow::Result<Load> {
    let setup = Setup { slack: slack.url(), webhooks: WEBHOOKS, ..Setup::of(topic) };
    let worker = Worker::start(settings, setup, Triggers::Full(ACTIONS))?;
    let began = worker.assigned()?.at;
    let mut left = if settings.quick { 1 } else { AFTERWARDS };
    let mut consumed = 0;
    while left > 0 {
        thread::sleep(Duration::from_secs(1));
        consumed = worker.consumed()?;
        let (now, most) = worker.memory()?;
        table.sample(
            name,
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
    let (queued, dropped) =
        (worker.sum("slackline_queue_depth")?, worker.sum("slackline_deliveries_dropped_total")?);
    let (now, most) = worker.memory()?;
    Ok(Load { most: most as f64 / 1e6, end: now as f64 / 1e6, consumed, queued, dropped })
}
