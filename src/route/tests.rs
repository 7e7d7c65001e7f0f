//! Routing of records: verdicts, deliveries and their explanations.
#![allow(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::explain::Explained;
use super::fixture::{ORDER, ORDER_MESSAGE, SALES, SUPPORT, action, config, record};
use super::*;
use crate::config::model::{Action, WebhookIndex};
use crate::event::TopicIndex;

const IDENTIFY: &[u8] = br#"{"type":"identify","traits":{"name":"Ada","plan":"enterprise"}}"#;
const NPS: &[u8] = br#"{"type":"track","event":"NPS Submitted","properties":{"score":3}}"#;
const COMPLETED: &[u8] =
    br#"{"type":"track","event":"Order Completed","properties":{"name":"Ada","total":49.90}}"#;

fn seed() -> Router {
    let sales = action(SALES.0, SALES.1, "{{$.traits.name}} is on {{$.traits.plan}}");
    let support = Action {
        webhook: WebhookIndex(1),
        ..action(SUPPORT.0, SUPPORT.1, "NPS {{$.properties.score}}")
    };
    let order = Action { topics: vec![TopicIndex(1)], ..action(ORDER.0, ORDER.1, ORDER_MESSAGE) };
    Router::new(config(vec![sales, support, order]))
}

/// Action, webhook, and the text of the message if there is one.
type Shown = (u32, u32, Option<String>);

/// A trigger and its meaning.
type Modelled = (&'static str, fn(i64, &str) -> bool);

/// Returns the verdict; action, webhook and text of each delivery; the actions of failed
/// expressions.
fn routed(router: &Router, topic: u32, payload: &[u8]) -> (RecordKind, Vec<Shown>, Vec<u32>) {
    let mut routing = Routing::default();
    let verdict = router.route(&record(topic, payload), &mut routing);
    let text = |message: &Message| {
        serde_json::from_slice::<serde_json::Value>(&message.payload).unwrap()["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let deliveries = routing
        .deliveries
        .iter()
        .map(|it| (it.route.action.0, it.route.webhook.0, it.message.as_ref().ok().map(text)));
    (verdict, deliveries.collect(), routing.errors.iter().map(|it| it.action.0).collect())
}

#[test]
fn the_examples_of_a_customer_data_platform() {
    let router = seed();
    let ada = "Ada is on enterprise".to_owned();
    assert_eq!(
        routed(&router, 0, IDENTIFY),
        (RecordKind::Matched, vec![(0, 0, Some(ada))], vec![])
    );
    assert_eq!(
        routed(&router, 0, NPS),
        (RecordKind::Matched, vec![(1, 1, Some("NPS 3".to_owned()))], vec![])
    );
    let order = "🎉 Ada just completed an order for 49.90!".to_owned();
    assert_eq!(
        routed(&router, 1, COMPLETED),
        (RecordKind::Matched, vec![(2, 0, Some(order))], vec![])
    );
    assert_eq!(
        routed(&router, 0, COMPLETED),
        (RecordKind::Unmatched, vec![], vec![]),
        "the action does not have this topic"
    );
    let track = br#"{"type":"track","traits":{"plan":"enterprise"}}"#;
    assert_eq!(
        routed(&router, 0, track),
        (RecordKind::Unmatched, vec![], vec![]),
        "not an identify call"
    );
}

#[test]
fn an_invalid_record_is_reported_also_without_any_action() {
    for router in [seed(), Router::new(config(vec![]))] {
        for (payload, invalid) in [
            (&b""[..], Invalid::Empty),
            (b"{", Invalid::NotJson),
            (b"\xff", Invalid::NotJson),
            (b"[1]", Invalid::Array),
        ] {
            assert_eq!(routed(&router, 1, payload), (RecordKind::Invalid(invalid), vec![], vec![]));
        }
        let deep = [&b"{\"a\":"[..], &b"[".repeat(200), &b"]".repeat(200), b"}"].concat();
        assert_eq!(routed(&router, 0, &deep).0, RecordKind::Invalid(Invalid::TooDeep));
        let tombstone = Record { payload: None, ..record(0, b"") };
        assert_eq!(
            router.route(&tombstone, &mut Routing::default()),
            RecordKind::Invalid(Invalid::Empty)
        );
        assert_eq!(routed(&router, 0, b"{}").0, RecordKind::Unmatched);
    }
}

#[test]
fn a_buffer_holds_nothing_of_the_record_before() {
    let router =
        Router::new(config(vec![action("a", "a", "{{ abs(a) }}x"), action("b", "abs(a)", "b")]));
    let mut routing = Routing::default();
    assert_eq!(router.route(&record(0, br#"{"a":"x"}"#), &mut routing), RecordKind::Matched);
    assert_eq!((routing.deliveries.len(), routing.errors.len()), (1, 2));
    for payload in [&b"{}"[..], b"nonsense"] {
        let _ = router.route(&record(0, br#"{"a":"x"}"#), &mut routing);
        assert_ne!(router.route(&record(0, payload), &mut routing), RecordKind::Matched);
        assert!(routing.deliveries.is_empty(), "{payload:?}");
    }
    assert!(routing.errors.is_empty());
}

#[test]
fn failed_expressions_are_false_or_empty_and_counted_each() {
    let router = Router::new(config(vec![
        action("fails", "abs(s)", "never"),
        action("empty", "s", "{{abs(s)}}{{abs(s)}} "),
        action("partly", "s", "n: {{abs(s)}}"),
    ]));
    let partly = (2, 0, Some("n: ".to_owned()));
    assert_eq!(
        routed(&router, 0, br#"{"s":"x"}"#),
        (RecordKind::Matched, vec![(1, 0, None), partly], vec![0, 1, 1, 2])
    );
}

fn explained(router: &Router, topic: u32, payload: &[u8]) -> Vec<String> {
    let each = |(_, explained): (ActionIndex, Explained)| match explained {
        Explained::Post { message, errors, .. } => {
            format!("post {} {errors:?}", std::str::from_utf8(&message.payload).unwrap())
        }
        Explained::NoMatch { reason } => format!("no match: {reason}"),
        Explained::Drop { reason } => format!("drop: {reason}"),
        Explained::Error { reason } => format!("error: {reason}"),
    };
    router.explain(&record(topic, payload)).unwrap().into_iter().map(each).collect()
}

#[test]
fn every_action_is_explained() {
    assert_eq!(
        explained(&seed(), 0, IDENTIFY),
        [
            r#"post {"text":"Ada is on enterprise"} []"#,
            r#"no match: `type == 'track'` is false: `type` is "identify""#,
            "no match: not configured for topic `events`",
        ]
    );
    assert_eq!(seed().explain(&record(0, b"[]")).unwrap_err(), Invalid::Array);
}

#[test]
fn a_reason_names_the_condition_and_the_values() {
    for (trigger, reason) in [
        ("a == 'x' && n > `5` && n < m", "`n > `5`` is false: `n` is 3"),
        ("a=='x'&&n<m", "`n<m` is false: `n` is 3, `m` is 2"),
        ("a=='x' &&\n  n\n<   m", "`n < m` is false: `n` is 3, `m` is 2"),
        ("missing", "`missing` is null"),
        ("a && l[?@ == 'x' && @ > 'y']", "`l[?@ == 'x' && @ > 'y']` is []"),
        ("n == '&&' && a", "`n == '&&'` is false: `n` is 3"),
        ("a == 'y' || n == `1`", "`a == 'y' || n == `1`` is false: `a` is \"x\", `n` is 3"),
        ("a == 'y' || missing", "`a == 'y' || missing` is false: `a` is \"x\", `missing` is null"),
        (
            "missing || a && n < m",
            "`missing || a && n < m` is false: `missing` is null, `a` is \"x\", `n` is 3, `m` is 2",
        ),
        (
            "(a == 'y' || missing) && a",
            "`a == 'y' || missing` is false: `a` is \"x\", `missing` is null",
        ),
        ("length(l) > `2` && a", "`length(l) > `2`` is false: `length(l)` is 1"),
        ("l == 'y'", "`l == 'y'` is false: `l` is [\"y\"]"),
        ("!(a && n)", "`!(a && n)` is false: `a` is \"x\", `n` is 3"),
        ("contains(['p', `7`], n)", "`contains(['p', `7`], n)` is false: `n` is 3"),
        ("starts_with(a, 'it\\'s')", "`starts_with(a, 'it\\'s')` is false: `a` is \"x\""),
        (
            "$record.topic == 'others' && a",
            "`$record.topic == 'others'` is false: `$record.topic` is \"events\"",
        ),
        ("$.a != 'x'", "`$.a != 'x'` is false: `$.a` is \"x\""),
        ("contains(l[*], a)", "`contains(l[*], a)` is false: `l[*]` is [\"y\"], `a` is \"x\""),
        ("!length(a)", "`!length(a)` is false: `a` is \"x\""),
    ] {
        let router = Router::new(config(vec![action("a", trigger, "m")]));
        let event = br#"{"a":"x","n":3,"m":2,"l":["y"]}"#;
        assert_eq!(explained(&router, 0, event), [format!("no match: {reason}")], "{trigger}");
    }
    let router = Router::new(config(vec![action("a", "a == 'x'", "m")]));
    let long = format!(r#"{{"a":"{}"}}"#, "é".repeat(200));
    let [shown] = &explained(&router, 0, long.as_bytes())[..] else { unreachable!() };
    assert!(shown.ends_with(&format!("`a` is \"{}…", "é".repeat(79))), "{shown}");
}

#[test]
fn drops_and_failures_are_explained() {
    let router = Router::new(config(vec![
        action("fails", "abs(s)", "never"),
        action("empty", "s", " {{missing}} "),
        action("partly", "s", "n: {{abs(s)}}"),
    ]));
    let shown = explained(&router, 0, br#"{"s":"x"}"#);
    assert!(
        shown[0].starts_with("error: the trigger failed, which counts as false: `abs(s)`: "),
        "{shown:?}"
    );
    assert_eq!(shown[1], "drop: empty message: it rendered to nothing but white space");
    assert!(shown[2].starts_with(r#"post {"text":"n: "} ["`abs(s)`: "#), "{shown:?}");
}

/// Triggers with their meaning in a naive model.
const TRIGGERS: [Modelled; 5] = [
    ("n == `1`", |n, _| n == 1),
    ("n > `0` && s == 'a'", |n, s| n > 0 && s == "a"),
    ("s", |_, s| !s.is_empty()),
    ("s != 'b' || n == `2`", |n, s| s != "b" || n == 2),
    ("missing", |_, _| false),
];

proptest! {
    #[test]
    fn an_action_applies_if_its_trigger_is_true_and_it_has_the_topic(
        actions in prop::collection::vec((0..TRIGGERS.len(), 1..4_u32, 0..2_u32), 0..8),
        n in -1..3_i64, s in "[ab]?", topic in 0..2_u32,
    ) {
        let topics = |mask: u32| (0..2).filter(|topic| mask & (1 << topic) != 0).map(TopicIndex).collect::<Vec<_>>();
        let configured = actions.iter().map(|&(trigger, mask, webhook)| Action {
            topics: topics(mask),
            webhook: WebhookIndex(webhook),
            ..action("a", TRIGGERS[trigger].0, "{{n}}{{s}}")
        });
        let router = Router::new(config(configured.collect()));
        let event = format!(r#"{{"n":{n},"s":"{s}"}}"#);
        let expected: Vec<_> = (0..).zip(&actions)
            .filter(|(_, (trigger, mask, _))| TRIGGERS[*trigger].1(n, &s) && mask & (1 << topic) != 0)
            .map(|(index, (_, _, webhook))| (index, *webhook, Some(format!("{n}{s}"))))
            .collect();
        let verdict = if expected.is_empty() { RecordKind::Unmatched } else { RecordKind::Matched };
        let posts: Vec<u32> = expected.iter().map(|(index, ..)| *index).collect();
        prop_assert_eq!(routed(&router, topic, event.as_bytes()), (verdict, expected, vec![]));

        let explained = router.explain(&record(topic, event.as_bytes())).unwrap();
        prop_assert_eq!(explained.len(), actions.len());
        let explained = explained.into_iter().filter(|(_, it)| matches!(it, Explained::Post { .. })).map(|(index, _)| index.0);
        prop_assert_eq!(explained.collect::<Vec<_>>(), posts, "explained as routed");
    }
}

/// Records that match nothing: events of several shapes, one with escapes in its values, some of
/// them candidates of a trigger; and records that are not events.
const UNMATCHED: [&[u8]; 6] = [
    br#"{"type":"track","event":"E1","properties":{"total":1.5,"items":[{"sku":"a"},{"sku":"b"}],"coupon":null}}"#,
    br#"{"type":"track","event":"E7","properties":{"total":0.5},"tags":["a","b"]}"#,
    br#"{"type":"page","name":"a \"quoted\" name","properties":{"url":"https:\/\/example.com\/"}}"#,
    br#"{ }"#,
    b"{\"type\":",
    b"",
];

#[test]
fn an_event_that_matches_nothing_allocates_nothing() {
    let triggers: Vec<_> = (0..1_000)
        .map(|n| match n % 4 {
            0 => format!("type == 'track' && event == 'E{n}' && properties.total > `{n}`"),
            1 => format!("type == 'track' && event == 'E7' && properties.total > `{n}`"),
            2 => format!("event == 'E{n}' && contains(tags, 'x')"),
            _ => format!(
                "type == 'identify' && traits.plan == 'p{n}' && !starts_with(traits.name, 'A')"
            ),
        })
        .collect();
    let router =
        Router::new(config(triggers.iter().map(|trigger| action("a", trigger, "m")).collect()));
    let mut routing = Routing::default();
    let mut all = || {
        for payload in UNMATCHED {
            assert_ne!(router.route(&record(0, payload), &mut routing), RecordKind::Matched);
        }
    };
    // The buffers grow once.
    all();
    assert_eq!(allocation_counter::measure(all).count_total, 0);
}
