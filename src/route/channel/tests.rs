#![allow(clippy::unwrap_used, reason = "tests")]
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::config::fixture;
use crate::route::explain::Explained;
use crate::route::fixture::record;
use crate::route::{Router, Routing};

/// Two channels and an ID besides the webhook's own, a webhook of one channel, and a URL.
const WEBHOOKS: &str = r##"
  regions: { app: acme, channel: "#sales", channels: ["#sales-emea", "#sales-us", C024BE91L] }
  support: { app: acme, channel: "#support" }
  legacy: { url: "https://hooks.slack.com/services/T/B/x" }"##;

/// Every action applies to every event.
fn config(actions: &[(&str, &str)]) -> Arc<Config> {
    let actions = (0..).zip(actions).map(|(number, (webhook, keys))| {
        format!("\n  - {{ name: a{number}, trigger: '`true`', webhook: {webhook}, message: hi, {keys} }}")
    });
    let apps = "apps: { acme: { token: xoxb-1-2-secret } }";
    let kafka = "kafka: { brokers: k, group_id: g, topics: [events] }";
    let actions: String = actions.collect();
    let text = format!("{kafka}\n{apps}\nwebhooks:{WEBHOOKS}\nactions:{actions}");
    Arc::new(fixture::checked(&text))
}

/// Of each delivery: the sender's name, whether its channel is unlisted, and the payload.
fn routed(config: &Arc<Config>, event: &str) -> Vec<(String, bool, String)> {
    let mut routing = Routing::default();
    let _ = Router::new(Arc::clone(config)).route(&record(0, event.as_bytes()), &mut routing);
    let routed = routing.deliveries.iter().map(|routed| {
        let name = config.webhooks[routed.route.webhook.0 as usize].name.clone();
        let payload = routed.message.as_ref().unwrap().payload.to_vec();
        (name, routed.is_unlisted, String::from_utf8(payload).unwrap())
    });
    routed.collect()
}

fn senders(config: &Arc<Config>, event: &str) -> Vec<(String, bool)> {
    routed(config, event).into_iter().map(|(name, unlisted, _)| (name, unlisted)).collect()
}

#[test]
fn a_rendered_channel_chooses_among_those_of_its_webhook() {
    let config = config(&[("regions", "channel: '{{c}}'")]);
    for (channel, sender, is_unlisted) in [
        ("#sales-us", "regions/#sales-us", false),
        ("sales-us", "regions/#sales-us", false),
        (" #Sales-US\\n", "regions/#sales-us", false),
        ("SALES-EMEA", "regions/#sales-emea", false),
        ("c024be91l", "regions/C024BE91L", false),
        ("#sales", "regions", false),
        ("", "regions", false),
        (" ", "regions", false),
        ("#", "regions", false),
        ("#support", "regions", true),
        ("##sales-us", "regions", true),
        ("regions/#sales-us", "regions", true),
        ("sales-us ,", "regions", true),
    ] {
        let event = format!(r#"{{"c":"{channel}"}}"#);
        let expected = [(sender.to_owned(), is_unlisted)];
        assert_eq!(senders(&config, &event), expected, "{channel}");
    }
    assert_eq!(senders(&config, "{}"), [("regions".to_owned(), false)], "missing");
}

#[test]
fn a_constant_channel_and_none_are_the_same_for_every_event() {
    let config = config(&[
        ("regions", r##"channel: " #Sales-us""##),
        ("regions", "channel: sales"),
        ("regions", "user: Bot"),
        ("support", "channel: '{{c}}'"),
        ("support", "channel: '#support'"),
    ]);
    let named = |name: &str, unlisted| (name.to_owned(), unlisted);
    let expected = |unlisted| {
        [
            named("regions/#sales-us", false),
            named("regions", false),
            named("regions", false),
            named("support", unlisted),
            named("support", false),
        ]
    };
    assert_eq!(senders(&config, r#"{"c":"sales-emea"}"#), expected(true));
    assert_eq!(senders(&config, r#"{"c":"Support"}"#), expected(false));
}

/// What a destination decides is not in the payload, so that a queue can move between both kinds.
#[test]
fn only_the_payload_of_an_incoming_webhook_names_a_channel() {
    let config = config(&[
        ("regions", "channel: '{{c}}', user: Bot"),
        ("regions", "channel: sales"),
        ("legacy", "channel: '#{{c}}'"),
    ]);
    let payloads = routed(&config, r#"{"c":"sales-us"}"#).into_iter().map(|(.., payload)| payload);
    assert_eq!(
        payloads.collect::<Vec<_>>(),
        [
            r#"{"text":"hi","username":"Bot"}"#,
            r#"{"text":"hi"}"#,
            r##"{"text":"hi","channel":"#sales-us"}"##,
        ]
    );
}

#[test]
fn a_failed_channel_is_counted_and_empty() {
    let config = config(&[("regions", "channel: '{{ abs(c) }}'")]);
    let mut routing = Routing::default();
    let router = Router::new(Arc::clone(&config));
    let _ = router.route(&record(0, br#"{"c":"sales-us"}"#), &mut routing);
    assert_eq!(routing.errors.len(), 1);
    assert_eq!(senders(&config, r#"{"c":"sales-us"}"#), [("regions".to_owned(), false)]);
}

#[test]
fn an_unlisted_channel_is_explained() {
    let config = config(&[("regions", "channel: '{{c}}'")]);
    let explained = |event: &[u8]| {
        let mut all = Router::new(Arc::clone(&config)).explain(&record(0, event)).unwrap();
        match all.remove(0).1 {
            Explained::Post { webhook, unlisted, .. } => (webhook, unlisted),
            other => unreachable!("{other:?}"),
        }
    };
    assert_eq!(explained(br#"{"c":"x"}"#), (WebhookIndex(0), Some("x".to_owned())));
    let (webhook, unlisted) = explained(br#"{"c":"sales-us"}"#);
    assert_eq!(config.webhooks[webhook.0 as usize].name, "regions/#sales-us");
    assert_eq!(unlisted, None);
}

proptest! {
    /// Whatever the event says, the message goes to a listed channel, by the documented comparison.
    #[test]
    fn no_event_chooses_an_unlisted_channel(channel in r#"[ #]{0,2}([sS]ales-(us|US|emea)|sales|C024be91L|\\PC{0,4}) ?"#) {
        let config = config(&[("regions", "channel: '{{c}}'")]);
        let event = serde_json::json!({ "c": channel }).to_string();
        let written = channel.trim();
        let written = written.strip_prefix('#').unwrap_or(written).to_lowercase();
        let listed = ["#sales", "#sales-emea", "#sales-us", "C024BE91L"].into_iter()
            .find(|listed| listed.trim_start_matches('#').to_lowercase() == written);
        let sender = match listed {
            None | Some("#sales") => "regions".to_owned(),
            Some(further) => format!("regions/{further}"),
        };
        prop_assert_eq!(senders(&config, &event), [(sender, listed.is_none() && !written.is_empty())]);
    }
}
