//! No record can stop the worker: each is read or counted as invalid, settled, and the events after
//! it are delivered.

use crate::checker::Faults;
use crate::harness::broker::{Broker, Record, unique};
use crate::harness::preview::preview_at;
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
        ("array", text("[1, 2]")),
        ("array", Some(b"\0\0\0\0\x0c[{}]".to_vec())),
        ("not_json", Some(b"\0\0\0\0\x0c\x06Ada".to_vec())),
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

/// The sum of a field over lines of the log.
fn sum<'l>(lines: impl IntoIterator<Item = &'l str>, field: &str) -> usize {
    let value = |line: &str| -> Option<usize> {
        line.split_once(&format!(" {field}="))?.1.split(' ').next()?.trim().parse().ok()
    };
    lines.into_iter().filter_map(value).sum()
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
        // Behind Confluent's five bytes.
        "\0\0\0\x01\x0a{\"event\":\"a\",\"n\":8}".to_owned(),
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
    for reason in REASONS {
        let least = invalid().iter().filter(|(of, _)| *of == reason).count() as f64;
        let found = counted(reason);
        assert!(
            found >= least && (reason == "too_deep" || reason == "not_json" || found == least),
            "{reason}: {found}, not {least}"
        );
    }
    let all = REASONS.map(counted).iter().sum::<f64>();
    assert_eq!(all, invalid().len() as f64);
    Faults::find(&expected, &slack.posts()).assert_none();
    let (_, most) = program.memory();
    assert!(most < 500_000_000, "{most} bytes for events of 10 MB");
    let log = program.stop_and_log();
    let lines = || log.lines().filter(|line| line.contains("invalid event skipped"));
    assert_eq!(sum(lines(), "events"), invalid().len(), "{log}");
    for reason in REASONS {
        let of_reason = lines().filter(|line| line.contains(&format!(" reason=\"{reason}\"")));
        // The first, and at the stop those that followed within the minute.
        assert_eq!(sum(of_reason.clone(), "events"), counted(reason) as usize, "{log}");
        assert!((1..=3).contains(&of_reason.count()), "{log}");
    }
}

const REASONS: [&str; 5] = ["empty", "not_json", "array", "not_object", "too_deep"];

/// What was found, where, and what it looks like; never what is in it.
#[test]
fn each_event_that_cannot_be_used_leaves_a_line_with_its_position() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let actions =
        "  - {name: vip, trigger: \"contains(tags, 'vip')\", webhook: a, message: '{{n}}'}
  - {name: blank, trigger: secret, webhook: a, message: '{{missing}}'}
  - {name: long, trigger: long, webhook: a, message: '{{long}}'}
  - {name: outbox, trigger: parse_json(payload).plan, webhook: a, message: '{{n}}'}\n";
    let setup = Setup::new(&broker, &[&topic]).webhook_with(
        &slack,
        "a",
        &["rate_per_second: 100"],
        actions,
    );
    let program = Program::ready(&setup);
    let tagged = r#""tags":[],"secret":"hunter2","n":1"#;
    let payloads: [Option<&[u8]>; 10] = [
        Some(br#"{"secret":"hunter2"#),
        Some(b"\0\0\0\0\x0c\x0ehunter2"),
        Some(br#"[{"secret":"hunter2"}]"#),
        None,
        Some(br#"{"secret":"hunter2"}"#),
        Some(&format!("{{{tagged}}}").into_bytes()),
        Some(&format!("{{{tagged},\"payload\":\"hunter2\"}}").into_bytes()),
        Some(br#"{"tags":["vip"],"n":7,"payload":"{\"plan\":\"pro\"}"}"#),
        Some(br#""hunter2""#),
        Some(&format!("{{\"tags\":[],\"long\":\"{}\"}}", "hunter2".repeat(9_000)).into_bytes()),
    ];
    let records = payloads
        .map(|payload| Record { payload: payload.map(<[u8]>::to_vec), ..Record::default() });
    let first = broker.produce(&topic, &records)[0];
    slack.await_accepted(3);
    broker.await_committed(&setup.group, &topic, 1);
    let log = program.stop_and_log();
    let line = |parts: &[&str]| {
        let of = |line: &&str| parts.iter().all(|part| line.contains(part));
        let found: Vec<&str> = log.lines().filter(of).collect();
        assert_eq!(found.len(), 1, "{parts:?} in\n{log}");
        found[0].to_owned()
    };
    let at = |n: i64| format!("topic=\"{topic}\" partition=0 offset={} ", first + n);
    let skipped = "invalid event skipped";
    for (n, parts) in [
        (0, [" WARN ", "reason=\"not_json\" looks_like=\"JSON cut short\""]),
        (1, [" WARN ", "looks_like=\"Confluent's wire format with schema id 12, probably Avro\""]),
        (2, [" WARN ", "reason=\"array\" looks_like=\"a JSON array\""]),
        (3, [" INFO ", "reason=\"empty\" looks_like=\"a tombstone\""]),
        (8, [" WARN ", "reason=\"not_object\" looks_like=\"a JSON text\""]),
    ] {
        let found = line(&[parts[0], parts[1], &at(n), skipped]);
        assert!(found.contains(" events=1"), "{found}");
    }
    let failed = "expression failed: false in a trigger, empty in a message";
    let vip = line(&["action=\"vip\"", failed]);
    assert!(vip.contains("contains(tags, 'vip')") && vip.contains("argument 1, not null"), "{vip}");
    assert!(vip.contains(&at(4)) && vip.contains("errors=1"), "{vip}");
    let outbox = line(&["action=\"outbox\"", failed]);
    assert!(outbox.contains("is not JSON") && outbox.contains(&at(6)), "{outbox}");
    let cut = line(&["action=\"long\"", "message too long for Slack, cut"]);
    assert!(cut.contains(&at(9)) && cut.contains("messages=1"), "{cut}");
    let dropped: Vec<&str> =
        log.lines().filter(|line| line.contains("reason=\"empty_message\"")).collect();
    assert_eq!(sum(dropped.clone(), "deliveries"), 3, "{log}");
    assert!(
        dropped[0].contains("action=\"blank\"") && dropped[0].ends_with(at(4).trim_end()),
        "{log}"
    );
    assert!(!log.contains("hunter2"), "event data in the log:\n{log}");
}

/// The record that a line of the log names, as `run` decides about it.
#[test]
fn preview_shows_the_record_at_a_position_and_leaves_the_group_alone() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook(&slack, "a", &[]);
    let payloads = [event("a", 5), "[1]".to_owned()];
    let records = payloads.map(|payload| Record::new(0, payload));
    let first = broker.produce(&topic, &records)[0];
    let preview = |at: &str| preview_at(&setup, at);
    let (status, out, err) = preview(&format!("{topic}/0@{first}"));
    assert_eq!((status, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("post to a") && out.contains("\"text\": \"5\""), "{out}");
    let (status, out, _) = preview(&format!("{topic}/0@{}", first + 1));
    assert_eq!(status, Some(2));
    assert!(out.contains("invalid: array: a JSON array; "), "{out}");
    for (at, expected) in [
        (format!("{topic}/0@{}", first + 2), format!("the offsets {first} to {}", first + 1)),
        (format!("{topic}/7@0"), "no such partition: it has 1".to_owned()),
        ("other/0@0".to_owned(), "topic `other` is not configured".to_owned()),
        ("nonsense".to_owned(), "as in `events/0@17`".to_owned()),
    ] {
        let (status, out, err) = preview(&at);
        assert_eq!((status, out.as_str()), (Some(2), ""), "{at}");
        assert!(err.contains(&expected), "{at}: {err}");
    }
    assert_eq!(broker.committed(&setup.group, &topic, 1), [None]);
    assert!(slack.posts().is_empty());
}
