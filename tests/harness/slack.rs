//! The fake Slack for the tests: webhooks and apps' channels by name, and posts in the form that
//! the checker compares.
//!
//! `NAME` is both the incoming webhook of that name and the channel `#NAME` of every app: a script
//! for it holds for both, and so does a count.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use slackline::fake_slack::{self, FakeSlack, Fault, Request};
use tokio::runtime::Runtime;

use super::poll::{DEADLINE, poll_for};
use crate::checker::{Expected, Post};

/// A fake Slack for one test, until it is dropped.
pub struct Slack {
    fake: FakeSlack,
    started: Instant,
    /// Runs the server.
    _runtime: Runtime,
}

/// Slack's answer to one request.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Posted.
    Ok,
    /// Posted, and answered after this delay.
    Slow(Duration),
    /// Not posted.
    Status(u16, &'static str),
    /// Not posted: a 200 of the Web API with this error word.
    Word(&'static str),
    /// 429 with a `Retry-After` of this many seconds.
    RateLimited(u64),
    /// Not posted, and never answered.
    Hang,
    /// Not posted; the connection is reset.
    Reset,
}

impl Answer {
    /// The answer of a webhook, or with a `posted` of the Web API that of a channel.
    fn fake(&self, posted: &str) -> fake_slack::Answer {
        match *self {
            Self::Ok => fake_slack::Answer::new(200, posted),
            Self::Slow(late) => {
                fake_slack::Answer::new(200, posted).after_ms(late.as_millis() as u64)
            }
            Self::Word(word) => {
                fake_slack::Answer::new(200, format!(r#"{{"ok":false,"error":"{word}"}}"#))
            }
            Self::Status(status, body) => fake_slack::Answer::new(status, body),
            Self::RateLimited(seconds) => fake_slack::Answer::rate_limited(seconds),
            Self::Hang => fake_slack::Answer::fault(Fault::Hang),
            Self::Reset => fake_slack::Answer::fault(Fault::Reset),
        }
    }
}

impl Slack {
    /// Starts it on a free port. By default it accepts every post.
    pub fn start() -> Self {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Starts it at the address of an earlier one. In between, connections are refused.
    pub fn start_at(address: SocketAddr) -> Self {
        let runtime = Runtime::new().unwrap();
        let fake = runtime.block_on(FakeSlack::start_on(address)).unwrap();
        Self { fake, started: Instant::now(), _runtime: runtime }
    }

    /// The URL of a webhook.
    pub fn url(&self, webhook: &str) -> String {
        self.fake.url(&path(webhook))
    }

    /// The address of the Web API.
    pub fn api_url(&self) -> String {
        self.fake.url("/api/")
    }

    /// Sets the answers to the webhook's next requests, one each.
    pub fn script(&self, webhook: &str, answers: impl IntoIterator<Item = Answer>) {
        let answers: Vec<_> = answers.into_iter().collect();
        for (path, posted) in places(webhook) {
            self.fake.push(&path, answers.iter().map(|answer| answer.fake(posted)));
        }
    }

    /// Sets the answer to all further requests of the webhook that have no scripted answer.
    pub fn default(&self, webhook: &str, answer: Answer) {
        for (path, posted) in places(webhook) {
            self.fake.set_default(&path, Some(answer.fake(posted)));
        }
    }

    /// Sets the default answer of every webhook and channel without its own default.
    pub fn default_everywhere(&self, answer: Answer) {
        // Without a default each is answered as Slack does, which differs between the two.
        let answer = Some(answer).filter(|answer| *answer != Answer::Ok);
        self.fake.set_default_everywhere(answer.map(|answer| answer.fake("")));
    }

    /// The current time on the clock of the posts' times.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// All requests in the order of arrival. Their texts must be those of `Setup::webhook`'s
    /// actions.
    #[track_caller]
    pub fn posts(&self) -> Vec<Post> {
        self.posts_from(0)
    }

    /// All requests after the first `seen`, for repeated polling.
    #[track_caller]
    pub fn posts_from(&self, seen: usize) -> Vec<Post> {
        self.fake
            .requests()
            .into_iter()
            .skip(seen)
            .map(|request| {
                let text =
                    request.post.as_ref().and_then(|post| post.text.clone()).unwrap_or_default();
                Post {
                    webhook: name(&request).to_owned(),
                    id: text
                        .parse()
                        .unwrap_or_else(|_| panic!("`{text}` is not a post of this test")),
                    at: request.at.saturating_duration_since(self.started),
                    accepted: request.is_posted(),
                }
            })
            .collect()
    }

    /// The arrival times at one webhook, whatever the answer.
    pub fn arrivals(&self, webhook: &str) -> Vec<Duration> {
        let requests = self.requests_of(webhook);
        requests.iter().map(|request| request.at.saturating_duration_since(self.started)).collect()
    }

    /// The request bodies of one webhook.
    pub fn bodies(&self, webhook: &str) -> Vec<serde_json::Value> {
        self.requests_of(webhook).iter().map(|request| request.json()).collect()
    }

    /// The `Authorization` of each request, in the order of [`Self::posts`]; empty without.
    pub fn tokens(&self) -> Vec<String> {
        let of = |request: &Arc<Request>| {
            let header = request.headers.get("authorization");
            header.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        self.fake.requests().iter().map(of).collect()
    }

    /// All requests of one webhook.
    fn requests_of(&self, webhook: &str) -> Vec<Arc<Request>> {
        let mut requests = self.fake.requests();
        requests.retain(|request| name(request) == webhook);
        requests
    }

    /// The user whom each request shows, in the order of [`Self::posts`].
    pub fn users(&self) -> Vec<String> {
        let user = |request: Arc<Request>| request.post.as_ref()?.username.clone();
        self.fake.requests().into_iter().map(|one| user(one).unwrap_or_default()).collect()
    }

    /// Waits until a webhook got `count` requests, whatever the answer.
    #[track_caller]
    pub fn await_requests(&self, webhook: &str, count: usize) {
        self.await_some(count, || self.requests_of(webhook), |_| true);
    }

    /// Waits until `count` posts were accepted in total.
    #[track_caller]
    pub fn await_accepted(&self, count: usize) {
        self.await_some(count, || self.fake.requests(), |request| request.is_posted());
    }

    /// Waits until `count` posts were refused in total.
    #[track_caller]
    pub fn await_refused(&self, count: usize) {
        self.await_some(count, || self.fake.requests(), |request| !request.is_posted());
    }

    /// Waits until each of these was accepted at least once.
    #[track_caller]
    pub fn await_all_accepted(&self, expected: &[Expected]) {
        poll_for(DEADLINE * 2, "every post accepted", || {
            let lost = crate::checker::Faults::find(expected, &self.posts()).lost;
            if lost.is_empty() { Ok(()) } else { Err(format!("{lost:?} are missing")) }
        });
    }

    #[track_caller]
    fn await_some(
        &self,
        count: usize,
        all: impl Fn() -> Vec<Arc<Request>>,
        which: impl Fn(&Request) -> bool,
    ) {
        poll_for(DEADLINE * 2, &format!("{count} requests"), || {
            let all = all();
            let found = all.iter().filter(|request| which(request)).count();
            if found >= count {
                Ok(())
            } else {
                Err(format!("{found} of {count} arrived, {} requests in total", all.len()))
            }
        });
    }
}

/// The part of Slack's answer to an accepted message of an app that is read.
const POSTED: &str = r#"{"ok":true,"channel":"C024BE91L","ts":"1503435956.000247"}"#;

/// Where the fake Slack is scripted for the webhook and for the channel of this name, with the body
/// of an accepted post.
fn places(name: &str) -> [(String, &'static str); 2] {
    [(path(name), "ok"), (format!("/api/{name}"), POSTED)]
}

fn path(webhook: &str) -> String {
    format!("/services/T00/B00/{webhook}")
}

/// The webhook or the channel of a request.
fn name(request: &Request) -> &str {
    let channel = request.post.as_ref().and_then(|post| post.channel.as_deref());
    match channel {
        Some(channel) if request.path.starts_with("/api/") => channel.trim_start_matches('#'),
        _ => request.path.rsplit('/').next().unwrap_or_default(),
    }
}
