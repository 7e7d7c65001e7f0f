//! Faults between slackline and Kafka.

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::{FORGOTTEN, PARTITIONS, Stage};
use crate::alerts::tape::Tape;
use crate::harness::broker::Broker;
use crate::harness::cluster::Cluster;
use crate::harness::program::Signal;

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_blocking_webhook_pauses_the_topic() {
    let mut stage = Stage::on_real("read-lag");
    let setup = stage.setup();
    let at_rate = |rate: &str| {
        setup.clone().webhook(
            &stage.slack,
            "sales",
            &["queue_capacity: 10", "when_full: block", rate],
        )
    };
    let (slow, fast) = (at_rate("rate_per_second: 1"), at_rate("rate_per_second: 100"));
    let mut tape = Tape::record("read_lag", &[slow]);
    tape.quiet(2, || stage.events("sales", 2));
    tape.quiet(3, || stage.events("sales", 300));
    tape.run(
        6,
        || stage.events("sales", 300),
        &["SlacklineReadLagGrowing", "SlacklineDeliveriesLate"],
    );
    // Faster than events arrive.
    tape.replica(0).configure(&fast);
    tape.replica(0).signal(Signal::Hup);
    tape.run(8, || stage.events("sales", 2), &[]);
    tape.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn the_retention_removes_events_faster_than_they_are_read() {
    let mut stage = Stage::on_real("offsets-lost");
    let setup = stage.sales_and_support();
    let mut tape = Tape::record("offsets_lost", std::slice::from_ref(&setup));
    tape.quiet(2, || stage.quiet_day());
    tape.take(0).stop();
    stage.events("sales", 40);
    let (topic, ends) = (stage.topic.clone(), stage.broker.ends(&stage.topic, PARTITIONS));
    ends.iter()
        .enumerate()
        .for_each(|(partition, end)| stage.broker.delete_below(&topic, partition as i32, end - 2));
    tape.start(0, &setup);
    tape.run(2, || stage.quiet_day(), &["SlacklineOffsetsLost"]);
    tape.run(FORGOTTEN, || stage.quiet_day(), &[]);
    tape.end();
}

/// While messages are in flight. The session ends, and the replica loses its partitions.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn the_broker_is_unreachable() {
    let cluster = Cluster::start(&[]);
    let mut stage = Stage::on(Broker::connect(&cluster.address), "broker-unreachable");
    let mut tape = Tape::record("broker_unreachable", &[stage.sales_and_support()]);
    tape.quiet(2, || stage.quiet_day());
    stage.events("sales", 60);
    stage.slack.await_accepted(36);
    cluster.kill(1);
    tape.quiet(2, || {});
    tape.run(7, || {}, &["SlacklineNotReady instance=slackline-0:9464"]);
    cluster.restart(1);
    tape.run(9, || stage.quiet_day(), &[]);
    tape.end();
}

/// The group continues, but its offsets cannot be written: outcomes cannot be committed, and no
/// further message is posted.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn commits_are_refused() {
    let mut stage = Stage::on(Broker::mock(), "commits-failing");
    let mut tape = Tape::record("commits_failing", &[stage.sales_and_support()]);
    tape.quiet(2, || stage.quiet_day());
    // A broker's error when too few replicas of the offsets topic are in sync.
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
    stage.broker.mock_cluster().request_errors(RDKafkaApiKey::OffsetCommit, &[refused; 100_000]);
    tape.quiet(1, || stage.quiet_day());
    let failing = [
        "SlacklineNotReady instance=slackline-0:9464",
        "SlacklineDeliveriesLate",
        "SlacklineCommitsFailing instance=slackline-0:9464",
        "SlacklineWebhookHeld instance=slackline-0:9464 webhook=sales",
        "SlacklineWebhookHeld instance=slackline-0:9464 webhook=support",
    ];
    tape.run(9, || stage.quiet_day(), &failing);
    stage.broker.mock_cluster().clear_request_errors(RDKafkaApiKey::OffsetCommit);
    tape.run(8, || stage.quiet_day(), &[]);
    tape.end();
}
