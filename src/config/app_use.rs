//! What a configuration uses an app for, as far as the app in Slack must allow it. Known before the
//! app exists, and so without its token. Pure.

use std::collections::BTreeSet;

use url::Url;

use super::destinations::Destinations;
use super::webhook::Channel;

pub use super::origin::Origin;

/// The keys that decide it, and so are needed also where they come from outside the text.
pub const DECISIVE: &[&str] = &["app", "channel", "channels"];

/// What a configuration uses one app for.
pub struct AppUse {
    /// The app's name in the configuration.
    pub name: String,
    /// The address of its Web API; `None` if it comes from outside the text.
    pub api_url: Option<Url>,
    /// Where the configuration takes its token from.
    pub token: Origin,
    /// The channels that it posts to.
    pub channels: Vec<Channel>,
    /// Whether an action sets the user or the icon of a message that it posts.
    pub customizes: bool,
}

impl AppUse {
    /// Every app, in the file's order.
    pub fn all(destinations: &Destinations) -> Vec<Self> {
        let apps = destinations.apps.iter().filter_map(|(name, api_url)| {
            let places = destinations.channels.iter().filter(|(channel, _)| channel.app == *name);
            let webhooks: BTreeSet<&String> = places.map(|(_, place)| &place.webhook).collect();
            let listed = webhooks.iter().filter_map(|webhook| destinations.listed.get(*webhook));
            Some(Self {
                name: name.clone(),
                api_url: api_url.clone(),
                token: destinations.token_origins.get(name)?.clone(),
                channels: listed.flatten().filter_map(|channel| Channel::parse(channel)).collect(),
                customizes: webhooks.iter().any(|it| destinations.customized.contains(*it)),
            })
        });
        apps.collect()
    }
}
