//! Senders that share an app.

use super::*;
use crate::config::model::Retry;
use crate::metrics::{AppMetrics, AttemptResult};
use crate::send::app::App;

/// A channel that is much faster than its app, which posts once a second.
fn rig(app: &Arc<App>, script: Vec<Step>) -> Rig {
    let webhook = Webhook { rate_per_second: 1000.0, ..webhook() };
    Rig::start_in(CommitWindow::new(1e6), webhook, Some(Arc::clone(app)), script)
}

fn rigs<const COUNT: usize>(app: &Arc<App>) -> [Rig; COUNT] {
    [(); COUNT].map(|()| rig(app, Vec::new()))
}

fn app() -> Arc<App> {
    let app = Arc::new(App::new("acme".to_owned(), AppMetrics::default()));
    app.set_rate(1.0, 1.0);
    app
}

#[tokio::test(start_paused = true)]
async fn three_channels_post_in_turn_at_the_apps_rate() {
    let mut rigs: [Rig; 3] = rigs(&app());
    for rig in &mut rigs {
        rig.push(0..5);
    }
    for offset in 0..5 {
        for rig in &mut rigs {
            assert_eq!(rig.outcome().await, (offset, Outcome::Delivered));
        }
    }
    for (first, rig) in [0.0, 1.0, 2.0].into_iter().zip(rigs) {
        assert_eq!(seconds(&rig.times()), [0.0, 3.0, 6.0, 9.0, 12.0].map(|at| first + at));
    }
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

/// Slack refuses the app's credential.
fn refused() -> Step {
    failed(401)
}

#[tokio::test(start_paused = true)]
async fn a_resting_app_rests_every_channel_and_one_probe_decides_for_all() {
    let app = app();
    let mut first = rig(&app, vec![refused(), refused()]);
    let mut second = rig(&app, Vec::new());
    first.push_aged(0..1, Duration::ZERO);
    // It waits for its probe before the other wants a turn.
    tokio::time::sleep(SECOND).await;
    second.push_aged(0..1, Duration::ZERO);
    tokio::time::sleep(SECOND * 170).await;
    assert!(first.is_resting() && second.is_resting());
    let line = "webhook \"sales\" rests: rollup_error (check the credential, the channel, and the \
                permissions in Slack)";
    assert_eq!([first.resting(), second.resting()], [[line], [line]]);
    assert_eq!(second.outcome().await, (0, Outcome::Delivered));
    assert_eq!(first.outcome().await, (0, Outcome::Delivered));
    assert!(!first.is_resting() && !second.is_resting());
    let [first, second] = [first.times(), second.times()];
    let pauses = [first[1] - first[0], second[0] - first[1]].map(|pause| pause.as_secs());
    assert!((60..=66).contains(&pauses[0]) && (120..=132).contains(&pauses[1]), "{pauses:?}");
    assert!((first.len(), second.len()) == (3, 1) && first[2] > second[0], "one probe at a time");
}

#[tokio::test(start_paused = true)]
async fn a_probe_without_an_answer_costs_no_retry_and_the_schedule_goes_on() {
    let app = app();
    let unanswered = || Step::from(Err(no_answer(AttemptResult::Connect)));
    let retry = Retry { initial: SECOND, max: SECOND, max_elapsed: SECOND };
    let webhook = Webhook { retry, ..webhook() };
    let script = [refused(), unanswered(), unanswered(), ok()];
    let mut rig = Rig::start_in(CommitWindow::new(1e6), webhook, Some(app), script);
    rig.push_aged(0..1, Duration::ZERO);
    assert_eq!(rig.outcome().await, (0, Outcome::Delivered));
    let minutes =
        rig.times().windows(2).map(|pair| (pair[1] - pair[0]).as_secs() / 60).collect::<Vec<_>>();
    assert_eq!(minutes, [1, 2, 4]);
}

#[tokio::test(start_paused = true)]
async fn while_the_app_rests_events_older_than_a_day_are_dropped_from_the_first_failed_probe_on() {
    let app = app();
    let [mut first, mut second] = [(); 2].map(|()| rig(&app, vec![refused()]));
    first.push_aged(0..1, Duration::ZERO);
    first.settle().await;
    second.push_aged(0..2, Duration::from_secs(24 * 3600 + 60));
    second.push_aged(2..3, Duration::from_secs(23 * 3600));
    for offset in 0..2 {
        assert_eq!(second.outcome().await, (offset, Outcome::Dropped(Reason::Expired)));
    }
    assert_eq!(second.times().len(), 1, "the failed probe");
    assert!(app.rests());
    assert_eq!(second.outcome().await, (2, Outcome::Delivered));
    assert_eq!(first.outcome().await, (0, Outcome::Delivered));
}

#[tokio::test(start_paused = true)]
async fn while_the_app_rests_a_channel_drops_what_is_too_old_before_it_has_a_turn() {
    let app = app();
    let mut probing: Vec<Rig> = (0..9).map(|_| rig(&app, vec![refused(), refused()])).collect();
    let mut waiting = rig(&app, Vec::new());
    for rig in &mut probing {
        rig.push_aged(0..1, Duration::ZERO);
        tokio::time::sleep(SECOND).await;
    }
    waiting.push_aged(0..2, Duration::from_secs(24 * 3600 + 60));
    waiting.push_aged(2..3, Duration::from_secs(23 * 3600));
    let started = tokio::time::Instant::now();
    for offset in 0..2 {
        assert_eq!(waiting.outcome().await, (offset, Outcome::Dropped(Reason::Expired)));
    }
    assert!(started.elapsed() <= 15 * 60 * SECOND && waiting.times().is_empty());
    assert!(app.rests());
}

#[tokio::test(start_paused = true)]
async fn a_removed_channel_does_not_show_the_rest_of_its_app() {
    let app = app();
    let mut rig = rig(&app, vec![refused()]);
    rig.push_aged(0..1, Duration::ZERO);
    rig.settle().await;
    assert!(rig.is_resting());
    rig.queue.retire(|_| false);
    rig.reload(webhook(), 0);
    rig.settle().await;
    assert!(app.rests() && !rig.is_resting());
}
