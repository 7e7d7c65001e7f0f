//! The configuration file as a whole: its sections, and the rules between them.

use std::collections::HashSet;

use xxhash_rust::xxh3::Xxh3;

use super::action::{Action, Actions};
use super::admin::Admin;
use super::app::{App, Apps};
use super::kafka::Kafka;
use super::kinds::{Nested, Optional, read_section};
use super::model::Config;
use super::people::People;
use super::reader::Reader;
use super::section::{Section, SettingValue, Table, section};
use super::senders::{ChannelIndex, expand};
use super::tree::Node;
use super::webhook::{Webhook, Webhooks};

section! {
    /// The configuration of slackline, the Slack destination for Kafka.
    pub File, FileKeys {
        /// Where events come from.
        kafka: Kafka = Nested::<Kafka>::REQUIRED;
        /// Slack apps by name, for webhooks that post to their channels.
        apps: Vec<App> = Apps;
        /// Slack incoming webhooks, and channels of Slack apps, by name. Several actions can share
        /// one. A name consists of letters, digits, `_`, `-` and `.`.
        webhooks: Vec<Webhook> = Webhooks;
        /// The people of the Slack workspace, for the filter `mention`.
        people: Option<People> = Optional(Nested::<People>::REQUIRED);
        /// What is posted, when, and where. At least one.
        actions: Vec<Action> = Actions;
        /// The HTTP endpoint for `/metrics`, `/healthz` and `/readyz`.
        admin: Admin = Nested::<Admin>::OPTIONAL;
    }
}

/// One more than the largest whole number that a metric (f64) holds exactly.
const HASH_LIMIT: u64 = 1 << 53;

/// How a top-level key starts that is ignored: a place for YAML anchors.
pub const EXTENSION: &str = "x-";

/// Reads and checks a whole file. `None` if something was reported.
pub fn read(tree: &Node, reader: &mut Reader<'_>) -> Option<Config> {
    let mut fields = reader.fields(tree, "the configuration")?;
    fields.ignore(|key| key.starts_with(EXTENSION));
    let file: File = read_section(fields, reader)?;
    let mut hash = Xxh3::new();
    file.add_to(&mut hash);
    let hash = hash.digest() % HASH_LIMIT;
    let File { kafka, apps, webhooks, people, actions, admin } = file;
    let people = people.map(|people| people.file.people);
    let webhooks = expand(webhooks);
    let channels = ChannelIndex::of(&webhooks);
    Some(Config { kafka, apps, webhooks, channels, people, actions, admin, hash })
}

impl Section for File {
    fn check(keys: FileKeys, reader: &mut Reader<'_>) -> Option<Self> {
        let file = Self::complete(keys)?;
        warn_of_unused(&file, reader);
        Some(file)
    }
}

/// Warns of webhooks and topics that no action uses, and of apps that no webhook uses.
fn warn_of_unused(file: &File, reader: &mut Reader<'_>) {
    let webhooks: HashSet<u32> = file.actions.iter().map(|action| action.webhook.0).collect();
    let topics: HashSet<u32> =
        file.actions.iter().flat_map(|action| &action.topics).map(|topic| topic.0).collect();
    let apps: HashSet<u32> =
        file.webhooks.iter().filter_map(|webhook| webhook.app.map(|app| app.0)).collect();
    let apps =
        reader.apps.take().map(|names| (names, apps, "webhook uses the app", "a webhook's `app`"));
    let webhooks = reader
        .webhooks
        .take()
        .map(|names| (names, webhooks, "action uses the webhook", "an action"));
    let topics = reader
        .topics
        .take()
        .map(|names| (names, topics, "action reads the topic", "an action's `topics`"));
    for (names, used, user, place) in [apps, webhooks, topics].into_iter().flatten() {
        for (name, _) in names.list.iter().zip(0..).filter(|(_, index)| !used.contains(index)) {
            let message = format!("no {user} `{}`", name.at.shown);
            reader.warn(&name.at, message, format!("name it in {place}, or remove it"));
        }
    }
}
