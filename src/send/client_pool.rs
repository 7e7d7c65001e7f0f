//! The HTTP clients of all webhooks: those with equal settings share one, and its connections.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Certificate, Client, Proxy, redirect};
use url::Url;

use super::app_channel::Credential;
use super::client::{APP_BODY_LIMIT, BODY_LIMIT, PooledClient};
use crate::config::model::{App, AppIndex, Pem, Webhook};
use crate::loopback::is_loopback;
use crate::secret::Secret;

/// How long an idle connection is kept: shorter than Slack is likely to keep it, since a request on
/// a connection that was just closed may or may not have been received.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The most idle connections to one host: thousands of webhooks, all at `hooks.slack.com`, would
/// hold a socket each otherwise.
const IDLE_CONNECTIONS: usize = 256;

/// Why the HTTP client of a webhook cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `proxy` is not the address of a proxy.
    #[error("`proxy` cannot be used: give an address like `http://proxy:3128`")]
    Proxy(#[source] reqwest::Error),
    /// `ca_file` is not PEM, or holds no certificate.
    #[error("`ca_file` holds no usable certificate: give certificates in PEM format")]
    Ca(#[source] Option<reqwest::Error>),
    /// A token that is not one line of printable text.
    #[error("the app's token cannot be sent: it has characters that no token has")]
    Token,
    /// A webhook has neither a URL nor a channel, which no checked configuration has.
    #[error("the webhook has nowhere to post to")]
    NoTarget,
    /// Usually the system has no certificate authorities.
    #[error(
        "cannot create an HTTPS client: install the system's CA certificates (`ca-certificates`) or set `SSL_CERT_FILE`"
    )]
    Build(#[source] reqwest::Error),
}

/// The clients and the apps' credentials made so far.
#[derive(Default)]
pub struct ClientPool {
    by_settings: HashMap<Settings, Client>,
    credentials: HashMap<AppIndex, Arc<Credential>>,
}

/// What a connection depends on.
#[derive(PartialEq, Eq, Hash)]
struct Settings {
    proxy: Option<Secret<Url>>,
    ca_pem: Option<Vec<u8>>,
    /// To this machine: without the environment's proxy.
    direct: bool,
    /// Plain HTTP to this machine needs no certificates: a system without any can still run the
    /// demo.
    plain: bool,
}

impl ClientPool {
    /// Returns the client of `webhook`, whose requests go to `url`.
    ///
    /// # Errors
    /// When its `proxy` or `ca_file` cannot be used, or the system has no certificates.
    pub fn client(&mut self, webhook: &Webhook, url: &Url) -> Result<PooledClient, ClientError> {
        let pool = self.pool(webhook.proxy.as_ref(), webhook.ca_file.as_ref(), url)?;
        Ok(PooledClient { pool, timeout: webhook.timeout, body_limit: BODY_LIMIT })
    }

    /// Returns the client of `webhook`, which posts as `app`, and the app's credential.
    ///
    /// # Errors
    /// As [`ClientPool::client`], or when no request can carry the token.
    pub fn app(
        &mut self,
        webhook: &Webhook,
        index: AppIndex,
        app: &App,
    ) -> Result<(PooledClient, Arc<Credential>), ClientError> {
        let pool = self.pool(app.proxy.as_ref(), app.ca_file.as_ref(), &app.api_url)?;
        let credential = match self.credentials.get(&index) {
            Some(credential) => Arc::clone(credential),
            None => {
                let credential = Arc::new(Credential::of(app).ok_or(ClientError::Token)?);
                self.credentials.insert(index, Arc::clone(&credential));
                credential
            }
        };
        let timeout = webhook.timeout;
        Ok((PooledClient { pool, timeout, body_limit: APP_BODY_LIMIT }, credential))
    }

    /// Returns the client with the `proxy` and `ca_file` of a webhook or an app, for requests to
    /// the host of `url`.
    ///
    /// # Errors
    /// When one of them cannot be used, or the system has no certificates.
    pub fn pool(
        &mut self,
        proxy: Option<&Secret<Url>>,
        ca_file: Option<&Pem>,
        url: &Url,
    ) -> Result<Client, ClientError> {
        let direct = proxy.is_none() && is_loopback(url);
        let settings = Settings {
            proxy: proxy.cloned(),
            ca_pem: ca_file.map(|file| file.bytes.clone()),
            direct,
            plain: direct && url.scheme() == "http",
        };
        if let Some(client) = self.by_settings.get(&settings) {
            return Ok(client.clone());
        }
        let client = settings.client()?;
        self.by_settings.insert(settings, client.clone());
        Ok(client)
    }
}

impl Settings {
    fn client(&self) -> Result<Client, ClientError> {
        // An error only says that a provider is installed already, which is just as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("slackline/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS);
        if let Some(proxy) = &self.proxy {
            let proxy = Proxy::all(proxy.expose().clone());
            builder =
                builder.proxy(proxy.map_err(|error| ClientError::Proxy(error.without_url()))?);
        } else if self.direct {
            builder = builder.no_proxy();
        }
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
