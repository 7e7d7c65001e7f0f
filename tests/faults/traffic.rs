//! The load generator: keeps every webhook of the mix busy until it is stopped, and records the
//! expected posts.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::mix::{KINDS, Kind, PARTITIONS, WEBHOOKS, WebhookSpec, webhook_named};
use crate::checker::{Expected, Post};
use crate::harness::broker::{Broker, Record};
use crate::harness::poll::poll_for;
use crate::harness::setup::Setup;
use crate::harness::slack::Slack;

/// The interval at which the generator produces more.
const PACE: Duration = Duration::from_millis(25);

/// The difference between the ids of an event's first and second post.
const SECOND: u64 = 1_000_000_000;

/// A running generator, until it is stopped or dropped.
pub struct Load {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    slack: Arc<Slack>,
    topics: Vec<String>,
    counts: Mutex<Counts>,
    over: AtomicBool,
}

#[derive(Default)]
struct Counts {
    expected: Vec<Expected>,
    /// The position of each delivery's event.
    partitions: HashMap<(&'static str, u64), (String, i32)>,
    expected_posts: HashMap<&'static str, usize>,
    accepted: HashMap<String, HashSet<u64>>,
    /// The number of posts counted so far.
    seen: usize,
}

impl Load {
    /// Starts producing to the topics of a [`super::mix::setup`].
    pub fn start(setup: &Setup, slack: &Arc<Slack>) -> Self {
        let shared = Arc::new(Shared {
            slack: slack.clone(),
            topics: setup.topics.clone(),
            counts: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let thread = thread::spawn({
            let shared = shared.clone();
            move || Generator::new(&shared).run()
        });
        Self { shared, thread: Some(thread) }
    }

    /// Stops the generator.
    pub fn stop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Waits until every webhook has accepted posts.
    #[track_caller]
    pub fn await_flowing(&self) {
        self.await_webhooks("every webhook gets posts", |counts, webhook| {
            counts.accepted.get(webhook.name).is_some_and(|ids| !ids.is_empty())
        });
    }

    /// Waits until every delivery that must not be dropped was accepted.
    #[track_caller]
    pub fn await_delivered(&self) {
        self.await_webhooks("everything delivered", |counts, webhook| {
            webhook.lossy || counts.waiting(webhook) == 0
        });
    }

    #[track_caller]
    fn await_webhooks(&self, what: &str, condition: impl Fn(&Counts, &WebhookSpec) -> bool) {
        poll_for(Duration::from_secs(90), what, || {
            let mut counts = self.shared.counts.lock().unwrap();
            counts.count(&self.shared.slack);
            let not: Vec<_> =
                WEBHOOKS.iter().filter(|webhook| !condition(&counts, webhook)).collect();
            if not.is_empty() { Ok(()) } else { Err(counts.shown(&not)) }
        });
    }

    /// All posts expected so far.
    pub fn expected(&self) -> Vec<Expected> {
        self.shared.counts.lock().unwrap().expected.clone()
    }

    /// The partition of a post's event; `None` while its record is not acknowledged.
    pub fn partition(&self, post: &Post) -> Option<(String, i32)> {
        let counts = self.shared.counts.lock().unwrap();
        counts.partitions.get(&(webhook_named(&post.webhook).name, post.id)).cloned()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Counts {
    /// Counts the posts since the last call.
    fn count(&mut self, slack: &Slack) {
        for post in slack.posts_from(self.seen) {
            self.seen += 1;
            if post.accepted {
                self.accepted.entry(post.webhook).or_default().insert(post.id);
            }
        }
    }

    fn waiting(&self, webhook: &WebhookSpec) -> usize {
        let accepted = self.accepted.get(webhook.name).map_or(0, HashSet::len);
        // A post can be accepted before its record's acknowledgement arrives.
        self.expected_posts.get(webhook.name).copied().unwrap_or(0).saturating_sub(accepted)
    }

    fn shown(&self, webhooks: &[&WebhookSpec]) -> String {
        let each = webhooks.iter().map(|webhook| {
            let expected_posts = self.expected_posts.get(webhook.name).copied().unwrap_or(0);
            let accepted = self.accepted.get(webhook.name);
            let missing: Vec<_> = self
                .expected
                .iter()
                .filter(|one| {
                    one.webhook == webhook.name && accepted.is_none_or(|ids| !ids.contains(&one.id))
                })
                .map(|one| (one.id, one.partition.1, one.offset))
                .take(5)
                .collect();
            format!(
                "`{}` got {} of {expected_posts}, the first missing (id, partition, offset): {missing:?}",
                webhook.name,
                accepted.map_or(0, HashSet::len)
            )
        });
        each.collect::<Vec<_>>().join("; ")
    }
}

/// One event to produce.
struct Next {
    kind: &'static Kind,
    n: u64,
    partition: i32,
}

/// The state of the generator's thread.
struct Generator<'a> {
    shared: &'a Shared,
    broker: Broker,
    started: Instant,
    /// The number of the last event.
    n: u64,
    /// The number of events of each kind.
    made: Vec<u64>,
}

impl<'a> Generator<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            broker: Broker::real(),
            started: Instant::now(),
            n: 0,
            made: vec![0; KINDS.len()],
        }
    }

    fn run(mut self) {
        while !self.shared.over.load(Ordering::Acquire) {
            let next = self.choose();
            for (topic, name) in self.shared.topics.iter().enumerate() {
                let of_topic: Vec<&Next> =
                    next.iter().filter(|next| next.kind.topic == topic).collect();
                self.produce(name, &of_topic);
            }
            thread::sleep(PACE);
        }
    }

    /// Chooses one event of each kind in turn until no webhook has room, so that no kind is always
    /// the first to fill a shared webhook.
    fn choose(&mut self) -> Vec<Next> {
        let mut next = Vec::new();
        let mut counts = self.shared.counts.lock().unwrap();
        counts.count(&self.shared.slack);
        let first = self.n as usize % KINDS.len();
        loop {
            let before = next.len();
            for at in (0..KINDS.len()).map(|at| (first + at) % KINDS.len()) {
                let kind = &KINDS[at];
                if self.is_due(at) && has_room(kind, &counts) {
                    for (webhook, _) in kind.posts {
                        *counts.expected_posts.entry(webhook).or_default() += 1;
                    }
                    self.n += 1;
                    let partition = (self.made[at] % PARTITIONS[kind.topic] as u64) as i32;
                    self.made[at] += 1;
                    next.push(Next { kind, n: self.n, partition });
                }
            }
            if next.len() == before {
                return next;
            }
        }
    }

    fn is_due(&self, kind: usize) -> bool {
        let due = |per_second| self.started.elapsed().as_secs_f64() * per_second;
        KINDS[kind].per_second.is_none_or(|per_second| (self.made[kind] as f64) < due(per_second))
    }

    fn produce(&self, topic: &str, next: &[&Next]) {
        let records: Vec<_> = next
            .iter()
            .map(|Next { kind, n, partition }| {
                let (name, m) = (kind.name, n + SECOND);
                Record::new(
                    *partition,
                    format!(r#"{{"type":"track","event":"{name}","n":{n},"m":{m}}}"#),
                )
            })
            .collect();
        let offsets = self.broker.produce(topic, &records);
        let mut counts = self.shared.counts.lock().unwrap();
        for (Next { kind, n, partition }, offset) in next.iter().zip(offsets) {
            for (webhook, field) in kind.posts {
                let id = if *field == "m" { n + SECOND } else { *n };
                let partition = (topic.to_owned(), *partition);
                counts.partitions.insert((webhook, id), partition.clone());
                counts.expected.push(Expected {
                    webhook: (*webhook).to_owned(),
                    id,
                    partition,
                    offset,
                });
            }
        }
    }
}

fn has_room(kind: &Kind, counts: &Counts) -> bool {
    kind.posts
        .iter()
        .map(|(webhook, _)| webhook_named(webhook))
        .all(|webhook| webhook.lossy || counts.waiting(webhook) < webhook.waiting)
}
