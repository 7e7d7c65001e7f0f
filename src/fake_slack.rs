//! The fake Slack server of the tests, the demo and `slackline fake-slack`. It answers as Slack's
//! documentation says, or as scripted.
//!
//! It runs in this process and listens on a real socket, so that the real HTTP client is tested.
//! Invariant: every request to a webhook's path is recorded, with its time and its answer, before
//! the answer is sent.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::JoinHandle;

pub mod answer;

pub mod record;

mod render;

mod control;

mod fault;

mod server;

mod slack;

mod state;

pub use answer::{Answer, Fault, Limit, Script};
pub use record::{Post, Request};

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

    /// Limits the rate of every path without its own limit: requests beyond it are answered
    /// with 429. Each path is counted separately.
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
