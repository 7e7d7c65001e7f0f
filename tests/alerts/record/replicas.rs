//! Faults of the replicas themselves.

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::Stage;
use crate::alerts::tape::Tape;
use crate::harness::broker::Broker;

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn the_only_replica_is_down() {
    let mut stage = Stage::on_real("absent");
    let setup = stage.sales_and_support();
    let mut tape = Tape::record("absent", std::slice::from_ref(&setup));
    tape.quiet(2, || stage.quiet_day());
    tape.take(0).kill();
    tape.quiet(1, || stage.quiet_day());
    tape.run(
        4,
        || stage.quiet_day(),
        &["SlacklineAbsent", "SlacklineReplicaDown instance=slackline-0:9464"],
    );
    tape.start(0, &setup);
    tape.run(2, || stage.quiet_day(), &[]);
    tape.end();
}

/// The group waits one session for a static member.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_replica_with_an_instance_id_is_down() {
    let mut stage = Stage::on_real("unowned");
    let mut setup = stage.sales_and_support();
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
    let mut tape = Tape::record("unowned", &[named(0), named(1)]);
    tape.quiet(2, || stage.quiet_day());
    tape.take(1).kill();
    tape.quiet(1, || stage.quiet_day());
    let down = "SlacklineReplicaDown instance=slackline-1:9464";
    tape.run(3, || stage.quiet_day(), &[down]);
    tape.run(4, || stage.quiet_day(), &[down, "SlacklinePartitionsUnowned"]);
    tape.start(1, &named(1));
    tape.run(3, || stage.quiet_day(), &[]);
    tape.end();
}

/// As in `worker::stall`: the client does not learn the end of the partition.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_partition_is_not_read() {
    let mut stage = Stage::on(Broker::mock(), "unhealthy");
    let mut tape = Tape::record("unhealthy", &[stage.sales_and_support()]);
    tape.quiet(2, || stage.quiet_day());
    let failed = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN;
    stage.broker.mock_cluster().request_errors(RDKafkaApiKey::Fetch, &[failed; 100_000]);
    tape.run(6, || stage.quiet_day(), &["SlacklineUnhealthy instance=slackline-0:9464"]);
    stage.broker.mock_cluster().clear_request_errors(RDKafkaApiKey::Fetch);
    tape.run(4, || stage.quiet_day(), &[]);
    tape.end();
}
