//! The fake Slack server of the tests, the demo and `slackline fake-slack`. It answers as Slack's
//! documentation says, or as scripted.
//!
//! It runs in this process and listens on a real socket, so that the real HTTP client is tested.
//! Invariant: every request to a webhook's path or to the Web API is recorded, with its time and
//! its answer, before the answer is sent.
//!
//! # Scripting it
//!
//! A path names what is scripted: `/services/T/B/X` is a webhook, `/api/sales` the channel `#sales`
//! of every app (an ID will do, too), `/api/auth.test` a method, `/api` all of the Web API.
//! [`FakeSlack::push`] sets the next answers, [`FakeSlack::set_default`] all others, and
//! [`FakeSlack::set_limit`] the rate: of a webhook, of a channel, or with `/api` of each app.
//! [`Answer::error`] is a refusal with one of Slack's words. [`Answer::default`] is what Slack
//! answers to an accepted message: `ok`, or JSON with an echo of the message.
//!
//! Without a script, every channel exists, any token `xoxb-…` is valid, and the app has every
//! scope. [`FakeSlack::set_workspace`] changes that:
//!
//! ```
//! # use slackline::fake_slack::{Answer, Channel, FakeSlack, Limit, Settings};
//! # async fn script() -> std::io::Result<()> {
//! let slack = FakeSlack::start().await?;
//! slack.push("/api/sales", [Answer::error("not_in_channel"), Answer::api_rate_limited(3)]);
//! slack.set_limit("/api", Some(Limit { rate: 5.0, burst: 1 }));
//! let channels = vec![Channel::new("sales"), Channel::new("deals").with_id("C7").archived()];
//! slack.set_workspace(Settings { channels: Some(Some(channels)), ..Settings::default() });
//! let posted = slack.requests_in("sales").iter().filter(|request| request.is_posted()).count();
//! # Ok(())
//! # }
//! ```

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::JoinHandle;

pub mod answer;

pub mod record;

mod api;

mod bucket;

mod render;

mod control;

mod fault;

mod script;

mod server;

mod slack;

mod state;

mod workspace;

pub use answer::{Answer, Fault, Limit, Script};
pub use record::{Post, Request};
pub use render::block_lines;
pub use workspace::{Channel, Settings};

use state::State;

/// A running fake Slack server. Dropping it stops it and closes every connection.
pub struct FakeSlack {
    address: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

/// The requests to a fake Slack server as text. A slow reader misses some, which
/// [`FakeSlack::requests`] still returns.
pub struct Feed(broadcast::Receiver<Arc<Request>>);

impl FakeSlack {
    /// Starts a server on `127.0.0.1` and a free port.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start() -> io::Result<Self> {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts a server on `address`.
    ///
    /// # Errors
    /// The address is in use, or not one of this machine.
    pub async fn start_on(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::default());
        let server = tokio::spawn(server::serve(listener, Arc::clone(&state)));
        Ok(Self { address, state, server })
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of a webhook's path, such as `/services/T00/B00/sales`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers the next requests to `path` with `answers`, one each. They come before every other
    /// rule.
    pub fn push(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        let answers = answers.into_iter().collect();
        self.state.apply(Some(path), Script { answers, ..Script::default() });
    }

    /// Sets the answer to requests to `path` for which none was pushed. With `None` it answers as
    /// Slack does.
    pub fn set_default(&self, path: &str, answer: Option<Answer>) {
        self.state.apply(Some(path), Script { default: Some(answer), ..Script::default() });
    }

    /// Sets the default answer of every path without its own.
    pub fn set_default_everywhere(&self, answer: Option<Answer>) {
        self.state.apply(None, Script { default: Some(answer), ..Script::default() });
    }

    /// Limits the rate of one webhook or channel, or with `/api` that of each app: requests beyond
    /// it are answered with 429.
    pub fn set_limit(&self, path: &str, limit: Option<Limit>) {
        self.state.apply(Some(path), Script { limit: Some(limit), ..Script::default() });
    }

    /// Limits the rate of every webhook and channel without its own limit. Each is counted
    /// separately.
    pub fn set_limit_everywhere(&self, limit: Option<Limit>) {
        self.state.apply(None, Script { limit: Some(limit), ..Script::default() });
    }

    /// Returns the requests received so far, in order: the last [`record::KEPT`] of them.
    #[must_use]
    pub fn requests(&self) -> Vec<Arc<Request>> {
        self.state.requests()
    }

    /// Returns the requests to one path, like [`FakeSlack::requests`].
    #[must_use]
    pub fn requests_to(&self, path: &str) -> Vec<Arc<Request>> {
        self.requests().into_iter().filter(|request| request.path == path).collect()
    }

    /// Returns the posts of apps to one channel, by its name without `#`.
    #[must_use]
    pub fn requests_in(&self, channel: &str) -> Vec<Arc<Request>> {
        let is_in = |request: &Arc<Request>| request.channel.as_deref() == Some(channel);
        self.requests().into_iter().filter(is_in).collect()
    }

    /// Returns the posts of one app, by its token.
    #[must_use]
    pub fn requests_of(&self, token: &str) -> Vec<Arc<Request>> {
        let is_of = |request: &Arc<Request>| request.channel.is_some() && request.token() == token;
        self.requests().into_iter().filter(is_of).collect()
    }

    /// Sets the channels that exist, the scopes of the app, and the valid tokens.
    pub fn set_workspace(&self, settings: Settings) {
        self.state.set_workspace(settings);
    }

    /// Returns the number of requests received so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.state.count.load(Ordering::Relaxed)
    }

    /// Returns every request from now on.
    #[must_use]
    pub fn subscribe(&self) -> Feed {
        Feed(self.state.events.subscribe())
    }
}

impl Feed {
    /// Returns the next request as text for a terminal; `None` once the server has stopped.
    pub async fn next(&mut self) -> Option<String> {
        match self.0.recv().await {
            Ok(request) => Some(render::request(&request)),
            Err(RecvError::Lagged(count)) => {
                Some(format!("… {count} requests not shown: they arrived too fast"))
            }
            Err(RecvError::Closed) => None,
        }
    }
}

impl Drop for FakeSlack {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[cfg(test)]
mod tests;
