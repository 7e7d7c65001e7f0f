//! No record can stop the worker: each is read or counted as invalid, settled, and the events after
//! it are delivered.

use crate::checker::Faults;
use crate::harness::broker::{Broker, Record, unique};
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event, produce};
use crate::harness::slack::Slack;

/// Every invalid payload with its reason.
fn invalid() -> Vec<(&'static str, Option<Vec<u8>>)> {
    let nested = |open: &str, count: usize| Some(open.repeat(count).into_bytes());
    let text = |text: &str| Some(text.as_bytes().to_vec());
    vec![
        ("empty", None),
        ("empty", text("")),
        ("not_json", text("hello")),
        ("not_json", text(r#"{"type":"track","event":"a","n":1"#)),
        ("not_json", text(r#"{"type":"track"} {}"#)),
        ("not_json", Some(b"{\"event\":\"\xff\xfe\"}".to_vec())),
        ("not_json", Some(vec![0; 64])),
        ("not_json", text(r#"{"n": 01}"#)),
        ("not_json", text("{'event': 'a'}")),
        ("not_object", text("null")),
        ("not_object", text("[1, 2]")),
        ("not_object", text("\"event\"")),
        ("not_object", text("42")),
        (
            "too_deep",
            Some(format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes()),
        ),
        ("too_deep", Some(format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200)).into_bytes())),
        // Too deep and never closed: the parser may report either reason.
        ("", nested("[", 100_000)),
        ("", nested("{\"a\":", 100_000)),
    ]
}

/// Unusual but valid events.
fn unusual() -> Vec<String> {
    let long = "x".repeat(10_000_000);
    vec![
        format!(r#"{{"event":"a","n":1,"properties":{{"long":"{long}"}}}}"#),
        format!(r#"{{"event":"a","n":2,"list":[{}0]}}"#, "1,".repeat(4_000_000)),
        r#"{"event":"a","n":3,"name":"cut \ud83c"}"#.to_owned(),
        r#"{"event":"other","event":"a","n":0,"n":4}"#.to_owned(),
        r#"{"event":"a","n":5,"big":1e400,"small":1e-400,"long":123456789012345678901234567890}"#
            .to_owned(),
        "  {\"event\":\"a\",\"n\":6}\r\n".to_owned(),
        r#"{"event":"a","n":7,"":{"":null}," ":"\u0000"}"#.to_owned(),
    ]
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn every_bad_event_is_counted_and_settled_and_the_good_ones_are_delivered() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = unique("events-bad");
    broker.create(&topic, 1, &[("max.message.bytes", "12000000")]);
    let fast = &["rate_per_second: 100", "burst: 10", "queue_capacity: 1000"];
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", fast);
    let program = Program::ready(&setup);

    let bad: Vec<_> =
        invalid().into_iter().map(|(_, payload)| Record { payload, ..Record::default() }).collect();
    broker.produce(&topic, &bad);
    let mut expected = Vec::new();
    for (n, payload) in (1..).zip(unusual()) {
        let offset = broker.produce(&topic, &[Record::new(0, payload)])[0];
        expected.push(crate::checker::Expected {
            webhook: "a".into(),
            id: n,
            partition: (topic.clone(), 0),
            offset,
        });
    }
    // More big events than one fetch holds.
    let big = unusual().swap_remove(0).replace("\"a\"", "\"other\"");
    broker.produce(&topic, &vec![Record::new(0, big); 10]);
    broker.produce(&topic, &[Record::new(0, event("other", 1))]);
    expected.extend(produce(&broker, &topic, 1, "a", 100..105));

    slack.await_accepted(expected.len());
    broker.await_committed(&setup.group, &topic, 1);
    let scrape = program.await_sum("slackline_consumer_lag", &[("topic", &topic)], 0.0);
    let counted = |reason: &str| {
        scrape.sum("slackline_events_invalid_total", &[("topic", &topic), ("reason", reason)])
    };
    for reason in ["empty", "not_json", "not_object", "too_deep"] {
        let least = invalid().iter().filter(|(of, _)| *of == reason).count() as f64;
        let found = counted(reason);
        assert!(
            found >= least && (reason == "too_deep" || reason == "not_json" || found == least),
            "{reason}: {found}, not {least}"
        );
    }
    let all = ["empty", "not_json", "not_object", "too_deep"].map(counted).iter().sum::<f64>();
    assert_eq!(all, invalid().len() as f64);
    Faults::find(&expected, &slack.posts()).assert_none();
    let (_, most) = program.memory();
    assert!(most < 500_000_000, "{most} bytes for events of 10 MB");
    program.stop();
}
