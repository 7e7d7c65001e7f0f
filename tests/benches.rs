//! The benchmarks' events have the size, the types and the variety that the speed table states.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

#[path = "../benches/events.rs"]
mod events;

#[path = "../benches/actions.rs"]
mod actions;

use actions::{Destinations, Setup, Triggers};

#[test]
fn the_benchmarks_events_are_of_622_bytes_and_of_the_types_that_the_table_states() {
    const COUNT: u64 = 10_000;
    let (mut bytes, mut types, mut matching) = (0, BTreeMap::<String, u64>::new(), 0);
    let mut shapes = BTreeSet::new();
    for number in 0..COUNT {
        let text = events::event(number);
        bytes += text.len();
        let event: Value = serde_json::from_str(&text).unwrap();
        *types.entry(event["type"].as_str().unwrap().to_owned()).or_default() += 1;
        matching += u64::from(
            event["properties"]["plan"].as_str().is_some_and(|plan| plan.starts_with("plan-")),
        );
        shapes.insert(text.chars().filter(|char| "{}[]:,".contains(*char)).collect::<String>());
    }
    let average = bytes as f64 / COUNT as f64;
    assert!((612.0..632.0).contains(&average), "{average} bytes on average");
    let of = |kind: &str| types[kind];
    assert_eq!((of("track"), of("page"), of("identify")), (7_800, 1_200, 1_000));
    assert_eq!(matching, COUNT / events::MATCHING);
    assert!(shapes.len() > 100, "{} shapes", shapes.len());
}

#[test]
fn the_benchmarks_channels_have_the_rate_of_its_incoming_webhooks() {
    let of = |destinations| {
        let setup = Setup { destinations, webhooks: 20, ..Setup::default() };
        actions::config(&setup, Triggers::Grouped(21))
    };
    let (channels, urls) = (of(Destinations::Channels), of(Destinations::IncomingWebhooks));
    assert_eq!(channels.apps.len(), 1);
    let rates = |config: &slackline::config::model::Config| {
        let webhooks = config.webhooks.iter();
        webhooks.map(|one| (one.name.clone(), one.rate_per_second)).collect::<Vec<_>>()
    };
    assert_eq!(rates(&channels), rates(&urls));
    let in_app = |webhook: &&slackline::config::model::Webhook| webhook.app.is_some();
    assert_eq!(channels.webhooks.iter().filter(in_app).count(), 20);
    assert_eq!(urls.webhooks.iter().filter(in_app).count(), 0);
}

#[test]
fn the_benchmarks_configurations_are_sound_and_the_last_trigger_of_each_is_true_for_a_mark() {
    let all = [
        Triggers::Selective(1),
        Triggers::Selective(100),
        Triggers::Numbers(100),
        Triggers::Matching(100),
        Triggers::Paths3,
        Triggers::Paths64,
        Triggers::Full(1_100),
        Triggers::Grouped(100),
    ];
    for triggers in all {
        let config = actions::config(&Setup::default(), triggers);
        assert_eq!(config.actions.len(), triggers.count());
        let mark = events::mark("end-0");
        let position = slackline::event::Position {
            partition: slackline::event::Partition {
                topic: slackline::event::TopicIndex(0),
                number: 0,
            },
            offset: slackline::event::Offset(0),
        };
        let payload = Some(mark.as_bytes());
        let record = slackline::event::Record {
            position,
            topic: "events",
            timestamp: None,
            key: None,
            headers: &(),
            payload,
        };
        let event = slackline::event::Event::parse(&record).unwrap();
        let matched: Vec<usize> = (0..config.actions.len())
            .filter(|at| config.actions[*at].trigger.is_true(&event).unwrap())
            .collect();
        assert_eq!(matched, [triggers.count() - 1], "{triggers:?}");
    }
}
