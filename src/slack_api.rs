//! A client of Slack's Web API that only reads: who a token belongs to, what a channel is, and
//! whether blocks are valid.
//!
//! Sources: <https://docs.slack.dev/apis/web-api>, and the pages of the methods
//! [`auth.test`](https://docs.slack.dev/reference/methods/auth.test),
//! [`blocks.validate`](https://docs.slack.dev/reference/methods/blocks.validate),
//! [`conversations.info`](https://docs.slack.dev/reference/methods/conversations.info) and
//! [`conversations.list`](https://docs.slack.dev/reference/methods/conversations.list).
//!
//! Invariant: nothing that comes back holds the token or a control character, and a request ends
//! within [`TIMEOUT`].

use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Request, Response};
use tokio::time::{Instant, sleep, timeout};
use url::{Url, form_urlencoded};

use crate::config::model::App;
use crate::sanitize;
use crate::secret::Secret;
use crate::send::client_pool::{ClientError, ClientPool};

mod reply;

pub use reply::{
    BlockFault, Conversation, ConversationPage, Failure, Identity, Reply, Scopes, Validation,
};

/// How long one request may take, its answer included.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest `Retry-After` that is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The most bytes of an answer that are read: a page of channels takes up to 1 or 2 MB.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// The channels of a page: Slack's maximum, because pages are limited to 20 a minute.
const PAGE: &str = "999";

/// The most characters of a reason.
const LONGEST: usize = 200;

/// The header with an app's scopes.
const SCOPES: &str = "x-oauth-scopes";

/// The one form of arguments that every method takes.
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Reads an answer: its status, `Retry-After`, body, and when it was read.
type ReadReply<T> = fn(u16, Option<String>, Bytes, SystemTime) -> Result<T, Failure>;

/// One app's access to the Web API.
pub struct SlackApi {
    client: Client,
    base: Url,
    authorization: HeaderValue,
    /// When every request has ended.
    end: Instant,
}

impl SlackApi {
    /// The access of `app`. Every request ends before `end`.
    ///
    /// # Errors
    /// When the app's `proxy` or `ca_file` cannot be used, or the system has no certificates.
    pub fn open(app: &App, clients: &mut ClientPool, end: Instant) -> Result<Self, ClientError> {
        let client = clients.pool(app.proxy.as_ref(), app.ca_file.as_ref(), &app.api_url)?;
        Ok(Self { client, base: app.api_url.clone(), authorization: bearer(&app.token), end })
    }

    /// Asks whose token it is.
    ///
    /// # Errors
    /// Why Slack does not say it.
    pub async fn identity(&self) -> Result<Reply<Identity>, Failure> {
        self.call("auth.test", &[]).await
    }

    /// Requests one channel by its ID.
    ///
    /// # Errors
    /// Why Slack does not show it.
    pub async fn conversation(&self, id: &str) -> Result<Conversation, Failure> {
        let arguments = [("channel", id)];
        let reply: Reply<reply::OneConversation> =
            self.call("conversations.info", &arguments).await?;
        Ok(reply.body.channel)
    }

    /// Requests one page of all channels of these `types`, from `cursor` on (empty: the first).
    ///
    /// # Errors
    /// Why Slack does not list them.
    pub async fn conversations(
        &self,
        types: &str,
        cursor: &str,
    ) -> Result<ConversationPage, Failure> {
        let mut arguments = vec![("types", types), ("limit", PAGE), ("exclude_archived", "false")];
        if !cursor.is_empty() {
            arguments.push(("cursor", cursor));
        }
        let reply: Reply<ConversationPage> = self.call("conversations.list", &arguments).await?;
        Ok(reply.body)
    }

    /// Checks a list of `blocks`, given as JSON, without posting it. Pointers start at the list.
    ///
    /// # Errors
    /// Why Slack does not check it.
    pub async fn validate_blocks(&self, blocks: &str) -> Result<Validation, Failure> {
        self.validate("blocks", blocks).await
    }

    /// Checks a message with `blocks` or `attachments`, given as JSON, without posting it. Pointers
    /// start at the message.
    ///
    /// # Errors
    /// Why Slack does not check it.
    pub async fn validate_message(&self, message: &str) -> Result<Validation, Failure> {
        self.validate("message", message).await
    }

    async fn validate(&self, kind: &str, json: &str) -> Result<Validation, Failure> {
        let arguments = [(kind, json)];
        let reply = self.call_with("blocks.validate", &arguments, reply::read_validation).await?;
        Ok(reply.body)
    }

    /// Calls a method whose answer is JSON with the members of `T`.
    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        arguments: &[(&str, &str)],
    ) -> Result<Reply<T>, Failure> {
        self.call_with(name, arguments, reply::read).await
    }

    /// Calls a method. A short `Retry-After` is waited for.
    async fn call_with<T>(
        &self,
        name: &str,
        arguments: &[(&str, &str)],
        read_reply: ReadReply<T>,
    ) -> Result<Reply<T>, Failure> {
        loop {
            match self.attempt(name, arguments, read_reply).await {
                Err(Failure::Throttled(Some(pause)))
                    if pause <= LONGEST_WAIT && Instant::now() + pause < self.end =>
                {
                    sleep(pause).await;
                }
                result => return result,
            }
        }
    }

    async fn attempt<T>(
        &self,
        name: &str,
        arguments: &[(&str, &str)],
        read_reply: ReadReply<T>,
    ) -> Result<Reply<T>, Failure> {
        let url = self.base.join(name).map_err(|_| Failure::NoAnswer("invalid URL".into()))?;
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(arguments).finish();
        let mut request = Request::new(Method::POST, url);
        request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        request.headers_mut().insert(CONTENT_TYPE, FORM);
        *request.body_mut() = Some(form.into());
        let exchange = async {
            let response = self.client.execute(request).await?;
            let header = |name: &str| {
                let value = response.headers().get(name)?.to_str().ok()?;
                Some(value.to_owned())
            };
            let (status, scopes) = (response.status().as_u16(), header(SCOPES));
            let retry_after = header(RETRY_AFTER.as_str());
            let body = read(response).await?;
            Ok((status, retry_after, scopes, body))
        };
        let left = self.end.saturating_duration_since(Instant::now()).min(TIMEOUT);
        match timeout(left, exchange).await {
            Ok(Ok((status, retry_after, scopes, body))) => {
                read_reply(status, retry_after, body, SystemTime::now())
                    .map(|body| Reply { scopes: scopes.as_deref().map(Scopes::read), body })
            }
            Ok(Err(error)) => Err(Failure::NoAnswer(reason(error))),
            Err(_) => Err(Failure::NoAnswer(format!("no answer within {} s", left.as_secs()))),
        }
    }
}

async fn read(mut response: Response) -> Result<Bytes, reqwest::Error> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        let room = BODY_LIMIT - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    Ok(body.freeze())
}

/// The error and its causes, without the URL.
fn reason(error: reqwest::Error) -> String {
    sanitize::one_line(&format!("{:#}", anyhow::Error::from(error.without_url())), LONGEST)
}

fn bearer(token: &Secret<String>) -> HeaderValue {
    let value = HeaderValue::try_from(format!("Bearer {}", token.expose()));
    // A token that no header can carry is refused by Slack as an empty one is.
    let mut value = value.unwrap_or(HeaderValue::from_static("Bearer"));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
