//! The HTTP server for operators: `/metrics`, `/healthz` and `/readyz`.
//!
//! Invariant: a client cannot delay the worker or another client. A connection serves one request
//! and lasts [`CONNECTION_TIMEOUT`] at most, [`MAX_CONNECTIONS`] are open at the same time (a new
//! one closes the oldest), and one page of metrics is rendered at a time.
//!
//! To add a page, add it to [`Admin::answer`].

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::health::{Health, ProbeFailure};
use crate::metrics::Metrics;

/// Open connections. Prometheus, the kubelet and a person need three.
const MAX_CONNECTIONS: usize = 64;

/// The maximum duration of a connection.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a request's line and headers may take to arrive.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause after a failed accept, usually for lack of file descriptors: retrying immediately
/// would use a whole core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listening on `admin.listen` failed.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on `{listen}`; set `admin.listen` to an address of this machine and a free port"
)]
pub struct BindError {
    listen: String,
    source: io::Error,
}

/// What the answers are made of.
struct Admin {
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    /// Renders one page at a time: with 10,000 webhooks, a page takes 100 MB and a core for a
    /// moment.
    rendering: Semaphore,
}

/// Listens on `admin.listen`, before anything else is started.
///
/// # Errors
/// The address is not one of this machine, or the port is in use.
pub async fn bind(listen: &str) -> Result<TcpListener, BindError> {
    TcpListener::bind(listen)
        .await
        .map_err(|source| BindError { listen: listen.to_owned(), source })
}

/// Serves until `shutdown`, then closes every connection.
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    shutdown: CancellationToken,
) {
    let admin = Arc::new(Admin { metrics, health, rendering: Semaphore::new(1) });
    let mut connections = JoinSet::new();
    let mut by_age: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "admin server: accept failed");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        by_age.retain(|connection| !connection.is_finished());
        if by_age.len() >= MAX_CONNECTIONS
            && let Some(oldest) = by_age.pop_front()
        {
            oldest.abort();
        }
        by_age.push_back(connections.spawn(connection(Arc::clone(&admin), stream)));
    }
    connections.shutdown().await;
}

async fn connection(admin: Arc<Admin>, stream: TcpStream) {
    // Sends a small answer immediately, not only after the client's next acknowledgement.
    let _ = stream.set_nodelay(true);
    let admin = &*admin;
    let service = service_fn(async |request: Request<hyper::body::Incoming>| {
        Ok::<_, Infallible>(admin.answer(request.method(), request.uri().path()).await)
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A client that disconnects or is too slow needs no attention.
    match timeout(CONNECTION_TIMEOUT, serving).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "admin server: connection failed"),
        Err(_) => tracing::debug!("admin server: connection timed out"),
    }
}

impl Admin {
    async fn answer(&self, method: &Method, path: &str) -> Response<String> {
        let is_get = method == Method::GET || method == Method::HEAD;
        match path {
            "/metrics" | "/healthz" | "/readyz" if !is_get => {
                let mut refused =
                    text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed; use GET\n");
                refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                refused
            }
            "/metrics" => self.metrics().await,
            "/healthz" => probe(self.health.liveness(Instant::now()), "ok", &[]),
            "/readyz" => {
                let mut notes = self.health.notes();
                notes.extend(self.metrics.resting());
                probe(self.health.readiness(Instant::now()), "ready", &notes)
            }
            _ => text(StatusCode::NOT_FOUND, "not found; available: /metrics, /healthz, /readyz\n"),
        }
    }

    /// Renders the metrics.
    async fn metrics(&self) -> Response<String> {
        let Ok(_permit) = self.rendering.acquire().await else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "shutting down\n");
        };
        let now = Instant::now();
        self.metrics
            .set_probes(self.health.liveness(now).is_ok(), self.health.readiness(now).is_ok());
        let metrics = Arc::clone(&self.metrics);
        // Not on a sender's thread: with many webhooks the page is long.
        match tokio::task::spawn_blocking(move || metrics.text()).await {
            Ok(page) => {
                let mut response = text(StatusCode::OK, page);
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static(prometheus::TEXT_FORMAT));
                response
            }
            Err(error) => {
                tracing::error!(%error, "rendering the metrics failed");
                text(StatusCode::INTERNAL_SERVER_ERROR, "rendering failed; see the log\n")
            }
        }
    }
}

/// Answers a probe: 200, or 503 with the reasons; then the notes, which do not change the status.
fn probe(
    health: Result<(), ProbeFailure>,
    healthy: &'static str,
    notes: &[String],
) -> Response<String> {
    let (status, first) = match health {
        Ok(()) => (StatusCode::OK, healthy.to_owned()),
        Err(reasons) => (StatusCode::SERVICE_UNAVAILABLE, reasons.to_string()),
    };
    let lines = std::iter::once(first.as_str()).chain(notes.iter().map(String::as_str));
    text(status, lines.map(|line| format!("{line}\n")).collect::<String>())
}

fn text(status: StatusCode, body: impl Into<String>) -> Response<String> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
