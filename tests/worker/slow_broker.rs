//! A broker that answers late: only what is read from it waits.

use std::time::Duration;

use rdkafka::mocking::MockCoordinator;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::harness::broker::Broker;
use crate::harness::poll::poll_for;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

/// How late the slow broker answers every request.
const LATE: Duration = Duration::from_secs(8);

/// The longest pause of a webhook that has nothing to do with the slow broker.
const PAUSE: Duration = Duration::from_secs(1);

/// The slow broker leads a partition whose events have left the log. Where it continues has to be
/// looked up, which takes 8 s a request.
#[test]
fn a_lookup_that_takes_8_seconds_pauses_no_other_webhook() {
    let (broker, slack) = (Broker::mock_of(2), Slack::start());
    let (near, far) = (broker.topic(1), broker.topic(1));
    let mock = broker.mock_cluster();
    mock.partition_leader(&near, 0, Some(1)).unwrap();
    mock.partition_leader(&far, 0, Some(2)).unwrap();
    let mut setup = Setup::new(&broker, &[&near, &far])
        .webhook(&slack, "steady", &["rate_per_second: 20", "queue_capacity: 2000"])
        .webhook(&slack, "far", &["rate_per_second: 20"]);
    mock.coordinator(MockCoordinator::Group(setup.group.clone()), 1).unwrap();
    // What the client requests by itself would wait for the slow broker too.
    setup.properties.push(("topic.metadata.refresh.interval.ms", "300000".to_owned()));
    let mut program = Program::start_logging(&setup, "debug");
    program.await_ready();

    produce(&broker, &near, 1, "steady", 0..1_000);
    produce(&broker, &far, 1, "far", 10_000..10_001);
    program.await_sum("slackline_events_consumed_total", &[], 1_001.0);
    mock.broker_round_trip_time(2, LATE).unwrap();
    // Of both partitions; the near one's lookups are fast.
    let out_of_range = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    mock.request_errors(RDKafkaApiKey::Fetch, &[out_of_range; 10_000]);
    let from = slack.now();
    poll_for(LATE * 5, "a lookup that waits for the slow broker", || {
        let longest = lookups(&program).max().unwrap_or_default();
        if longest >= LATE { Ok(()) } else { Err(format!("the longest took {longest:?}")) }
    });
    let to = slack.now();

    let posts = slack.posts();
    let steady: Vec<Duration> = posts
        .iter()
        .filter(|post| post.webhook == "steady" && (from..to).contains(&post.at))
        .map(|post| post.at)
        .collect();
    let longest = steady.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(to - from);
    assert!(longest < PAUSE, "a webhook of another broker paused for {longest:?}");
    assert!(*steady.last().unwrap() + PAUSE > to, "the deliveries did not last until the end");

    mock.broker_round_trip_time(2, Duration::ZERO).unwrap();
    mock.clear_request_errors(RDKafkaApiKey::Fetch);
    produce(&broker, &far, 1, "far", 20_000..20_001);
    slack.await_requests("far", 2);
    program.stop();
}

/// How long the program's slow lookups have taken.
fn lookups(program: &Program) -> impl Iterator<Item = Duration> {
    let log = program.log();
    let took: Vec<Duration> = log
        .lines()
        .filter_map(|line| line.split_once("slow broker lookup took=")?.1.split_once("s "))
        .map(|(seconds, _)| Duration::from_secs_f64(seconds.parse().unwrap()))
        .collect();
    took.into_iter()
}
