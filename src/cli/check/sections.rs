//! The sections of a configuration as `check` lists them: names in place of indexes.

use serde_json::{Map, Value as Json, json};

use crate::config::diagnostic::Diagnostic;
use crate::config::model::{Action, App, Config, Webhook, webhook_of_channel};
use crate::config::section::SettingValue;

/// The host of an app's Web API unless the configuration has another one.
const SLACK: &str = "slack.com";

/// The whole configuration.
pub fn as_json(config: &Config, warnings: &[Diagnostic]) -> Json {
    let actions = config.actions.iter().zip(actions(config)).map(|(action, mut shown)| {
        shown["needs_whole_event"] = action.trigger.whole_event_part().into();
        shown
    });
    json!({
        "ok": true,
        "warnings": warnings,
        "config_hash": config.hash,
        "kafka": config.kafka.shown(),
        "apps": apps(config),
        "webhooks": webhooks(config),
        "actions": actions.collect::<Vec<_>>(),
        "admin": config.admin.shown(),
    })
}

/// The apps, each with where its token is from, and the host of its Web API if it is not Slack's.
pub fn apps(config: &Config) -> Vec<Json> {
    config.apps.iter().map(app).collect()
}

fn app(app: &App) -> Json {
    let Json::Object(settings) = app.shown() else { return Json::Null };
    let mut shown = Map::new();
    for (key, value) in settings {
        match key.as_str() {
            "token" | "token_file" => {}
            "api_url" => {
                let url = &app.api_url;
                let host = url.host_str().filter(|host| *host != SLACK || url.port().is_some());
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                shown.insert("host".to_owned(), host.map(|host| format!("{host}{port}")).into());
            }
            _ => {
                shown.insert(key, value);
            }
        }
    }
    shown.into()
}

/// The webhooks of the file, each with the name of its app.
pub fn webhooks(config: &Config) -> Vec<Json> {
    let in_file = |webhook: &&Webhook| webhook_of_channel(&webhook.name).is_none();
    let webhooks = config.webhooks.iter().filter(in_file).map(|webhook| {
        let mut shown = webhook.shown();
        let app = webhook.app.and_then(|app| config.apps.get(app.0 as usize));
        shown["app"] = app.map(|app| app.name.as_str()).into();
        shown
    });
    webhooks.collect()
}

/// The actions, each with the names of its topics and its webhook.
pub fn actions(config: &Config) -> Vec<Json> {
    config.actions.iter().map(|action| self::action(action, config)).collect()
}

fn action(action: &Action, config: &Config) -> Json {
    let mut shown = action.shown();
    let topics = action.topics.iter().map(|topic| config.kafka.topics[topic.0 as usize].as_str());
    shown["topics"] = topics.collect();
    shown["webhook"] = config.webhooks[action.webhook.0 as usize].name.as_str().into();
    shown
}
