//! A group that Kafka does not let the worker join, although it accepts the connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::harness::broker::{Broker, client};
use crate::harness::cluster::Cluster;
use crate::harness::poll::until;
use crate::harness::program::Program;
use crate::harness::setup::Setup;
use crate::harness::slack::Slack;

/// Waits until `/readyz` and one line of the log say all of `words`.
#[track_caller]
fn refuses(program: &Program, words: &[&str]) {
    let has = |text: &str| words.iter().all(|word| text.contains(word));
    until(&format!("{words:?} in /readyz"), || {
        let (status, body) = program.readiness();
        status == 503 && has(&body)
    });
    until("a line in the log", || {
        program.warnings("group not joined").iter().any(|line| has(line))
    });
    println!("{}", program.readiness().1);
    assert!(!program.log().contains("connection to Kafka restored"), "{}", program.log());
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_group_of_a_program_with_another_strategy_is_named_until_it_has_left() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", &[]);
    let other: BaseConsumer = client(&broker.address)
        .set("group.id", &setup.group)
        .set("partition.assignment.strategy", "range")
        .create()
        .unwrap();
    other.subscribe(&[&topic]).unwrap();
    until("the other program is a member", || {
        let _ = other.poll(Duration::from_millis(100));
        other.assignment().unwrap().count() > 0
    });
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let _ = other.poll(Duration::from_millis(100));
            }
            other.unsubscribe();
            drop(other);
        });
        let mut program = Program::start(&setup);
        let named = format!("another program uses the group `{}`", setup.group);
        refuses(&program, &[&named, "another assignment strategy", "`kafka.group_id`"]);
        ended.store(true, Ordering::Relaxed);
        program.await_ready();
        program.stop();
    });
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_session_and_a_protocol_that_the_broker_does_not_allow_are_named() {
    let classic = "group.coordinator.rebalance.protocols=classic";
    let session = "group.min.session.timeout.ms=10000";
    let (cluster, slack) = (Cluster::start(&["--set", classic, "--set", session]), Slack::start());
    let topic = cluster.topic(1);
    let setup = Setup::new(&cluster, &[&topic]).webhook(&slack, "a", &[]);

    // A session of 6 s.
    let program = Program::start(&setup);
    refuses(&program, &["does not allow this `session.timeout.ms`"]);
    program.stop();

    let mut consumer = setup;
    consumer.properties = vec![("group.protocol", "consumer".to_owned())];
    let program = Program::start(&consumer);
    refuses(&program, &["do not support this group protocol", "remove `group.protocol`"]);
    program.stop();
}
