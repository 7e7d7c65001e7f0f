//! The load during a fault, and the judgement of its posts.
//!
//! Two webhooks, one with a window of one outcome and one with a larger window, which is a channel
//! of an app; both always have deliveries to send while a fault lasts.

use std::time::Duration;

use crate::checker::{Expected, Faults, Post};
use crate::harness::broker::Broker;
use crate::harness::poll::{DEADLINE, poll_for};
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

/// The webhooks that always have deliveries to send: name, configured rate, settings. Their queues
/// never overflow.
const WEBHOOKS: [(&str, f64, &[&str]); 2] = [
    ("calm", 4.0, &["rate_per_second: 4", "burst: 1", "queue_capacity: 10000"]),
    ("brisk", 30.0, &["rate_per_second: 30", "burst: 3", "queue_capacity: 10000"]),
];

/// The outcomes of a webhook that may be in doubt: ⌈configured rate × 100 ms⌉, at least one.
pub fn window(rate: f64) -> usize {
    ((rate / 10.0).ceil() as usize).max(1)
}

/// The produced events, the expected posts, and the fake Slack.
pub struct Load {
    pub slack: Slack,
    pub topic: String,
    pub setup: Setup,
    pub expected: Vec<Expected>,
    /// Every webhook with its configured rate.
    rates: Vec<(&'static str, f64)>,
    partitions: i32,
    produced: u64,
}

impl Load {
    /// Creates a topic for the load. Produces nothing yet.
    pub fn new(broker: &Broker, partitions: i32) -> Self {
        let (slack, topic) = (Slack::start(), broker.topic(partitions));
        let setup = Setup::new(broker, &[&topic]);
        let load = Self {
            slack,
            topic,
            setup,
            expected: Vec::new(),
            rates: Vec::new(),
            partitions,
            produced: 0,
        };
        let mut load = WEBHOOKS
            .iter()
            .fold(load, |load, (name, rate, lines)| load.webhook(name, *rate, lines));
        load.setup = load.setup.on_channels(&load.slack, &["brisk"]);
        load
    }

    /// Adds a webhook, for which the load produces nothing.
    pub fn webhook(mut self, name: &'static str, rate: f64, lines: &[&str]) -> Self {
        self.setup = self.setup.webhook(&self.slack, name, lines);
        self.rates.push((name, rate));
        self
    }

    /// Produces as many events as each webhook delivers in this many seconds.
    pub fn produce(&mut self, broker: &Broker, seconds: u64) {
        for (name, rate, _) in WEBHOOKS {
            let ids = self.produced..self.produced + seconds * rate as u64;
            self.expected.extend(produce(broker, &self.topic, self.partitions, name, ids));
        }
        // The faster webhook got more events: its ids are the next batch's lower bound.
        self.produced += seconds * WEBHOOKS.iter().map(|(_, rate, _)| *rate as u64).max().unwrap();
    }

    /// The number of posts accepted so far.
    pub fn accepted(&self) -> usize {
        self.slack.posts().iter().filter(|post| post.accepted).count()
    }

    /// Waits until `count` more posts were accepted, and returns how long that took.
    #[track_caller]
    pub fn await_more(&self, count: usize) -> Duration {
        let (from, before) = (self.slack.now(), self.accepted());
        poll_for(DEADLINE * 2, &format!("{count} more posts"), || {
            let more = self.accepted() - before;
            if more >= count { Ok(()) } else { Err(format!("{more} arrived, {before} before")) }
        });
        self.slack.now() - from
    }

    /// Waits until everything is delivered and committed.
    #[track_caller]
    pub fn await_done(&self, broker: &Broker) {
        self.slack.await_all_accepted(&self.expected);
        broker.await_committed(&self.setup.group, &self.topic, self.partitions);
    }

    /// Fails the test if a webhook got more posts between these times than may be in doubt, plus
    /// one whose commit may have been in flight.
    #[track_caller]
    pub fn assert_held(&self, from: Duration, to: Duration) {
        let posts = self.slack.posts();
        for (name, rate) in &self.rates {
            let sent = posts
                .iter()
                .filter(|post| post.webhook == *name && post.at > from && post.at < to)
                .count();
            let most = window(*rate);
            assert!(
                sent <= most,
                "`{name}` got {sent} posts without an acknowledged commit, the window is {most}"
            );
        }
    }

    /// The longest time without any post since `from`.
    pub fn stillness(&self, from: Duration) -> Duration {
        let posts = self.slack.posts();
        let times: Vec<_> = posts.iter().map(|post| post.at).filter(|at| *at > from).collect();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.chain(times.first().map(|first| *first - from)).max().unwrap_or_default()
    }

    /// Fails the test if a post was lost, or if after this many faults a webhook repeated more than
    /// its window each. Returns the figures for the report.
    #[track_caller]
    pub fn judge(&self, faults: usize) -> String {
        let most: Vec<_> =
            self.rates.iter().map(|(name, rate)| (*name, window(*rate) * faults)).collect();
        judge(&self.expected, &self.slack.posts(), &most)
    }
}

/// Fails the test if a post was lost, misdirected or out of order, or if a webhook repeated more
/// than it may. Returns the figures for the report.
#[track_caller]
pub fn judge(expected: &[Expected], posts: &[Post], most: &[(&str, usize)]) -> String {
    let faults = Faults::find(expected, posts);
    let Faults { lost, repeated, unexpected, disordered } = &faults;
    assert!(
        lost.is_empty() && unexpected.is_empty() && disordered.is_empty(),
        "{faults}: lost {lost:?}, unexpected {unexpected:?}, out of order {disordered:?}"
    );
    let mut figures = "lost 0 · repeated".to_owned();
    for (webhook, most) in most {
        let ids: Vec<u64> =
            repeated.iter().filter(|(of, _)| of == webhook).map(|(_, id)| *id).collect();
        assert!(
            ids.len() <= *most,
            "`{webhook}` got {} repeated, at most {most} may be: {ids:?}",
            ids.len()
        );
        figures.push_str(&format!(" {} of at most {most} (`{webhook}`)", ids.len()));
    }
    assert!(
        repeated.iter().all(|(of, _)| most.iter().any(|(webhook, _)| of == webhook)),
        "{repeated:?}"
    );
    figures
}
