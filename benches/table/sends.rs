//! 2,000 senders at 1,000 posts per second each, against the bare HTTP client with as many requests
//! in flight.
//!
//! The senders are the real ones (queue, window, limiter, sender, endpoint, metrics); a stub in
//! place of the poll loop takes their reports and releases their holds immediately, as if each
//! commit were acknowledged without a delay. Each variant is a process of its own on the measured
//! core; the server is this process.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use slackline::commit_hold::CommitWindow;
use slackline::config::model::{ActionIndex, Config, WebhookIndex};
use slackline::delivery::{Epoch, Origin, Outcome, Ticket};
use slackline::event::{Offset, Partition, Position, TopicIndex};
use slackline::metrics::Metrics;
use slackline::poll_waker;
use slackline::post::{Post, Report};
use slackline::queue::Queue;
use slackline::send::client_pool::ClientPool;
use slackline::send::connection_permits::PERMITS;
use slackline::send::endpoint::Endpoint;
use slackline::send::{self, ActiveConfig, SenderContext};
use slackline::sender_control::SenderControl;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};

use super::process;
use super::report::{Bounds, Settings, Table, median};

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
    let server = Server::start()?;
    let (mut senders, mut bare) = (Vec::new(), Vec::new());
    for run in 0..settings.runs {
        for (variant, rates) in [("senders", &mut senders), ("bare", &mut bare)] {
            let output = measured(settings, variant, server.address)?;
            let of = |name: &str| {
                output[name].as_f64().with_context(|| format!("no `{name}` in `{output}`"))
            };
            rates.push((of("posts")? / of("seconds")?, of("cpu_us")? / of("posts")?));
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
    table.row(name, ours / theirs, "", Bounds::at_least(0.85, 0.95), detail);
    Ok(())
}

fn measured(settings: &Settings, variant: &str, server: SocketAddr) -> anyhow::Result<Value> {
    let program = std::env::current_exe()?;
    let posts = if settings.quick { 3 } else { POSTS };
    let output = settings
        .measured(Path::new(&program))
        .args(["posts", variant, &server.to_string(), &posts.to_string()])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the posts of the {variant} failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The process itself, with the arguments `variant address posts`. Prints its measurements as one
/// line of JSON.
pub fn posts(arguments: &[String]) -> anyhow::Result<()> {
    let [variant, server, posts] = arguments else { anyhow::bail!("three arguments") };
    let (server, posts) = (server.parse()?, posts.parse()?);
    // Like the program's runtime: see `slackline::cli::runtime`.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let measured = match variant.as_str() {
        "senders" => senders(server, posts),
        "bare" => runtime.block_on(bare(server, posts)),
        other => anyhow::bail!("no variant `{other}`"),
    }?;
    println!("{measured}");
    // Closing connections would only take time.
    std::process::exit(0)
}

/// A counter of posts. The first half of them is the warm-up.
struct Count {
    left: usize,
    half: usize,
    begun: Option<(Instant, Duration)>,
}

impl Count {
    fn new(posts: usize) -> Self {
        Self { left: 2 * posts, half: posts, begun: None }
    }

    /// Counts one post. Returns the measurements after the last one.
    fn one(&mut self) -> anyhow::Result<Option<Value>> {
        self.left -= 1;
        if self.left == self.half {
            self.begun = Some((Instant::now(), process::cpu(std::process::id())?));
        }
        let (0, Some((began, before))) = (self.left, self.begun) else { return Ok(None) };
        let seconds = began.elapsed().as_secs_f64();
        let cpu = process::cpu(std::process::id())?.saturating_sub(before);
        let (_, most) = process::memory(std::process::id())?;
        Ok(Some(json!({
            "posts": self.half, "seconds": seconds, "cpu_us": cpu.as_secs_f64() * 1e6, "resident_mb": most as f64 / 1e6,
        })))
    }
}

fn config(server: SocketAddr) -> anyhow::Result<Config> {
    let mut yaml = String::from("kafka: { brokers: k, topics: [events] }\nwebhooks:\n");
    for index in 0..SENDERS {
        yaml += &format!(
            "  w{index}: {{ url: \"http://{server}/services/T00/B00/w{index}\", rate_per_second: 1000 }}\n"
        );
    }
    yaml += "actions:\n";
    for index in 0..SENDERS {
        yaml +=
            &format!("  - {{ name: a{index}, trigger: event, webhook: w{index}, message: hi }}\n");
    }
    let env = |_: &str| None;
    let files = |_: &Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let loaded = slackline::config::check(&yaml, Path::new("senders.yaml"), &env, &files)?;
    Ok(loaded.config)
}

/// The senders, each with all of its posts queued, and the stub that lets them go on.
fn senders(server: SocketAddr, posts: usize) -> anyhow::Result<Value> {
    let config = Arc::new(config(server)?);
    let metrics = Metrics::new(&config);
    let (waker, mut wakes) = poll_waker::pair()?;
    let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(move || waker.wake());
    // As large as the pipeline's.
    let (reports, mut reported) = mpsc::channel(1_024);
    let (mut clients, permits) = (ClientPool::default(), Arc::new(Semaphore::new(PERMITS)));
    let endpoint = |webhook| Endpoint::open(webhook, &mut clients).map(Arc::new);
    let endpoints = config.webhooks.iter().map(endpoint).collect::<Result<Vec<_>, _>>()?;
    let active = ActiveConfig { config: Arc::clone(&config), endpoints: endpoints.clone() };
    let active_config = watch::channel(active).1;
    let (mut queues, mut controls) = (Vec::new(), Vec::new());
    for (index, webhook) in (0..).zip(&config.webhooks) {
        let queue = Arc::new(Queue::new(2 * posts, webhook.when_full, [ActionIndex(index)]));
        metrics.watch(WebhookIndex(index), Arc::clone(&queue) as _);
        for offset in 0..2 * posts {
            queue.push(post(index, offset), Origin::Read);
        }
        let window = Arc::new(CommitWindow::new(webhook.rate_per_second));
        let (control, controlled) =
            watch::channel(SenderControl { rate_share: 1.0, ..SenderControl::default() });
        let sender = SenderContext {
            config: Arc::clone(&config),
            webhook: WebhookIndex(index),
            queue: Arc::clone(&queue),
            active_config: active_config.clone(),
            endpoint: Arc::clone(&endpoints[index as usize]),
            control: controlled,
            window,
            connection_permits: Arc::clone(&permits),
            reports: reports.clone(),
            wake: Arc::clone(&wake),
            metrics: metrics.webhook(WebhookIndex(index)),
        };
        queues.push(queue);
        controls.push(control);
        tokio::spawn(send::run(sender));
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
    let timestamp = i64::try_from(since.as_millis()).ok();
    Post { tickets: ticket.into(), payload: BODY.into(), timestamp }
}

/// Only the client: as many loops, each with one request in flight.
async fn bare(server: SocketAddr, posts: usize) -> anyhow::Result<Value> {
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
        let url: url::Url = format!("http://{server}/services/T00/B00/w{index}").parse()?;
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

/// A server that answers `ok` without a delay, on a thread of its own.
struct Server {
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    fn start() -> anyhow::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(ok)),
                );
            }
        });
        Ok(Self { address, _runtime: runtime })
    }
}

async fn ok(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // Reads the whole request first, like every server.
    let _ = request.into_body().collect().await;
    Ok(Response::new(Full::new(Bytes::from_static(b"ok"))))
}
