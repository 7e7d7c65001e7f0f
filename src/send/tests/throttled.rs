//! A `Retry-After` that another owner of a partition has heard, or that it is to hear.

use super::rig::{Rig, limited, webhook};
use super::*;

/// A `Retry-After` that a former owner was told.
#[tokio::test(start_paused = true)]
async fn a_former_owners_retry_after_is_kept() {
    let mut rig = Rig::start(webhook(), []);
    let until = SystemTime::now() + 30 * SECOND;
    rig.orders.send_modify(|orders| orders.throttled_until = Some(until));
    rig.push(0..1);
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
    let left = rig.times()[0].as_secs_f64();
    assert!((29.0..=30.1).contains(&left), "{left}");
}

/// A 429 is told to the poll loop, whose commits carry it.
#[tokio::test(start_paused = true)]
async fn a_429_is_reported() {
    let mut rig = Rig::start(webhook(), [limited(Some(30))]);
    rig.push(0..1);
    let delivery::Report::Throttled { webhook, until } = rig.reports.recv().await.unwrap() else {
        panic!("no block")
    };
    let left = until.duration_since(SystemTime::now()).unwrap().as_secs_f64();
    assert!(webhook == WebhookIndex(0) && (29.0..=30.0).contains(&left), "{left}");
}
