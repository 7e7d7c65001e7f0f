//! The server of the sending families: it answers `ok` without a delay, on its own thread.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// The method of the Web API that posts.
const API: &str = "/api/chat.postMessage";

/// Its answer, with the message as Slack returns it.
const POSTED: &str = r#"{"ok":true,"channel":"C024BE91L","ts":"1503435956.000247","message":{"user":"U024BE7LH","type":"message","ts":"1503435956.000247","bot_id":"B024BE7LH","app_id":"A024BE7LH","text":"Ada (user-0123456789): Tick for 129.90 EUR","team":"T024BE7LD","bot_profile":{"id":"B024BE7LH","app_id":"A024BE7LH","name":"slackline","deleted":false,"updated":1503435956,"team_id":"T024BE7LD"}}}"#;

/// A running server, which counts the posts of each webhook.
pub struct Server {
    /// The first part of a webhook's URL.
    pub url: String,
    counts: Arc<[AtomicU32]>,
    connections: Arc<AtomicU32>,
    _runtime: Runtime,
}

impl Server {
    /// Starts it on a free port, for webhooks `w0`, `w1` ….
    pub fn start(webhooks: usize) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let url = format!("http://{}", listener.local_addr()?);
        let counts: Arc<[AtomicU32]> = (0..webhooks).map(|_| AtomicU32::new(0)).collect();
        let (open, connections) = (Arc::new(()), Arc::new(AtomicU32::new(0)));
        let (counted, most) = (Arc::clone(&counts), Arc::clone(&connections));
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let (counts, mine) = (Arc::clone(&counted), Arc::clone(&open));
                most.fetch_max(Arc::strong_count(&mine) as u32 - 1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let service = service_fn(|request| answer(request, &counts));
                    let _ =
                        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                    drop(mine);
                });
            }
        });
        Ok(Self { url, counts, connections, _runtime: runtime })
    }

    /// The posts of each webhook so far.
    pub fn counts(&self) -> Vec<u32> {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    /// The largest number of open connections.
    pub fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn answer(
    request: Request<Incoming>,
    counts: &[AtomicU32],
) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_api = request.uri().path() == API;
    let of_path = number(request.uri().path(), "/w");
    // Reads the whole request first, like every server.
    let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let webhook = if is_api { number(text, r##""channel":"#w"##) } else { of_path };
    if let Some(count) = webhook.and_then(|webhook| counts.get(webhook)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
    let answer: &[u8] = if is_api { POSTED.as_bytes() } else { b"ok" };
    Ok(Response::new(Full::new(Bytes::from_static(answer))))
}

/// The number that follows the last `prefix`.
fn number(text: &str, prefix: &str) -> Option<usize> {
    let (_, after) = text.rsplit_once(prefix)?;
    after.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
}
