//! How many attempts begin at once: who finds no place waits, and one that hangs keeps none.

use std::time::{Duration, SystemTime};

use super::super::connection_permits::{ConnectionPermit, ConnectionPermits, HELD};
use super::rig::{Rig, later, ok, webhook};
use crate::delivery::Ended;
use crate::sender_control::SenderControl;

fn all_places(connection_permits: &ConnectionPermits) -> Vec<ConnectionPermit> {
    std::iter::from_fn(|| connection_permits.try_enter()).collect()
}

#[tokio::test(start_paused = true)]
async fn without_a_place_nothing_leaves_and_with_one_it_does() {
    let mut rig = Rig::start(webhook(), []);
    let mut others = all_places(&rig.connection_permits);
    rig.push(0..1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(rig.times().is_empty());
    others.pop();
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
    assert_eq!(rig.times(), [Duration::from_secs(5)]);
    assert!(rig.connection_permits.try_enter().is_some(), "its place is free again");
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_has_its_place_for_a_moment() {
    let mut rig = Rig::start(webhook(), [later(ok(), 60_000)]);
    let places = all_places(&rig.connection_permits).len();
    rig.push(0..1);
    rig.settle().await;
    assert_eq!(all_places(&rig.connection_permits).len(), places - 1);
    tokio::time::sleep(HELD).await;
    rig.settle().await;
    assert_eq!(all_places(&rig.connection_permits).len(), places);
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_comes_too_late_is_left_to_others() {
    let mut rig = Rig::start(webhook(), []);
    let others = all_places(&rig.connection_permits);
    rig.push(0..1);
    rig.settle().await;
    // A `Retry-After` that a former owner left comes while it waits.
    let until = SystemTime::now() + Duration::from_secs(30);
    rig.orders.send_replace(SenderControl {
        rate_share: 1.0,
        throttled_until: Some(until),
        ..SenderControl::default()
    });
    rig.settle().await;
    let places = others.len();
    drop(others);
    rig.settle().await;
    assert_eq!((rig.times().len(), all_places(&rig.connection_permits).len()), (0, places));
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
    assert!(rig.times()[0] > Duration::from_secs(29));
}
