//! Long texts in parts: order, and what a stop, a kill, a reload and another configuration make of
//! a message of which parts were posted.

use crate::harness::broker::{Broker, Record};
use crate::harness::program::{Program, Signal};
use crate::harness::setup::Setup;
use crate::harness::slack::{Answer, Slack};

const SPLIT: &str = "  \
  - {name: long, trigger: \"event == 'long'\", webhook: a, message: '{{text}}', long_text: split}
";

/// An event whose message has this many parts: the first starts with `N.1`.
fn event(n: u64, parts: usize) -> Record {
    let words: Vec<String> =
        (1..=parts).map(|at| format!("{n}.{at}{}", "x".repeat(3_000))).collect();
    Record::new(0, format!(r#"{{"event":"long","n":{n},"text":"{}"}}"#, words.join(" ")))
}

/// What was posted, in the order of arrival, each as `EVENT.PART`.
fn posted(slack: &Slack) -> Vec<String> {
    let text = |body: &serde_json::Value| {
        body["text"].as_str().unwrap().split('x').next().unwrap().to_owned()
    };
    slack.bodies("a").iter().map(text).collect()
}

fn parts(n: u64, count: usize) -> Vec<String> {
    (1..=count).map(|part| format!("{n}.{part}")).collect()
}

#[test]
fn long_text_is_posted_part_by_part_and_counted_once() {
    for is_app in [false, true] {
        let (broker, slack) = (Broker::mock(), Slack::start());
        let topic = broker.topic(1);
        let mut setup = Setup::new(&broker, &[&topic]).webhook_with(
            &slack,
            "a",
            &["rate_per_second: 20"],
            SPLIT,
        );
        if is_app {
            setup = setup.on_channels(&slack, &["a"]);
        }
        let program = Program::ready(&setup);
        slack.script("a", [Answer::Ok, Answer::Status(500, "rollup_error")]);
        broker.produce(&topic, &[event(0, 4), event(1, 1), event(2, 2)]);
        slack.await_accepted(7);
        broker.await_committed(&setup.group, &topic, 1);
        let all = ["0.1", "0.2", "0.2", "0.3", "0.4", "1.1", "2.1", "2.2"];
        assert_eq!(posted(&slack), all, "one part failed and was retried, nothing came between");
        let last = program.stop();
        assert_eq!(last.sum("slackline_deliveries_delivered_total", &[]), 3.0);
        assert_eq!(last.sum("slackline_messages_truncated_total", &[]), 0.0);
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn long_text_goes_on_with_the_next_part_after_stops_and_reloads() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup =
        Setup::new(&broker, &[&topic]).webhook_with(&slack, "a", &["rate_per_second: 4"], SPLIT);
    let mut program = Program::ready(&setup);
    broker.produce(&topic, &[event(0, 12), event(1, 3)]);
    for count in [2, 5, 8] {
        slack.await_accepted(count);
        program.signal(Signal::Hup);
        slack.await_accepted(count + 1);
        program.stop();
        program = Program::ready(&setup);
    }
    slack.await_accepted(15);
    broker.await_committed(&setup.group, &topic, 1);
    assert_eq!(posted(&slack), [parts(0, 12), parts(1, 3)].concat(), "each once, in order");
    let last = program.stop();
    assert_eq!(last.sum("slackline_deliveries_dropped_total", &[]), 0.0);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn long_text_repeats_at_most_the_part_in_doubt_after_a_kill() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup =
        Setup::new(&broker, &[&topic]).webhook_with(&slack, "a", &["rate_per_second: 10"], SPLIT);
    let mut program = Program::ready(&setup);
    broker.produce(&topic, &[event(0, 12), event(1, 2)]);
    let mut kills = 0;
    for count in [1, 4, 7, 10] {
        slack.await_accepted(count + kills);
        program.kill();
        kills += 1;
        program = Program::start(&setup);
    }
    broker.await_committed(&setup.group, &topic, 1);
    let (posted, all) = (posted(&slack), [parts(0, 12), parts(1, 2)].concat());
    let mut firsts = Vec::new();
    for part in &posted {
        if !firsts.contains(part) {
            firsts.push(part.clone());
        }
    }
    assert_eq!(firsts, all, "nothing is missing, and the order is kept");
    let repeated = posted.len() - all.len();
    assert!(repeated <= kills, "{repeated} parts were repeated by {kills} kills: {posted:?}");
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn long_text_of_which_another_configuration_has_fewer_parts_is_delivered() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let with = |actions: &str| {
        Setup::new(&broker, &[&topic]).webhook_with(&slack, "a", &["rate_per_second: 2"], actions)
    };
    let split = with(SPLIT);
    let program = Program::ready(&split);
    broker.produce(&topic, &[event(0, 9), event(1, 2)]);
    slack.await_accepted(2);
    program.stop();
    let before = posted(&slack);
    let mut truncate = with(&SPLIT.replace("split", "truncate"));
    truncate.group.clone_from(&split.group);
    let program = Program::ready(&truncate);
    broker.await_committed(&truncate.group, &topic, 1);
    assert_eq!(posted(&slack), [before, parts(1, 1)].concat(), "the second event is cut");
    let last = program.stop();
    assert_eq!(last.sum("slackline_deliveries_delivered_total", &[]), 2.0);
}
