//! Brokers that die, come back, or can't be reached.
//!
//! Each fault strikes while both webhooks have something to send, on a cluster of the test's own.

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

/// What an outage may cost of one core. A loop that waits for nothing costs all of it.
const BUSY: f64 = 0.05;

/// What was on its way when a fault struck has arrived.
const SETTLED: Duration = Duration::from_millis(300);

/// By then `/readyz` must have said that no broker was reachable for 10 s. That commits are not acknowledged it may say earlier.
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
        until("it is seen", || load.slack.now() > from + Duration::from_secs(1));
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
    // The session ends within the outage: the partitions are lost, and with nothing owned librdkafka has nothing to connect for.
    load.setup = load.setup.protocol(Protocol::Cooperative);
    let cut = || proxy.set(Mode::Refusing);
    let failed =
        outage("broker unreachable, refusing", &cluster, load, cut, || proxy.set(Mode::Open));
    assert!(
        failed > 0.0,
        "a commit was made in a session that is over, and is not counted as failed"
    );
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_broker_that_says_nothing_is_waited_for() {
    let cluster = Cluster::start(&[]);
    let mut load = Load::new(&cluster, 2);
    // The session that users have: in the short form it outlasts the outage.
    load.setup.properties.clear();
    outage(
        "broker unreachable, silent (SIGSTOP)",
        &cluster,
        load,
        || cluster.pause(1),
        || cluster.resume(1),
    );
}

/// Cut, watched, healed, and judged. How many commits were counted as failed, up to its end.
fn outage(name: &str, cluster: &Cluster, mut load: Load, cut: impl Fn(), heal: impl Fn()) -> f64 {
    let lasts = full_or_short(Duration::from_secs(60), Duration::from_secs(16));
    let mut program = Program::ready(&load.setup);
    load.produce(cluster, 6);
    load.await_more(20);
    cut();
    let from = load.slack.now() + SETTLED;
    let mut watch = Watch::default();
    let cpu = program.cpu();
    throughout(lasts, Duration::from_millis(500), |passed| watch.look(&mut program, passed));
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
    // The test itself asks for the metrics all the time: what that costs is no loop of the program's.
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

/// What the program says of itself during an outage.
#[derive(Default)]
struct Watch {
    /// When `/readyz` first said no.
    unready: Option<Duration>,
    /// All that it said.
    reasons: BTreeSet<String>,
    /// All webhooks were reported as held at one moment.
    held: bool,
}

impl Watch {
    fn look(&mut self, program: &mut Program, passed: Duration) {
        assert!(program.is_running(), "it ended {passed:?} into the outage");
        assert_eq!(program.health(), 200, "the loop turns, {passed:?} into the outage");
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
        let told = self
            .reasons
            .iter()
            .any(|reason| reason.contains("broker") || reason.contains("commit"));
        assert!(told, "no reason says what is missing: {:?}", self.reasons);
        assert!(
            self.held,
            "both webhooks had something to send, and neither metric said that it was held"
        );
        assert!(!program.warnings("").is_empty(), "an outage is logged");
    }
}

fn held(scrape: &Scrape) -> f64 {
    scrape.sum("slackline_webhook_held", &[])
}

fn await_released(program: &Program) {
    program.await_metrics("no lane is held", |scrape| {
        // Of a metric that is not there nothing can be said.
        held(scrape) == 0.0 && scrape.select("slackline_webhook_held", &[]).count() == 2
    });
}

/// With three brokers one may die: what it led and coordinated goes to another, and the worker goes on with two.
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
            // Without the dead one: two are enough.
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

/// A group whose coordinator is not the broker that leads the topic: the two deaths are two faults.
fn group_elsewhere(cluster: &Cluster, topic: &str) -> String {
    // The topic that groups are kept in is made for the first of them.
    cluster.commit(&unique("first"), topic, 0, 0, None);
    cluster.await_in_sync("__consumer_offsets", 3);
    let groups = std::iter::repeat_with(|| unique("slackline"));
    let leader = cluster.leader(topic, 0);
    groups.take(100).find(|group| cluster.coordinator(group) != leader).unwrap()
}
