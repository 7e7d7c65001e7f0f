//! What is said of a channel, against what a post to it is answered.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::Value;

use super::*;
use crate::config::fixture;
use crate::fake_slack::{Channel, FakeSlack, Settings};
use crate::online::item::Outcome;
use crate::send::endpoint::Endpoint;

const LOOKING: [&str; 2] = ["channels:read", "groups:read"];

/// The configuration of one channel of an app of the fake Slack.
fn config(slack: &FakeSlack, written: &str) -> Config {
    fixture::checked(&format!(
        "kafka: {{brokers: 'localhost:9092', group_id: slackline, topics: [events]}}\n\
         apps: {{acme: {{token: xoxb-1-2, api_url: '{}'}}}}\n\
         webhooks: {{w: {{app: acme, channel: '{written}'}}}}\n\
         actions: [{{name: a, trigger: a, webhook: w, message: m}}]\n",
        slack.url("/api/"),
    ))
}

/// What is said of the only channel.
async fn said(config: &Config) -> Outcome {
    let items = app(config, 0, Instant::now() + LIMIT).await;
    items.iter().find(|item| item.kind == Kind::Channel).unwrap().result
}

/// Whether Slack posts a message to the only channel.
async fn is_posted(config: &Config) -> bool {
    let webhook = &config.webhooks[0];
    let endpoint = Endpoint::open(webhook, &config.apps, &mut ClientPool::default()).unwrap();
    let answer = endpoint.post(Bytes::from_static(b"{\"text\":\"hi\"}")).await.unwrap();
    serde_json::from_slice::<Value>(&answer.body).unwrap()["ok"] == true
}

/// Every kind of channel, by name and by ID, with all scopes and without each of them.
#[tokio::test]
async fn a_channel_that_is_ok_takes_a_post_and_one_that_failed_does_not() {
    let slack = FakeSlack::start().await.unwrap();
    let scopes = [LOOKING.as_slice(), &["chat:write", "chat:write.public"]].concat();
    let mut seen = Vec::new();
    for bits in 0..16_u8 {
        let [is_private, is_archived, is_member, by_name] = [1, 2, 4, 8].map(|bit| bits & bit != 0);
        let channel = Channel {
            is_private,
            is_archived,
            is_member,
            ..Channel::new("sales").with_id("C024BE91L")
        };
        let config = config(&slack, if by_name { "#sales" } else { "C024BE91L" });
        for without in ["", "chat:write.public", LOOKING[0], LOOKING[1]] {
            let granted = scopes.iter().filter(|scope| **scope != without);
            let granted: BTreeSet<String> = granted.map(|scope| (*scope).to_owned()).collect();
            slack.set_workspace(Settings {
                channels: Some(Some(vec![channel.clone()])),
                scopes: Some(Some(granted)),
                ..Settings::default()
            });
            let (said, is_posted) = (said(&config).await, is_posted(&config).await);
            let is_right = match said {
                Outcome::Ok => is_posted,
                Outcome::Failed => !is_posted,
                Outcome::Unknown => LOOKING.contains(&without),
                Outcome::Warning => false,
            };
            assert!(is_right, "{said:?}, posted: {is_posted}: {channel:?} {by_name} -{without}");
            seen.push(said);
        }
    }
    assert!([Outcome::Ok, Outcome::Failed, Outcome::Unknown].iter().all(|it| seen.contains(it)));
}

/// A direct message, with the scope for seeing it and without.
#[tokio::test]
async fn a_direct_message_takes_a_post() {
    let slack = FakeSlack::start().await.unwrap();
    let config = config(&slack, "D024BE91L");
    for (scope, expected) in [("im:read", Outcome::Ok), ("chat:write.public", Outcome::Unknown)] {
        let scopes = ["chat:write", scope].map(str::to_owned);
        let channels = vec![Channel::new("").with_id("D024BE91L")];
        slack.set_workspace(Settings {
            channels: Some(Some(channels)),
            scopes: Some(Some(BTreeSet::from(scopes))),
            ..Settings::default()
        });
        assert_eq!((said(&config).await, is_posted(&config).await), (expected, true), "{scope}");
    }
}

/// A fake Slack in which every channel exists never says that one does not.
#[tokio::test]
async fn where_every_channel_exists_none_has_failed() {
    let slack = FakeSlack::start().await.unwrap();
    for (written, expected) in [("#sales", Outcome::Unknown), ("C024BE91L", Outcome::Ok)] {
        let config = config(&slack, written);
        assert_eq!((said(&config).await, is_posted(&config).await), (expected, true));
    }
}

#[tokio::test]
async fn blocks_without_a_template_are_checked() {
    let slack = FakeSlack::start().await.unwrap();
    let config = fixture::checked(&format!(
        "kafka: {{brokers: 'localhost:9092', group_id: slackline, topics: [events]}}\n\
         apps: {{acme: {{token: xoxb-1-2, api_url: '{}'}}}}\n\
         webhooks: {{w: {{app: acme, channel: '#a'}}, i: {{url: 'https://chat.example/hooks/x'}}}}\n\
         actions:\n\
         - {{name: plain, trigger: a, webhook: w, message: m, blocks: [{{header: a}}]}}\n\
         - {{name: colored, trigger: a, webhook: w, message: m, color: good, blocks: [divider]}}\n\
         - {{name: unknown-type, trigger: a, webhook: w, message: m, blocks: [{{type: timeline}}]}}\n\
         - {{name: rendered, trigger: a, webhook: w, message: m, blocks: [{{header: '{{{{a}}}}'}}]}}\n\
         - {{name: none, trigger: a, webhook: w, message: m}}\n\
         - {{name: incoming, trigger: a, webhook: i, message: m, blocks: [divider]}}\n",
        slack.url("/api/"),
    ));
    let items = app(&config, 0, Instant::now() + LIMIT).await;
    let found: Vec<_> = items
        .iter()
        .filter(|item| item.kind == Kind::Blocks)
        .map(|item| (item.name.as_str(), item.result, item.detail.as_str()))
        .collect();
    let ok = "Slack accepts the blocks";
    assert_eq!(
        found,
        [
            ("plain", Outcome::Ok, ok),
            ("colored", Outcome::Ok, ok),
            (
                "unknown-type",
                Outcome::Failed,
                "invalid_blocks at /0/type: unsupported type: timeline"
            ),
            ("rendered", Outcome::Unknown, "the blocks depend on the event"),
        ]
    );
    assert_eq!(slack.requests_to("/api/blocks.validate").len(), 3);
}
