#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use rdkafka::types::RDKafkaRespErr;

use super::*;
use crate::consume::ConsumeError;
use crate::consume::rig::{Rig, SECOND};
use crate::kafka::native::inject_fatal_error;

#[test]
fn pauses_grow_to_a_limit_and_start_again_after_a_sound_client() {
    let now = Instant::now();
    let mut recovery = ClientRecovery::default();
    let pauses: Vec<u64> = (0..8).map(|_| recovery.pause(now).as_secs()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
    assert_eq!(recovery.pause(now + BACKOFF.max + RESET_AFTER - SECOND).as_secs(), 30);
    assert_eq!(recovery.pause(now + (BACKOFF.max + RESET_AFTER) * 3).as_secs(), 1);
    for _ in 0..100 {
        assert!(recovery.pause(now) <= BACKOFF.max, "no overflow");
    }
}

#[test]
fn a_client_with_a_fatal_error_is_replaced_and_destroyed() {
    let rig = Rig::start();
    rig.joined();
    *rig.refused.lock().unwrap() = 1;
    inject_fatal_error(&rig.newest(), RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNRELEASED_INSTANCE_ID);
    rig.until("everything is released", |rig| {
        rig.says("slackline_assigned_partitions{topic=\"t\"} 0")
    });
    let unwell = rig.health.readiness(Instant::now()).unwrap_err();
    assert_eq!(unwell.0, ["the consumer group is not joined"]);
    rig.until("it turns while it waits", |rig| {
        rig.health.liveness(Instant::now() + 20 * SECOND).is_ok()
    });
    rig.until("a new client", |rig| rig.says("slackline_clients_replaced_total 1"));
    rig.joined();
    let clients = rig.clients.lock().unwrap().clone();
    assert_eq!((clients.len(), clients[0].strong_count()), (2, 0), "the old client was dropped");
    assert!(rig.says("slackline_rebalances_total{kind=\"lost\"} 1"));
    assert_eq!(
        *rig.refused.lock().unwrap(),
        0,
        "one attempt to create it failed, and was repeated"
    );
    rig.end().unwrap();
}

#[test]
fn a_shutdown_ends_the_wait_for_a_new_client() {
    let rig = Rig::start();
    rig.joined();
    *rig.refused.lock().unwrap() = u32::MAX;
    inject_fatal_error(&rig.newest(), RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION);
    rig.until("an attempt", |rig| *rig.refused.lock().unwrap() < u32::MAX);
    rig.end().unwrap();
}

/// The one error that ends the worker: two workers would take the group from each other in turn.
#[test]
fn a_client_whose_instance_id_was_taken_ends_the_worker_with_an_error() {
    let rig = Rig::start();
    rig.joined();
    inject_fatal_error(&rig.newest(), RDKafkaRespErr::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    let error = rig.ended.recv_timeout(20 * SECOND).unwrap().unwrap_err();
    assert!(error.to_string().contains("`kafka.instance_id`"), "{error}");
    assert!(matches!(error, ConsumeError::Fenced { instance_id: Some(id) } if id == "one"));
}
