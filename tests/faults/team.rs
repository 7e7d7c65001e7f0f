//! The processes of one group in a test, with their start and end times, and the verdict on the
//! group's posts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::mix::{APP_RATE, CHANNELS, PARTITIONS, WEBHOOKS, webhook_named};
use super::traffic::Load;
use crate::checker::group::{GroupRate, Lifetime};
use crate::checker::repeats::Repeats;
use crate::checker::{Faults, Post};
use crate::harness::broker::Broker;
use crate::harness::poll::poll;
use crate::harness::program::Program;
use crate::harness::scrape::Scrape;
use crate::harness::setup::Setup;
use crate::harness::slack::{Answer, Slack};

/// How much closer two requests can arrive than they were sent, with two cores for everything.
pub const JITTER: Duration = Duration::from_millis(250);

/// The programs of one group. A member is identified by its place.
pub struct Team {
    slack: Arc<Slack>,
    members: Vec<Option<Member>>,
    lifetimes: Vec<Lifetime>,
    /// The moments at which a killed member was seen dead.
    kills: Vec<Duration>,
    longest_hold: Duration,
}

struct Member {
    program: Program,
    /// Its index in the lifetimes.
    lifetime: usize,
}

impl Team {
    /// A group without members.
    pub fn new(slack: &Arc<Slack>) -> Self {
        Self {
            slack: slack.clone(),
            members: Vec::new(),
            lifetimes: Vec::new(),
            kills: Vec::new(),
            longest_hold: Duration::ZERO,
        }
    }

    /// Starts a member, and returns its place.
    pub fn start(&mut self, setup: &Setup) -> usize {
        self.members.push(None);
        self.start_at(self.members.len() - 1, setup);
        self.members.len() - 1
    }

    /// Starts a member, waits until it is ready, and returns its place. Events before the group has
    /// its starting offsets are not delivered (`start: latest`).
    pub fn start_ready(&mut self, setup: &Setup) -> usize {
        let place = self.start(setup);
        self.at(place).await_ready();
        place
    }

    /// Starts a member at a free place, and returns the time.
    pub fn start_at(&mut self, place: usize, setup: &Setup) -> Duration {
        assert!(self.members[place].is_none(), "the place is taken");
        let from = self.slack.now();
        self.lifetimes.push(Lifetime { from, to: Duration::MAX });
        self.members[place] =
            Some(Member { program: Program::start(setup), lifetime: self.lifetimes.len() - 1 });
        from
    }

    /// The program at this place.
    pub fn at(&mut self, place: usize) -> &mut Program {
        &mut self.members[place].as_mut().unwrap().program
    }

    /// The places with a running program.
    pub fn running(&self) -> Vec<usize> {
        (0..self.members.len()).filter(|place| self.members[*place].is_some()).collect()
    }

    /// Sends SIGKILL, and returns when the process was seen dead.
    pub fn kill(&mut self, place: usize) -> Duration {
        let member = self.leave(place);
        member.program.kill();
        let dead = self.slack.now();
        self.lifetimes[member.lifetime].to = dead;
        self.kills.push(dead);
        dead
    }

    /// Sends SIGTERM, and checks for a clean end.
    #[track_caller]
    pub fn stop(&mut self, place: usize) -> Scrape {
        let member = self.leave(place);
        let last = member.program.stop();
        self.lifetimes[member.lifetime].to = self.slack.now();
        last
    }

    fn leave(&mut self, place: usize) -> Member {
        let member = self.members[place].take().unwrap();
        self.longest_hold = self.longest_hold.max(member.program.longest_hold());
        member
    }

    /// Waits until every partition of the mix has exactly one owner, and every running member owns
    /// at least one.
    #[track_caller]
    pub fn await_settled(&self) {
        let all = PARTITIONS.iter().sum::<i32>() as usize;
        poll("every partition has one owner", || {
            let owned: Vec<_> =
                self.members.iter().flatten().map(|member| member.program.owned()).collect();
            let distinct: BTreeSet<_> = owned.iter().flatten().collect();
            let sum: usize = owned.iter().map(BTreeSet::len).sum();
            let each = owned.iter().all(|owned| !owned.is_empty());
            if each && sum == all && distinct.len() == all {
                Ok(())
            } else {
                Err(format!("owned: {owned:?}"))
            }
        });
    }

    /// All processes so far.
    pub fn lifetimes(&self) -> &[Lifetime] {
        &self.lifetimes
    }

    /// The number of rebalances of the members other than `place`.
    pub fn rebalances_of_others(&self, place: usize) -> f64 {
        let others = self
            .members
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != place)
            .filter_map(|(_, one)| one.as_ref());
        others.map(|member| member.program.scrape().sum("slackline_rebalances_total", &[])).sum()
    }

    /// Stops all members but one, which takes over their deliveries.
    #[track_caller]
    pub fn hand_over_to_one(&mut self) {
        for place in self.running().split_off(1) {
            self.stop(place);
        }
    }

    /// Stops the load, waits until everything is delivered and committed, stops all members, and
    /// returns the verdict.
    #[track_caller]
    pub fn finish(mut self, load: &mut Load, broker: &Broker, setup: &Setup) -> Verdict {
        self.slack.default("failing", Answer::Ok);
        load.stop();
        load.await_delivered();
        for (topic, partitions) in setup.topics.iter().zip(PARTITIONS) {
            broker.await_committed(&setup.group, topic, partitions);
        }
        for place in self.running() {
            self.stop(place);
        }
        let posts = self.slack.posts();
        let mut faults = Faults::find(&load.expected(), &posts);
        let lossy = |webhook: &str| webhook_named(webhook).lossy;
        faults.lost.retain(|(webhook, _)| !lossy(webhook));
        // A drop just before a kill may not be committed when a later event is posted: it is read
        // again, and may be posted after all.
        faults.disordered.retain(|(webhook, _)| self.kills.is_empty() || !lossy(webhook));
        let repeats = Repeats::find(&posts, &self.kills);
        Verdict {
            posts,
            faults,
            repeats,
            kills: self.kills.len(),
            lifetimes: self.lifetimes,
            longest_hold: self.longest_hold,
        }
    }
}

/// The verdict on a group's posts.
pub struct Verdict {
    /// All requests that reached Slack.
    pub posts: Vec<Post>,
    /// Lost posts (of webhooks that must not lose any), unexpected ones, and those out of order.
    pub faults: Faults,
    /// Repeated posts, by kill.
    pub repeats: Repeats,
    /// The number of kills.
    pub kills: usize,
    /// All processes.
    pub lifetimes: Vec<Lifetime>,
    /// The longest time that a webhook was held.
    pub longest_hold: Duration,
}

impl Verdict {
    /// The figures of a fault that may repeat up to the window.
    pub fn of_kills(&self) -> String {
        let Self { faults, repeats, kills, posts, .. } = self;
        let most: usize = kills * WEBHOOKS.iter().map(|webhook| webhook.window()).sum::<usize>();
        format!(
            "lost {} · {repeats} of at most {most} (most per webhook and kill: {}) · {} posts",
            faults.lost.len(),
            repeats.most(),
            posts.len()
        )
    }

    /// The figures of a fault that may repeat nothing.
    pub fn of_hand_overs(&self) -> String {
        let Self { faults, repeats, posts, .. } = self;
        format!("lost {} · {repeats} · {} posts", faults.lost.len(), posts.len())
    }

    /// Fails the test if any post was lost, misdirected, out of order, too fast for the group, or
    /// repeated beyond the bound.
    #[track_caller]
    pub fn assert(&self) {
        let Self { faults, repeats, posts, lifetimes, .. } = self;
        assert!(faults.lost.is_empty(), "lost: {:?}", faults.lost);
        assert!(
            faults.unexpected.is_empty(),
            "to a webhook without a matching action: {:?}",
            faults.unexpected
        );
        assert!(faults.disordered.is_empty(), "out of order: {:?}", faults.disordered);
        repeats.assert_within(|webhook| webhook_named(webhook).window());
        for webhook in WEBHOOKS {
            let rate = GroupRate {
                per_second: webhook.rate,
                burst: f64::from(webhook.burst),
                lifetimes,
                jitter: JITTER,
            };
            rate.assert_kept(webhook.name, posts);
        }
        let app = GroupRate { per_second: APP_RATE, burst: 1.0, lifetimes, jitter: JITTER };
        app.assert_kept_together("the app", posts, |webhook| CHANNELS.contains(&webhook));
    }
}
