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
    /// The most channels that a webhook can list besides its own.
    pub const MOST: usize = 100;

    /// Reads a channel; `None`: it is neither a name nor an ID.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (is_name(text) || is_id(text)).then(|| Self(text.to_owned()))
    }

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
            && !name.contains(|c: char| c.is_whitespace() || "{}<>,#\"'".contains(c))
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
    let channel = Channel::parse(&value);
    if channel.is_none() {
        // The value of a variable may be a secret.
        let right = (at.token.is_some() && !at.hidden).then(|| right_form(&value)).flatten();
        let help = match right {
            _ if value.trim().is_empty() => {
                "write its name, such as `\"#sales-alerts\"`, or its ID".to_owned()
            }
            Some(right) => format!("write {right}"),
            None => {
                "write its name, such as `\"#sales-alerts\"` (lower case, no blanks, at most 80 \
                     characters), or its ID, such as `C024BE91L`"
                    .to_owned()
            }
        };
        let what = if value.trim().is_empty() {
            format!("`{key}` is empty")
        } else {
            format!("`{key}`: `{}` is neither `#name` nor an ID", at.shown)
        };
        reader.error(&at, what, help);
    }
    channel
}

/// What to write in place of a text that is almost a channel.
fn right_form(text: &str) -> Option<String> {
    let text = text.trim();
    if text.contains("{{") {
        let help = "channels without variables: an action's `channel` chooses one of them";
        return Some(help.to_owned());
    }
    if text.starts_with('@') {
        return Some("the user's ID, such as `U024BE7LH`".to_owned());
    }
    let link = text.strip_prefix("https://").or_else(|| text.strip_prefix("<#"));
    if let Some(link) = link {
        let is_part = |part: &&str| part.len() >= 9 && is_id(part) && !part.starts_with(['U', 'W']);
        let id = link.split(['/', '|', '>', '?']).find(is_part)?;
        return Some(format!("the ID alone: `{id}`"));
    }
    if text.len() >= 9 && is_id(&text.to_uppercase()) && text.contains(|c: char| c.is_ascii_digit())
    {
        return Some(format!("an ID in capitals: `{}`", text.to_uppercase()));
    }
    let name = text.trim_start_matches('#').trim().to_lowercase();
    let name = format!("#{}", name.split_whitespace().collect::<Vec<_>>().join("-"));
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '#' | '-' | '_');
    (is_name(&name) && name.chars().all(is_plain)).then(|| format!("`\"{name}\"`"))
}

impl Kind for OneChannel {
    type Value = Channel;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Channel> {
        if let Value::List(_) = &node.value {
            let help = "write one channel; list further ones under `channels`";
            reader.error(node, format!("`{key}` is a list, not one channel"), help);
            return None;
        }
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
        if texts.len() > Channel::MOST {
            let message = format!("`{key}` lists {} channels", texts.len());
            let help = format!("list at most {}; further ones need another webhook", Channel::MOST);
            reader.error(node, message, help);
            return None;
        }
        let wanted = texts.len();
        let channels: Vec<Channel> =
            texts.into_iter().filter_map(|text| channel(text, key, reader)).collect();
        (are_all && channels.len() == wanted).then_some(channels)
    }

    fn default(&self) -> Option<Vec<Channel>> {
        Some(Vec::new())
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": { "type": "string" }, "maxItems": Channel::MOST })
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_and_ids_are_channels() {
        for text in
            ["#sales", "#sales-emea_2", "#été", "#日本", " #sales ", "C024BE91L", "D0", "U1"]
        {
            assert!(Channel::parse(text).is_some(), "{text}");
        }
        let longest = format!("#{}", "a".repeat(80));
        assert!(Channel::parse(&longest).is_some());
        assert!(Channel::parse(&format!("{longest}a")).is_none());
        for text in [
            "",
            "#",
            "sales",
            "#Sales",
            "#a b",
            "@ada",
            "#sales-{{x}}",
            "#a,#b",
            "C",
            "c024be91l",
            "X024BE91L",
        ] {
            assert!(Channel::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_right_form_is_named() {
        for (text, right) in [
            ("sales", Some("`\"#sales\"`")),
            ("#Sales Team", Some("`\"#sales-team\"`")),
            ("##sales", Some("`\"#sales\"`")),
            ("@ada", Some("the user's ID, such as `U024BE7LH`")),
            ("c024be91l", Some("an ID in capitals: `C024BE91L`")),
            ("https://acme.slack.com/archives/C024BE91L", Some("the ID alone: `C024BE91L`")),
            ("<#C024BE91L|sales>", Some("the ID alone: `C024BE91L`")),
            ("https://acme.slack.com/", None),
            (
                "#sales-{{region}}",
                Some("channels without variables: an action's `channel` chooses one of them"),
            ),
            ("#sales,#support", None),
        ] {
            assert_eq!(right_form(text).as_deref(), right, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_proposed_as_a_name_is_one(text in "[#A-Za-z é_.-]{0,12}") {
            let right = right_form(&text);
            let name = right.as_ref().and_then(|right| right.strip_prefix("`\""));
            if let Some(name) = name {
                prop_assert!(Channel::parse(name.trim_end_matches("\"`")).is_some());
            }
        }

        #[test]
        fn a_channel_is_compared_without_its_sign_and_case(name in "[a-z0-9-]{1,12}") {
            let channel = Channel::parse(&format!("#{name}")).unwrap();
            prop_assert_eq!(channel.key(), key_of(&format!(" {} ", name.to_uppercase())));
        }
    }
}
