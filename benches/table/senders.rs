//! The rate and the memory of the real program with 10,000 webhooks at one post per second each,
//! all with a backlog.
//!
//! Each event matches a hundredth of them, and `when_full: block` leaves the backlog in Kafka, so
//! that the memory is that of the senders, not that of waiting messages.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rdkafka::producer::{BaseRecord, Producer as _};
use serde_json::json;

use super::report::{Bounds, Table};
use super::server::Server;
use super::settings::Settings;
use super::topics;
use super::worker::Worker;
use crate::actions::{GROUPS, Setup, Triggers};

const WEBHOOKS: usize = 10_000;

/// Posts are counted over this many seconds.
const SECONDS: u32 = 30;

/// The limit for joining the group and for the first post of every webhook.
const START: Duration = Duration::from_secs(60);

/// The difference that the edges of the counted time can cause, in posts.
const EDGE: u32 = 1;

const TOPIC: &str = "senders";

/// Adds two rows.
pub fn run(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    if !settings.wants("senders") {
        return Ok(());
    }
    let seconds = if settings.quick { 3 } else { SECONDS };
    produce(settings)?;
    let server = Server::start(WEBHOOKS)?;
    let setup = Setup {
        slack: server.url.clone(),
        webhooks: WEBHOOKS,
        settings: "queue_capacity: 4, when_full: block",
        ..Setup::of(TOPIC)
    };
    let worker = Worker::start(settings, setup, Triggers::Grouped(WEBHOOKS + 1))?;
    let joined = worker.assigned()?.at;
    while server.counts().into_iter().any(|posts| posts < 2) {
        let all: u32 = server.counts().iter().sum();
        ensure!(joined.elapsed() < START, "some webhook does not post: {all} posts in all");
        thread::sleep(Duration::from_millis(100));
    }
    let (before, began) = (server.counts(), worker.now()?);
    for second in 1..=seconds {
        let end = began.at + Duration::from_secs(second.into());
        thread::sleep(end.saturating_duration_since(Instant::now()));
        let (now, most) = worker.memory()?;
        table.sample(
            "senders",
            json!({ "second": second, "resident": now, "most": most, "connections": server.connections() }),
        );
    }
    let (after, took) = (server.counts(), began.at.elapsed().as_secs_f64());
    let (cpu_us, (now, most)) = (began.cpu_us()?, worker.memory()?);
    let posts: Vec<u32> = before.iter().zip(&after).map(|(before, after)| after - before).collect();
    let all: u32 = posts.iter().sum();
    let off = |posts: u32| {
        let expected = f64::from(seconds);
        ((f64::from(posts) - expected).abs() - f64::from(EDGE)).max(0.0) / expected * 100.0
    };
    let worst = posts.iter().copied().map(off).fold(0.0, f64::max);
    let (least, most_posts) =
        (posts.iter().min().copied().unwrap_or(0), posts.iter().max().copied().unwrap_or(0));
    let detail = format!(
        "the worst webhook, less one post at the edge of the {seconds} s; {least} to {most_posts} posts each, {:.0} posts/s in all, {:.0} µs of processor time a post",
        f64::from(all) / took,
        cpu_us / f64::from(all.max(1))
    );
    let name = "10,000 webhooks at 1/s each: off their rate";
    table.row(name, &[worst], "%", Bounds::at_most(2.0, 2.0), detail);
    let detail = format!(
        "at most; {:.1} MB at the end, {} connections at most",
        now as f64 / 1e6,
        server.connections()
    );
    let name = "10,000 webhooks at 1/s each: resident memory";
    table.row(name, &[most as f64 / 1e6], "MB", Bounds::at_most(100.0, 60.0), detail);
    Ok(())
}

/// Produces enough events for every webhook.
fn produce(settings: &Settings) -> anyhow::Result<()> {
    topics::create(settings, TOPIC, 1)?;
    let producer = topics::producer(&settings.brokers, &[])?;
    for number in 0..4 * SECONDS as usize * GROUPS {
        let group = format!("g{}", number % GROUPS);
        let properties = json!({ "group": group, "number": number, "name": "Ada" });
        let event = json!({ "type": "track", "event": "Tick", "properties": properties });
        let payload = event.to_string();
        let record = BaseRecord::<(), str>::to(TOPIC).partition(0).payload(&payload);
        producer.send(record).map_err(|(error, _)| error)?;
    }
    producer.flush(Duration::from_secs(30)).context("cannot produce")
}
