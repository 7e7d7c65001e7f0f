#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;

use super::*;
use crate::config::file::File;
use crate::config::section::{Document, Table};

fn sections() -> BTreeMap<&'static str, Vec<&'static str>> {
    fn add(document: &Document, to: &mut BTreeMap<&'static str, Vec<&'static str>>) {
        to.insert(document.name, document.keys.iter().map(|key| key.name).collect());
        document.keys.iter().filter_map(|key| key.section.as_ref()).for_each(|it| add(it, to));
    }
    let mut sections = BTreeMap::new();
    add(&File::document(), &mut sections);
    sections
}

fn help(section: &str, name: &str) -> String {
    let sections = sections();
    let advice = advice(name, &sections[section]);
    advice.unwrap_or_else(|| panic!("{name} in {section}")).help
}

#[test]
fn other_tools_keys_are_answered_with_ours() {
    for (section, name, expected) in [
        ("Action", "username", "write `user`"),
        ("Action", "text", "write `message`"),
        ("Action", "template", "write `message`"),
        ("Action", "body", "write `message`"),
        ("Action", "filter", "write `trigger`"),
        ("Action", "condition", "write `trigger`"),
        ("Action", "if", "write `trigger`"),
        ("Action", "when", "write `trigger`"),
        ("Action", "emoji", "write `icon_emoji`"),
        ("Action", "icon", "write `icon_emoji` or `icon_url`"),
        ("Action", "iconEmoji", "write `icon_emoji`"),
        ("Action", "unfurl_links", "write `unfurl`"),
        ("Action", "unfurl_media", "write `unfurl`"),
        ("Action", "description", "write it as a comment: `# …`"),
        ("Action", "webhook_url", "write `webhook: NAME`, and the URL under `webhooks`"),
        ("Action", "rate_per_second", "`rate_per_second` is a key of a webhook"),
        ("Webhook", "webhook_url", "write `url`"),
        ("Webhook", "username", "`user` is a key of an action"),
        ("Webhook", "channelId", "write `channel`"),
        ("Webhook", "ttl", "write `max_age`"),
        ("Webhook", "slackApp", "write `app`"),
        ("Webhook", "posts_per_minute", "`posts_per_minute` is a key of an app"),
        ("App", "slack_token", "write `token`"),
        ("App", "bot_token", "write `token`"),
        ("App", "api_key", "write `token`"),
        ("App", "botTokenFile", "write `token_file`"),
        ("App", "messages_per_minute", "write `posts_per_minute`"),
        ("App", "base_url", "write `api_url`"),
        ("App", "rate_per_second", "`rate_per_second` is a key of a webhook"),
        ("App", "signing_secret", "remove it: slackline needs nothing of an app but its bot token"),
        ("App", "webhook_url", "write it at a webhook, under `webhooks`"),
        ("Action", "token", "`token` is a key of an app"),
        ("Action", "app", "`app` is a key of a webhook"),
        ("File", "bots", "write `apps`"),
        ("File", "slack_token", "`token` is a key of an app"),
        ("Webhook", "retries", "write `retry`"),
        ("Retry", "retries", "write `max_elapsed`: retries are limited by time, not by number"),
        ("Retry", "max_elapsed_time", "write `max_elapsed`"),
        ("Kafka", "bootstrap.servers", "write `brokers`"),
        ("Kafka", "bootstrapServers", "write `brokers`"),
        ("Kafka", "group.id", "write `group_id`"),
        ("Kafka", "groupId", "write `group_id`"),
        ("Kafka", "security.protocol", "write it under `properties`"),
        ("Kafka", "auto.offset.reset", "write `start`"),
        ("Admin", "port", "write `listen`"),
        ("File", "rules", "write `actions`"),
        ("File", "brokers", "`brokers` is a key of `kafka`"),
        ("File", "log_level", "remove it: the environment variable `RUST_LOG` sets the level"),
    ] {
        assert_eq!(help(section, name), expected, "{name} in {section}");
    }
    for name in ["token", "slack_token", "bot_token", "api_key", "accessToken"] {
        assert!(help("Webhook", name).contains("`token` of one of `apps`"), "{name}");
    }
    for name in ["enabled", "mrkdwn", "footer", "attachments"] {
        assert!(!help("Action", name).is_empty());
    }
}

#[test]
fn a_misspelling_is_not_another_tools_key() {
    for (section, name) in [("Action", "mesage"), ("Action", "xyz"), ("Retry", "intial")] {
        assert_eq!(advice(name, &sections()[section]), None, "{name}");
    }
}

#[test]
fn the_tables_name_only_keys_that_exist() {
    let sections = sections();
    let exists = |key: &str| sections.values().flatten().any(|known| *known == key);
    let keys = SECTIONS.iter().flat_map(|(_, keys)| keys.iter().copied());
    for key in keys.chain(ALIASES.iter().map(|(ours, _)| *ours)) {
        assert!(exists(key), "{key}");
    }
    for (section, theirs, _) in NOTES {
        assert!(section.is_empty() || exists(section), "{section}");
        assert!(theirs.iter().all(|name| plain(name) == *name), "{theirs:?}");
    }
    assert!(ALIASES.iter().flat_map(|(_, theirs)| *theirs).all(|name| plain(name) == *name));
    for key in sections.values().flatten() {
        let placed = SECTIONS.iter().any(|(_, keys)| keys.contains(key));
        assert!(placed || *key == "name", "{key}");
    }
}
