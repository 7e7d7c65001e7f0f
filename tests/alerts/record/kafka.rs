//! Faults between slackline and Kafka.

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::{FORGOTTEN, Fixture, PARTITIONS};
use crate::alerts::recording::Recording;
use crate::harness::broker::Broker;
use crate::harness::cluster::Cluster;
use crate::harness::program::Signal;

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_blocking_webhook_pauses_the_topic() {
    let mut fixture = Fixture::on_real("read-lag");
    let setup = fixture.setup();
    let at_rate = |rate: &str| {
        setup.clone().webhook(
            &fixture.slack,
            "sales",
            &["queue_capacity: 10", "when_full: block", rate],
        )
    };
    let (slow, fast) = (at_rate("rate_per_second: 1"), at_rate("rate_per_second: 100"));
    let mut recording = Recording::record("read_lag", &[slow]);
    recording.quiet(2, || fixture.events("sales", 2));
    recording.quiet(3, || fixture.events("sales", 300));
    recording.run(
        6,
        || fixture.events("sales", 300),
        &["SlacklineReadLagGrowing", "SlacklineDeliveriesLate"],
    );
    // Faster than events arrive.
    recording.replica(0).configure(&fast);
    recording.replica(0).signal(Signal::Hup);
    recording.run(8, || fixture.events("sales", 2), &[]);
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn the_retention_removes_events_faster_than_they_are_read() {
    let mut fixture = Fixture::on_real("offsets-lost");
    let setup = fixture.sales_and_support();
    let mut recording = Recording::record("offsets_lost", std::slice::from_ref(&setup));
    recording.quiet(2, || fixture.quiet_day());
    recording.take(0).stop();
    fixture.events("sales", 40);
    let (topic, ends) = (fixture.topic.clone(), fixture.broker.ends(&fixture.topic, PARTITIONS));
    ends.iter().enumerate().for_each(|(partition, end)| {
        fixture.broker.delete_below(&topic, partition as i32, end - 2)
    });
    recording.start(0, &setup);
    recording.run(2, || fixture.quiet_day(), &["SlacklineOffsetsLost"]);
    recording.run(FORGOTTEN, || fixture.quiet_day(), &[]);
    recording.end();
}

/// While messages are in flight. The session ends, and the replica loses its partitions.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn the_broker_is_unreachable() {
    let cluster = Cluster::start(&[]);
    let mut fixture = Fixture::on(Broker::connect(&cluster.address), "broker-unreachable");
    let mut recording = Recording::record("broker_unreachable", &[fixture.sales_and_support()]);
    recording.quiet(2, || fixture.quiet_day());
    fixture.events("sales", 60);
    fixture.slack.await_accepted(36);
    cluster.kill(1);
    recording.quiet(2, || {});
    recording.run(7, || {}, &["SlacklineNotReady instance=slackline-0:9464"]);
    cluster.restart(1);
    recording.run(9, || fixture.quiet_day(), &[]);
    recording.end();
}

/// The group continues, but its offsets cannot be written: outcomes cannot be committed, and no
/// further message is posted.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn commits_are_refused() {
    let mut fixture = Fixture::on(Broker::mock(), "commits-failing");
    let mut recording = Recording::record("commits_failing", &[fixture.sales_and_support()]);
    recording.quiet(2, || fixture.quiet_day());
    // A broker's error when too few replicas of the offsets topic are in sync.
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
    fixture.broker.mock_cluster().request_errors(RDKafkaApiKey::OffsetCommit, &[refused; 100_000]);
    recording.quiet(1, || fixture.quiet_day());
    let failing = [
        "SlacklineNotReady instance=slackline-0:9464",
        "SlacklineDeliveriesLate",
        "SlacklineCommitsFailing instance=slackline-0:9464",
        "SlacklineWebhookHeld instance=slackline-0:9464 webhook=sales",
        "SlacklineWebhookHeld instance=slackline-0:9464 webhook=support",
    ];
    recording.run(9, || fixture.quiet_day(), &failing);
    fixture.broker.mock_cluster().clear_request_errors(RDKafkaApiKey::OffsetCommit);
    recording.run(8, || fixture.quiet_day(), &[]);
    recording.end();
}
