//! The mixed load of the faults: webhooks of every kind, incoming webhooks and channels of an app,
//! and the kinds of events that match their actions.
//!
//! The webhooks that are checked for loss never overflow: they have fewer unsettled deliveries than
//! their queue holds. Webhooks that do overflow affect the restart state of the others, and are
//! checked for order and repetition; their missing posts do not count as lost.

use crate::harness::broker::{Broker, unique};
use crate::harness::setup::Setup;
use crate::harness::slack::{Answer, Slack};

/// One webhook of the load.
#[derive(Debug, Clone, Copy)]
pub struct WebhookSpec {
    /// The webhook's name.
    pub name: &'static str,
    /// Posts a second of the whole group.
    pub rate: f64,
    /// The burst of one process.
    pub burst: u32,
    /// The number of deliveries that the load keeps waiting for it.
    pub waiting: usize,
    /// Set for a webhook that overflows on purpose: its missing posts are not lost.
    pub lossy: bool,
    /// More settings.
    lines: &'static [&'static str],
}

impl WebhookSpec {
    /// The posts that one process may have in doubt, and so the most that one fault of it may
    /// repeat: ⌈rate × 100 ms⌉.
    pub fn window(&self) -> usize {
        ((self.rate * 0.1).ceil() as usize).max(1)
    }
}

/// One kind of event, by its name.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The event's `event`.
    pub name: &'static str,
    /// The topic: [`MAIN`] or [`SIDE`].
    pub topic: usize,
    /// For each delivery the webhook, and the field that identifies its post: `n` or `m`.
    pub posts: &'static [(&'static str, &'static str)],
    /// The most events a second; `None` for as many as keep the webhooks' deliveries waiting.
    pub per_second: Option<f64>,
}

/// The topic of most events.
pub const MAIN: usize = 0;

/// The topic that a full `block` queue pauses.
pub const SIDE: usize = 1;

/// Partitions of each topic.
pub const PARTITIONS: [i32; 2] = [6, 3];

const fn webhook(
    name: &'static str,
    rate: f64,
    waiting: usize,
    lines: &'static [&'static str],
) -> WebhookSpec {
    WebhookSpec { name, rate, burst: 1, waiting, lossy: false, lines }
}

/// All webhooks.
pub const WEBHOOKS: &[WebhookSpec] = &[
    webhook("tick", 1.0, 6, &[]),
    webhook("steady", 5.0, 20, &["when_full: drop_oldest"]),
    webhook("quick", 20.0, 60, &["queue_capacity: 200"]),
    webhook("slow", 3.0, 9, &[]),
    webhook("failing", 10.0, 30, &["retry: {initial: 100ms, max: 500ms}"]),
    webhook("double", 6.0, 24, &[]),
    webhook("blocking", 8.0, 24, &["when_full: block", "queue_capacity: 4"]),
    webhook("beside", 10.0, 40, &["queue_capacity: 200"]),
    WebhookSpec { burst: 30, ..webhook("probe", 30.0, 300, &["queue_capacity: 1000"]) },
    WebhookSpec { lossy: true, ..webhook("newest", 4.0, 0, &["queue_capacity: 5"]) },
    WebhookSpec {
        lossy: true,
        ..webhook("oldest", 4.0, 0, &["queue_capacity: 5", "when_full: drop_oldest"])
    },
];

/// The webhooks that are channels of one app.
pub const CHANNELS: &[&str] = &["steady", "slow", "failing", "blocking", "oldest"];

/// Posts a second of the app, for all its channels and the whole group: less than the sum of their
/// rates, so that both limits bind.
pub const APP_RATE: f64 = 24.0;

const fn kind(
    name: &'static str,
    topic: usize,
    posts: &'static [(&'static str, &'static str)],
) -> Kind {
    Kind { name, topic, posts, per_second: None }
}

const fn paced(
    name: &'static str,
    per_second: f64,
    posts: &'static [(&'static str, &'static str)],
) -> Kind {
    Kind { name, topic: MAIN, posts, per_second: Some(per_second) }
}

/// All kinds of events.
pub const KINDS: &[Kind] = &[
    kind("tick", MAIN, &[("tick", "n")]),
    kind("steady", MAIN, &[("steady", "n")]),
    kind("quick", MAIN, &[("quick", "n")]),
    kind("slow", MAIN, &[("slow", "n")]),
    kind("failing", MAIN, &[("failing", "n")]),
    // Two actions of one webhook match one event: one of them may be delivered and the other
    // pending.
    kind("double", MAIN, &[("double", "n"), ("double", "m")]),
    // One event for several webhooks, which are far apart in their progress.
    kind("several", MAIN, &[("steady", "n"), ("quick", "n"), ("failing", "n"), ("slow", "n")]),
    kind("pair", SIDE, &[("blocking", "n"), ("beside", "n")]),
    kind("beside", SIDE, &[("beside", "n")]),
    // Spare rate and no backlog: its post shows immediately that a partition is read.
    paced("probe", 15.0, &[("probe", "n")]),
    paced("newest", 8.0, &[("newest", "n")]),
    paced("oldest", 8.0, &[("oldest", "n")]),
    // No action matches: the committed offset passes them too.
    paced("noise", 20.0, &[]),
];

/// The webhook of this name.
pub fn webhook_named(name: &str) -> &'static WebhookSpec {
    WEBHOOKS.iter().find(|webhook| webhook.name == name).unwrap()
}

/// Creates two topics, and the configuration of a worker with the whole mix.
pub fn setup(broker: &Broker, slack: &Slack) -> Setup {
    let topics = PARTITIONS.map(|partitions| {
        let topic = unique("load");
        broker.create(&topic, partitions, &[]);
        topic
    });
    let mut setup = Setup::new(broker, &[&topics[MAIN], &topics[SIDE]]);
    for webhook in WEBHOOKS {
        let mut lines =
            vec![format!("rate_per_second: {}", webhook.rate), format!("burst: {}", webhook.burst)];
        lines.extend(webhook.lines.iter().map(|line| (*line).to_owned()));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        setup = setup.webhook_with(slack, webhook.name, &lines, &actions(webhook, &topics));
    }
    slack.default("slow", Answer::Slow(std::time::Duration::from_millis(250)));
    let lines = [format!("posts_per_minute: {}", APP_RATE * 60.0)];
    setup.app(slack, "acme", &lines.each_ref().map(String::as_str)).in_app("acme", CHANNELS)
}

fn actions(spec: &WebhookSpec, topics: &[String; 2]) -> String {
    let deliveries = KINDS
        .iter()
        .flat_map(|kind| kind.posts.iter().map(move |(webhook, field)| (kind, *webhook, field)));
    deliveries
        .filter(|(_, webhook, _)| *webhook == spec.name)
        .map(|(kind, webhook, field)| {
            let (name, topic) = (kind.name, &topics[kind.topic]);
            format!(
                "  - {{name: {name}-{webhook}-{field}, topics: [{topic}], trigger: \"event == '{name}'\", webhook: {webhook}, message: '{{{{{field}}}}}'}}\n"
            )
        })
        .collect()
}
