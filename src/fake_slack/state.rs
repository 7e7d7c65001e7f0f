//! What the connections of the fake Slack share: its scripts, its workspace, and the requests that
//! it received.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::broadcast;

use super::answer::{Answer, Script};
use super::api::{self, Call};
use super::bucket::Buckets;
use super::record::{API, KEPT, Post, Request, token};
use super::script::{POST_MESSAGE, Place, Scripts};
use super::slack;
use super::workspace::{Settings, Workspace, key};

/// The state that the server's connections and its handle share.
pub struct State {
    inner: Mutex<Inner>,
    /// The number of requests received so far.
    pub count: AtomicU64,
    /// Each request that is received.
    pub events: broadcast::Sender<Arc<Request>>,
}

#[derive(Default)]
struct Inner {
    scripts: Scripts,
    buckets: Buckets,
    workspace: Workspace,
    requests: VecDeque<Arc<Request>>,
    /// The time stamp of the last message of an app, in microseconds.
    last_ts: u128,
    /// The number of requests to the Web API.
    calls: u64,
}

impl Default for State {
    fn default() -> Self {
        // A receiver may fall behind by this many requests before it misses some.
        let events = broadcast::Sender::new(1024);
        Self { inner: Mutex::default(), count: AtomicU64::new(0), events }
    }
}

impl State {
    pub fn apply(&self, path: Option<&str>, script: Script) {
        self.lock().scripts.apply(path, script);
    }

    pub fn set_workspace(&self, settings: Settings) {
        self.lock().workspace.apply(settings);
    }

    pub fn requests(&self) -> Vec<Arc<Request>> {
        self.lock().requests.iter().cloned().collect()
    }

    /// Records a request and returns its answer.
    pub fn receive(&self, path: String, mut headers: HeaderMap, body: Bytes) -> Answer {
        if let Some(token) = headers.get_mut(AUTHORIZATION) {
            token.set_sensitive(true);
        }
        let mut post = slack::read(&body);
        let mut inner = self.lock();
        // Under the lock, so that the records are in the order of their times.
        let (at, time) = (Instant::now(), SystemTime::now());
        let (answer, channel) = match path.strip_prefix(API) {
            Some(method) => {
                let (method, headers, body) = (method, &headers, body.as_ref());
                let ts = inner.next_ts(time);
                let call = Call { method, headers, body, ts: &ts };
                inner.call(&call, post.as_mut(), at)
            }
            None => (inner.webhook(&path, post.as_ref(), at), None),
        };
        let answer_sent = answer.clone();
        let request =
            Arc::new(Request { at, time, path, headers, body, post, channel, answer: answer_sent });
        if inner.requests.len() == KEPT {
            inner.requests.pop_front();
        }
        inner.requests.push_back(Arc::clone(&request));
        self.count.fetch_add(1, Ordering::Relaxed);
        // An error means that there is no receiver.
        let _ = self.events.send(request);
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

impl Inner {
    /// Returns the answer of a webhook.
    fn webhook(&mut self, path: &str, post: Option<&Post>, now: Instant) -> Answer {
        let place = Place::Webhook(path.to_owned());
        self.scripted(&place, now, Answer::rate_limited)
            .unwrap_or_else(|| slack::answer(path, post))
    }

    /// Returns the answer of the Web API, and the channel of a message.
    fn call(
        &mut self,
        call: &Call<'_>,
        post: Option<&mut Post>,
        now: Instant,
    ) -> (Answer, Option<String>) {
        let place = self.place(call, post.as_deref());
        let scripted = self.scripted(&place, now, Answer::api_rate_limited);
        let mut answer = match scripted {
            // A webhook's `ok` means Slack's own answer, with the rest of the scripted one.
            Some(answer) if (answer.status, answer.body.as_str()) == (200, "ok") => {
                let own = api::answer(call, &mut self.workspace);
                let mut headers = own.headers;
                headers.extend(answer.headers);
                Answer { body: own.body, headers, ..answer }
            }
            Some(answer) => answer,
            None => api::answer(call, &mut self.workspace),
        };
        if let Some(post) = post.filter(|_| self.workspace.hides_customization()) {
            post.hide_customization();
        }
        self.calls += 1;
        let id = format!("{:032x}", self.calls);
        answer.headers.entry("X-Slack-Req-Id".to_owned()).or_insert(id);
        let json = "application/json; charset=utf-8".to_owned();
        answer.headers.entry("Content-Type".to_owned()).or_insert(json);
        let channel = match place {
            Place::Channel { names, .. } => names.into_iter().next(),
            _ => None,
        };
        (answer, channel)
    }

    fn place(&mut self, call: &Call<'_>, post: Option<&Post>) -> Place {
        let Some(written) = post.and_then(|post| post.channel.as_deref()) else {
            return Place::Method(call.method.to_owned());
        };
        if call.method != POST_MESSAGE {
            return Place::Method(call.method.to_owned());
        }
        let names = match self.workspace.channel(written) {
            Some(channel) => vec![channel.name, channel.id],
            None => vec![key(written)],
        };
        Place::Channel { names, token: token(call.headers).to_owned() }
    }

    /// Returns the answer that a script or a limit decides. A refused request does not count
    /// towards the limit.
    fn scripted(
        &mut self,
        place: &Place,
        now: Instant,
        limited: fn(u64) -> Answer,
    ) -> Option<Answer> {
        self.scripts
            .next(place)
            .or_else(|| self.buckets.take(&self.scripts.limits(place), now).err().map(limited))
            .or_else(|| self.scripts.default(place))
    }

    /// Returns a time stamp that no other message has.
    fn next_ts(&mut self, time: SystemTime) -> String {
        let now = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        self.last_ts = now.max(self.last_ts + 1);
        format!("{}.{:06}", self.last_ts / 1_000_000, self.last_ts % 1_000_000)
    }
}
