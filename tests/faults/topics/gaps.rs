//! A topic whose offsets have gaps: aborted transactions, control records, and compacted records.

use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use super::{FAST, await_no_lag};
use crate::checker::{Expected, Faults};
use crate::faults::report::{figures, full_or_short, line};
use crate::harness::broker::{Broker, unique};
use crate::harness::poll::poll;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event};
use crate::harness::slack::{Answer, Slack};

/// Settings for the earliest and most complete compaction: every batch is in its own segment.
const COMPACTED: &[(&str, &str)] = &[
    ("cleanup.policy", "compact"),
    ("segment.ms", "1"),
    ("min.cleanable.dirty.ratio", "0.001"),
    ("delete.retention.ms", "0"),
];

/// Every third transaction is aborted, including the last one.
fn commits(transaction: u64) -> bool {
    transaction % 3 != 2
}

/// Sends two events for each of two webhooks that stay, and one under a key that the next
/// transaction overwrites.
fn send(producer: &BaseProducer, topic: &str, transaction: u64) {
    producer.begin_transaction().unwrap();
    let id = transaction * 10;
    for (key, webhook, id) in [
        (format!("a-{id}"), "a", id),
        (format!("slow-{id}"), "slow", id),
        ("again".to_owned(), "a", id + 5),
        (format!("a-{id}-too"), "a", id + 1),
        (format!("slow-{id}-too"), "slow", id + 1),
    ] {
        let payload = event(webhook, id);
        producer
            .send(BaseRecord::to(topic).partition(0).key(&key).payload(&payload))
            .map_err(|(error, _)| error)
            .unwrap();
    }
    Broker::end_transaction(producer, commits(transaction));
}

/// The committed records of the topic, as expected posts.
fn readable(broker: &Broker, topic: &str) -> Vec<Expected> {
    let read = broker.readable(topic).into_iter().map(|(offset, payload)| {
        let event: serde_json::Value = serde_json::from_str(&payload).unwrap();
        let webhook = event["event"].as_str().unwrap().to_owned();
        Expected {
            webhook,
            id: event["n"].as_u64().unwrap(),
            partition: (topic.to_owned(), 0),
            offset,
        }
    });
    read.collect()
}

/// Waits until only the last of the overwritten records is left, which compaction keeps.
fn await_compacted(broker: &Broker, topic: &str, transactions: u64) -> Vec<Expected> {
    let kept = (0..transactions).filter(|transaction| commits(*transaction)).count() * 4 + 1;
    poll("the topic is compacted", || {
        let found = readable(broker, topic);
        if found.len() == kept {
            Ok(found)
        } else {
            Err(format!("{} records are left, not {kept}", found.len()))
        }
    })
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn aborted_and_compacted_events_leave_no_lag_and_repeat_nothing() {
    let transactions = full_or_short(60, 12);
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = unique("compacted");
    broker.create(&topic, 1, COMPACTED);
    let producer = broker.transactional();
    (0..transactions).for_each(|transaction| send(&producer, &topic, transaction));
    let mut expected = await_compacted(&broker, &topic, transactions);
    let end = broker.ends(&topic, 1)[0];

    // A restart with pending deliveries among the gaps.
    let setup = Setup::new(&broker, &[&topic])
        .webhook(&slack, "a", FAST)
        .webhook(&slack, "slow", FAST)
        .on_channels(&slack, &["slow"])
        .earliest();
    slack.script("slow", [Answer::Ok, Answer::Ok]);
    slack.default("slow", Answer::Status(503, "down"));
    let first = Program::ready(&setup);
    let of_a = expected.iter().filter(|one| one.webhook == "a").count();
    slack.await_accepted(of_a + 2);
    first.await_metrics("everything read", |scrape| {
        scrape.sum("slackline_read_lag", &[]) == 0.0
            && scrape.sum("slackline_events_consumed_total", &[]) == expected.len() as f64
    });
    first.stop();

    let second = Program::ready(&setup);
    slack.default("slow", Answer::Ok);
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 1);
    await_no_lag(&second, &topic, 1);

    // The same under a running worker, with an aborted transaction at the end.
    for transaction in transactions..transactions + 3 {
        let from = broker.ends(&topic, 1)[0];
        send(&producer, &topic, transaction);
        if commits(transaction) {
            let new: Vec<_> = [("a", 0), ("slow", 1), ("a", 2), ("a", 3), ("slow", 4)]
                .into_iter()
                .zip([0, 0, 5, 1, 1])
                .map(|((webhook, offset), id)| Expected {
                    webhook: webhook.to_owned(),
                    id: transaction * 10 + id,
                    partition: (topic.clone(), 0),
                    offset: from + offset,
                })
                .collect();
            slack.await_all_accepted(&new.iter().chain(&expected).cloned().collect::<Vec<_>>());
            expected.extend(new);
        }
    }
    broker.await_end(&topic, end + 3 * 6);
    broker.await_committed(&setup.group, &topic, 1);
    await_no_lag(&second, &topic, 1);
    second.stop();
    let faults = Faults::find(&expected, &slack.posts());
    line(
        "transactions, aborted events and compaction gaps, with a restart",
        (transactions + 3) as usize,
        &format!(
            "{} · events {} of {} offsets · lag 0",
            figures(&faults),
            expected.len(),
            end + 18
        ),
    );
    faults.assert_none();
}
