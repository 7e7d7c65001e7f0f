//! Faults of the replicas themselves.

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::Fixture;
use crate::alerts::recording::Recording;
use crate::harness::broker::Broker;
use crate::harness::program::Program;

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn the_only_replica_is_down() {
    let mut fixture = Fixture::on_real("absent");
    let setup = fixture.sales_and_support();
    let mut recording = Recording::record("absent", std::slice::from_ref(&setup));
    recording.quiet(2, || fixture.quiet_day());
    recording.take(0).kill();
    recording.quiet(1, || fixture.quiet_day());
    recording.run(
        4,
        || fixture.quiet_day(),
        &["SlacklineAbsent", "SlacklineReplicaDown instance=slackline-0:9464"],
    );
    recording.start(0, &setup);
    recording.run(2, || fixture.quiet_day(), &[]);
    recording.end();
}

/// The group waits one session for a static member.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_replica_with_an_instance_id_is_down() {
    let mut fixture = Fixture::on_real("unowned");
    let mut setup = fixture.sales_and_support();
    let long = |(name, value): &(&'static str, String)| {
        (*name, if *name == "session.timeout.ms" { "1200000".to_owned() } else { value.clone() })
    };
    setup.properties = setup.properties.iter().map(long).collect();
    setup.properties.push(("max.poll.interval.ms", "1200000".to_owned()));
    let named = |index: usize| {
        let mut setup = setup.clone();
        setup.kafka.push(format!("instance_id: slackline-{index}"));
        setup
    };
    let mut recording = Recording::record("unowned", &[named(0), named(1)]);
    recording.quiet(2, || fixture.quiet_day());
    recording.take(1).kill();
    recording.quiet(1, || fixture.quiet_day());
    let down = "SlacklineReplicaDown instance=slackline-1:9464";
    recording.run(3, || fixture.quiet_day(), &[down]);
    recording.run(4, || fixture.quiet_day(), &[down, "SlacklinePartitionsUnowned"]);
    recording.start(1, &named(1));
    recording.run(3, || fixture.quiet_day(), &[]);
    recording.end();
}

/// The other deployment is no target of this job.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn another_deployment_uses_the_group() {
    let mut fixture = Fixture::on_real("group-shared");
    let setup = fixture.sales_and_support();
    let mut theirs = fixture.setup().webhook(&fixture.slack, "others", &[]);
    theirs.group.clone_from(&setup.group);
    let other = Program::ready(&theirs);
    let mut recording = Recording::record("group_shared", &[setup]);
    // Also an earlier version whose actions all had other names looks like this.
    recording.quiet(2, || fixture.quiet_day());
    other.stop();
    recording.quiet(1, || fixture.quiet_day());
    let other = Program::ready(&theirs);
    recording.quiet(1, || fixture.quiet_day());
    other.stop();
    recording.run(2, || fixture.quiet_day(), &["SlacklineGroupShared"]);
    recording.end();
}

/// As in `worker::stall`: the client does not learn the end of the partition.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_partition_is_not_read() {
    let mut fixture = Fixture::on(Broker::mock(), "unhealthy");
    let mut recording = Recording::record("unhealthy", &[fixture.sales_and_support()]);
    recording.quiet(2, || fixture.quiet_day());
    let failed = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN;
    fixture.broker.mock_cluster().request_errors(RDKafkaApiKey::Fetch, &[failed; 100_000]);
    recording.run(6, || fixture.quiet_day(), &["SlacklineUnhealthy instance=slackline-0:9464"]);
    fixture.broker.mock_cluster().clear_request_errors(RDKafkaApiKey::Fetch);
    recording.run(4, || fixture.quiet_day(), &[]);
    recording.end();
}
