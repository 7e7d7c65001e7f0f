//! The Slack of tests, demo and `slackline fake-slack`: answers as `reference/slack.md` says, or as it is told to.
//!
//! A server of this process on a socket of its own, so that the real client is what is tested. Invariant: every request that reached a webhook's path is
//! recorded, with its time and the answer it was given, before that answer leaves.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

pub mod answer;

pub mod record;

pub mod render;

mod control;

mod fault;

mod server;

mod slack;

mod state;

pub use answer::{Answer, Fault, Limit, Script};
pub use record::{Post, Request};

use state::State;

/// A running fake Slack. Dropping it ends it, with every connection.
pub struct FakeSlack {
    address: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

impl FakeSlack {
    /// Starts one on `127.0.0.1` and a free port.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> io::Result<Self> {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts one on `address`.
    ///
    /// # Errors
    /// When the address is taken, or not this machine's.
    pub async fn start_on(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::default());
        let server = tokio::spawn(server::serve(listener, Arc::clone(&state)));
        Ok(Self { address, state, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a webhook's path, like `/services/T00/B00/sales`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next requests to `path` are answered by `answers`, one each, before anything else is asked.
    pub fn push(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.state.push(path, answers);
    }

    /// How requests to `path` are answered when nothing is pushed; `None`: as Slack does.
    pub fn set_default(&self, path: &str, answer: Option<Answer>) {
        self.state.set_default(Some(path), answer);
    }

    /// The same for every path that has no default of its own.
    pub fn set_default_everywhere(&self, answer: Option<Answer>) {
        self.state.set_default(None, answer);
    }

    /// Holds `path` to a rate: what comes faster is answered 429.
    pub fn set_limit(&self, path: &str, limit: Option<Limit>) {
        self.state.set_limit(Some(path), limit);
    }

    /// The same for every path that has no limit of its own; each is counted by itself.
    pub fn set_limit_everywhere(&self, limit: Option<Limit>) {
        self.state.set_limit(None, limit);
    }

    /// Everything that was received so far, in its order; the oldest are forgotten beyond [`record::KEPT`].
    #[must_use]
    pub fn requests(&self) -> Vec<Arc<Request>> {
        self.state.requests(|_| true)
    }

    /// The same of one path.
    #[must_use]
    pub fn requests_to(&self, path: &str) -> Vec<Arc<Request>> {
        self.state.requests(|request| request.path == path)
    }

    /// How many were received so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        *self.state.watch_count().borrow()
    }

    /// Waits until `count` requests were received in all, for `patience` at most. Whether they were.
    pub async fn wait_for(&self, count: u64, patience: Duration) -> bool {
        let mut received = self.state.watch_count();
        tokio::time::timeout(patience, received.wait_for(|received| *received >= count))
            .await
            .is_ok_and(|seen| seen.is_ok())
    }

    /// Hears of every request from now on. Who is slow misses some; [`FakeSlack::requests`] has them.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Request>> {
        self.state.subscribe()
    }
}

impl Drop for FakeSlack {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[cfg(test)]
mod tests;
