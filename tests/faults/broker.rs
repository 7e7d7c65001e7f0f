//! Brokers that are killed, restarted or unreachable.
//!
//! Each fault happens while both webhooks have deliveries to send, on a cluster for one test.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::load::Load;
use super::report::{full_or_short, line};
use crate::harness::broker::unique;
use crate::harness::cluster::Cluster;
use crate::harness::poll::{throughout, until};
use crate::harness::program::Program;
use crate::harness::protocol::Protocol;
use crate::harness::proxy::Mode;
use crate::harness::scrape::Scrape;

/// The share of a core that an outage may cost. A busy loop would cost a whole core.
const BUSY: f64 = 0.05;

/// By then, requests that were in flight at the start of the fault have arrived.
const SETTLED: Duration = Duration::from_millis(300);

/// By then `/readyz` must report that no broker was reachable for 10 s. It may report
/// unacknowledged commits earlier.
const UNREADY: Duration = Duration::from_secs(13);

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_broker_killed_and_restarted_under_load_costs_nothing() {
    let cluster = Cluster::start(&[]);
    let mut load = Load::new(&cluster, 2);
    load.setup.properties.clear();
    let mut program = Program::ready(&load.setup);
    let times = full_or_short(5, 1);
    let mut longest = Duration::ZERO;
    for _ in 0..times {
        load.produce(&cluster, 8);
        load.await_more(10);
        cluster.kill(1);
        let from = load.slack.now() + SETTLED;
        until("a second has passed", || load.slack.now() > from + Duration::from_secs(1));
        load.assert_held(from, load.slack.now());
        cluster.restart(1);
        load.produce(&cluster, 1);
        longest = longest.max(load.await_more(1));
        load.await_done(&cluster);
        program.await_ready();
        await_released(&program);
    }
    let figures = load.judge(times);
    line(
        "broker killed and restarted",
        times,
        &format!("{figures} · back after at most {longest:.1?}"),
    );
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_broker_that_refuses_connections_is_waited_for() {
    let (cluster, proxy) = Cluster::proxied();
    let mut load = Load::new(&cluster, 2);
    load.setup.brokers = proxy.address.to_string();
    // The session ends within the outage: the partitions are lost, and without any librdkafka does
    // not connect.
    load.setup = load.setup.protocol(Protocol::Cooperative);
    let cut = || proxy.set(Mode::Refusing);
    let failed =
        outage("broker unreachable, refusing", &cluster, load, cut, || proxy.set(Mode::Open));
    assert!(failed > 0.0, "a commit in an expired session was not counted as failed");
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_broker_that_does_not_answer_is_waited_for() {
    let cluster = Cluster::start(&[]);
    let mut load = Load::new(&cluster, 2);
    // The default session: in the short form it outlasts the outage.
    load.setup.properties.clear();
    outage(
        "broker unreachable, silent (SIGSTOP)",
        &cluster,
        load,
        || cluster.pause(1),
        || cluster.resume(1),
    );
}

/// Cuts off the broker, checks the worker meanwhile, and restores the broker. Returns the number of
/// failed commits.
fn outage(name: &str, cluster: &Cluster, mut load: Load, cut: impl Fn(), heal: impl Fn()) -> f64 {
    let lasts = full_or_short(Duration::from_secs(60), Duration::from_secs(16));
    let mut program = Program::ready(&load.setup);
    load.produce(cluster, 6);
    load.await_more(20);
    cut();
    let from = load.slack.now() + SETTLED;
    let mut watch = Watch::default();
    let cpu = program.cpu();
    throughout(lasts, Duration::from_millis(500), |passed| watch.check(&mut program, passed));
    let busy = (program.cpu() - cpu).as_secs_f64() / lasts.as_secs_f64();
    let (healed, to) = (Instant::now(), load.slack.now());
    heal();
    watch.assert(&program);
    load.assert_held(from, to);
    load.produce(cluster, 1);
    load.await_more(1);
    let back = healed.elapsed();
    program.await_ready();
    load.await_done(cluster);
    await_released(&program);
    let idle = program.cpu();
    throughout(Duration::from_secs(3), Duration::from_millis(500), |_| {
        drop((program.health(), program.scrape()))
    });
    let idle = (program.cpu() - idle).as_secs_f64() / 3.0;
    // The test itself scrapes the metrics all the time: that cost is not the program's.
    assert!(busy < idle + BUSY, "{busy:.3} of a core during the outage, {idle:.3} idle");
    let figures = load.judge(1);
    let failed = program.scrape().sum("slackline_commits_total", &[("result", "failed")]);
    let unready = watch.unready.unwrap_or_default();
    line(
        name,
        1,
        &format!(
            "{lasts:?}: {figures} · `/readyz` 503 after {unready:.1?} · {} commits failed · back after {back:.1?} · {:.1} % of a core, {:.1} % idle",
            failed,
            busy * 100.0,
            idle * 100.0
        ),
    );
    program.stop();
    failed
}

/// The program's reports during an outage.
#[derive(Default)]
struct Watch {
    /// When `/readyz` first failed.
    unready: Option<Duration>,
    /// All reasons that it gave.
    reasons: BTreeSet<String>,
    /// Set once all webhooks were reported as held in one scrape.
    held: bool,
}

impl Watch {
    fn check(&mut self, program: &mut Program, passed: Duration) {
        assert!(program.is_running(), "the program ended {passed:?} into the outage");
        assert_eq!(program.health(), 200, "/healthz failed {passed:?} into the outage");
        let (status, reason) = program.readiness();
        if status == 200 {
            assert!(passed < UNREADY, "ready after {passed:?} without a broker");
        } else {
            self.unready.get_or_insert(passed);
            self.reasons.insert(reason);
        }
        let scrape = program.scrape();
        self.held |= held(&scrape) == 2.0 && scrape.sum("slackline_queue_depth", &[]) > 0.0;
    }

    fn assert(&self, program: &Program) {
        let named = self
            .reasons
            .iter()
            .any(|reason| reason.contains("broker") || reason.contains("commit"));
        assert!(named, "no reason names the broker or the commits: {:?}", self.reasons);
        assert!(self.held, "both webhooks had deliveries to send, and were never reported as held");
        assert!(!program.warnings("").is_empty(), "the outage was not logged");
    }
}

fn held(scrape: &Scrape) -> f64 {
    scrape.sum("slackline_webhook_held", &[])
}

fn await_released(program: &Program) {
    program.await_metrics("no webhook is held", |scrape| {
        // Both series must exist, or the sum means nothing.
        held(scrape) == 0.0 && scrape.select("slackline_webhook_held", &[]).count() == 2
    });
}

/// One of three brokers may die: its partitions and groups move to another, and the worker
/// continues with two.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn the_brokers_that_lead_and_coordinate_may_die() {
    let cluster = Cluster::start(&["--brokers", "3"]);
    let mut load = Load::new(&cluster, 1);
    load.setup.properties.clear();
    load.setup.group = group_elsewhere(&cluster, &load.topic);
    let program = Program::ready(&load.setup);
    let times = full_or_short(3, 1);
    let mut still = [Duration::ZERO; 2];
    for _ in 0..times {
        for (which, still) in still.iter_mut().enumerate() {
            load.produce(&cluster, 5);
            load.await_more(10);
            let victim =
                [cluster.leader(&load.topic, 0), cluster.coordinator(&load.setup.group)][which];
            let from = load.slack.now();
            cluster.kill(victim);
            // Two brokers are enough.
            load.produce(&cluster, 1);
            load.await_done(&cluster);
            *still = (*still).max(load.stillness(from));
            cluster.restart(victim);
            for topic in [load.topic.as_str(), "__consumer_offsets"] {
                cluster.await_in_sync(topic, 3);
            }
        }
    }
    await_released(&program);
    let figures = load.judge(2 * times);
    let [leader, coordinator] = still;
    line(
        "three brokers: the leader killed, the coordinator killed",
        2 * times,
        &format!("{figures} · no post for at most {leader:.1?} and {coordinator:.1?}"),
    );
    program.stop();
}

/// A group whose coordinator is not the leader of the topic, so that the two deaths are two faults.
fn group_elsewhere(cluster: &Cluster, topic: &str) -> String {
    // `__consumer_offsets` is created for the first group.
    cluster.commit(&unique("first"), topic, 0, 0, None);
    cluster.await_in_sync("__consumer_offsets", 3);
    let groups = std::iter::repeat_with(|| unique("slackline"));
    let leader = cluster.leader(topic, 0);
    groups.take(100).find(|group| cluster.coordinator(group) != leader).unwrap()
}
