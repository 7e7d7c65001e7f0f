//! Sample events as a customer data platform would send them: many that no action asks for, few that one does. Pure: a number in, an event out.
//!
//! Invariant: exactly the events of [`sample`] match the demo's actions, those of [`background`] never do.

use std::time::Duration;

use serde_json::{Value, json};

/// A channel of the demo's workspace; each has a webhook, an action, and a kind of event that asks for a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// `identify` with `$.traits.plan` = `enterprise`.
    Sales,
    /// `track` with `$.event` = `NPS Submitted`.
    Support,
    /// `track` with `$.event` = `Order Completed`.
    Orders,
}

/// An event as it goes to Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The record's key: who did it.
    pub key: String,
    /// The record's value.
    pub value: String,
}

const PEOPLE: [&str; 12] = [
    "Ada Lovelace",
    "Grace Hopper",
    "Alan Turing",
    "Katherine Johnson",
    "Edsger Dijkstra",
    "Barbara Liskov",
    "Ken Thompson",
    "Margaret Hamilton",
    "Donald Knuth",
    "Radia Perlman",
    "Dennis Ritchie",
    "Frances Allen",
];
const COMPANIES: [&str; 6] =
    ["Acme & Sons", "Globex", "Initech", "Hooli", "Umbrella <Labs>", "Stark Industries"];
const PRODUCTS: [&str; 5] =
    ["Espresso machine", "Desk lamp", "Notebook", "Headphones", "Tea kettle"];
const PAGES: [&str; 5] = ["Home", "Pricing", "Docs", "Blog", "Cart"];
const COMMENTS: [&str; 4] = [
    "The export takes forever.",
    "Love the new dashboard!",
    "I could not find the invoice <again>.",
    "Support answered within minutes, thank you.",
];

impl Channel {
    /// Every channel.
    pub const ALL: [Channel; 3] = [Channel::Sales, Channel::Support, Channel::Orders];

    /// The webhook's name in the demo's configuration.
    #[must_use]
    pub fn webhook(self) -> &'static str {
        match self {
            Channel::Sales => "sales",
            Channel::Support => "support",
            Channel::Orders => "orders",
        }
    }

    /// How far apart its events are on an ordinary day: farther than the second that a webhook needs for a post.
    #[must_use]
    pub fn every(self) -> Duration {
        Duration::from_millis(match self {
            Channel::Sales => 2_700,
            Channel::Support => 1_900,
            Channel::Orders => 3_100,
        })
    }
}

/// The `number`th event that asks for a post to `channel`.
#[must_use]
pub fn sample(channel: Channel, number: u64) -> Sample {
    let name = pick(&PEOPLE, number);
    let user = user(number);
    let call = match channel {
        Channel::Sales => json!({
            "type": "identify",
            "userId": user,
            "traits": { "name": name, "company": pick(&COMPANIES, number), "plan": "enterprise", "seats": 50 + 25 * (number % 9) },
        }),
        Channel::Support => json!({
            "type": "track",
            "userId": user,
            "event": "NPS Submitted",
            "properties": { "name": name, "score": number * 7 % 11, "comment": pick(&COMMENTS, number) },
        }),
        Channel::Orders => json!({
            "type": "track",
            "userId": user,
            "event": "Order Completed",
            "properties": { "name": name, "product": pick(&PRODUCTS, number), "total": total(number) },
        }),
    };
    Sample { key: user, value: call.to_string() }
}

/// The `number`th event of everyday traffic; about one in 1,500 is not even JSON.
#[must_use]
pub fn background(number: u64) -> Sample {
    let user = user(number.wrapping_mul(7919));
    let name = pick(&PEOPLE, number);
    let call: Value = match number % 8 {
        0 | 4 => {
            json!({ "type": "page", "userId": user, "name": pick(&PAGES, number / 8), "properties": { "referrer": null } })
        }
        1 => {
            json!({ "type": "track", "userId": user, "event": "Button Clicked", "properties": { "label": "Try it" } })
        }
        2 => json!({ "type": "track", "userId": user, "event": "Product Viewed",
                     "properties": { "product": pick(&PRODUCTS, number / 8), "price": total(number) } }),
        3 => json!({ "type": "identify", "userId": user,
                     "traits": { "name": name, "plan": if number % 16 == 3 { "free" } else { "team" } } }),
        5 => json!({ "type": "screen", "userId": user, "name": "Settings" }),
        6 => {
            json!({ "type": "group", "userId": user, "groupId": number % 40, "traits": { "name": pick(&COMPANIES, number / 8) } })
        }
        _ if number % 1_504 == 7 => {
            return Sample {
                key: user,
                value: "{\"type\": \"track\", \"event\": \"Cut Of".to_owned(),
            };
        }
        _ => {
            json!({ "type": "track", "userId": user, "event": "Cart Updated", "properties": { "items": number % 5 } })
        }
    };
    Sample { key: user, value: call.to_string() }
}

/// The `number`th event of everything together: one in five asks for a post, the channels in turn.
#[must_use]
pub fn mixed(number: u64) -> Sample {
    let turn = usize::try_from(number / 5 % 3).unwrap_or_default();
    match Channel::ALL.get(turn) {
        Some(channel) if number.is_multiple_of(5) => sample(*channel, number / 15),
        _ => background(number),
    }
}

fn pick(list: &[&'static str], number: u64) -> &'static str {
    let length = list.len() as u64;
    usize::try_from(number % length).ok().and_then(|at| list.get(at)).copied().unwrap_or_default()
}

fn user(number: u64) -> String {
    format!("user-{}", number % 5_000)
}

/// A price as shops write it, both digits after the point.
fn total(number: u64) -> String {
    let cents = 1_990 + number * 1_337 % 48_000;
    format!("${}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use super::*;

    /// What the triggers of the demo's configuration say, in Rust.
    fn asks_for(value: &str) -> Option<Channel> {
        let call: Value = serde_json::from_str(value).ok()?;
        if call["type"] == "identify" && call["traits"]["plan"] == "enterprise" {
            return Some(Channel::Sales);
        }
        match call["event"].as_str()? {
            "NPS Submitted" => Some(Channel::Support),
            "Order Completed" => Some(Channel::Orders),
            _ => None,
        }
    }

    #[test]
    fn samples_ask_for_their_channel() {
        for channel in Channel::ALL {
            for number in 0..200 {
                let sample = sample(channel, number);
                assert_eq!(asks_for(&sample.value), Some(channel), "{sample:?}");
            }
        }
    }

    #[test]
    fn background_asks_for_nothing_and_is_mostly_json() {
        let broken = (0..15_040)
            .map(background)
            .inspect(|sample| assert_eq!(asks_for(&sample.value), None, "{sample:?}"))
            .filter(|sample| serde_json::from_str::<Value>(&sample.value).is_err())
            .count();
        assert_eq!(broken, 10);
    }

    #[test]
    fn one_in_five_of_the_mixed_asks_for_a_post_and_the_channels_take_turns() {
        let asked: Vec<Channel> =
            (0..60).filter_map(|number| asks_for(&mixed(number).value)).collect();
        assert_eq!(asked, Channel::ALL.repeat(4));
    }

    #[test]
    fn every_number_makes_an_event() {
        for number in [0, 1, u64::MAX / 2] {
            assert!(!background(number).value.is_empty());
        }
    }
}
