use std::time::Instant;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::consume::rig::{Rig, SECOND};

/// Nothing can be fetched until after a rebalance: without a reset the client would continue behind
/// the first event of the partition that stays.
#[test]
fn an_error_in_place_of_an_event_skips_none_after_a_rebalance() {
    let rig = Rig::start();
    rig.joined();
    rig.cluster.request_errors(
        RDKafkaApiKey::Fetch,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED; 10_000],
    );
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", rig.cluster.bootstrap_servers());
    let producer: BaseProducer = config.create().unwrap();
    for partition in [0, 1, 0, 1, 0, 1] {
        let record = BaseRecord::<(), str>::to("t").partition(partition).payload("{}");
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(10 * SECOND).unwrap();
    config.set("group.id", "slackline").set("partition.assignment.strategy", "cooperative-sticky");
    let guest: BaseConsumer = config.create().unwrap();
    guest.subscribe(&["t"]).unwrap();
    // The mock does not always pass the other partition on to the guest: that is not waited for.
    rig.until("one of the two partitions was revoked, and the group joined again", |rig| {
        let _ = guest.poll(SECOND / 100);
        rig.says("slackline_assigned_partitions{topic=\"t\"} 1")
            && rig.health.readiness(Instant::now()).is_ok()
    });
    rig.cluster.clear_request_errors(RDKafkaApiKey::Fetch);
    rig.until("all events of the other one are read", |rig| {
        let _ = guest.poll(SECOND / 100);
        rig.says("slackline_events_consumed_total{topic=\"t\"} 3")
    });
    // The mock never answers a commit of the remaining members once a guest has left: no end is
    // waited for.
    rig.stop.cancel();
}
