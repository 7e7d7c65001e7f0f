//! The configuration changes between stop and start: pending deliveries move to the action that
//! claims them, and nothing is repeated.

use super::{FAST, How, to};
use crate::checker::{Expected, Faults};
use crate::harness::broker::{Broker, Record};
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event, produce, token};
use crate::harness::slack::{Answer, Slack};

const PENDING: u64 = 20;

/// A worker that stopped with pending deliveries, and its successor.
struct Changed {
    broker: Broker,
    slack: Slack,
    topic: String,
    group: String,
}

/// An action of these tests: name, webhook, event, message.
type Action = (&'static str, &'static str, &'static str, &'static str);

/// The webhook that is a channel of an app.
const CHANNEL: &str = "y";

const N: &str = "{{n}}";

impl Changed {
    fn new() -> Self {
        let (broker, slack) = (Broker::real(), Slack::start());
        let topic = broker.topic(1);
        let group = Setup::new(&broker, &[&topic]).group;
        Self { broker, slack, topic, group }
    }

    fn setup(&self, actions: &[Action]) -> Setup {
        let mut setup = Setup::new(&self.broker, &[&self.topic]);
        setup.group = self.group.clone();
        let mut webhooks: Vec<_> = actions.iter().map(|(_, webhook, ..)| *webhook).collect();
        webhooks.sort_unstable();
        webhooks.dedup();
        webhooks.into_iter().fold(setup, |setup, webhook| {
            let actions: String = actions
                .iter()
                .filter(|(_, of, ..)| *of == webhook)
                .map(|(name, webhook, event, message)| {
                    format!(
                        "  - {{name: {name}, trigger: \"event == '{event}'\", webhook: {webhook}, message: '{message}'}}\n"
                    )
                })
                .collect();
            setup.webhook_with(&self.slack, webhook, FAST, &actions)
        })
        .on_channels(&self.slack, &[CHANNEL])
    }

    /// Runs a worker with these actions until the events of `produce` are read, `accepted` posts
    /// are accepted, and the rest is pending.
    fn before(
        &self,
        actions: &[Action],
        accepted: usize,
        produce: impl FnOnce() -> Vec<Expected>,
    ) -> Vec<Expected> {
        let program = Program::ready(&self.setup(actions));
        let expected = produce();
        // A settled event follows the last pending one, so that the mark is above it.
        self.broker.produce(&self.topic, &[Record::new(0, event("no match", 0))]);
        let read = self.broker.ends(&self.topic, 1)[0];
        self.slack.await_accepted(accepted);
        program.await_sum(
            "slackline_events_consumed_total",
            &[("topic", &self.topic)],
            read as f64,
        );
        How::Stop.end(program);
        expected
    }

    fn produce(&self, event: &str, ids: impl IntoIterator<Item = u64>) -> Vec<Expected> {
        produce(&self.broker, &self.topic, 1, event, ids)
    }

    /// Waits for the posts, ends the worker, and checks.
    fn check(&self, program: Program, expected: &[Expected], fault: &str) {
        self.slack.await_all_accepted(expected);
        self.broker.await_committed(&self.group, &self.topic, 1);
        program.stop();
        How::Stop.check(fault, 1, &Faults::find(expected, &self.slack.posts()), "");
    }
}

/// Produces events of which five are delivered and the rest stays pending, because the webhook
/// fails from then on.
fn five_of_the_pending(changed: &Changed, webhook: &str, event: &str) -> Vec<Expected> {
    changed.slack.script(webhook, (0..5).map(|_| Answer::Ok));
    changed.slack.default(webhook, Answer::Status(503, "down"));
    changed.produce(event, 0..PENDING + 5)
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_renamed_actions_pending_deliveries_are_posted_once_by_the_action_that_matches() {
    let changed = Changed::new();
    let events =
        changed.before(&[("old", "x", "e", N)], 5, || five_of_the_pending(&changed, "x", "e"));
    changed.slack.default("x", Answer::Ok);
    let program = Program::ready(&changed.setup(&[("new", "x", "e", N)]));
    let by_new = [("webhook", "x"), ("action", "new")];
    program.await_sum("slackline_deliveries_delivered_total", &by_new, PENDING as f64);
    assert_eq!(
        program.scrape().sum("slackline_deliveries_restored_total", &by_new),
        PENDING as f64
    );
    changed.check(program, &to("x", &events), "an action renamed with deliveries pending");
}

/// A delivery below the mark that is not listed was delivered, whatever the action's name was.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_renamed_action_repeats_nothing_while_another_webhook_has_pending_deliveries() {
    let changed = Changed::new();
    let before = [("done", "a", "e", N), ("waits", "x", "e", N)];
    let events =
        changed.before(&before, PENDING as usize + 10, || five_of_the_pending(&changed, "x", "e"));
    changed.slack.default("x", Answer::Ok);
    let program =
        Program::ready(&changed.setup(&[("renamed", "a", "e", N), ("waits", "x", "e", N)]));
    let expected = [to("a", &events), to("x", &events)].concat();
    changed.check(program, &expected, "an action renamed that had nothing pending");
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn an_action_that_moves_to_another_webhook_moves_its_pending_deliveries() {
    let changed = Changed::new();
    let events =
        changed.before(&[("moves", "x", "e", N)], 5, || five_of_the_pending(&changed, "x", "e"));
    let program = Program::ready(&changed.setup(&[("moves", "y", "e", N)]));
    let expected = [to("x", &events[..5]), to("y", &events[5..])].concat();
    changed.slack.await_all_accepted(&expected);
    assert_eq!(
        program
            .scrape()
            .sum("slackline_deliveries_restored_total", &[("webhook", "y"), ("action", "moves")]),
        PENDING as f64
    );
    changed.check(program, &expected, "an action moved to another webhook with deliveries pending");
}

/// It keeps its name, and so its pending deliveries and its throttle.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_webhook_that_becomes_a_channel_of_an_app_keeps_its_pending_deliveries() {
    let changed = Changed::new();
    let actions = [("stays", "x", "e", N)];
    let events = changed.before(&actions, 5, || five_of_the_pending(&changed, "x", "e"));
    changed.slack.default("x", Answer::Ok);
    let before = changed.slack.posts().len();
    let program = Program::ready(&changed.setup(&actions).on_channels(&changed.slack, &["x"]));
    changed.slack.await_all_accepted(&to("x", &events));
    let tokens = changed.slack.tokens();
    assert!(tokens[..before].iter().all(String::is_empty), "{tokens:?}");
    assert!(tokens[before..].iter().all(|sent| sent.ends_with(&token("acme"))), "{tokens:?}");
    changed.check(program, &to("x", &events), "a webhook moved to an app with deliveries pending");
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn unclaimed_deliveries_are_dropped_and_counted() {
    let changed = Changed::new();
    let mut kept = Vec::new();
    changed.before(&[("keeps", "x", "kept", N), ("removed", "x", "removed", N)], 0, || {
        changed.slack.default("x", Answer::Status(503, "down"));
        for id in 0..PENDING {
            changed.produce("removed", [1000 + id]);
            kept.extend(changed.produce("kept", [id]));
        }
        Vec::new()
    });
    changed.slack.default("x", Answer::Ok);
    let program = Program::ready(&changed.setup(&[("keeps", "x", "kept", N)]));
    let unclaimed = [("reason", "unclaimed")];
    program.await_sum("slackline_deliveries_dropped_total", &unclaimed, PENDING as f64);
    assert!(
        !program.warnings("unclaimed").is_empty(),
        "the drop was not logged: {}",
        program.log()
    );
    changed.check(program, &to("x", &kept), "an action removed with deliveries pending");
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn an_added_action_posts_only_events_that_are_read_after_it_was_added() {
    let changed = Changed::new();
    let old = changed.before(&[("first", "x", "e", N)], 0, || {
        changed.slack.default("x", Answer::Status(503, "down"));
        changed.produce("e", 100..100 + PENDING)
    });
    // The previous owner did not read them: the new action is active when they are read.
    let mut new = changed.produce("e", 200..205);
    let added =
        [("first", "x", "e", N), ("elsewhere", "late", "e", N), ("beside", "x", "e", "1{{n}}")];
    let program = Program::ready(&changed.setup(&added));
    new.extend(changed.produce("e", 300..305));
    changed.slack.default("x", Answer::Ok);
    // The messages of the two actions of one webhook differ.
    let beside: Vec<_> =
        to("x", &new).into_iter().map(|one| Expected { id: 1000 + one.id, ..one }).collect();
    let expected = [to("x", &old), to("x", &new), to("late", &new), beside].concat();
    changed.check(program, &expected, "an action added with deliveries of others pending");
}
