//! A failed commit is counted and retried. On the mock cluster, which can inject errors.

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::checker::Faults;
use crate::harness::broker::Broker;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

#[test]
fn a_failed_commit_is_counted_and_retried() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", &["rate_per_second: 100", "burst: 10"]);
    let program = Program::ready(&setup);
    let failed = [("result", "failed")];
    assert_eq!(program.scrape().sum("slackline_commits_total", &failed), 0.0);
    // An error that librdkafka itself does not retry.
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    broker.mock_cluster().request_errors(RDKafkaApiKey::OffsetCommit, &[refused; 2]);
    let expected = produce(&broker, &topic, 1, "a", 0..3);
    slack.await_accepted(3);
    let scrape = program.await_sum("slackline_commits_total", &failed, 2.0);
    assert!(scrape.sum("slackline_commits_total", &[]) >= 2.0);
    broker.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}

/// Ready promises that a restart skips nothing. That requires a broker's acknowledgement of the
/// starting offsets.
#[test]
fn a_new_group_is_not_ready_before_its_start_is_committed() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(2);
    produce(&broker, &topic, 2, "a", 0..6);
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    broker.mock_cluster().request_errors(RDKafkaApiKey::OffsetCommit, &[refused; 1000]);
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", &["rate_per_second: 100", "burst: 10"]);
    let mut program = Program::start(&setup);
    program.await_metrics("the start could not be committed", |scrape| {
        scrape.sum("slackline_assigned_partitions", &[]) == 2.0
            && scrape.sum("slackline_commits_total", &[("result", "failed")]) >= 2.0
    });
    let (status, reason) = program.readiness();
    assert_eq!(status, 503, "{reason}");
    broker.mock_cluster().clear_request_errors(RDKafkaApiKey::OffsetCommit);
    program.await_ready();
    assert_eq!(broker.committed(&setup.group, &topic, 2), [Some(3), Some(3)]);
    program.stop();
}

/// The plumbing on a machine without a broker, as in the demo.
#[test]
fn on_the_mock_cluster_events_are_delivered_and_committed() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(3);
    let setup = Setup::new(&broker, &[&topic]).webhook(
        &slack,
        "a",
        &["rate_per_second: 100", "burst: 10", "queue_capacity: 1000"],
    );
    let program = Program::ready(&setup);
    let expected = produce(&broker, &topic, 3, "a", 0..30);
    slack.await_accepted(30);
    broker.await_committed(&setup.group, &topic, 3);
    program.await_sum("slackline_consumer_lag", &[("topic", &topic)], 0.0);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}
