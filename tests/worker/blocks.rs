//! Messages with blocks: what is posted, after a reload and a kill, and where Slack refuses them.

use serde_json::{Value, json};

use crate::harness::broker::{Broker, Record};
use crate::harness::program::{Program, Signal};
use crate::harness::setup::Setup;
use crate::harness::slack::{Answer, Slack};

/// An action whose blocks have this header.
fn action(header: &str) -> String {
    format!(
        r#"  - name: order
    trigger: "$.total >= 0"
    webhook: a
    message: "Order {{{{$.id}}}}"
    blocks:
      - {{ header: "{header} {{{{$.id}}}}" }}
      - {{ for_each: "$.items", as: item, section: "• {{{{item | upper}}}}" }}
      - {{ if: "$.total > 100", context: "{{{{$.total | money: 'EUR'}}}}" }}
"#
    )
}

fn event(id: u64) -> Record {
    Record::new(0, format!(r#"{{"id":{id},"total":1234.5,"items":["<tea>","cup"]}}"#))
}

/// What is posted for an event.
fn blocks(header: &str, id: u64) -> Value {
    let section = |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    json!([
        {"type": "header", "text": {"type": "plain_text", "text": format!("{header} {id}")}},
        section("• &lt;TEA&gt;"),
        section("• CUP"),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "€1,234.50"}]},
    ])
}

fn setup(broker: &Broker, topic: &str, slack: &Slack, header: &str) -> Setup {
    let settings = &["rate_per_second: 20"];
    Setup::new(broker, &[topic]).webhook_with(slack, "a", settings, &action(header))
}

#[test]
fn blocks_are_posted_reloaded_and_left_out_where_slack_refuses_them() {
    for is_app in [false, true] {
        let (broker, slack) = (Broker::mock(), Slack::start());
        let topic = broker.topic(1);
        let of = |setup: Setup| if is_app { setup.on_channels(&slack, &["a"]) } else { setup };
        let first = of(setup(&broker, &topic, &slack, "New order"));
        let program = Program::ready(&first);
        broker.produce(&topic, &[event(1)]);
        slack.await_accepted(1);

        let hash = program.scrape().only("slackline_config_hash", &[]);
        let mut second = of(setup(&broker, &topic, &slack, "Another order"));
        second.group.clone_from(&first.group);
        program.configure(&second);
        program.signal(Signal::Hup);
        program.await_metrics("another configuration", |scrape| {
            scrape.only("slackline_config_hash", &[]) != hash
        });
        let refusal = if is_app {
            Answer::Word("invalid_blocks")
        } else {
            Answer::Status(400, "invalid_blocks")
        };
        slack.script("a", [Answer::Ok, refusal]);
        broker.produce(&topic, &[event(2), event(3)]);
        slack.await_accepted(3);
        broker.await_committed(&first.group, &topic, 1);

        let bodies = slack.bodies("a");
        let posted: Vec<_> =
            bodies.iter().map(|body| (body["text"].as_str(), body.get("blocks"))).collect();
        let headers = ["New order", "Another order", "Another order"];
        let blocks = [1, 2, 3].map(|id| blocks(headers[id - 1], id as u64));
        assert_eq!(
            posted,
            [
                (Some("Order 1"), Some(&blocks[0])),
                (Some("Order 2"), Some(&blocks[1])),
                (Some("Order 3"), Some(&blocks[2])),
                (Some("Order 3"), None),
            ]
        );
        let last = program.stop();
        assert_eq!(last.sum("slackline_deliveries_delivered_total", &[]), 3.0);
        let refused = [("webhook", "a"), ("action", "order")];
        assert_eq!(last.only("slackline_blocks_refused_total", &refused), Some(1.0));
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn blocks_are_the_same_after_a_kill() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let setup = setup(&broker, &topic, &slack, "Order");
    let program = Program::ready(&setup);
    slack.default("a", Answer::Status(503, "busy"));
    broker.produce(&topic, &[event(1), event(2)]);
    slack.await_requests("a", 1);
    program.kill();
    slack.default("a", Answer::Ok);
    let program = Program::ready(&setup);
    slack.await_accepted(2);
    broker.await_committed(&setup.group, &topic, 1);
    let bodies = slack.bodies("a");
    let mut posted: Vec<_> = bodies.iter().map(|body| body["blocks"].clone()).collect();
    posted.dedup();
    assert_eq!(posted, [blocks("Order", 1), blocks("Order", 2)]);
    program.stop();
}
