//! `/metrics`, `/healthz`, `/readyz`: what operators and their machines ask.
//!
//! Invariant: nobody who connects can hold up the worker or another client. A connection serves one request and lives [`CONNECTION_TIME`] at
//! most, [`CONNECTIONS`] live at once (a new one ends the oldest), one page of metrics is made at a time.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::health::{Health, Unwell};
use crate::metrics::Metrics;

/// Connections that live at once. Prometheus, the kubelet and a person need three.
const CONNECTIONS: usize = 64;

/// From accepting a connection to its end.
const CONNECTION_TIME: Duration = Duration::from_secs(30);

/// For a request's line and headers to arrive.
const HEADER_TIME: Duration = Duration::from_secs(5);

/// After accepting failed (no file descriptors left): trying again at once would burn a core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// `admin.listen` cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on `{listen}`; set `admin.listen` to an address of this machine and a free port"
)]
pub struct BindError {
    listen: String,
    source: io::Error,
}

/// What every request is answered from.
struct Admin {
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    /// One page at a time: at 10,000 webhooks one takes 100 MB and a core for a moment.
    rendering: Semaphore,
}

/// Opens `admin.listen`, before anything else is started.
///
/// # Errors
/// The address is not this machine's, or the port is taken.
pub async fn bind(listen: &str) -> Result<TcpListener, BindError> {
    TcpListener::bind(listen)
        .await
        .map_err(|source| BindError { listen: listen.to_owned(), source })
}

/// Answers until `shutdown`, then ends every connection.
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
                tracing::debug!(%error, "admin: no connection accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        by_age.retain(|connection| !connection.is_finished());
        if by_age.len() >= CONNECTIONS
            && let Some(oldest) = by_age.pop_front()
        {
            oldest.abort();
        }
        by_age.push_back(connections.spawn(connection(Arc::clone(&admin), stream)));
    }
    connections.shutdown().await;
}

async fn connection(admin: Arc<Admin>, stream: TcpStream) {
    // A probe's small answer at once; without it the client may wait for its own acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let admin = Arc::clone(&admin);
        async move { Ok::<_, Infallible>(admin.answer(request.method(), request.uri().path()).await) }
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off or is too slow is its own business.
    match timeout(CONNECTION_TIME, serving).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "admin: connection broken"),
        Err(_) => tracing::debug!("admin: connection too slow"),
    }
}

impl Admin {
    async fn answer(self: &Arc<Self>, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if !matches!(path, "/metrics" | "/healthz" | "/readyz") {
            return text(
                StatusCode::NOT_FOUND,
                "not found; there are /metrics, /healthz and /readyz\n",
            );
        }
        if method != Method::GET && method != Method::HEAD {
            let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        match path {
            "/healthz" => probe(self.health.liveness(Instant::now()), "ok\n"),
            "/readyz" => probe(self.health.readiness(Instant::now()), "ready\n"),
            _ => self.page().await,
        }
    }

    async fn page(self: &Arc<Self>) -> Response<Full<Bytes>> {
        let Ok(_permit) = self.rendering.acquire().await else {
            return text(StatusCode::SERVICE_UNAVAILABLE, "shutting down\n");
        };
        let now = Instant::now();
        self.metrics
            .set_probes(self.health.liveness(now).is_ok(), self.health.readiness(now).is_ok());
        let metrics = Arc::clone(&self.metrics);
        // Off the senders' threads: many webhooks make a long page.
        match tokio::task::spawn_blocking(move || metrics.text()).await {
            Ok(page) => {
                let mut response = text(StatusCode::OK, page);
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static(prometheus::TEXT_FORMAT));
                response
            }
            Err(error) => {
                tracing::error!(%error, "the page of metrics could not be made");
                text(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made; see the log\n")
            }
        }
    }
}

fn probe(health: Result<(), Unwell>, well: &'static str) -> Response<Full<Bytes>> {
    match health {
        Ok(()) => text(StatusCode::OK, well),
        Err(unwell) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{unwell}\n")),
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
