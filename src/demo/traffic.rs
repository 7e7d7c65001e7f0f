//! Sample events as a customer data platform sends them: many that match no action, and a few that
//! do. Pure: a number in, an event out.
//!
//! Invariant: the events of [`sample`] match the demo's actions, those of [`background`] never do.

use std::time::Duration;

use serde_json::{Value, json};

use crate::label::label;

label! {
    /// A channel of the demo's workspace, named like its webhook in the demo's configuration. Each
    /// has an action, and a kind of event that matches.
    Channel {
        /// `identify` with `$.traits.plan` = `enterprise`.
        Sales = "sales",
        /// `track` with `$.event` = `NPS Submitted`.
        Support = "support",
        /// `track` with `$.event` = `Order Completed`.
        Orders = "orders",
    }
}

/// An event for Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The record's key: the user.
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
    /// Returns the interval between its events in steady traffic: above the one second that a
    /// webhook needs for a message.
    #[must_use]
    pub fn interval(self) -> Duration {
        Duration::from_millis(match self {
            Channel::Sales => 2_700,
            Channel::Support => 1_900,
            Channel::Orders => 3_100,
        })
    }
}

/// Returns the `number`th event with a message for `channel`.
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

/// Returns the `number`th event that matches no action. About one in 1,500 is invalid JSON.
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

/// Returns the `number`th event of a mix: one in five matches an action, the channels in turn.
#[must_use]
pub fn mixed(number: u64) -> Sample {
    if number.is_multiple_of(5) {
        sample(Channel::ALL[(number / 5 % 3) as usize], number / 15)
    } else {
        background(number)
    }
}

fn pick(list: &[&'static str], number: u64) -> &'static str {
    list[(number % list.len() as u64) as usize]
}

fn user(number: u64) -> String {
    format!("user-{}", number % 5_000)
}

/// Returns a price with two decimal places.
fn total(number: u64) -> String {
    let cents = 1_990 + number * 1_337 % 48_000;
    format!("${}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use super::*;

    /// The triggers of the demo's configuration, in Rust.
    fn matching_channel(value: &str) -> Option<Channel> {
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
    fn samples_match_their_channel() {
        for channel in Channel::ALL {
            for number in 0..200 {
                let sample = sample(channel, number);
                assert_eq!(matching_channel(&sample.value), Some(channel), "{sample:?}");
            }
        }
    }

    #[test]
    fn background_events_match_nothing_and_are_mostly_json() {
        let invalid = (0..15_040)
            .map(background)
            .inspect(|sample| assert_eq!(matching_channel(&sample.value), None, "{sample:?}"))
            .filter(|sample| serde_json::from_str::<Value>(&sample.value).is_err())
            .count();
        assert_eq!(invalid, 10);
    }

    #[test]
    fn one_in_five_mixed_events_matches_and_the_channels_take_turns() {
        let channels: Vec<Channel> =
            (0..60).filter_map(|number| matching_channel(&mixed(number).value)).collect();
        assert_eq!(channels, Channel::ALL.repeat(4));
    }

    #[test]
    fn every_number_gives_an_event() {
        for number in [0, 1, u64::MAX / 2] {
            assert!(!background(number).value.is_empty());
        }
    }
}
