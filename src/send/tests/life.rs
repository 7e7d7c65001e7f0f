//! A sender as a task: its reports, its end, its size.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_outcome_is_reported_before_it_is_counted() {
    let mut rig = Rig::start(webhook(), []);
    rig.push(0..3);
    // Two outcomes fill the channel; the third waits for room.
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!((rig.tally().delivered, rig.in_flight()), (2, 1));
    assert!(rig.queue.is_attempting(|_| true), "a drain still waits for it");
    for offset in 0..3 {
        assert_eq!(rig.outcome().await, (offset, Outcome::Delivered));
    }
    rig.settle().await;
    assert_eq!((rig.tally().delivered, rig.in_flight()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_sender_ends_with_its_queue_or_the_poll_loop() {
    let mut rig = Rig::start(webhook(), []);
    rig.queue.close();
    rig.ended().await;

    let mut rig = Rig::start(webhook(), []);
    rig.reports.close();
    rig.push(0..2);
    rig.ended().await;
}

#[test]
fn an_idle_sender_is_small() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let (sender, _rest) = rig::sender(
        rig::webhook(),
        Endpoint::open(&rig::webhook(), &[], &mut ClientPool::default()).unwrap(),
    );
    let size = std::mem::size_of_val(&run(sender));
    // With tokio's 144 bytes a task of 1,280: its memory comes in multiples of 128 or 256.
    assert!(size <= 1_280 - 144, "{size} bytes, ten thousand times");
}
