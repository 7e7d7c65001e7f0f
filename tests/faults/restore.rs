//! Exact restarts: the next owner delivers exactly the deliveries that the previous one left
//! pending.
//!
//! This is exact after a graceful stop. After a SIGKILL each webhook may repeat its window: posts
//! whose outcome was in no acknowledged commit.

use std::collections::BTreeMap;
use std::time::Duration;

use super::report::{figures, line};
use crate::checker::{Expected, Faults};
use crate::harness::broker::unique;
use crate::harness::program::{Program, Signal};
use crate::harness::scrape::Scrape;
use crate::harness::setup::Setup;

mod backlog;

mod reread;

mod block;

mod actions;

mod capacity;

/// At ten posts a second the window of a webhook is one post, and its burst lets a test's events
/// through immediately.
const FAST: &[&str] = &["rate_per_second: 10", "burst: 100", "queue_capacity: 1000", RETRY];
const RETRY: &str = "retry: {initial: 50ms, max: 200ms, max_elapsed: 10m}";

/// The promised window: ⌈10 posts a second × 100 ms⌉.
const WINDOW: usize = 1;

/// How a worker ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Stop,
    Kill,
}

impl How {
    /// The configuration of a worker that ends this way: a killed one must be back before its
    /// session has ended.
    fn setup(self, mut setup: Setup) -> Setup {
        if self == Self::Kill {
            setup.kafka.push(format!("instance_id: {}", unique("member")));
        }
        setup
    }

    /// Ends the program, and returns its last metrics.
    fn end(self, mut program: Program) -> Scrape {
        if self == Self::Stop {
            return program.stop();
        }
        program.signal(Signal::Kill);
        program.await_end(Duration::from_secs(20));
        program.last_scrape()
    }

    fn signal(self) -> &'static str {
        if self == Self::Stop { "SIGTERM" } else { "SIGKILL" }
    }

    /// Prints the fault's line, and fails the test if the posts break the promise after this many
    /// ends of this kind.
    #[track_caller]
    fn check(self, fault: &str, ends: usize, faults: &Faults, more: &str) {
        line(&format!("{fault}: {}", self.signal()), ends, &format!("{}{more}", figures(faults)));
        let Faults { lost, repeated, unexpected, disordered } = faults;
        assert_eq!((lost, unexpected, disordered), (&vec![], &vec![], &vec![]), "{faults}");
        let mut by_webhook: BTreeMap<&str, usize> = BTreeMap::new();
        repeated.iter().for_each(|(webhook, _)| *by_webhook.entry(webhook).or_default() += 1);
        let allowed = if self == Self::Stop { 0 } else { ends * WINDOW };
        assert!(
            by_webhook.values().all(|times| *times <= allowed),
            "at most {allowed} of a webhook: {by_webhook:?}"
        );
    }
}

/// The events as expected at another webhook, for events with several posts.
fn to(webhook: &str, events: &[Expected]) -> Vec<Expected> {
    events.iter().map(|event| Expected { webhook: webhook.to_owned(), ..event.clone() }).collect()
}
