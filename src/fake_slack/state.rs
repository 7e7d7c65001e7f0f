//! What the fake Slack was told and what it received. Pure but for its lock and its clock.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use hyper::HeaderMap;
use tokio::sync::{broadcast, watch};

use super::answer::{Answer, Limit, Script};
use super::record::{KEPT, Request};
use super::slack;

/// A client's 1.000 s are a server's 0.98 s now and then, because the network takes its time: that much is forgiven.
const TOLERANCE: f64 = 0.1;

/// Shared by the server's connections and whoever holds the [`super::FakeSlack`].
pub(super) struct State {
    inner: Mutex<Inner>,
    count: watch::Sender<u64>,
    events: broadcast::Sender<Arc<Request>>,
}

#[derive(Default)]
struct Inner {
    everywhere: Told,
    paths: HashMap<String, Told>,
    buckets: HashMap<String, Bucket>,
    requests: VecDeque<Arc<Request>>,
}

#[derive(Default)]
struct Told {
    next: VecDeque<Answer>,
    default: Option<Answer>,
    limit: Option<Limit>,
}

struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Default for State {
    fn default() -> Self {
        // Who prints falls behind by this many posts before some go unprinted.
        let events = broadcast::Sender::new(1024);
        Self { inner: Mutex::default(), count: watch::Sender::new(0), events }
    }
}

impl State {
    pub(super) fn push(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.lock().paths.entry(path.to_owned()).or_default().next.extend(answers);
    }

    pub(super) fn set_default(&self, path: Option<&str>, answer: Option<Answer>) {
        self.lock().told(path).default = answer;
    }

    pub(super) fn set_limit(&self, path: Option<&str>, limit: Option<Limit>) {
        self.lock().told(path).limit = limit;
    }

    pub(super) fn follow(&self, path: Option<&str>, script: Script) {
        let mut inner = self.lock();
        let told = inner.told(path);
        told.next.extend(script.answers);
        if let Some(default) = script.default {
            told.default = default;
        }
        if let Some(limit) = script.limit {
            told.limit = limit;
        }
    }

    pub(super) fn requests(&self, which: impl Fn(&Request) -> bool) -> Vec<Arc<Request>> {
        self.lock().requests.iter().filter(|request| which(request)).cloned().collect()
    }

    pub(super) fn watch_count(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<Request>> {
        self.events.subscribe()
    }

    /// Records a request and decides its answer.
    pub(super) fn receive(&self, path: String, headers: HeaderMap, body: Bytes) -> Answer {
        let post = slack::read(&body);
        let mut inner = self.lock();
        // Under the lock, so that the order of the records is the order of their times.
        let (at, time) = (Instant::now(), SystemTime::now());
        let answer = inner
            .next(&path)
            .or_else(|| inner.limited(&path, at))
            .or_else(|| inner.default(&path))
            .unwrap_or_else(|| slack::answer(&path, post.as_ref()));
        let request =
            Arc::new(Request { at, time, path, headers, body, post, answer: answer.clone() });
        if inner.requests.len() == KEPT {
            inner.requests.pop_front();
        }
        inner.requests.push_back(Arc::clone(&request));
        self.count.send_modify(|count| *count += 1);
        // Nobody needs to listen.
        let _ = self.events.send(request);
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn told(&mut self, path: Option<&str>) -> &mut Told {
        match path {
            Some(path) => self.paths.entry(path.to_owned()).or_default(),
            None => &mut self.everywhere,
        }
    }

    fn next(&mut self, path: &str) -> Option<Answer> {
        let own = self.paths.get_mut(path).and_then(|told| told.next.pop_front());
        own.or_else(|| self.everywhere.next.pop_front())
    }

    fn default(&self, path: &str) -> Option<Answer> {
        let own = self.paths.get(path).and_then(|told| told.default.clone());
        own.or_else(|| self.everywhere.default.clone())
    }

    /// The 429 that the path's limit asks for, if it does. A refused request uses up nothing.
    fn limited(&mut self, path: &str, now: Instant) -> Option<Answer> {
        let Limit { rate, burst } =
            self.paths.get(path).and_then(|told| told.limit).or(self.everywhere.limit)?;
        let full = f64::from(burst.max(1)) + TOLERANCE;
        let bucket =
            self.buckets.entry(path.to_owned()).or_insert(Bucket { tokens: full, at: now });
        bucket.tokens = (bucket.tokens
            + rate * now.saturating_duration_since(bucket.at).as_secs_f64())
        .min(full);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return None;
        }
        let wait =
            Duration::try_from_secs_f64((1.0 - bucket.tokens) / rate).unwrap_or(Duration::MAX);
        Some(Answer::rate_limited((wait.as_secs_f64().ceil() as u64).max(1)))
    }
}
