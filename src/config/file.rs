//! The configuration file as a whole: its sections, and the rules between them.

use std::collections::HashSet;

use serde_json::{Value as Json, json};
use xxhash_rust::xxh3::Xxh3;

use super::action::{Action, Actions};
use super::admin::Admin;
use super::kafka::Kafka;
use super::kinds::Nested;
use super::model::Config;
use super::reader::Reader;
use super::section::{Document, Kind, Section, Shown, Table, section};
use super::tree::Node;
use super::webhook::{Webhook, Webhooks};

section! {
    /// The configuration of slackline, the Slack destination for Kafka.
    pub(super) File, FileKeys {
        kafka: Kafka = KafkaSection,
            "Where events come from.";
        webhooks: Vec<Webhook> = Webhooks,
            "Slack incoming webhooks by name. Several actions can share one. A name consists of \
             letters, digits, `_`, `-` and `.`.";
        actions: Vec<Action> = Actions,
            "What is posted, when, and where. At least one.";
        admin: Admin = Nested::<Admin>::OPTIONAL,
            "The HTTP endpoint for `/metrics`, `/healthz` and `/readyz`.";
    }
}

/// [`Nested`], with variables of the environment.
struct KafkaSection;

/// One more than the largest whole number that a metric (f64) holds exactly.
const HASH_LIMIT: u64 = 1 << 53;

/// Reads and checks a whole file. `None` if something was reported.
pub(super) fn read(tree: &Node, reader: &mut Reader<'_>) -> Option<Config> {
    let fields = reader.fields(tree, "the configuration")?;
    let keys = File::read(fields, reader);
    let file = File::check(keys, reader)?;
    let mut hash = Xxh3::new();
    file.add_to(&mut hash);
    let hash = hash.digest() % HASH_LIMIT;
    let File { kafka, webhooks, actions, admin } = file;
    Some(Config { kafka, webhooks, actions, admin, hash })
}

impl Section for File {
    fn check(keys: FileKeys, reader: &mut Reader<'_>) -> Option<Self> {
        let file = keys.complete()?;
        warn_of_unused(&file, reader);
        Some(file)
    }
}

/// Warns of webhooks and topics that no action uses.
fn warn_of_unused(file: &File, reader: &mut Reader<'_>) {
    let webhooks: HashSet<u32> = file.actions.iter().map(|action| action.webhook.0).collect();
    let topics: HashSet<u32> =
        file.actions.iter().flat_map(|action| &action.topics).map(|topic| topic.0).collect();
    let (declared_webhooks, declared_topics) = (reader.webhooks.take(), reader.topics.take());
    for (name, index) in declared_webhooks.iter().flat_map(|names| &names.list).zip(0..) {
        if !webhooks.contains(&index) {
            let message = format!("no action uses the webhook `{}`", name.at.shown);
            reader.warn(&name.at, message, "name it in an action, or remove it");
        }
    }
    for (topic, index) in declared_topics.iter().flat_map(|names| &names.list).zip(0..) {
        if !topics.contains(&index) {
            let message = format!("no action reads the topic `{}`", topic.at.shown);
            reader.warn(&topic.at, message, "name it in an action's `topics`, or remove it");
        }
    }
}

impl Kind for KafkaSection {
    type Value = Kafka;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Kafka> {
        reader.expands = true;
        let kafka = Nested::<Kafka>::REQUIRED.read(node, key, reader);
        reader.expands = false;
        kafka
    }

    fn schema(&self) -> Json {
        // Draft 7 ignores what is beside a `$ref`.
        json!({ "allOf": [Nested::<Kafka>::REQUIRED.schema()] })
    }

    fn words(&self) -> String {
        Nested::<Kafka>::REQUIRED.words()
    }

    fn section(&self) -> Option<Document> {
        Nested::<Kafka>::REQUIRED.section()
    }
}
