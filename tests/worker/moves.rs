//! A webhook that moves between a URL and an app's channels, by a reload or a restart: its pending
//! deliveries go along.

use crate::checker::{Expected, Faults};
use crate::harness::broker::{Broker, unique};
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const FAST: &[&str] = &["rate_per_second: 50", "burst: 5"];

/// What is refused this way is attempted again soon.
const DOWN: Answer = Answer::Status(503, "down");

/// How another configuration is activated.
#[derive(Debug, Clone, Copy)]
enum By {
    Reload,
    Restart,
}

impl By {
    fn activate(self, program: Program, setup: &Setup) -> Program {
        match self {
            Self::Reload => {
                program.reconfigure(setup);
                program
            }
            Self::Restart => {
                program.stop();
                Program::ready(setup)
            }
        }
    }
}

/// A worker that is assigned its partition again immediately after a restart.
fn setup(broker: &Broker, topic: &str) -> Setup {
    let mut setup = Setup::new(broker, &[topic]);
    setup.kafka = vec![format!("instance_id: {}", unique("member"))];
    setup
}

/// A webhook of an app, whose action chooses the channel that the event has as its name.
fn regions(setup: Setup, slack: &Slack, own: &str, further: &str) -> Setup {
    let action =
        "  - {name: r, trigger: 'event', webhook: r, channel: '#{{event}}', message: '{{n}}'}\n";
    let channels = format!("channels: [{further}]");
    let lines = [FAST, &[&channels]].concat();
    let app = &["posts_per_minute: 60000"];
    setup
        .webhook_with(slack, "r", &lines, action)
        .app(slack, "acme", app)
        .in_app_as("acme", "r", own)
}

/// The same events, posted to another channel than the one of their name.
fn at(expected: Vec<Expected>, webhook: &str) -> Vec<Expected> {
    expected.into_iter().map(|one| Expected { webhook: webhook.to_owned(), ..one }).collect()
}

fn finish(program: Program, broker: &Broker, group: &str, topic: &str) {
    broker.await_committed(group, topic, 1);
    let scrape = program.scrape();
    assert_eq!(scrape.sum("slackline_deliveries_dropped_total", &[]), 0.0);
    program.stop();
}

fn move_to_an_app_and_back(by: By) {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let url = setup(&broker, &topic).webhook(&slack, "a", FAST);
    let app = url.clone().on_channels(&slack, &["a"]);
    let mut program = Program::ready(&url);
    let mut expected = Vec::new();
    for (round, target) in (0..).zip([&app, &url, &app]) {
        slack.default("a", DOWN);
        let before = slack.bodies("a").len();
        expected.extend(produce(&broker, &topic, 1, "a", round * 10..round * 10 + 5));
        slack.await_requests("a", before + 1);
        program = by.activate(program, target);
        slack.default("a", Answer::Ok);
        slack.await_all_accepted(&expected);
        let last = slack.bodies("a").pop().unwrap();
        let (channel, user) = match round {
            1 => (None, Some("Slackline")),
            _ => (Some("#a"), None),
        };
        assert_eq!(last.get("channel").and_then(|it| it.as_str()), channel, "{by:?} {round}");
        assert_eq!(last.get("username").and_then(|it| it.as_str()), user, "{by:?} {round}");
    }
    finish(program, &broker, &url.group, &topic);
    Faults::find(&expected, &slack.posts()).assert_none();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_webhook_that_moves_to_an_app_and_back_keeps_its_pending_deliveries() {
    move_to_an_app_and_back(By::Reload);
    move_to_an_app_and_back(By::Restart);
}

fn remove_a_channel(by: By) {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let base = setup(&broker, &topic);
    let before = regions(base.clone(), &slack, "own", "'#one', '#two'");
    let after = regions(base, &slack, "own", "'#two'");
    slack.default("one", DOWN);
    let program = Program::ready(&before);
    let pending = produce(&broker, &topic, 1, "one", 0..5);
    let mut expected = produce(&broker, &topic, 1, "two", 10..13);
    expected.extend(produce(&broker, &topic, 1, "own", 20..23));
    slack.await_all_accepted(&expected);
    slack.await_requests("one", 1);
    let program = by.activate(program, &after);
    // One that the data of an event names, and the webhook does not list.
    let unlisted = produce(&broker, &topic, 1, "elsewhere", 30..32);
    expected.extend(at(pending, "own"));
    expected.extend(at(unlisted, "own"));
    slack.await_all_accepted(&expected);
    let counted = program.scrape().sum("slackline_channel_not_listed_total", &[("webhook", "r")]);
    let reread = match by {
        By::Reload => 0.0,
        By::Restart => 5.0,
    };
    assert_eq!(counted, 2.0 + reread, "{by:?}");
    finish(program, &broker, &before.group, &topic);
    // The own channel has posted younger events meanwhile.
    let found = Faults::find(&expected, &slack.posts());
    Faults { disordered: Vec::new(), ..found }.assert_none();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn what_is_pending_for_a_channel_that_is_no_longer_listed_goes_to_the_webhooks_own() {
    remove_a_channel(By::Reload);
    remove_a_channel(By::Restart);
}

fn change_the_channel(by: By) {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let base = setup(&broker, &topic).webhook(&slack, "a", FAST).app(
        &slack,
        "acme",
        &["posts_per_minute: 60000"],
    );
    let before = base.clone().in_app("acme", &["a"]);
    let after = base.in_app_as("acme", "a", "other");
    slack.default("a", DOWN);
    let program = Program::ready(&before);
    let expected = at(produce(&broker, &topic, 1, "a", 0..5), "other");
    slack.await_requests("a", 1);
    let program = by.activate(program, &after);
    slack.await_all_accepted(&expected);
    finish(program, &broker, &before.group, &topic);
    Faults::find(&expected, &slack.posts()).assert_none();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_changed_channel_takes_its_pending_deliveries_along() {
    change_the_channel(By::Reload);
    change_the_channel(By::Restart);
}
