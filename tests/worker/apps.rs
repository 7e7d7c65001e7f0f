//! Slack apps that a person must repair: their channels rest, nothing is lost, and each owner makes
//! one attempt.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::checker::Faults;
use crate::harness::broker::{Broker, Record, unique};
use crate::harness::poll::throughout;
use crate::harness::program::{Program, Signal};
use crate::harness::scrape::Scrape;
use crate::harness::setup::{Setup, event, produce, token};
use crate::harness::slack::{Answer, Slack};

const FAST: &[&str] = &["rate_per_second: 50", "burst: 5"];

/// In this time a worker that does not rest would retry.
const QUIET: Duration = Duration::from_secs(2);

const RESTING: &str = "slackline_webhook_resting";

fn await_resting(program: &Program, webhooks: &[&str]) {
    program.await_metrics(&format!("{webhooks:?} rest"), |scrape| {
        webhooks.iter().all(|webhook| scrape.only(RESTING, &[("webhook", webhook)]) == Some(1.0))
    });
}

/// Fails the test if these webhooks together get another number of requests within the quiet time.
#[track_caller]
fn assert_requests(slack: &Slack, webhooks: &[&str], count: usize) {
    let requests = || webhooks.iter().map(|webhook| slack.arrivals(webhook).len()).sum::<usize>();
    throughout(QUIET, Duration::from_millis(50), |_| assert!(requests() <= count, "more attempts"));
    assert_eq!(requests(), count);
}

/// The deliveries of webhook `a` without an outcome: those in its queue, and the one in hand.
fn waiting(scrape: &Scrape) -> f64 {
    let of = |metric| scrape.sum(metric, &[("webhook", "a")]);
    of("slackline_queue_depth") + of("slackline_in_flight")
}

/// Sends SIGKILL, or SIGTERM.
fn end(program: Program, killed: bool) {
    if killed {
        program.kill();
    } else {
        program.stop();
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_resting_channel_gets_one_attempt_of_each_owner_and_nothing_is_lost() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let mut setup = Setup::new(&broker, &[&topic])
        .webhook(&slack, "a", FAST)
        .webhook(&slack, "free", FAST)
        .on_channels(&slack, &["a", "free"]);
    // So that the partition is assigned again immediately after a kill.
    setup.kafka = vec![format!("instance_id: {}", unique("member"))];
    slack.default("a", Answer::Word("not_in_channel"));
    let mut program = Program::ready(&setup);
    let mut expected = produce(&broker, &topic, 1, "a", 0..5);
    for (owner, killed) in [(1, false), (2, true), (3, false)] {
        await_resting(&program, &["a"]);
        let ids = owner * 100..owner * 100 + 3;
        expected.extend(produce(&broker, &topic, 1, "free", ids));
        slack.await_accepted(3 * owner as usize);
        assert_requests(&slack, &["a"], owner as usize);
        let scrape = program.scrape();
        assert_eq!(scrape.only(RESTING, &[("webhook", "free")]), Some(0.0));
        assert_eq!(waiting(&scrape), 5.0);
        assert_eq!(scrape.sum("slackline_deliveries_dropped_total", &[]), 0.0);
        let (status, details) = program.readiness();
        assert!(status == 200 && details.contains("not_in_channel"), "{status}: {details}");
        if owner == 3 {
            slack.default("a", Answer::Ok);
        }
        end(program, killed);
        program = Program::ready(&setup);
    }
    slack.await_all_accepted(&expected);
    program.await_sum(RESTING, &[], 0.0);
    broker.await_committed(&setup.group, &topic, 1);
    program.stop();
    Faults::find(&expected, &slack.posts()).assert_none();
}

/// Three channels have deliveries, and one of them makes the attempt: after a start, after a
/// restart, after a signal, and after each change of the token.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_resting_app_gets_one_attempt_of_each_owner_and_token_until_one_works() {
    const CHANNELS: [&str; 3] = ["a", "b", "c"];
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let secrets = tempfile::TempDir::new().unwrap();
    let file = secrets.path().join("token");
    let write = |name: &str| std::fs::write(&file, token(name)).unwrap();
    write("first");
    let setup = CHANNELS
        .iter()
        .fold(Setup::new(&broker, &[&topic]), |setup, name| setup.webhook(&slack, name, FAST))
        // So slow that the first answer arrives before the second channel's turn.
        .app(&slack, "acme", &["posts_per_minute: 120"])
        .token_file("acme", &file)
        .in_app("acme", &CHANNELS);
    let everywhere = |answer: Answer| {
        CHANNELS.iter().for_each(|channel| slack.default(channel, answer.clone()));
    };
    everywhere(Answer::Word("invalid_auth"));
    let program = Program::ready(&setup);
    let mut expected = Vec::new();
    for channel in CHANNELS {
        expected.extend(produce(&broker, &topic, 1, channel, 0..3));
    }
    await_resting(&program, &CHANNELS);
    assert_requests(&slack, &CHANNELS, 1);
    program.stop();
    let program = Program::ready(&setup);
    await_resting(&program, &CHANNELS);
    assert_requests(&slack, &CHANNELS, 2);

    // A reload that leaves the app unchanged brings no attempt; a signal brings one.
    program.reconfigure(&setup.clone().webhook(&slack, "other", FAST));
    assert_requests(&slack, &CHANNELS, 2);
    program.signal(Signal::Hup);
    slack.await_refused(3);
    assert_requests(&slack, &CHANNELS, 3);

    // The file is watched.
    write("second");
    slack.await_refused(4);
    assert_requests(&slack, &CHANNELS, 4);
    await_resting(&program, &CHANNELS);
    everywhere(Answer::Ok);
    write("third");
    slack.await_all_accepted(&expected);
    program.await_sum(RESTING, &[], 0.0);
    broker.await_committed(&setup.group, &topic, 1);
    program.stop();
    Faults::find(&expected, &slack.posts()).assert_none();
    let mut tokens: Vec<String> = slack.tokens();
    assert_eq!(tokens.split_off(4), vec![format!("Bearer {}", token("third")); 9]);
    let before =
        ["first", "first", "first", "second"].map(|name| format!("Bearer {}", token(name)));
    assert_eq!(tokens, before);
}

/// A rest does not hold the committed offset for ever: `max_age` ends the deliveries, without an
/// attempt.
#[test]
fn a_resting_channel_drops_what_exceeds_its_max_age_and_the_offset_is_committed() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let lines = [FAST, &["max_age: 3s"]].concat();
    let setup = Setup::new(&broker, &[&topic])
        .webhook(&slack, "a", &lines)
        .webhook(&slack, "free", FAST)
        .on_channels(&slack, &["a", "free"]);
    slack.default("a", Answer::Word("is_archived"));
    let program = Program::ready(&setup);
    produce(&broker, &topic, 1, "a", 0..4);
    let free = produce(&broker, &topic, 1, "free", 100..103);
    await_resting(&program, &["a"]);
    // A delivery's age is checked before each attempt: a signal requests the next one.
    program.await_metrics("deliveries above their max_age", |scrape| {
        scrape.sum("slackline_oldest_unsettled_age_seconds", &[]) > 3.5
    });
    program.signal(Signal::Hup);
    let expired = [("webhook", "a"), ("reason", "expired")];
    program.await_sum("slackline_deliveries_dropped_total", &expired, 4.0);
    broker.await_committed(&setup.group, &topic, 1);
    slack.await_all_accepted(&free);
    assert_eq!(slack.arrivals("a").len(), 1, "an expired delivery cost an attempt");
    assert_eq!(program.scrape().sum("slackline_deliveries_dropped_total", &[]), 4.0);
    program.stop();
}

/// Without a `max_age`, a rest drops what is older than a day, once an attempt after the first has
/// failed; younger deliveries wait.
#[test]
fn a_rest_drops_what_is_older_than_a_day_and_keeps_the_rest() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", FAST);
    slack.default("a", Answer::Status(404, "no_service"));
    let program = Program::ready(&setup);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let old = (now - Duration::from_secs(25 * 3600)).as_millis() as i64;
    let of_yesterday = |n| Record { timestamp: Some(old), ..Record::new(0, event("a", n)) };
    broker.produce(&topic, &[of_yesterday(0), of_yesterday(1)]);
    let mut expected = produce(&broker, &topic, 1, "a", 2..5);
    await_resting(&program, &["a"]);
    assert_requests(&slack, &["a"], 1);
    assert_eq!(program.scrape().sum("slackline_deliveries_dropped_total", &[]), 0.0);
    program.signal(Signal::Hup);
    let expired = [("webhook", "a"), ("reason", "expired")];
    program.await_sum("slackline_deliveries_dropped_total", &expired, 2.0);
    assert_requests(&slack, &["a"], 2);
    assert_eq!(waiting(&program.scrape()), 3.0);
    slack.default("a", Answer::Ok);
    program.signal(Signal::Hup);
    slack.await_all_accepted(&expected);
    program.await_sum(RESTING, &[], 0.0);
    expected.extend(produce(&broker, &topic, 1, "a", 5..8));
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 1);
    program.stop();
    Faults::find(&expected, &slack.posts()).assert_none();
}
