//! A member that is alive but cannot reach its brokers, or was paused.
//!
//! Another one takes over while the first still has a queue and a rate that would let it continue:
//! it must not.

use std::time::{Duration, Instant};

use super::load::Load;
use super::report::{full_or_short, line};
use crate::checker::Expected;
use crate::harness::broker::{Broker, Record};
use crate::harness::cluster::Cluster;
use crate::harness::poll::{DEADLINE, poll, poll_for, until};
use crate::harness::program::{Program, Signal};
use crate::harness::protocol::Protocol;
use crate::harness::proxy::Mode;
use crate::harness::scrape::Scrape;
use crate::harness::setup::event;
use crate::harness::slack::Answer;

const PARTITIONS: i32 = 4;

/// The share of a core that a cut-off member may use. It answers the test's scrapes all the time,
/// which costs two or three hundredths.
const BUSY: f64 = 0.10;

/// A group of two: one that stays, and one that is cut off and returns.
struct Pair {
    protocol: Protocol,
    load: Load,
    stays: Program,
    away: Program,
    /// The partitions of the member that is cut off.
    left: Vec<i32>,
    /// The longest time until it was back after the fault was over.
    back: Duration,
    /// The largest share of a core that it used while it was cut off.
    busy: f64,
    /// The number of fenced outcomes.
    fenced: f64,
    /// The figures of the faults so far.
    figures: String,
}

impl Pair {
    /// Starts both members and waits until they are ready. The second one has this bootstrap
    /// address.
    #[track_caller]
    fn start(load: Load, protocol: Protocol, address: &str) -> Self {
        let stays = Program::ready(&load.setup);
        let mut behind = load.setup.clone();
        behind.brokers = address.to_owned();
        let away = Program::ready(&behind);
        let (left, back, busy, fenced, figures) = Default::default();
        Self { protocol, load, stays, away, left, back, busy, fenced, figures }
    }

    /// Waits until both own their halves, and produces more work than a fault lasts.
    #[track_caller]
    fn load_both(&mut self, broker: &Broker) {
        await_owned(&self.stays, 2);
        await_owned(&self.away, 2);
        self.left = owned(&self.away.scrape());
        self.load.produce(broker, 10);
    }

    /// Produces an event for the webhook that answers late, in a partition of the member that is
    /// cut off.
    fn produce_late(&mut self, broker: &Broker, answer: Duration, time: usize) {
        let before = self.load.slack.bodies("late").len();
        self.load.slack.script("late", [Answer::Slow(answer)]);
        let (partition, id) = (self.left[0], time as u64);
        let offset =
            broker.produce(&self.load.topic, &[Record::new(partition, event("late", id))])[0];
        let partition = (self.load.topic.clone(), partition);
        self.load.expected.push(Expected { webhook: "late".to_owned(), id, partition, offset });
        self.load.slack.await_requests("late", before + 1);
    }

    /// Waits until both deliver with queued deliveries left.
    #[track_caller]
    fn await_busy(&self) {
        for program in [&self.stays, &self.away] {
            program.await_metrics("it delivers, and more is queued", |scrape| {
                scrape.sum("slackline_deliveries_delivered_total", &[]) >= 5.0
                    && scrape.sum("slackline_queue_depth", &[("webhook", "calm")]) >= 3.0
                    && scrape.sum("slackline_queue_depth", &[("webhook", "brisk")]) >= 20.0
            });
        }
    }

    /// Waits until the member that stays owns everything and has delivered some of the other's
    /// events.
    #[track_caller]
    fn await_taken_over(&self) {
        await_owned(&self.stays, PARTITIONS as usize);
        let from = self.load.slack.now();
        poll(&format!("{:?}: a post of the other's partitions", self.protocol), || {
            let posts = self.load.slack.posts();
            let theirs = |id: u64| self.left.contains(&((id % PARTITIONS as u64) as i32));
            let new = posts.iter().any(|post| post.accepted && post.at > from && theirs(post.id));
            if new { Ok(()) } else { Err(format!("no post of {:?}", self.left)) }
        });
    }

    /// Waits until the member that was cut off is back in the group, and both share the work again.
    #[track_caller]
    fn await_back(&mut self, healed: Instant) {
        // In this order: a member that has not learned of the rebalance reports its old partitions.
        await_owned(&self.stays, 2);
        await_owned(&self.away, 2);
        self.back = self.back.max(healed.elapsed());
    }

    /// Waits until everything is delivered, and judges the posts after this many faults.
    #[track_caller]
    fn done(&mut self, broker: &Broker, faults: usize) {
        self.load.produce(broker, 1);
        self.load.await_done(broker);
        assert!(self.away.is_running() && self.stays.is_running());
        self.away.await_ready();
        self.figures = self.load.judge(faults);
    }

    fn end(self, fault: &str, faults: usize, more: &str) {
        let Self { protocol, stays, away, back, figures, .. } = self;
        stays.stop();
        away.stop();
        line(
            &format!("{fault}, {}", protocol.name()),
            faults,
            &format!("{figures} · back after at most {back:.1?}{more}"),
        );
    }
}

/// The partitions of its only topic that a member owns.
fn owned(scrape: &Scrape) -> Vec<i32> {
    let series = scrape.select("slackline_unsettled_events", &[]);
    series.map(|series| series.labels["partition"].parse().unwrap()).collect()
}

#[track_caller]
fn await_owned(program: &Program, partitions: usize) {
    poll_for(DEADLINE * 2, &format!("{partitions} partitions"), || {
        let scrape = program.scrape();
        let owned = owned(&scrape);
        if owned.len() == partitions { Ok(()) } else { Err(format!("it owns {owned:?}")) }
    });
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_member_whose_connections_are_reset_repeats_no_more_than_its_window() {
    cut_off("member cut off, connections reset", Mode::Refusing);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_member_whose_brokers_are_silent_repeats_no_more_than_its_window() {
    cut_off("member cut off, silence", Mode::Silent);
}

/// A group of each protocol at the same time; one member of each is behind the proxy.
fn cut_off(name: &str, mode: Mode) {
    let (cluster, proxy) = Cluster::proxied();
    let address = proxy.address.to_string();
    let start = |protocol| {
        let mut load = Load::new(&cluster, PARTITIONS);
        load.setup = load.setup.protocol(protocol);
        Pair::start(load, protocol, &address)
    };
    let mut pairs = Protocol::ALL.map(start);
    let times = full_or_short(5, 1);
    for time in 1..=times {
        pairs.iter_mut().for_each(|pair| pair.load_both(&cluster));
        pairs.iter().for_each(Pair::await_busy);
        proxy.set(mode);
        let before = pairs.each_ref().map(|pair| (Instant::now(), pair.away.cpu()));
        pairs.iter().for_each(Pair::await_taken_over);
        for (pair, (since, cpu)) in pairs.iter_mut().zip(before) {
            let busy = (pair.away.cpu() - cpu).as_secs_f64() / since.elapsed().as_secs_f64();
            pair.busy = pair.busy.max(busy);
            assert!(busy < BUSY, "{:?}: {busy:.3} of a core while it was cut off", pair.protocol);
        }
        proxy.set(Mode::Open);
        let healed = Instant::now();
        pairs.iter_mut().for_each(|pair| pair.await_back(healed));
        pairs.iter_mut().for_each(|pair| pair.done(&cluster, time));
    }
    pairs.into_iter().for_each(|pair| {
        let busy = format!(" · {:.1} % of a core while cut off", pair.busy * 100.0);
        pair.end(name, times, &busy);
    });
}

/// It is paused past `max.poll.interval.ms` and its session, with an attempt in flight whose answer
/// arrives when it has resumed and owns nothing.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_member_that_was_paused_fences_late_outcomes() {
    const PAUSED: Duration = Duration::from_secs(8);
    const ANSWER: Duration = Duration::from_secs(15);
    let broker = Broker::real();
    let start = |protocol| {
        let late = ["rate_per_second: 4", "burst: 1", "timeout: 60s"];
        let mut load = Load::new(&broker, PARTITIONS).webhook("late", 4.0, &late);
        load.setup = load.setup.protocol(protocol);
        load.setup.properties.push(("max.poll.interval.ms", "7000".to_owned()));
        load.setup.kafka.push("drain_timeout: 2s".to_owned());
        Pair::start(load, protocol, &broker.address)
    };
    let mut pairs = Protocol::ALL.map(start);
    let times = full_or_short(3, 1);
    for time in 1..=times {
        pairs.iter_mut().for_each(|pair| pair.load_both(&broker));
        let asked = Instant::now();
        pairs.iter_mut().for_each(|pair| pair.produce_late(&broker, ANSWER, time));
        pairs.iter().for_each(Pair::await_busy);
        let paused = Instant::now();
        pairs.iter().for_each(|pair| pair.away.signal(Signal::Stop));
        pairs.iter().for_each(Pair::await_taken_over);
        until("it was paused for long enough", || paused.elapsed() > PAUSED);
        assert!(
            asked.elapsed() < ANSWER,
            "the answer arrived while it was paused: the machine is too slow for this test"
        );
        pairs.iter().for_each(|pair| pair.away.signal(Signal::Cont));
        let healed = Instant::now();
        pairs.iter_mut().for_each(|pair| pair.await_back(healed));
        for pair in &mut pairs {
            let fenced = pair
                .away
                .await_metrics("the late answer is fenced", |scrape| fenced(scrape) > pair.fenced);
            pair.fenced = self::fenced(&fenced);
            pair.done(&broker, time);
        }
    }
    for pair in pairs {
        let fenced = format!(" · fenced {}", pair.fenced);
        pair.end("member paused past its session", times, &fenced);
    }
}

fn fenced(scrape: &Scrape) -> f64 {
    scrape.sum("slackline_fenced_outcomes_total", &[])
}
