//! Troubles between slackline and Kafka.

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::{FORGOTTEN, PARTITIONS, Stage};
use crate::alerts::tape::Tape;
use crate::harness::broker::Broker;
use crate::harness::cluster::Cluster;
use crate::harness::program::Signal;

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_webhook_that_may_not_drop_holds_the_topic() {
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
    let mut tape = Tape::begin("read_lag", &[slow]);
    tape.quiet(2, || stage.events("sales", 2));
    tape.quiet(3, || stage.events("sales", 300));
    tape.run(
        6,
        || stage.events("sales", 300),
        &["SlacklineReadLagGrowing", "SlacklineDeliveriesLate"],
    );
    // Faster than it comes in.
    tape.replica(0).configure(&fast);
    tape.replica(0).signal(Signal::Hup);
    tape.run(8, || stage.events("sales", 2), &[]);
    tape.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_topic_forgets_faster_than_it_is_read() {
    let mut stage = Stage::on_real("offsets-lost");
    let setup = stage.sales_and_support();
    let mut tape = Tape::begin("offsets_lost", std::slice::from_ref(&setup));
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

/// While messages are on their way. The session ends, and with it all that the replica owned.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn the_broker_is_gone() {
    let cluster = Cluster::start(&[]);
    let mut stage = Stage::on(Broker::connect(&cluster.address), "broker-gone");
    let mut tape = Tape::begin("broker_gone", &[stage.sales_and_support()]);
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

/// The group goes on, but its offsets can't be written: what was posted can't be recorded, and nothing more is posted.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn offsets_are_not_taken() {
    let mut stage = Stage::on(Broker::mock(), "commits-failing");
    let mut tape = Tape::begin("commits_failing", &[stage.sales_and_support()]);
    tape.quiet(2, || stage.quiet_day());
    // What a broker says where too few replicas of the offsets are in sync.
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
