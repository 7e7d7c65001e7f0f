//! Configurations and records for the tests of routing and of the commands that show it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use crate::config::fixture;
use crate::config::model::{Action, Admin, ChannelIndex, Config, Webhook, WebhookIndex};
use crate::event::{Offset, Partition, Position, Record, TopicIndex};
use crate::expression::Expression;
use crate::expression::template::Template;

/// The topics of every configuration here.
pub const TOPICS: [&str; 2] = ["events", "orders"];

/// Examples of a Slack destination's documentation, word for word: names and triggers.
pub const SALES: (&str, &str) =
    ("sales-alerts", "type == 'identify' && $.traits.plan == 'enterprise'");
pub const SUPPORT: (&str, &str) =
    ("support-alerts", "type == 'track' && $.event == 'NPS Submitted'");
pub const ORDER: (&str, &str) =
    ("order-completed", "type == 'track' && $.event == 'Order Completed'");
pub const ORDER_MESSAGE: &str =
    "🎉 {{$.properties.name}} just completed an order for {{$.properties.total}}!";

/// An action for all topics and the first webhook.
pub fn action(name: &str, trigger: &str, message: &str) -> Action {
    Action {
        name: name.to_owned(),
        topics: vec![TopicIndex(0), TopicIndex(1)],
        trigger: Expression::compile(trigger).unwrap(),
        webhook: WebhookIndex(0),
        message: Template::compile(message).unwrap(),
        channel: None,
        user: None,
        icon_url: None,
        icon_emoji: None,
        blocks: None,
        color: None,
        max_age: None,
        unfurl: None,
        link_names: None,
        long_text: crate::config::model::LongText::default(),
    }
}

/// A configuration of these actions with the webhooks `sales` and `support`.
pub fn config(actions: Vec<Action>) -> Arc<Config> {
    Arc::new(Config {
        kafka: fixture::kafka(&TOPICS),
        apps: Vec::new(),
        channels: ChannelIndex::default(),
        people: None,
        webhooks: vec![webhook("sales"), webhook("support")],
        actions,
        admin: Admin { listen: "127.0.0.1:0".to_owned() },
        hash: 0,
    })
}

fn webhook(name: &str) -> Webhook {
    fixture::webhook(name, &format!("http://127.0.0.1:9/services/T/B/{name}"))
}

/// A record of the topic with this index.
pub fn record(topic: u32, payload: &[u8]) -> Record<'_> {
    let position = Position {
        partition: Partition { topic: TopicIndex(topic), number: 0 },
        offset: Offset(42),
    };
    Record {
        position,
        topic: TOPICS[topic as usize],
        timestamp: None,
        key: None,
        headers: &(),
        payload: Some(payload),
    }
}
