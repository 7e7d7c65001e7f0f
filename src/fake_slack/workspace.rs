//! The workspace of the Web API: its channels, and what the app may do in it. Pure.
//!
//! By default every channel exists, the app is a member of it and has every scope, and any token
//! `xoxb-…` is valid. Settings change that.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use super::answer::named;

/// The scopes that slackline can use.
pub const SCOPES: [&str; 5] =
    ["chat:write", "chat:write.public", CUSTOMIZE, "channels:read", "groups:read"];

/// The scope that a message with a user or an icon needs.
pub const CUSTOMIZE: &str = "chat:write.customize";

/// The start of a bot token.
const BOT_TOKEN: &str = "xoxb-";

/// A channel of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name, with or without `#`. If it is empty, the ID is its name.
    pub name: String,
    /// Its ID. If it is empty, the workspace chooses one.
    #[serde(default)]
    pub id: String,
    /// Whether only its members see it.
    #[serde(default)]
    pub is_private: bool,
    /// Whether it is archived.
    #[serde(default)]
    pub is_archived: bool,
    /// Whether the app is a member.
    #[serde(default = "yes")]
    pub is_member: bool,
}

/// The body of `POST /control/workspace`. Only the given members are changed.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The only channels that exist; `null`: every channel exists.
    #[serde(deserialize_with = "named")]
    pub channels: Option<Option<Vec<Channel>>>,
    /// The scopes of the app; `null`: [`SCOPES`].
    #[serde(deserialize_with = "named")]
    pub scopes: Option<Option<BTreeSet<String>>>,
    /// The only valid tokens; `null`: every one that starts with `xoxb-`.
    #[serde(deserialize_with = "named")]
    pub tokens: Option<Option<BTreeSet<String>>>,
    /// Whether user and icon are ignored without `chat:write.customize`. Otherwise the message is
    /// refused. Slack has been seen to do either.
    pub ignore_customization: Option<bool>,
}

/// The channels and the rights of the app.
pub struct Workspace {
    channels: Vec<Channel>,
    /// Names and IDs.
    by_key: HashMap<String, usize>,
    /// Whether a channel is created when it is first used.
    is_open: bool,
    scopes: BTreeSet<String>,
    tokens: Option<BTreeSet<String>>,
    /// See [`Settings::ignore_customization`].
    ignores_customization: bool,
}

impl Channel {
    /// A public channel of which the app is a member.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { name, id: String::new(), is_private: false, is_archived: false, is_member: true }
    }

    /// Sets its ID.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Makes it private.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.is_private = true;
        self
    }

    /// Archives it.
    #[must_use]
    pub fn archived(mut self) -> Self {
        self.is_archived = true;
        self
    }

    /// Removes the app from it.
    #[must_use]
    pub fn without_app(mut self) -> Self {
        self.is_member = false;
        self
    }

    /// Whether the app sees it.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        self.is_member || !self.is_private
    }

    /// Whether it is a channel or a direct message, and not a user.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.id.starts_with(['C', 'G', 'D'])
    }

    /// Whether it is a direct message.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.id.starts_with('D')
    }
}

impl Default for Workspace {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            by_key: HashMap::new(),
            is_open: true,
            scopes: all_scopes(),
            tokens: None,
            ignores_customization: false,
        }
    }
}

impl Workspace {
    pub fn apply(&mut self, settings: Settings) {
        if let Some(channels) = settings.channels {
            self.is_open = channels.is_none();
            self.channels.clear();
            self.by_key.clear();
            for channel in channels.into_iter().flatten() {
                self.add(channel);
            }
        }
        if let Some(scopes) = settings.scopes {
            self.scopes = scopes.unwrap_or_else(all_scopes);
        }
        if let Some(tokens) = settings.tokens {
            self.tokens = tokens;
        }
        if let Some(ignores) = settings.ignore_customization {
            self.ignores_customization = ignores;
        }
    }

    /// Whether every channel exists.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Returns the channel with this name or ID. An open workspace creates it.
    pub fn channel(&mut self, text: &str) -> Option<Channel> {
        let key = key(text);
        let known = self.by_key.get(&key).copied();
        let index = match known {
            None if !self.is_open || key.is_empty() => None,
            None if is_id(&key) => Some(self.add(Channel::new("").with_id(key.as_str()))),
            None => Some(self.add(Channel::new(key))),
            known => known,
        };
        index.and_then(|index| self.channels.get(index)).cloned()
    }

    pub fn has(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
    }

    /// Whether a message with a user or an icon is refused.
    pub fn refuses_customization(&self) -> bool {
        !self.has(CUSTOMIZE) && !self.ignores_customization
    }

    /// Whether user and icon of a message are ignored.
    pub fn hides_customization(&self) -> bool {
        !self.has(CUSTOMIZE) && self.ignores_customization
    }

    /// Returns the scopes of the app, as Slack lists them.
    pub fn scopes(&self) -> String {
        self.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(",")
    }

    pub fn accepts(&self, token: &str) -> bool {
        match &self.tokens {
            Some(tokens) => tokens.contains(token),
            None => token.starts_with(BOT_TOKEN),
        }
    }

    fn add(&mut self, mut channel: Channel) -> usize {
        let index = self.channels.len();
        channel.name = channel.name.trim().trim_start_matches('#').to_lowercase();
        if channel.id.is_empty() {
            channel.id = format!("C{:010}", index + 1);
        }
        if channel.name.is_empty() {
            channel.name.clone_from(&channel.id);
        }
        // A name has no upper-case letter, so that it is never another channel's ID.
        for key in [channel.name.clone(), channel.id.clone()] {
            self.by_key.insert(key, index);
        }
        self.channels.push(channel);
        index
    }
}

/// Returns the form in which a channel's name or ID is compared.
pub fn key(text: &str) -> String {
    let text = text.trim();
    if is_id(text) { text.to_owned() } else { text.trim_start_matches('#').to_lowercase() }
}

/// Whether the text is an ID: of a channel, a private channel, a direct message or a user.
pub fn is_id(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(['C', 'G', 'D', 'U', 'W'])
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn all_scopes() -> BTreeSet<String> {
    SCOPES.into_iter().map(str::to_owned).collect()
}

fn yes() -> bool {
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_open_workspace_has_every_channel_and_each_has_one_id() {
        let mut workspace = Workspace::default();
        let sales = workspace.channel("#Sales").unwrap();
        assert_eq!((sales.name.as_str(), sales.id.as_str()), ("sales", "C0000000001"));
        for same in ["sales", " #sales ", "C0000000001"] {
            assert_eq!(workspace.channel(same).as_ref(), Some(&sales), "{same}");
        }
        assert_eq!(workspace.channel("C024BE91L").unwrap().id, "C024BE91L");
        assert!(!workspace.channel("U024BE91L").unwrap().is_listed());
        assert_eq!(workspace.channel(" # "), None);
        assert_eq!(workspace.channels().len(), 3);
    }

    #[test]
    fn settings_replace_what_they_name() {
        let mut workspace = Workspace::default();
        let channels = vec![Channel::new("#Sales"), Channel::new("old").with_id("C7").archived()];
        workspace.apply(Settings { channels: Some(Some(channels)), ..Settings::default() });
        assert!(
            workspace.channel("sales").is_some() && workspace.channel("C7").unwrap().is_archived
        );
        assert_eq!(workspace.channel("other"), None);
        assert!(
            workspace.has("chat:write") && workspace.accepts("xoxb-1") && !workspace.accepts("1")
        );
        workspace.apply(Settings {
            scopes: Some(Some(BTreeSet::from(["channels:read".to_owned()]))),
            tokens: Some(Some(BTreeSet::from(["xoxb-2".to_owned()]))),
            ..Settings::default()
        });
        assert_eq!(workspace.scopes(), "channels:read");
        assert!(!workspace.accepts("xoxb-1") && workspace.accepts("xoxb-2"));
        assert_eq!(workspace.channel("other"), None, "the channels are kept");
        workspace.apply(Settings {
            channels: Some(None),
            scopes: Some(None),
            tokens: Some(None),
            ..Settings::default()
        });
        assert!(workspace.channel("other").is_some() && workspace.has("groups:read"));
        assert!(workspace.accepts("xoxb-1"));
    }
}
