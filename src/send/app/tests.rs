#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use tokio::task::JoinSet;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// With a turn each second.
fn app() -> Arc<App> {
    let app = App::new("acme".to_owned(), AppMetrics::default());
    app.set_rate(1.0, 1.0);
    Arc::new(app)
}

fn by(channel: u32) -> Attempter {
    Attempter { channel: WebhookIndex(channel), generation: 0 }
}

#[tokio::test(start_paused = true)]
async fn channels_take_turns_however_much_each_has_to_post() {
    let (app, order) = (app(), Arc::new(Mutex::new(Vec::new())));
    app.set_rate(1.0, 0.0);
    let started = Instant::now();
    let mut senders = JoinSet::new();
    for (channel, messages) in [(0, 20), (1, 3), (2, 20)] {
        let (app, order) = (Arc::clone(&app), Arc::clone(&order));
        senders.spawn(async move {
            for _ in 0..messages {
                let turn = Arc::clone(&app).turn(0).await;
                assert!(app.take(turn, by(channel)));
                order.lock().push(channel);
            }
        });
    }
    // Each waits for its first turn.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    app.set_rate(1.0, 1.0);
    senders.join_all().await;
    let order = order.lock();
    assert_eq!(order[..9], [0, 1, 2, 0, 1, 2, 0, 1, 2]);
    assert!(order[9..].chunks(2).all(|pair| pair == [0, 2]), "{order:?}");
    assert_eq!(started.elapsed().as_secs(), 42, "43 turns");
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Asks(u32),
    Posts(u32),
    GivesUp(u32),
}

/// A message: the pause before it, and how long its channel waits for a turn, in milliseconds.
fn message() -> impl Strategy<Value = (u64, u64)> {
    let pause = prop_oneof![2 => Just(0), 1 => 1..9000u64];
    (pause, prop_oneof![9 => Just(1_000_000), 1 => 1..4000u64])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// A channel that has posted is behind all that asked before it asks again.
    #[test]
    fn no_channel_waits_for_more_than_one_message_of_each_other(
        channels in prop::collection::vec(prop::collection::vec(message(), 0..20), 2..6),
    ) {
        let builder = &mut tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        runtime.block_on(async {
            let (app, mut senders) = (app(), JoinSet::new());
            for (channel, messages) in (0..).zip(channels) {
                let (app, log) = (Arc::clone(&app), Arc::clone(&log));
                senders.spawn(async move {
                    for (pause, patience) in messages {
                        if pause > 0 {
                            tokio::time::sleep(Duration::from_millis(pause)).await;
                        }
                        log.lock().push(Step::Asks(channel));
                        let patience = Duration::from_millis(patience);
                        let turn = match app.try_turn(0) {
                            Some(turn) => Ok(turn),
                            None => tokio::time::timeout(patience, Arc::clone(&app).turn(0)).await,
                        };
                        let step = match turn {
                            Ok(turn) => {
                                assert!(app.take(turn, by(channel)));
                                Step::Posts(channel)
                            }
                            Err(_) => Step::GivesUp(channel),
                        };
                        log.lock().push(step);
                    }
                });
            }
            senders.join_all().await;
        });
        let log = log.lock();
        for (at, step) in log.iter().enumerate() {
            let Step::Asks(channel) = *step else { continue };
            let ends = [Step::Posts(channel), Step::GivesUp(channel)];
            let waiting: Vec<_> =
                log[at + 1..].iter().take_while(|step| !ends.contains(step)).collect();
            for other in 0..6 {
                let posts = waiting.iter().filter(|step| ***step == Step::Posts(other)).count();
                prop_assert!(posts <= 1, "{channel} waited for {posts} of {other}: {log:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_given_up_goes_to_the_next_channel() {
    let app = app();
    app.set_rate(1.0, 0.0);
    let waiting = tokio::time::timeout(SECOND, Arc::clone(&app).turn(0)).await;
    assert!(waiting.is_err(), "no share");
    let next = tokio::spawn(Arc::clone(&app).turn(0));
    tokio::time::sleep(SECOND).await;
    app.set_rate(1.0, 0.5);
    let turn = next.await.unwrap();
    assert_eq!(turn.waited(), SECOND);
    assert!(app.take(turn, by(0)));
    assert_eq!(app.metrics.rate_limit(), 0.5);
}

#[tokio::test(start_paused = true)]
async fn while_the_app_rests_the_others_wait_for_the_answer_to_the_probe() {
    let app = app();
    let word = || "token_revoked".to_owned();
    let revoked = Verdict::Rest { word: word(), whose: Repair::App };
    app.record(by(0), &revoked);
    assert!(app.rests());
    let started = Instant::now();
    let turn = Arc::clone(&app).turn(0).await;
    assert!((60..=66).contains(&started.elapsed().as_secs()));
    assert!(app.take(turn, by(1)));
    let mut other = tokio::spawn(Arc::clone(&app).turn(0));
    assert!(tokio::time::timeout(SECOND * 3600, &mut other).await.is_err());
    // The channel must be repaired, but the credential works.
    let channel = Verdict::Rest { word: "not_in_channel".to_owned(), whose: Repair::Channel };
    app.record(by(1), &channel);
    assert!(!app.rests());
    assert!(app.take(other.await.unwrap(), by(0)));
}

#[tokio::test(start_paused = true)]
async fn another_credential_brings_a_probe_without_waiting() {
    let app = app();
    let revoked = Verdict::Rest { word: "invalid_auth".to_owned(), whose: Repair::App };
    app.record(by(0), &revoked);
    let mut old = tokio::spawn(Arc::clone(&app).turn(0));
    tokio::time::sleep(SECOND).await;
    let started = Instant::now();
    app.renew(1);
    assert!(tokio::time::timeout(SECOND * 3600, &mut old).await.is_err(), "the old credential");
    old.abort();
    let turn = Arc::clone(&app).turn(1).await;
    assert!(app.take(turn, Attempter { channel: WebhookIndex(0), generation: 1 }));
    assert_eq!(started.elapsed(), SECOND * 3600);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_another_credential_changes_nothing() {
    let app = app();
    let revoked = Verdict::Rest { word: "invalid_auth".to_owned(), whose: Repair::App };
    let by = |generation| Attempter { channel: WebhookIndex(0), generation };
    app.renew(1);
    app.record(by(0), &revoked);
    assert!(!app.rests(), "the old token's attempt was under way");
    app.record(by(1), &revoked);
    app.record(by(0), &Verdict::Delivered);
    assert!(app.rests());
    app.record(by(1), &Verdict::Delivered);
    assert!(!app.rests());
}
