//! Configuration: one number for the whole of it, so that replicas can be told apart that run on different ones.
//!
//! Invariant: equal configurations have equal hashes; the number tells nothing of a secret that could be guessed: of a webhook's URL (24 random
//! characters) only, of no proxy's password and of no Kafka property's value but those that name no secret.

use std::fmt::Write;

use xxhash_rust::xxh3::xxh3_64;

use super::model::{Action, Config, Webhook};

/// Largest whole number that a metric (f64) holds exactly, plus one.
const LIMIT: u64 = 1 << 53;

/// The hash of what the stages are built from, below 2^53. What differs between replicas by intention is left out: `instance_id`, `client.id`, `client.rack`,
/// and `admin.listen`, since two replicas on one host can't share a port.
pub(super) fn of(config: &Config) -> u64 {
    let mut text = String::new();
    let kafka = &config.kafka;
    let mut field = |value: &dyn std::fmt::Debug| {
        // `Debug` quotes texts, so that no two lists of fields read the same.
        let _ = write!(text, "{value:?};");
    };
    field(&(&kafka.brokers, &kafka.group_id, &kafka.topics, kafka.start, kafka.drain_timeout));
    for (name, value) in &kafka.properties {
        if !matches!(name.as_str(), "client.id" | "client.rack") {
            field(&(name, (!is_guessable(name)).then(|| value.expose())));
        }
    }
    // As it was before there was such a key.
    if let Some(file) = &kafka.oauth_token_file {
        field(file);
    }
    config.webhooks.iter().for_each(|webhook| of_webhook(webhook, &mut field));
    config.actions.iter().for_each(|action| of_action(action, &mut field));
    xxh3_64(text.as_bytes()) % LIMIT
}

/// A property whose value is, or may hold, a secret that somebody made up.
fn is_guessable(name: &str) -> bool {
    ["password", "secret", "key", "pem", "config", "sasl.username", "token", "jaas", "kinit"]
        .iter()
        .any(|part| name.contains(part))
}

fn of_webhook(webhook: &Webhook, field: &mut impl FnMut(&dyn std::fmt::Debug)) {
    // Of a proxy, what is no password.
    let proxy = webhook
        .proxy
        .as_ref()
        .map(|proxy| (proxy.expose().scheme(), proxy.expose().host_str(), proxy.expose().port()));
    field(&(
        &webhook.name,
        webhook.url.expose().as_str(),
        webhook.rate_per_second,
        webhook.burst,
        webhook.queue_capacity,
        webhook.when_full,
    ));
    field(&(webhook.timeout, proxy, &webhook.ca_pem, webhook.retry));
}

fn of_action(action: &Action, field: &mut impl FnMut(&dyn std::fmt::Debug)) {
    let [channel, user, icon_url] = [&action.channel, &action.user, &action.icon_url]
        .map(|template| template.as_ref().map(|template| template.source()));
    field(&(
        &action.name,
        &action.topics,
        action.trigger.source(),
        action.webhook,
        action.message.source(),
        channel,
        user,
        icon_url,
    ));
}
