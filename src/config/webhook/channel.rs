//! A channel of a Slack app, by name or ID.

use serde_json::{Value as Json, json};

use crate::config::located::Located;
use crate::config::reader::Reader;
use crate::config::section::{Kind, SettingValue};
use crate::config::tree::{Node, Value};

/// A channel as written: `#name`, or an ID such as `C024BE91L`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel(String);

/// One channel.
pub struct OneChannel;

/// A list of channels; none by default.
pub struct ChannelList;

impl Channel {
    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What channels are compared by.
    #[must_use]
    pub fn key(&self) -> String {
        key_of(&self.0)
    }
}

/// What an action's `channel` is compared by: trimmed, without a leading `#`, ignoring case.
#[must_use]
pub fn key_of(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix('#').unwrap_or(text).to_lowercase()
}

fn is_name(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|name| {
        (1..=80).contains(&name.chars().count())
            && !name.contains(char::is_whitespace)
            && name.to_lowercase() == name
    })
}

fn is_id(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(['C', 'G', 'D', 'U', 'W'])
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn channel(text: Located, key: &str, reader: &mut Reader<'_>) -> Option<Channel> {
    let Located { value, at } = text;
    let value = value.trim();
    if is_name(value) || is_id(value) {
        return Some(Channel(value.to_owned()));
    }
    let help = "write its name as `\"#sales-alerts\"` (lower case, no spaces), or its ID";
    reader.error(&at, format!("`{key}`: `{}` is no channel", at.shown), help);
    None
}

impl Kind for OneChannel {
    type Value = Channel;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Channel> {
        let text = reader.located(node, key)?;
        channel(text, key, reader)
    }

    fn words(&self) -> String {
        "name with `#`, or ID".to_owned()
    }
}

impl Kind for ChannelList {
    type Value = Vec<Channel>;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Vec<Channel>> {
        let Value::List(_) = &node.value else {
            reader.wrong_type(node, key, "a list");
            return None;
        };
        let (texts, are_all) = reader.texts(node, key)?;
        let wanted = texts.len();
        let channels: Vec<Channel> =
            texts.into_iter().filter_map(|text| channel(text, key, reader)).collect();
        (are_all && channels.len() == wanted).then_some(channels)
    }

    fn default(&self) -> Option<Vec<Channel>> {
        Some(Vec::new())
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string" }, "maxItems": 100 })
    }

    fn words(&self) -> String {
        "list of channels, at most 100".to_owned()
    }
}

impl SettingValue for Channel {
    fn shown(&self) -> Json {
        self.0.as_str().into()
    }
}
