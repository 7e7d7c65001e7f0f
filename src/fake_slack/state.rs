//! The scripts of the fake Slack and the requests that it received.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use hyper::HeaderMap;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::broadcast;

use super::answer::{Answer, Limit, Script};
use super::record::{KEPT, Request};
use super::slack;

/// Added to the burst, in messages: because of varying network delays, messages that leave the
/// client 1.00 s apart may arrive 0.98 s apart.
const TOLERANCE: f64 = 0.1;

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
    /// For paths without their own behavior.
    everywhere: Behavior,
    paths: HashMap<String, Behavior>,
    /// The rate limit of each path.
    buckets: HashMap<String, Bucket>,
    requests: VecDeque<Arc<Request>>,
}

/// How requests are answered.
#[derive(Default)]
struct Behavior {
    /// Answers to the next requests, one each.
    next: VecDeque<Answer>,
    /// The answer to all others; `None` to answer as Slack does.
    default: Option<Answer>,
    limit: Option<Limit>,
}

/// A token bucket.
struct Bucket {
    tokens: f64,
    at: Instant,
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
        let mut inner = self.lock();
        let behavior = match path {
            Some(path) => inner.paths.entry(path.to_owned()).or_default(),
            None => &mut inner.everywhere,
        };
        behavior.next.extend(script.answers);
        if let Some(default) = script.default {
            behavior.default = default;
        }
        if let Some(limit) = script.limit {
            behavior.limit = limit;
        }
    }

    pub fn requests(&self) -> Vec<Arc<Request>> {
        self.lock().requests.iter().cloned().collect()
    }

    /// Records a request and returns its answer.
    pub fn receive(&self, path: String, headers: HeaderMap, body: Bytes) -> Answer {
        let post = slack::read(&body);
        let mut inner = self.lock();
        // Under the lock, so that the records are in the order of their times.
        let (at, time) = (Instant::now(), SystemTime::now());
        let answer = inner
            .scripted(&path, |behavior| behavior.next.pop_front())
            .or_else(|| inner.limited(&path, at))
            .or_else(|| inner.scripted(&path, |behavior| behavior.default.clone()))
            .unwrap_or_else(|| slack::answer(&path, post.as_ref()));
        let request =
            Arc::new(Request { at, time, path, headers, body, post, answer: answer.clone() });
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
    /// Returns what the path's own behavior has, or else what the one for all paths has.
    fn scripted<T>(&mut self, path: &str, part: fn(&mut Behavior) -> Option<T>) -> Option<T> {
        let own = self.paths.get_mut(path).and_then(part);
        own.or_else(|| part(&mut self.everywhere))
    }

    /// Returns a 429 if the path's rate limit is exceeded. A refused request does not count towards
    /// the limit.
    fn limited(&mut self, path: &str, now: Instant) -> Option<Answer> {
        let Limit { rate, burst } = self.scripted(path, |behavior| behavior.limit)?;
        let full = f64::from(burst.max(1)) + TOLERANCE;
        let full_bucket = Bucket { tokens: full, at: now };
        let bucket = self.buckets.entry(path.to_owned()).or_insert(full_bucket);
        let elapsed = now.saturating_duration_since(bucket.at).as_secs_f64();
        *bucket = Bucket { tokens: (bucket.tokens + rate * elapsed).min(full), at: now };
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return None;
        }
        let wait = ((1.0 - bucket.tokens) / rate).ceil() as u64;
        Some(Answer::rate_limited(wait.max(1)))
    }
}
