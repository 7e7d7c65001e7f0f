//! The manifest of a Slack app (<https://docs.slack.dev/reference/app-manifest>). Pure.

use serde::Serialize;

use crate::config::app_use::AppUse;

/// The longest name of an app, in characters.
const LONGEST_NAME: usize = 35;

/// What Slack creates an app from.
#[derive(Debug, Serialize)]
pub struct Manifest {
    #[serde(rename = "_metadata")]
    metadata: Metadata,
    display_information: DisplayInformation,
    features: Features,
    oauth_config: OauthConfig,
    settings: Settings,
}

#[derive(Debug, Serialize)]
struct Metadata {
    major_version: u32,
    minor_version: u32,
}

#[derive(Debug, Serialize)]
struct DisplayInformation {
    name: String,
    description: &'static str,
}

#[derive(Debug, Serialize)]
struct Features {
    /// Without it, Slack refuses direct messages of the app (`messages_tab_disabled`).
    #[serde(skip_serializing_if = "Option::is_none")]
    app_home: Option<AppHome>,
    bot_user: BotUser,
}

#[derive(Debug, Serialize)]
struct AppHome {
    home_tab_enabled: bool,
    messages_tab_enabled: bool,
    messages_tab_read_only_enabled: bool,
}

#[derive(Debug, Serialize)]
struct BotUser {
    display_name: String,
    always_online: bool,
}

#[derive(Debug, Serialize)]
struct OauthConfig {
    scopes: Scopes,
}

#[derive(Debug, Serialize)]
struct Scopes {
    bot: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Settings {
    org_deploy_enabled: bool,
    socket_mode_enabled: bool,
    /// With rotation, a token would expire after 12 hours.
    token_rotation_enabled: bool,
}

impl Manifest {
    /// The manifest of an app that can do what the configuration uses it for, and no more.
    pub fn of(app: &AppUse) -> Self {
        let is_direct = |text: &str| text.starts_with(['D', 'U', 'W']);
        let posts_directly = app.channels.iter().any(|channel| is_direct(channel.as_str()));
        Self {
            metadata: Metadata { major_version: 1, minor_version: 1 },
            display_information: DisplayInformation {
                name: app.name.chars().take(LONGEST_NAME).collect(),
                description: "Posts messages for events in Kafka (slackline)",
            },
            features: Features {
                app_home: posts_directly.then_some(AppHome {
                    home_tab_enabled: false,
                    messages_tab_enabled: true,
                    messages_tab_read_only_enabled: true,
                }),
                bot_user: BotUser { display_name: app.name.clone(), always_online: false },
            },
            oauth_config: OauthConfig { scopes: Scopes { bot: scopes(app) } },
            settings: Settings {
                org_deploy_enabled: false,
                socket_mode_enabled: false,
                token_rotation_enabled: false,
            },
        }
    }
}

/// Whether a channel may be private, so that the app must be a member. One with `C` can be either.
pub fn may_be_private(channel: &str) -> bool {
    channel.starts_with(['#', 'C', 'G'])
}

fn scopes(app: &AppUse) -> Vec<&'static str> {
    let may_be_public = |text: &str| text.starts_with(['#', 'C']);
    let scopes = [
        ("chat:write", true),
        // Posts to public channels that the app has not joined.
        ("chat:write.public", app.channels.iter().any(|channel| may_be_public(channel.as_str()))),
        // Shows the user and the icon of an action.
        ("chat:write.customize", app.customizes),
        // `check --online` sees channels with these.
        ("channels:read", true),
        ("groups:read", true),
    ];
    scopes.into_iter().filter(|(_, is_needed)| *is_needed).map(|(scope, _)| scope).collect()
}
