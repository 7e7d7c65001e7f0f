//! How many outcomes may be in no acknowledged commit.

use super::*;

/// At most one in doubt: nothing leaves until a commit that tells the outcome before is
/// acknowledged.
#[tokio::test(start_paused = true)]
async fn a_sender_is_held_until_its_outcome_is_committed() {
    let mut rig = Rig::start_held(webhook(), []);
    rig.push(0..3);
    assert_eq!(rig.outcome().await, (0, Ended::Delivered));
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(rig.times().len(), 1, "its rate would have let it go on");
    assert!(
        rig.window.held_for(std::time::Instant::now()).is_some(),
        "and it is told that it waits"
    );
    rig.window.leave();
    assert_eq!(rig.outcome().await, (1, Ended::Delivered));
    assert_eq!(rig.window.held_for(std::time::Instant::now()), None);
}

#[tokio::test(start_paused = true)]
async fn a_fast_webhook_has_a_tenth_of_a_second_uncommitted() {
    let mut rig = Rig::start_held(Webhook { rate_per_second: 50.0, ..webhook() }, []);
    rig.push(0..20);
    for offset in 0..5 {
        assert_eq!(rig.outcome().await, (offset, Ended::Delivered));
    }
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(rig.times().len(), 5);
}

/// What is released while it waits leaves its place to nobody: it has none.
#[tokio::test(start_paused = true)]
async fn a_held_delivery_can_be_released() {
    let mut rig = Rig::start_held(webhook(), []);
    rig.push(0..3);
    rig.outcome().await;
    tokio::time::sleep(10 * SECOND).await;
    rig.queue.release(|ticket| ticket.position.offset.0 == 1);
    rig.settle().await;
    assert_eq!(rig.tally().released, 1);
    rig.window.leave();
    assert_eq!(rig.outcome().await, (2, Ended::Delivered));
    tokio::time::sleep(10 * SECOND).await;
    rig.push(3..5);
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(rig.times().len(), 2, "one place, taken by the last outcome");
}
