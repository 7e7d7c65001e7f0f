//! 2,000 senders at 1,000 posts per second each, against the bare HTTP client with as many requests
//! in flight.
//!
//! The senders are the real ones, as the pipeline spawns them; a stub in place of the poll loop
//! takes their reports and releases their holds immediately, as if each commit were acknowledged
//! without a delay. Each variant is its own process on the measured core; the server is this
//! process.

use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use slackline::config::model::ActionIndex;
use slackline::delivery::{Epoch, Origin, Outcome, Ticket};
use slackline::event::{Offset, Partition, Position, TopicIndex};
use slackline::event_time::EventTime;
use slackline::metrics::Metrics;
use slackline::pipeline::senders::Senders;
use slackline::poll_waker;
use slackline::post::{Post, Report};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::process::{self, Moment};
use super::report::{Bounds, Table, median};
use super::server::Server;
use super::settings::{Settings, number};
use crate::actions::{self, Setup, Triggers, path};

const SENDERS: usize = 2_000;

/// Posts of each sender that are measured, after as many that open the connections and warm the
/// caches up.
const POSTS: usize = 30;

const LIMIT: Duration = Duration::from_secs(120);

/// As long as a typical message.
const BODY: &[u8] =
    br#"{"text":"Ada Lovelace (user-0123456789) just completed order 4711 for 129.90 EUR: see the dashboard","username":"Slackline"}"#;

/// Adds one row.
pub fn run(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    if !settings.wants("sends") {
        return Ok(());
    }
    let server = Server::start(SENDERS)?;
    let posts = if settings.quick { 3 } else { POSTS }.to_string();
    let (mut senders, mut bare) = (Vec::new(), Vec::new());
    for run in 0..settings.runs {
        for (variant, rates) in [("senders", &mut senders), ("bare", &mut bare)] {
            let output = settings.run_mode(&["posts", variant, &server.url, &posts])?;
            let posts = number(&output, "posts")?;
            rates.push((posts / number(&output, "seconds")?, number(&output, "cpu_us")? / posts));
            table.sample("sends", json!({ "run": run, "variant": variant, "measured": output }));
        }
    }
    let middle = |runs: &[(f64, f64)]| {
        let (rates, costs): (Vec<f64>, Vec<f64>) = runs.iter().copied().unzip();
        (median(&rates), median(&costs))
    };
    let ((ours, our_cost), (theirs, their_cost)) = (middle(&senders), middle(&bare));
    let detail = format!(
        "{ours:.0} and {theirs:.0} posts/s, {our_cost:.1} and {their_cost:.1} µs of processor time a post (ratio {:.2})",
        their_cost / our_cost
    );
    let name = "sends: 2,000 webhooks, a server that answers immediately, against the bare client";
    table.row(name, &[ours / theirs], "", Bounds::at_least(0.85, 0.95), detail);
    Ok(())
}

/// The process itself. Returns its measurements.
pub fn posts(variant: &str, server: &str, posts: usize) -> anyhow::Result<Value> {
    // Like the program's runtime: see `slackline::cli::runtime`. Not dropped: closing connections
    // would only take time.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let runtime = ManuallyDrop::new(runtime);
    let _inside = runtime.enter();
    match variant {
        "senders" => senders(server, posts),
        "bare" => runtime.block_on(bare(server, posts)),
        other => anyhow::bail!("no variant `{other}`"),
    }
}

/// A counter of posts. The first half of them is the warm-up.
struct Count {
    left: usize,
    half: usize,
    began: Option<Moment>,
}

impl Count {
    fn new(posts: usize) -> Self {
        Self { left: 2 * posts, half: posts, began: None }
    }

    /// Counts one post. Returns the measurements after the last one.
    fn one(&mut self) -> anyhow::Result<Option<Value>> {
        self.left -= 1;
        if self.left == self.half {
            self.began = Some(Moment::of(std::process::id())?);
        }
        let (0, Some(began)) = (self.left, self.began) else { return Ok(None) };
        let (seconds, cpu_us) = (began.at.elapsed().as_secs_f64(), began.cpu_us()?);
        let (_, most) = process::memory(std::process::id())?;
        Ok(Some(json!({
            "posts": self.half, "seconds": seconds, "cpu_us": cpu_us, "resident_mb": most as f64 / 1e6,
        })))
    }
}

/// The senders, each with all of its posts queued, and the stub that lets them go on.
fn senders(server: &str, posts: usize) -> anyhow::Result<Value> {
    let setup = Setup {
        slack: server.to_owned(),
        webhooks: SENDERS,
        settings: "rate_per_second: 1000, queue_capacity: 100",
        ..Setup::default()
    };
    let config = Arc::new(actions::config(&setup, Triggers::Selective(SENDERS + 1)));
    let metrics = Metrics::new(&config);
    let (waker, mut wakes) = poll_waker::pair()?;
    // As large as the pipeline's.
    let (reports, mut reported) = mpsc::channel(1_024);
    let mut tasks = JoinSet::new();
    let (senders, controls) = Senders::new(config, metrics, reports, waker, &mut tasks)?;
    // The first webhook is that of the marks.
    for (index, (queue, control)) in (0..).zip(senders.queues.iter().zip(&controls).skip(1)) {
        for offset in 0..2 * posts {
            queue.push(post(index, offset), Origin::Read);
        }
        control.send_modify(|control| control.rate_share = 1.0);
    }
    let mut count = Count::new(posts * SENDERS);
    let poll_loop = thread::spawn(move || {
        let began = Instant::now();
        while began.elapsed() < LIMIT {
            while let Ok(report) = reported.try_recv() {
                // The hold ends here.
                let Report::Ended { outcome, .. } = report else { anyhow::bail!("{report:?}") };
                ensure!(outcome == Outcome::Delivered, "{outcome:?}");
                if let Some(measured) = count.one()? {
                    return Ok(measured);
                }
            }
            wakes.wait(Duration::from_millis(200));
        }
        anyhow::bail!("not done in {LIMIT:?}")
    });
    poll_loop.join().map_err(|_| anyhow::anyhow!("the stub panicked"))?
}

fn post(index: u32, offset: usize) -> Post {
    let position = Position {
        partition: Partition { topic: TopicIndex(0), number: 0 },
        offset: Offset(offset as i64),
    };
    let ticket = Ticket { position, epoch: Epoch(1), action: ActionIndex(index) };
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let time = EventTime::timestamp(i64::try_from(since.as_millis()).unwrap_or_default());
    Post { tickets: ticket.into(), payload: BODY.into(), time, parts_sent: 0 }
}

/// Only the client: as many loops, each with one request in flight.
async fn bare(server: &str, posts: usize) -> anyhow::Result<Value> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The settings of `slackline::send::client_pool`.
    let client = reqwest::Client::builder()
        .user_agent(concat!("slackline/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(256)
        .no_proxy()
        .tls_certs_only([])
        .build()?;
    let count = Arc::new(Mutex::new(Count::new(posts * SENDERS)));
    let (sender, mut results) = mpsc::channel(1);
    for index in 0..SENDERS {
        let (client, count, sender) = (client.clone(), Arc::clone(&count), sender.clone());
        let url: url::Url = format!("{server}{}", path(&format!("w{index}"))).parse()?;
        tokio::spawn(async move {
            for _ in 0..2 * posts {
                let counted = match one(&client, &url).await {
                    Ok(()) => count.lock().unwrap_or_else(PoisonError::into_inner).one(),
                    Err(error) => Err(error),
                };
                // Wakes the receiver only for the last post or an error.
                if let Some(end) = counted.transpose() {
                    let _ = sender.send(end).await;
                }
            }
        });
    }
    results.recv().await.context("no result")?
}

async fn one(client: &reqwest::Client, url: &url::Url) -> anyhow::Result<()> {
    let request = client.post(url.clone()).header(CONTENT_TYPE, "application/json; charset=utf-8");
    let body = request.body(Bytes::from_static(BODY)).send().await?.bytes().await?;
    ensure!(body == "ok", "the answer is not `ok`");
    Ok(())
}
