//! How many attempts begin at once: who finds no place waits, and one that hangs keeps none.

use std::time::{Duration, SystemTime};

use super::super::starts::{HELD, Place, Starts};
use super::rig::{Rig, later, ok, webhook};
use crate::delivery::{Ended, Orders};

fn all_places(starts: &Starts) -> Vec<Place> {
    std::iter::from_fn(|| starts.try_enter()).collect()
}

#[tokio::test(start_paused = true)]
async fn without_a_place_nothing_leaves_and_with_one_it_does() {
    let mut rig = Rig::start(webhook(), []);
    let mut others = all_places(&rig.starts);
    rig.push(0..1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(rig.times().is_empty());
    others.pop();
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
    assert_eq!(rig.times(), [Duration::from_secs(5)]);
    assert!(rig.starts.try_enter().is_some(), "its place is free again");
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_has_its_place_for_a_moment() {
    let mut rig = Rig::start(webhook(), [later(ok(), 60_000)]);
    let places = all_places(&rig.starts).len();
    rig.push(0..1);
    rig.settle().await;
    assert_eq!(all_places(&rig.starts).len(), places - 1);
    tokio::time::sleep(HELD).await;
    rig.settle().await;
    assert_eq!(all_places(&rig.starts).len(), places);
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_comes_too_late_is_left_to_others() {
    let mut rig = Rig::start(webhook(), []);
    let others = all_places(&rig.starts);
    rig.push(0..1);
    rig.settle().await;
    // A `Retry-After` that a former owner left comes while it waits.
    let until = SystemTime::now() + Duration::from_secs(30);
    rig.orders.send_replace(Orders { share: 1.0, blocked_until: Some(until), ..Orders::default() });
    rig.settle().await;
    let places = others.len();
    drop(others);
    rig.settle().await;
    assert_eq!((rig.times().len(), all_places(&rig.starts).len()), (0, places));
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
    assert!(rig.times()[0] > Duration::from_secs(29));
}
