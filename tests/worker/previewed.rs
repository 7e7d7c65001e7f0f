//! What `preview` shows is what `send` and `run` post, to incoming webhooks and as an app.

use serde_json::Value;

use crate::harness::broker::{Broker, Record};
use crate::harness::preview::with_event;
use crate::harness::program::Program;
use crate::harness::setup::Setup;
use crate::harness::slack::Slack;

const EVENT: &str = r#"{"event":"x","n":7,"c":"us","name":"Ada & <co>"}"#;

const ACTIONS: &str = r##"  - name: incoming
    trigger: event == 'x'
    webhook: incoming
    message: "{{name}} 49.90"
    channel: "#{{c}}"
    icon_emoji: bell
    unfurl: false
  - name: plain
    trigger: event == 'x'
    webhook: incoming
    message: plain {{n}}
"##;

const ACTIONS_OF_APP: &str = r##"  - name: chosen
    trigger: event == 'x'
    webhook: own
    message: "{{name}} 49.90"
    channel: "#{{c}}"
    user: Bot {{n}}
    icon_url: https://example.com/{{n}}.png
    link_names: true
  - name: default
    trigger: event == 'x'
    webhook: own
    message: plain {{n}}
"##;

/// Each action, and what it posts to.
const POSTED: [(&str, &str); 4] =
    [("incoming", "incoming"), ("plain", "incoming"), ("chosen", "us"), ("default", "own")];

/// The bodies of all requests, sorted.
fn bodies(slack: &Slack) -> Vec<String> {
    let places = ["incoming", "us", "own"];
    let bodies = places.iter().flat_map(|place| slack.bodies(place));
    let mut bodies: Vec<String> = bodies.map(|body| body.to_string()).collect();
    bodies.sort_unstable();
    bodies
}

#[test]
fn what_is_shown_is_what_is_posted() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let fast = "rate_per_second: 50";
    let setup = Setup::new(&broker, &[&topic])
        .webhook_with(&slack, "incoming", &[fast], ACTIONS)
        .webhook_with(&slack, "own", &[fast, "channels: ['#us']"], ACTIONS_OF_APP)
        .on_channels(&slack, &["own"]);
    let (status, out, err) = with_event(&setup, &["preview", "--output", "json"], EVENT);
    assert_eq!(status, Some(0), "{err}");
    let shown: Value = serde_json::from_str(&out).unwrap();
    let actions = shown["actions"].as_array().unwrap();
    let mut payloads: Vec<String> =
        actions.iter().map(|action| action["payload"].to_string()).collect();
    assert_eq!(payloads.len(), POSTED.len(), "{out}");
    assert!(bodies(&slack).is_empty(), "preview sends nothing");

    for ((action, place), payload) in POSTED.iter().zip(&payloads) {
        let before = slack.bodies(place).len();
        let (status, _, err) = with_event(&setup, &["send", "--action", action], EVENT);
        assert_eq!(status, Some(0), "{err}");
        assert_eq!(slack.bodies(place).split_off(before)[0].to_string(), *payload);
    }

    let program = Program::ready(&setup);
    broker.produce(&topic, &[Record::new(0, EVENT)]);
    slack.await_accepted(2 * POSTED.len());
    program.stop();
    payloads = [payloads.clone(), payloads].concat();
    payloads.sort_unstable();
    assert_eq!(bodies(&slack), payloads);
}
