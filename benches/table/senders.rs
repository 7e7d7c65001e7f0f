//! The rate and the memory of the real program with 10,000 webhooks at one post per second each,
//! all with a backlog.
//!
//! Each event matches a hundredth of them, and `when_full: block` leaves the backlog in Kafka, so
//! that the memory is that of the senders, not that of waiting messages.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener as Listener};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
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
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::json;
use tokio::net::TcpListener;

use super::process;
use super::report::{Bounds, Settings, Table};

const WEBHOOKS: usize = 10_000;

/// Posts are counted over this many seconds.
const SECONDS: u32 = 30;

/// The limit for joining the group and for the first post of every webhook.
const START: Duration = Duration::from_secs(60);

/// The difference that the edges of the counted time can cause, in posts.
const EDGE: u32 = 1;

/// The webhooks form this many groups; an event matches one group.
const GROUPS: usize = 100;

const TOPIC: &str = "senders";

/// Adds two rows.
pub fn run(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    if !settings.wants("senders") {
        return Ok(());
    }
    let seconds = if settings.quick { 3 } else { SECONDS };
    produce(settings)?;
    let server = Server::start()?;
    let mut worker = Worker(start(settings, server.address)?);
    let pid = worker.0.id();
    let began = Instant::now();
    while server.least() < 2 {
        ensure!(worker.0.try_wait()?.is_none(), "slackline ended");
        ensure!(
            began.elapsed() < START,
            "some webhook does not post: {} posts in all",
            server.counts().iter().sum::<u32>()
        );
        thread::sleep(Duration::from_millis(100));
    }
    let (before, cpu_before, at) = (server.counts(), process::cpu(pid)?, Instant::now());
    for second in 1..=seconds {
        thread::sleep(
            (at + Duration::from_secs(second.into())).saturating_duration_since(Instant::now()),
        );
        let (now, most) = process::memory(pid)?;
        table.sample(
            "senders",
            json!({ "second": second, "resident": now, "most": most, "connections": server.connections() }),
        );
    }
    let (after, took) = (server.counts(), at.elapsed().as_secs_f64());
    let cpu = process::cpu(pid)?.saturating_sub(cpu_before);
    let (now, most) = process::memory(pid)?;
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
        cpu.as_secs_f64() * 1e6 / f64::from(all.max(1))
    );
    table.row(
        "10,000 webhooks at 1/s each: off their rate",
        worst,
        "%",
        Bounds::at_most(2.0, 2.0),
        detail,
    );
    let detail = format!(
        "at most; {:.1} MB at the end, {} connections at most",
        now as f64 / 1e6,
        server.connections()
    );
    table.row(
        "10,000 webhooks at 1/s each: resident memory",
        most as f64 / 1e6,
        "MB",
        Bounds::at_most(100.0, 60.0),
        detail,
    );
    Ok(())
}

/// Produces enough events for every webhook.
fn produce(settings: &Settings) -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &settings.brokers).create()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(1));
    for made in runtime.block_on(admin.create_topics([&topic], &AdminOptions::new()))? {
        made.map_err(|(topic, code)| anyhow::anyhow!("topic `{topic}`: {code}"))?;
    }
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", &settings.brokers).create()?;
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

struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(settings: &Settings, slack: SocketAddr) -> anyhow::Result<Child> {
    let admin = Listener::bind(("127.0.0.1", 0))?.local_addr()?;
    let mut yaml = format!(
        "kafka: {{ brokers: \"{}\", group_id: senders-{}, topics: [{TOPIC}], start: earliest }}\nadmin: {{ listen: \"{admin}\" }}\nwebhooks:\n",
        settings.brokers,
        std::process::id()
    );
    for webhook in 0..WEBHOOKS {
        yaml += &format!(
            "  w{webhook}: {{ url: \"http://{slack}/services/T00/B00/w{webhook}\", queue_capacity: 4, when_full: block }}\n"
        );
    }
    yaml += "actions:\n";
    for webhook in 0..WEBHOOKS {
        yaml += &format!(
            "  - {{ name: a{webhook}, trigger: \"type == 'track' && properties.group == 'g{}'\", webhook: w{webhook}, message: \"{{{{properties.name}}}}: {{{{event}}}} {{{{properties.number}}}}\" }}\n",
            webhook % GROUPS
        );
    }
    let file: PathBuf = settings.home.join("senders.yaml");
    std::fs::write(&file, yaml)?;
    let log = std::fs::File::create(settings.home.join("slackline.log"))?;
    let mut command = settings.measured(&settings.slackline);
    command.args(["run", "-c"]).arg(&file).env_remove("RUST_LOG");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().context("cannot start slackline")
}

/// A server that answers `ok` without a delay and counts the posts of each webhook.
struct Server {
    address: SocketAddr,
    counts: Arc<[AtomicU32]>,
    connections: Arc<AtomicU32>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    fn start() -> anyhow::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let counts: Arc<[AtomicU32]> = (0..WEBHOOKS).map(|_| AtomicU32::new(0)).collect();
        let (open, connections) = (Arc::new(()), Arc::new(AtomicU32::new(0)));
        let (counted, most) = (Arc::clone(&counts), Arc::clone(&connections));
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let (counts, mine) = (Arc::clone(&counted), Arc::clone(&open));
                most.fetch_max(Arc::strong_count(&mine) as u32 - 1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let service = service_fn(|request| answer(request, Arc::clone(&counts)));
                    let _ =
                        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                    drop(mine);
                });
            }
        });
        Ok(Self { address, counts, connections, _runtime: runtime })
    }

    fn counts(&self) -> Vec<u32> {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    fn least(&self) -> u32 {
        self.counts().into_iter().min().unwrap_or(0)
    }

    /// The largest number of open connections.
    fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn answer(
    request: Request<Incoming>,
    counts: Arc<[AtomicU32]>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let webhook =
        request.uri().path().rsplit("/w").next().and_then(|number| number.parse::<usize>().ok());
    if let Some(count) = webhook.and_then(|webhook| counts.get(webhook)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
    // Reads the whole request first, like every server.
    let _ = request.into_body().collect().await;
    Ok(Response::new(Full::new(Bytes::from_static(b"ok"))))
}
