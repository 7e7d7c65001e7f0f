//! A worker that is alive without progress fails `/healthz` and names what makes no progress.

use std::time::Duration;

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::checker::Faults;
use crate::harness::broker::Broker;
use crate::harness::poll::{poll_for, until};
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

/// The client does not learn the end of the partition, so the worker queries the broker for it.
#[test]
#[ignore = "takes over a minute"]
fn a_partition_that_is_not_read_fails_the_probe_until_it_is_read() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", &["rate_per_second: 100", "burst: 5"]);
    let program = Program::ready(&setup);
    let failed = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN;
    broker.mock_cluster().request_errors(RDKafkaApiKey::Fetch, &[failed; 10_000]);
    until("fetching fails", || !program.warnings("Fetch").is_empty());
    let expected = produce(&broker, &topic, 1, "a", 0..10);
    poll_for(Duration::from_secs(150), "a failing probe", || match program.health() {
        503 => Ok(()),
        status => Err(format!("{status}\n{}", program.log())),
    });
    // The probe may fail before the log line is read.
    let logged = || {
        program.warnings(&format!("partition 0 of topic `{topic}` has 10 offsets to read")).len()
    };
    until("the log says why", || logged() == 1);
    assert_eq!(program.scrape().sum("slackline_read_lag", &[]), 10.0);
    broker.mock_cluster().clear_request_errors(RDKafkaApiKey::Fetch);
    slack.await_all_accepted(&expected);
    until("the probe recovers", || program.health() == 200);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}
