//! The events of the benchmarks. An event depends only on its number, so that every run, machine
//! and build reads the same bytes.
//!
//! 78 % `track`, 12 % `page`, 10 % `identify`, 622 bytes on average, like the SDKs of a customer
//! data platform send them. One in a hundred is an order with one of 9,999 plans, for triggers that
//! match rarely.
#![allow(dead_code, reason = "not every program that shares this file uses all of it")]

use serde_json::{Value, json};

/// The names of the `track` events, the frequent ones first.
pub const NAMES: [&str; 12] = [
    "Order Completed",
    "Product Viewed",
    "Product Added",
    "Products Searched",
    "Checkout Started",
    "Feature Used",
    "NPS Submitted",
    "Invite Sent",
    "File Uploaded",
    "Video Played",
    "Coupon Applied",
    "Subscription Renewed",
];

/// One event in this many is an order with one of the [`PLANS`].
pub const MATCHING: u64 = 100;

/// The plans `plan-0`, `plan-1` … of those orders.
pub const PLANS: u64 = 9_999;

/// The shards `s0`, `s1` … that orders are spread over.
pub const SHARDS: u64 = 1_000;

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "okhttp/4.12.0",
];
const PATHS: [&str; 5] =
    ["/", "/pricing", "/docs/getting-started", "/shop/kitchen/espresso-machines", "/cart"];
const PRODUCTS: [&str; 5] =
    ["Espresso machine", "Desk lamp", "Notebook, \"ruled\"", "Headphones", "Tea kettle"];
const PEOPLE: [&str; 6] = [
    "Ada Lovelace",
    "Grace Hopper",
    "Zoë Łukaszewska",
    "Katherine Johnson",
    "Søren Ångström",
    "Barbara Liskov",
];
const ORDINARY: [&str; 4] = ["free", "starter", "team", "business"];

/// The `number`th event, as it goes to Kafka.
pub fn event(number: u64) -> String {
    let dice = Dice(number);
    // A step that is coprime to 100: the types take turns, and still come in exactly these shares.
    let event = match number * 61 % 100 {
        0..78 => track(number, dice),
        78..90 => page(number, dice),
        _ => identify(number, dice),
    };
    event.to_string()
}

/// An event that marks the end of a partition and matches the last trigger. `id` is its
/// `messageId`.
pub fn mark(id: &str) -> String {
    let properties = json!({ "plan": "bench-mark", "total": -1 });
    json!({ "type": "track", "event": NAMES[0], "messageId": id, "userId": "user-0", "properties": properties })
        .to_string()
}

fn track(number: u64, mut dice: Dice) -> Value {
    let matching = number % MATCHING == MATCHING / 2;
    // Half of them have one of the first four names.
    let among = if dice.below(2) == 0 { &NAMES[..4] } else { &NAMES };
    let name = if matching { NAMES[0] } else { dice.one_of(among) };
    let plan = if matching {
        format!("plan-{}", dice.below(PLANS))
    } else {
        dice.one_of(&ORDINARY).to_owned()
    };
    let mut properties = json!({ "plan": plan, "name": dice.one_of(&PEOPLE) });
    match name {
        "Order Completed" => {
            properties["orderId"] = json!(format!("o-{:08x}", dice.below(1 << 32)));
            properties["shard"] = json!(format!("s{}", dice.below(SHARDS)));
            properties["currency"] = json!("EUR");
            properties["products"] = (0..=dice.below(2)).map(|_| product(&mut dice)).collect();
        }
        "Product Viewed" | "Product Added" => properties["product"] = product(&mut dice),
        "Products Searched" => properties["query"] = json!(dice.one_of(&PRODUCTS)),
        "NPS Submitted" => {
            properties["score"] = json!(dice.below(11));
            properties["comment"] =
                json!("The export takes forever,\nbut support answered within minutes. Thank you!");
        }
        _ => {
            properties["feature"] =
                json!({ "id": dice.below(500), "beta": dice.below(4) == 0, "flags": [] })
        }
    }
    if dice.below(4) != 0 {
        properties["total"] = cents(dice.below(500_000));
    }
    envelope(number, &mut dice, "track", |event| {
        event["event"] = json!(name);
        event["properties"] = properties;
    })
}

fn page(number: u64, mut dice: Dice) -> Value {
    let (path, visits, from) = (dice.one_of(&PATHS), dice.below(90), dice.one_of(&PATHS));
    envelope(number, &mut dice, "page", |event| {
        event["name"] = json!(path.rsplit('/').next());
        event["properties"] = json!({
            "path": path, "url": format!("https://www.example.com{path}?utm_source=newsletter"), "title": "A shop for all",
            "referrer": format!("https://www.example.com{from}"), "visits": visits, "search": null,
        });
    })
}

fn identify(number: u64, mut dice: Dice) -> Value {
    let (person, plan, seats) = (dice.one_of(&PEOPLE), dice.one_of(&ORDINARY), dice.below(400));
    envelope(number, &mut dice, "identify", |event| {
        event["traits"] = json!({
            "name": person, "email": format!("user{seats}@example.com"), "plan": plan, "seats": seats, "trial": seats % 7 == 0,
            "company": { "name": "Acme & Sons", "employees": seats * 12, "industry": "Manufacturing" },
            "address": { "city": "Zürich", "country": "CH", "postalCode": "8001" },
        });
    })
}

/// Adds the fields that all events share.
fn envelope(number: u64, dice: &mut Dice, kind: &str, fill: impl FnOnce(&mut Value)) -> Value {
    let mut event = json!({
        "type": kind,
        "messageId": format!("5e1f4a3c-{:04x}-4f3b-8a55-{number:012x}", dice.below(1 << 16)),
        "anonymousId": format!("{:016x}", dice.next()),
        "userId": format!("u-{}", dice.below(50_000)),
    });
    fill(&mut event);
    let mut context = json!({
        "ip": format!("203.0.113.{}", dice.below(256)),
        "locale": "de-CH",
        "timezone": "Europe/Zurich",
        "userAgent": dice.one_of(&AGENTS),
        "library": { "name": "analytics.js", "version": "2.11.1" },
    });
    if dice.below(2) == 0 {
        context["campaign"] =
            json!({ "name": "autumn", "source": "newsletter", "medium": "email" });
    }
    if kind != "page" && dice.below(3) == 0 {
        context["page"] = json!({ "path": dice.one_of(&PATHS), "title": "A shop for all" });
    }
    event["context"] = context;
    event["integrations"] = json!({});
    event["timestamp"] = json!(format!(
        "2026-03-{:02}T08:{:02}:17.{:03}Z",
        1 + number % 28,
        number % 60,
        number % 1000
    ));
    event
}

fn product(dice: &mut Dice) -> Value {
    let sku = format!("sku-{:05}", dice.below(20_000));
    json!({ "sku": sku, "name": dice.one_of(&PRODUCTS), "price": cents(dice.below(90_000)), "quantity": 1 + dice.below(4) })
}

/// A price as shops write it: whole, or with decimals.
fn cents(cents: u64) -> Value {
    if cents.is_multiple_of(100) { json!(cents / 100) } else { json!(cents as f64 / 100.0) }
}

/// Numbers that look random and are not: SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }
}
