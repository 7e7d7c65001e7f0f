//! A topic with transactions has records that no consumer sees: the committed offset passes them
//! too.

use std::time::Duration;

use rdkafka::producer::{BaseRecord, Producer};

use crate::checker::{Expected, Faults};
use crate::harness::broker::Broker;
use crate::harness::preview::preview_at;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event};
use crate::harness::slack::Slack;

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn aborted_events_are_not_posted_and_the_lag_reaches_0() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(
        &slack,
        "a",
        &["rate_per_second: 100", "burst: 10", "queue_capacity: 1000"],
    );
    let program = Program::ready(&setup);
    let producer = broker.transactional();
    let mut expected = Vec::new();
    // Ends with an abort, then a commit: both kinds of control record are at the end of the
    // partition.
    for (transaction, commits) in [true, false, true, false, true].into_iter().enumerate() {
        producer.begin_transaction().unwrap();
        for n in 0..4 {
            let id = transaction as u64 * 10 + n;
            let payload = event("a", id);
            producer
                .send(BaseRecord::<(), str>::to(&topic).partition(0).payload(&payload))
                .map_err(|(error, _)| error)
                .unwrap();
            if commits {
                // Four records and a control record per transaction.
                let offset = transaction as i64 * 5 + n as i64;
                expected.push(Expected {
                    webhook: "a".into(),
                    id,
                    partition: (topic.clone(), 0),
                    offset,
                });
            }
        }
        producer.flush(Duration::from_secs(30)).unwrap();
        if commits {
            producer.commit_transaction(Duration::from_secs(30)).unwrap();
        } else {
            producer.abort_transaction(Duration::from_secs(30)).unwrap();
        }
    }
    broker.await_end(&topic, 25);
    slack.await_accepted(expected.len());
    broker.await_committed(&setup.group, &topic, 1);
    program.await_sum("slackline_consumer_lag", &[("topic", &topic)], 0.0);

    // One more aborted transaction at the end: still no lag.
    producer.begin_transaction().unwrap();
    let payload = event("a", 1000);
    producer
        .send(BaseRecord::<(), str>::to(&topic).partition(0).payload(&payload))
        .map_err(|(error, _)| error)
        .unwrap();
    producer.flush(Duration::from_secs(30)).unwrap();
    producer.abort_transaction(Duration::from_secs(30)).unwrap();
    broker.await_end(&topic, 27);
    broker.await_committed(&setup.group, &topic, 1);
    program.await_sum("slackline_consumer_lag", &[("topic", &topic)], 0.0);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();

    // The group stays where it is.
    let committed = broker.committed(&setup.group, &topic, 1);
    let (status, out, _) = preview_at(&setup, &format!("{topic}/0@3"));
    assert!(status == Some(0) && out.contains("post to a"), "{out}");
    for (offset, expected) in [
        // The end of a committed transaction, before an aborted one.
        (4, "; the next record has the offset 10"),
        (6, "; the next record has the offset 10"),
        (25, "; no record follows"),
        (26, "; no record follows"),
        (27, "the partition has the offsets 0 to 26"),
    ] {
        let (status, _, err) = preview_at(&setup, &format!("{topic}/0@{offset}"));
        assert!(status == Some(2) && err.contains(expected), "{offset}: {err}");
    }
    assert_eq!(broker.committed(&setup.group, &topic, 1), committed);
}
