//! How many outcomes may be in no acknowledged commit.

use super::*;

/// Nothing leaves until a commit that contains the outcome before is acknowledged, so that a crash
/// repeats at most one message.
#[tokio::test(start_paused = true)]
async fn a_sender_is_held_until_its_outcome_is_committed() {
    let mut rig = Rig::start_held(webhook(), []);
    rig.push(0..3);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(rig.times().len(), 1, "its rate would have allowed more");
    assert!(rig.window.held_for(std::time::Instant::now()).is_some(), "and it is reported as held");
    rig.commit();
    assert_eq!(rig.outcome().await, (1, Outcome::Delivered));
    assert_eq!(rig.window.held_for(std::time::Instant::now()), None);
}

#[tokio::test(start_paused = true)]
async fn a_fast_webhook_has_a_tenth_of_a_second_uncommitted() {
    let mut rig = Rig::start_held(Webhook { rate_per_second: 50.0, ..webhook() }, []);
    rig.push(0..20);
    for offset in 0..5 {
        assert_eq!(rig.outcome().await, (offset, Outcome::Delivered));
    }
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(rig.times().len(), 5);
}

/// A post that is released while it waits has no hold.
#[tokio::test(start_paused = true)]
async fn a_held_delivery_can_be_released() {
    let mut rig = Rig::start_held(webhook(), []);
    rig.push(0..3);
    rig.outcome().await;
    tokio::time::sleep(10 * SECOND).await;
    rig.queue.release(|ticket| ticket.position.offset.0 == 1);
    rig.settle().await;
    assert_eq!(rig.tally().released, 1);
    rig.commit();
    assert_eq!(rig.outcome().await, (2, Outcome::Delivered));
    tokio::time::sleep(10 * SECOND).await;
    rig.push(3..5);
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(rig.times().len(), 2, "one permit, taken by the last outcome");
}
