//! `preview --output json`: one JSON object a line. It is a public interface.

use serde_json::{Value, json};

use super::online::Checked;
use super::posted;
use super::seen::Seen;
use crate::config::model::{ActionIndex, Config};
use crate::event::{Invalid, Shape};
use crate::route::explain::Explained;

/// Returns the line of one event.
pub fn line(
    seen: &Seen<'_>,
    decisions: &Result<Vec<(ActionIndex, Explained)>, Invalid>,
    config: &Config,
) -> Value {
    match decisions {
        Err(invalid) => json!({
            "source": seen.source,
            "invalid": invalid.as_str(),
            "looks_like": Shape::of(seen.value).to_string(),
        }),
        Ok(explained) => {
            let actions = explained.iter().map(|(index, it)| action(*index, it, config));
            json!({ "source": seen.source, "actions": actions.collect::<Vec<_>>() })
        }
    }
}

/// Adds what Slack says of the blocks to the actions with these names.
pub fn add_checked(line: &mut Value, checked: &[(String, Checked)]) {
    let Some(actions) = line.get_mut("actions").and_then(Value::as_array_mut) else { return };
    for (name, Checked { is_failed, text }) in checked {
        if let Some(action) = actions.iter_mut().find(|action| action["action"] == name.as_str()) {
            action["online"] = json!({ "ok": !is_failed, "detail": text });
        }
    }
}

fn action(index: ActionIndex, explained: &Explained, config: &Config) -> Value {
    let action = &config.actions[index.0 as usize];
    let (result, reason) = match explained {
        Explained::NoMatch { reason } => ("no_match", reason),
        Explained::Drop { reason } => ("drop", reason),
        Explained::Error { reason } => ("error", reason),
        Explained::Post { webhook, unlisted, message, errors, missing } => {
            let webhook = &config.webhooks[webhook.0 as usize];
            let parts = posted::bodies(&message.payload, webhook, &config.apps);
            let mut shown = json!({
                "action": action.name,
                "webhook": webhook.name,
                "result": "post",
                "payload": parts.first(),
            });
            if parts.len() > 1 {
                shown["parts"] = json!(parts);
            }
            if let Some(channel) = unlisted {
                shown["channel_not_listed"] = json!(channel);
            }
            if !message.truncated.is_empty() {
                shown["truncated"] = json!(message.truncated.names());
            }
            // The message is posted in any case.
            if !errors.is_empty() {
                shown["errors"] = json!(errors);
            }
            if !missing.is_empty() {
                shown["missing"] = json!(missing);
            }
            return shown;
        }
    };
    json!({ "action": action.name, "result": result, "reason": reason })
}
