//! The sections of a configuration as `check` lists them: names in place of indexes.

use serde_json::{Value as Json, json};

use crate::config::diagnostic::Diagnostic;
use crate::config::model::{Action, App, Config, Webhook, WebhookIndex, webhook_of_channel};
use crate::config::section::{Listed, SettingValue, as_object, listed};

/// The host of an app's Web API unless the configuration has another one.
const SLACK: &str = "slack.com";

/// The whole configuration.
pub fn as_json(config: &Config, warnings: &[Diagnostic]) -> Json {
    let actions = config.actions.iter().zip(actions(config)).map(|(action, mut listed)| {
        listed.push(("needs_whole_event", action.trigger.whole_event_part().into()));
        as_object(listed)
    });
    let objects = |rows: Vec<Listed>| rows.into_iter().map(as_object).collect::<Vec<_>>();
    json!({
        "ok": true,
        "warnings": warnings,
        "config_hash": config.hash,
        "kafka": config.kafka.shown(),
        "apps": objects(apps(config)),
        "webhooks": objects(webhooks(config)),
        "people": config.people.as_ref().map(|people| people.len()),
        "actions": actions.collect::<Vec<_>>(),
        "admin": config.admin.shown(),
    })
}

/// The apps, each with the source of the token, and the Web API's host if it is not Slack's.
pub fn apps(config: &Config) -> Vec<Listed> {
    config.apps.iter().map(app).collect()
}

fn app(app: &App) -> Listed {
    let mut shown = Vec::new();
    for (key, value) in listed(app) {
        match key {
            "token" | "token_file" => {}
            "api_url" => {
                let url = &app.api_url;
                let host = url.host_str().filter(|host| *host != SLACK || url.port().is_some());
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                shown.push(("host", host.map(|host| format!("{host}{port}")).into()));
            }
            _ => shown.push((key, value)),
        }
    }
    shown
}

/// The file's webhooks, each with the app's name.
pub fn webhooks(config: &Config) -> Vec<Listed> {
    let webhooks = (0..).map(WebhookIndex).zip(&config.webhooks);
    let in_file = webhooks.filter(|(_, webhook)| webhook_of_channel(&webhook.name).is_none());
    let row = |(index, webhook): (_, &Webhook)| {
        let app = config.app_of(index).map(|app| app.name.as_str()).into();
        with(listed(webhook), "app", app)
    };
    in_file.map(row).collect()
}

/// The actions, each with the names of the topics and the webhook.
pub fn actions(config: &Config) -> Vec<Listed> {
    config.actions.iter().map(|action| self::action(action, config)).collect()
}

fn action(action: &Action, config: &Config) -> Listed {
    let topics = action.topics.iter().map(|topic| config.kafka.topics[topic.0 as usize].as_str());
    let webhook = config.webhooks[action.webhook.0 as usize].name.as_str().into();
    with(with(listed(action), "topics", topics.collect()), "webhook", webhook)
}

/// With this value of one setting.
fn with(mut settings: Listed, key: &str, value: Json) -> Listed {
    if let Some((_, shown)) = settings.iter_mut().find(|(listed, _)| *listed == key) {
        *shown = value;
    }
    settings
}
