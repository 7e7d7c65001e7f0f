#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;
use crate::config::fixture;
use crate::config::model::{self, Config};
use crate::health::Snapshot;

struct Running {
    address: SocketAddr,
    health: Arc<Health>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

fn config() -> Config {
    Config {
        kafka: fixture::kafka(&["events"]),
        apps: Vec::new(),
        webhooks: Vec::new(),
        channels: model::ChannelIndex::default(),
        people: None,
        actions: Vec::new(),
        admin: model::Admin { listen: "127.0.0.1:0".to_owned() },
        hash: 1,
    }
}

async fn start() -> Running {
    let config = Arc::new(config());
    let listener = bind(&config.admin.listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    let health = Arc::new(Health::new(Arc::clone(&config), Instant::now()));
    let shutdown = CancellationToken::new();
    let task =
        tokio::spawn(serve(listener, Metrics::new(&config), Arc::clone(&health), shutdown.clone()));
    Running { address, health, shutdown, task }
}

impl Running {
    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }

    /// Sends `bytes` and reads until the connection is closed.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    async fn get(&self, path: &str) -> (u16, String) {
        self.request("GET", path).await
    }

    async fn request(&self, method: &str, path: &str) -> (u16, String) {
        let answer =
            self.exchange(format!("{method} {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

#[tokio::test]
async fn answers_probes_and_scrapes() {
    let running = start().await;
    assert_eq!(running.get("/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(
        running.get("/readyz").await,
        (503, "the consumer group is not joined\n".to_owned())
    );
    let mut snapshot = Snapshot::clone(&running.health.snapshot());
    (snapshot.joined, snapshot.offsets_committed) = (true, true);
    running.health.publish(snapshot.clone());
    assert_eq!(running.get("/readyz").await, (200, "ready\n".to_owned()));
    snapshot.problems.shared_group = Some("not alone".to_owned());
    running.health.publish(snapshot.clone());
    assert_eq!(running.get("/readyz").await, (200, "ready\nnote: not alone\n".to_owned()));
    assert_eq!(running.get("/healthz").await, (200, "ok\n".to_owned()));
    snapshot.joined = false;
    running.health.publish(snapshot);
    let reasons = "the consumer group is not joined\nnote: not alone\n".to_owned();
    assert_eq!(running.get("/readyz").await, (503, reasons));
    let (status, page) = running.get("/metrics?name=x").await;
    assert_eq!(status, 200);
    assert!(page.contains("slackline_events_consumed_total{topic=\"events\"} 0\n"), "{page}");
    let head = running.exchange(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(head.contains("content-type: text/plain; version=0.0.4\r\n"), "{head}");
    running.stop().await;
}

#[tokio::test]
async fn refuses_other_paths_and_methods() {
    let running = start().await;
    assert_eq!(running.get("/").await.0, 404);
    assert_eq!(running.get("/metrics/").await.0, 404);
    assert_eq!(running.request("POST", "/nothing").await.0, 404);
    assert_eq!(running.request("POST", "/metrics").await.0, 405);
    assert_eq!(running.request("DELETE", "/healthz").await.0, 405);
    assert_eq!(running.request("HEAD", "/healthz").await, (200, String::new()));
    let answer = running.exchange(b"POST /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.contains("allow: GET, HEAD\r\n"), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn garbage_has_no_effect() {
    let running = start().await;
    running.exchange(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 what\r\n\r\n").await;
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1 << 20));
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    // The server may close the connection before it has read everything.
    let _ = stream.write_all(long.as_bytes()).await;
    assert_eq!(running.get("/healthz").await.0, 200);
    running.stop().await;
}

#[tokio::test]
async fn silent_clients_do_not_block_others() {
    let running = start().await;
    let mut silent = Vec::new();
    for _ in 0..3 * MAX_CONNECTIONS {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(b"GET /metr").await.unwrap();
        silent.push(stream);
    }
    assert_eq!(running.get("/healthz").await.0, 200);
    // The oldest connection was closed.
    let mut end = [0; 1];
    assert!(matches!(silent[0].read(&mut end).await, Ok(0) | Err(_)));
    running.stop().await;
}

/// With paused time, the clock jumps to the next timer, so only the server's timeout can end this.
#[tokio::test(start_paused = true)]
async fn slow_headers_time_out() {
    let running = start().await;
    let before = tokio::time::Instant::now();
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost:").await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(before.elapsed() <= CONNECTION_TIMEOUT, "{:?}", before.elapsed());
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    running.stop().await;
}

#[tokio::test]
async fn shutdown_closes_open_connections() {
    let running = start().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /metr").await.unwrap();
    running.shutdown.cancel();
    running.task.await.unwrap();
    let mut end = [0; 1];
    assert!(matches!(stream.read(&mut end).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_port_in_use_is_a_clear_error() {
    let first = bind("127.0.0.1:0").await.unwrap();
    let taken = first.local_addr().unwrap().to_string();
    let error = anyhow::Error::from(bind(&taken).await.unwrap_err());
    let text = format!("{error:#}");
    assert!(
        text.starts_with(&format!("cannot listen on `{taken}`; set `admin.listen` to")),
        "{text}"
    );
    assert!(text.contains("os error"), "{text}");
    assert!(bind("nonsense").await.is_err());
}
