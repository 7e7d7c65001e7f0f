//! Senders that share an app.

use super::*;
use crate::metrics::AppMetrics;
use crate::send::app::App;

/// Two channels, each much faster than their app, which posts once a second.
fn rigs(app: &Arc<App>) -> [Rig; 2] {
    [(); 2].map(|()| {
        let webhook = Webhook { rate_per_second: 1000.0, ..webhook() };
        Rig::start_in(CommitWindow::new(1e6), webhook, Some(Arc::clone(app)), [])
    })
}

fn app() -> Arc<App> {
    let app = Arc::new(App::new("acme".to_owned(), AppMetrics::default()));
    app.set_rate(1.0, 1.0);
    app
}

#[tokio::test(start_paused = true)]
async fn two_channels_post_in_turn_at_the_apps_rate() {
    let mut rigs = rigs(&app());
    for rig in &mut rigs {
        rig.push(0..5);
    }
    for offset in 0..5 {
        for rig in &mut rigs {
            assert_eq!(rig.outcome().await, (offset, Outcome::Delivered));
        }
    }
    let [first, second] = rigs.map(|rig| seconds(&rig.times()));
    assert_eq!(first, [0.0, 2.0, 4.0, 6.0, 8.0]);
    assert_eq!(second, [1.0, 3.0, 5.0, 7.0, 9.0]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_has_to_wait_keeps_no_turn() {
    let [mut waiting, mut other] = rigs(&app());
    waiting.share(0.0);
    waiting.settle().await;
    waiting.push(0..1);
    other.push(0..3);
    for offset in 0..3 {
        assert_eq!(other.outcome().await, (offset, Outcome::Delivered));
    }
    assert_eq!(seconds(&other.times()), [0.0, 1.0, 2.0]);
    assert!(waiting.times().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_release_gives_the_turn_to_the_next_channel() {
    let app = app();
    app.set_rate(1.0, 0.0);
    let [mut released, mut next] = rigs(&app);
    released.push(0..1);
    released.settle().await;
    next.push(0..1);
    next.settle().await;
    assert_eq!(released.in_flight(), 1);
    released.queue.release(|_| true);
    released.settle().await;
    app.set_rate(1.0, 1.0);
    assert_eq!(next.outcome().await, (0, Outcome::Delivered));
    assert!(released.times().is_empty());
}
