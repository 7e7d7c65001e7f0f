//! How many attempts start at the same time: one without a permit waits, one that hangs holds none.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::connection_permits::HOLD_LIMIT;
use super::rig::{Rig, later, ok, webhook};
use crate::delivery::Outcome;
use crate::sender_control::SenderControl;

fn take_all(permits: &Arc<Semaphore>) -> Vec<OwnedSemaphorePermit> {
    std::iter::from_fn(|| Arc::clone(permits).try_acquire_owned().ok()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_waits_for_a_permit() {
    let mut rig = Rig::start(webhook(), []);
    let mut others = take_all(&rig.connection_permits);
    rig.push(0..1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(rig.times().is_empty());
    others.pop();
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    assert_eq!(rig.times(), [Duration::from_secs(5)]);
    assert!(rig.connection_permits.try_acquire().is_ok(), "its permit is free again");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_releases_its_permit() {
    let mut rig = Rig::start(webhook(), [later(ok(), 60_000)]);
    let permits = take_all(&rig.connection_permits).len();
    rig.push(0..1);
    rig.settle().await;
    assert_eq!(take_all(&rig.connection_permits).len(), permits - 1);
    tokio::time::sleep(HOLD_LIMIT).await;
    rig.settle().await;
    assert_eq!(take_all(&rig.connection_permits).len(), permits);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_comes_too_late_is_released() {
    let mut rig = Rig::start(webhook(), []);
    let others = take_all(&rig.connection_permits);
    rig.push(0..1);
    rig.settle().await;
    // A former owner's `Retry-After` comes while the attempt waits for a permit.
    let until = SystemTime::now() + Duration::from_secs(30);
    rig.control.send_replace(SenderControl {
        rate_share: 1.0,
        throttled_until: Some(until),
        ..SenderControl::default()
    });
    rig.settle().await;
    let permits = others.len();
    drop(others);
    rig.settle().await;
    assert_eq!((rig.times().len(), take_all(&rig.connection_permits).len()), (0, permits));
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    assert!(rig.times()[0] > Duration::from_secs(29));
}
