//! The cost of a post to a channel of an app, against one to an incoming webhook: 1,000 of each at
//! five posts per second, in the real program.
//!
//! All channels are of one app, whose own rate is above the sum of theirs. Events are produced
//! evenly and below the webhooks' rate, so that neither kind posts in clumps or from a backlog,
//! which change the cost. The runs are
//! interleaved, and a ratio compares neighbouring runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::json;

use super::report::{Bounds, Table, median};
use super::server::Server;
use super::settings::Settings;
use super::topics;
use super::worker::Worker;
use crate::actions::{Destinations, GROUPS, Setup, Triggers};

const WEBHOOKS: usize = 1_000;

/// Posts a second of each of them; twice as many are allowed.
const RATE: u32 = 5;

/// Posts are counted over this many seconds.
const SECONDS: u32 = 15;

/// The limit for joining the group and for the first posts of every webhook.
const START: Duration = Duration::from_secs(60);

/// Between two events, each of which matches a hundredth of the webhooks.
const PAUSE: Duration = Duration::from_micros(1_000_000 / (RATE as u64 * GROUPS as u64));

/// One run.
struct Sample {
    /// Posts a second of all of them.
    rate: f64,
    /// Microseconds of processor time a post.
    cost: f64,
}

/// Adds two rows.
pub fn run(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    if !settings.wants("apps") {
        return Ok(());
    }
    let (mut ratios, mut reached, mut costs) = (Vec::new(), Vec::new(), [Vec::new(), Vec::new()]);
    for run in 0..settings.runs {
        let pair = [Destinations::Channels, Destinations::IncomingWebhooks];
        let mut samples = Vec::new();
        for (destinations, costs) in pair.into_iter().zip(&mut costs) {
            let topic = format!("apps-{run}-{destinations:?}");
            let sample = measure(settings, &topic, destinations)?;
            let all = json!({ "rate": sample.rate, "cost_us": sample.cost });
            let of = format!("{destinations:?}");
            table.sample("apps", json!({ "run": run, "destinations": of, "measured": all }));
            costs.push(sample.cost);
            samples.push(sample);
        }
        ratios.push(samples[0].cost / samples[1].cost);
        reached.push(samples[0].rate / f64::from(RATE * WEBHOOKS as u32) * 100.0);
    }
    let [channels, webhooks] = costs.map(|costs| median(&costs));
    let detail = format!("{channels:.1} by {webhooks:.1} µs of processor time a post");
    let name = "5,000 posts/s: CPU per post to 1,000 channels of an app by 1,000 incoming webhooks";
    table.row(name, &ratios, "", Bounds::at_most(1.05, 1.0), detail);
    let detail = "of 5/s for each channel".to_owned();
    let name = "5,000 posts/s: rate reached by 1,000 channels of an app";
    table.row(name, &reached, "%", Bounds::at_least(98.0, 99.5), detail);
    Ok(())
}

/// Runs the program with these destinations, while events are produced into a new topic.
fn measure(settings: &Settings, topic: &str, destinations: Destinations) -> anyhow::Result<Sample> {
    topics::create(settings, topic, 1)?;
    let producer = topics::producer(&settings.brokers, &[])?;
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let producing = scope.spawn(|| produce(&producer, topic, &ended));
        let sample = sample(settings, topic, destinations);
        ended.store(true, Ordering::Relaxed);
        producing.join().map_err(|_| anyhow!("the producer panicked"))??;
        sample
    })
}

fn sample(settings: &Settings, topic: &str, destinations: Destinations) -> anyhow::Result<Sample> {
    let seconds = if settings.quick { 3 } else { SECONDS };
    let server = Server::start(WEBHOOKS)?;
    let setup = Setup {
        slack: server.url.clone(),
        webhooks: WEBHOOKS,
        destinations,
        settings: "rate_per_second: 10, queue_capacity: 20, when_full: block",
        ..Setup::of(topic)
    };
    let worker = Worker::start(settings, setup, Triggers::Grouped(WEBHOOKS + 1))?;
    let joined = worker.assigned()?.at;
    // By then every connection is open.
    while server.counts().into_iter().any(|posts| posts < 2 * RATE) {
        let all: u32 = server.counts().iter().sum();
        ensure!(joined.elapsed() < START, "some {destinations:?} get no posts: {all} in all");
        thread::sleep(Duration::from_millis(100));
    }
    let (before, began): (u32, _) = (server.counts().iter().sum(), worker.now()?);
    let end = began.at + Duration::from_secs(seconds.into());
    thread::sleep(end.saturating_duration_since(Instant::now()));
    let (after, cpu_us): (u32, _) = (server.counts().iter().sum(), began.cpu_us()?);
    let posts = f64::from(after - before);
    Ok(Sample { rate: posts / began.at.elapsed().as_secs_f64(), cost: cpu_us / posts.max(1.0) })
}

/// Produces events evenly until `ended`.
fn produce(producer: &BaseProducer, topic: &str, ended: &AtomicBool) -> anyhow::Result<()> {
    let started = Instant::now();
    for number in 0.. {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        thread::sleep((started + PAUSE * number).saturating_duration_since(Instant::now()));
        let group = format!("g{}", number % GROUPS as u32);
        let properties = json!({ "group": group, "number": number, "name": "Ada" });
        let event = json!({ "type": "track", "event": "Tick", "properties": properties });
        let payload = event.to_string();
        let record = BaseRecord::<(), str>::to(topic).partition(0).payload(&payload);
        producer.send(record).map_err(|(error, _)| error)?;
        producer.poll(Duration::ZERO);
    }
    producer.flush(Duration::from_secs(30)).context("cannot produce")
}
