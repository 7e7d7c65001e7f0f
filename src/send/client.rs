//! [4] The HTTP side: clients, and one attempt as one request.
//!
//! Invariant: an attempt ends within its timeout, reads at most [`BODY_LIMIT`] bytes, follows nothing and names its URL in nothing that it returns.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, Method, Proxy, Request, Response, redirect};
use url::{Host, Url};

use super::slack::Answer;
use crate::config::model::Webhook;
use crate::metrics::AttemptResult;
use crate::sanitize;
use crate::secret::{MASK, Secret};

/// Bytes of a response that are read; the rest is never asked for.
pub const BODY_LIMIT: usize = 64 * 1024;

/// An idle connection is closed before Slack's side is likely to close it: an attempt on a connection that just died is an attempt in doubt.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Idle connections kept for one host: with thousands of webhooks, all at `hooks.slack.com`, each would hold a socket otherwise.
const IDLE_CONNECTIONS: usize = 256;

/// Made once: from a text each attempt would copy it.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// What makes an attempt: the real one is [`Endpoint`].
pub trait Transport: Send + Sync {
    /// Posts `payload` once and reads the answer. Ends in bounded time.
    fn post(&self, payload: Bytes) -> impl Future<Output = Result<Answer, NoAnswer>> + Send;
}

/// Why an attempt has no answer. The text is fit for a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The attempt's time was up.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// No connection, no TLS, no HTTP, or none of it to the end.
    #[error("{0}")]
    Connect(String),
}

impl NoAnswer {
    /// The label `result` of `slackline_attempts_total`.
    #[must_use]
    pub fn result(&self) -> AttemptResult {
        match self {
            NoAnswer::Timeout(_) => AttemptResult::Timeout,
            NoAnswer::Connect(_) => AttemptResult::Connect,
        }
    }
}

/// Why no client could be made for a webhook.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `proxy` is no proxy's address.
    #[error("`proxy` cannot be used: give an address like `http://proxy:3128`")]
    Proxy(#[source] reqwest::Error),
    /// `ca_file` is not PEM, or holds no certificate.
    #[error("`ca_file` holds no usable certificate: give certificates in PEM format")]
    Ca(#[source] Option<reqwest::Error>),
    /// Usually: the system has no certificate authorities.
    #[error(
        "no HTTPS client can be made: install the system's CA certificates (`ca-certificates`) or set `SSL_CERT_FILE`"
    )]
    Build(#[source] reqwest::Error),
}

/// The clients of all webhooks: those with equal settings share one, and with it its connections.
#[derive(Default)]
pub struct Clients {
    by_settings: HashMap<Settings, Client>,
}

#[derive(PartialEq, Eq, Hash)]
struct Settings {
    via: Via,
    ca_pem: Option<Vec<u8>>,
    /// Plain HTTP to this very machine needs no certificates: a system without any can still run the demo.
    plain: bool,
}

#[derive(PartialEq, Eq, Hash)]
enum Via {
    Direct,
    Environment,
    Proxy(Secret<Url>),
}

/// One webhook as the place to post to.
pub struct Endpoint {
    client: Client,
    url: Secret<Url>,
    timeout: Duration,
}

impl Clients {
    /// No client yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The endpoint of `webhook`.
    ///
    /// # Errors
    /// When its `proxy` or `ca_file` cannot be used, or the system has no certificates.
    pub fn endpoint(&mut self, webhook: &Webhook) -> Result<Endpoint, ClientError> {
        let settings = Settings::of(webhook);
        let client = match self.by_settings.get(&settings) {
            Some(client) => client.clone(),
            None => {
                let client = settings.client()?;
                self.by_settings.insert(settings, client.clone());
                client
            }
        };
        Ok(Endpoint { client, url: webhook.url.clone(), timeout: webhook.timeout })
    }
}

impl Settings {
    fn of(webhook: &Webhook) -> Self {
        let url = webhook.url.expose();
        let via = match &webhook.proxy {
            Some(proxy) => Via::Proxy(proxy.clone()),
            None if is_loopback(url) => Via::Direct,
            None => Via::Environment,
        };
        let plain = via == Via::Direct && url.scheme() == "http";
        Self { via, ca_pem: webhook.ca_pem.clone(), plain }
    }

    fn client(&self) -> Result<Client, ClientError> {
        // The first caller's provider stays, whoever it is: an error only says that there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("slackline/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS);
        builder = match &self.via {
            Via::Direct => builder.no_proxy(),
            Via::Environment => builder,
            Via::Proxy(proxy) => builder.proxy(
                Proxy::all(proxy.expose().clone())
                    .map_err(|error| ClientError::Proxy(error.without_url()))?,
            ),
        };
        if let Some(pem) = &self.ca_pem {
            let roots =
                Certificate::from_pem_bundle(pem).map_err(|error| ClientError::Ca(Some(error)))?;
            if roots.is_empty() {
                return Err(ClientError::Ca(None));
            }
            builder = builder.tls_certs_merge(roots);
        } else if self.plain {
            builder = builder.tls_certs_only([]);
        }
        builder.build().map_err(|error| ClientError::Build(error.without_url()))
    }
}

/// Whether `url` is on this machine whatever the resolver says: such a webhook needs neither TLS nor a proxy.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

impl Transport for Endpoint {
    async fn post(&self, payload: Bytes) -> Result<Answer, NoAnswer> {
        let deadline = tokio::time::Instant::now() + self.timeout;
        let mut request = Request::new(Method::POST, self.url.expose().clone());
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        *request.body_mut() = Some(payload.into());
        let Ok(sent) = tokio::time::timeout_at(deadline, self.client.execute(request)).await else {
            return Err(NoAnswer::Timeout(self.timeout));
        };
        let response = sent.map_err(|error| NoAnswer::Connect(self.fit_for_a_log(error)))?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let mut body = BytesMut::new();
        let end = tokio::time::timeout_at(deadline, read_body(response, &mut body)).await;
        if end.is_err() && status == 200 && body.trim_ascii() != b"ok" {
            return Err(NoAnswer::Timeout(self.timeout));
        }
        let broken_off = !matches!(end, Ok(Ok(())));
        Ok(Answer { status, retry_after, body: self.masked(body.freeze()), broken_off })
    }
}

/// Reads until the end or the limit; what was read before an error stays in `body`.
async fn read_body(mut response: Response, body: &mut BytesMut) -> Result<(), reqwest::Error> {
    while let Some(chunk) = response.chunk().await? {
        let room = BODY_LIMIT - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    Ok(())
}

impl Endpoint {
    /// The error and its causes on one line, without the URL.
    fn fit_for_a_log(&self, error: reqwest::Error) -> String {
        let error = error.without_url();
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            text = format!("{text}: {source}");
            cause = source.source();
        }
        sanitize::one_line(&self.mask(&text).unwrap_or(text), 300)
    }

    /// An answer may repeat what it was asked: its own path, say. No part of the secret goes any further.
    fn masked(&self, body: Bytes) -> Bytes {
        match std::str::from_utf8(&body) {
            Ok("ok") => body,
            _ => self.mask(&String::from_utf8_lossy(&body)).map_or(body, Bytes::from),
        }
    }

    /// `text` with every part of the URL's path and query masked; `None` where it holds none.
    fn mask(&self, text: &str) -> Option<String> {
        let url = self.url.expose();
        let parts = url.path().split('/').chain(url.query().unwrap_or_default().split(['&', '=']));
        parts.filter(|part| part.len() >= 6 && *part != "services").fold(
            None,
            |masked: Option<String>, part| {
                let text = masked.as_deref().unwrap_or(text);
                if text.contains(part) { Some(text.replace(part, MASK)) } else { masked }
            },
        )
    }
}
