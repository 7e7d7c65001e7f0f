//! The rules between the keys of a webhook that say where it posts to: a URL, or an app's channels.

use super::channel::Channel;
use crate::config::destinations::{AppChannel, ChannelPlace};
use crate::config::located::Located;
use crate::config::reader::{Fields, Reader};
use crate::config::tree::{Node, Value};

/// What a webhook posts to.
pub enum Kind {
    /// An incoming webhook: it has a URL.
    Incoming,
    /// Channels of an app.
    App,
}

/// The keys of the connection, which an app has for all of its webhooks.
const OF_THE_APP: &[&str] = &["allow_http", "proxy", "ca_file"];

/// Returns what the webhook posts to. `None`: the keys contradict each other, which is reported.
pub fn kind(fields: &Fields<'_>, reader: &mut Reader<'_>) -> Option<Kind> {
    let name = fields.name.as_ref()?;
    let title = format!("the webhook `{}`", name.at.shown);
    let written = |keys: &[&'static str]| -> Vec<(&'static str, &Node)> {
        keys.iter().filter_map(|key| Some((*key, fields.get(key)?))).collect()
    };
    let (urls, channels) = (written(&["url", "url_file"]), written(&["channel", "channels"]));
    match (fields.get("app"), &*urls) {
        (Some(_), []) => {}
        (Some(app), [(url, _), ..]) => {
            let help = "remove one of them: a webhook posts to a URL, or to channels of an app";
            reader.error(app, format!("{title} has both `{url}` and `app`"), help);
            return None;
        }
        (None, []) if !channels.is_empty() => {
            for (key, node) in channels {
                let message = format!("{title} has `{key}`, but no `app`");
                reader.error(node, message, "add `app: NAME`, the name of one of `apps`");
            }
            return None;
        }
        (None, []) => {
            let message = format!("{title} has neither `url` nor `url_file` nor `app`");
            let help = "add `url: ${NAME}` or `url_file: PATH`; \
                        for a channel of a Slack app, `app: NAME` and `channel`";
            reader.error(&name.at, message, help);
            return None;
        }
        (None, [.., (_, last)]) => {
            for (key, node) in &channels {
                let help = "remove it: the URL decides the channel; \
                            only with `app` in place of the URL there is a choice";
                reader.error(*node, format!("{title} has `{key}`, but no `app`"), help);
            }
            if urls.len() > 1 {
                let message = format!("{title} has both `url` and `url_file`");
                reader.error(*last, message, "remove one of them");
            }
            return (urls.len() == 1).then_some(Kind::Incoming);
        }
    }
    for (key, node) in written(OF_THE_APP) {
        let help = "write it under `apps`, at the app: it holds for all channels of the app";
        reader.error(node, format!("`{key}` is a key of the app, not of its webhooks"), help);
    }
    if fields.get("channel").is_none() {
        let help = match fields.get("channels") {
            Some(_) => "add it: messages that choose none of `channels` go there",
            None => "add the channel to post to, such as `channel: \"#sales-alerts\"`",
        };
        reader.error(&name.at, format!("{title} has `app`, but no `channel`"), help);
    }
    record_channels(fields, name, reader);
    Some(Kind::App)
}

/// Records the channels of an app's webhook, and reports those that a webhook has already.
fn record_channels(fields: &Fields<'_>, webhook: &Located, reader: &mut Reader<'_>) {
    let app = fields.get("app").and_then(|node| reader.located(node, "app"));
    let nodes = fields.get("channel").into_iter().map(|node| ("channel", node));
    let further = match fields.get("channels").map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes.as_slice(),
        _ => &[],
    };
    let nodes = nodes.filter(|(_, node)| !matches!(node.value, Value::List(_)));
    let nodes = nodes.chain(further.iter().map(|node| ("channels", node)));
    let mut listed = Some(Vec::new());
    for (key, node) in nodes {
        let text = reader.located(node, key);
        let channel = text.as_ref().and_then(|text| Channel::parse(&text.value));
        let (Some(Located { at, .. }), Some(channel)) = (text, channel) else {
            listed = None;
            continue;
        };
        if let Some(listed) = &mut listed {
            listed.push(channel.as_str().to_owned());
        }
        let Some(app) = &app else { continue };
        let same = AppChannel { app: app.value.clone(), key: channel.key() };
        let place = ChannelPlace { webhook: webhook.value.clone(), at: at.start };
        let Some(first) = reader.destinations.channels.get(&same) else {
            reader.destinations.channels.insert(same, place);
            continue;
        };
        let (message, help) = if first.webhook == webhook.value {
            (format!("duplicate channel `{}`", at.shown), reader.remove_one(first.at))
        } else {
            let message = format!(
                "the webhooks `{}` and `{}` have the same channel `{}` of the app `{}`",
                first.webhook, webhook.at.shown, at.shown, app.at.shown
            );
            (message, "remove one of them: several actions can share a webhook".to_owned())
        };
        reader.error(&at, message, help);
    }
    if let Some(listed) = listed.filter(|listed| !listed.is_empty()) {
        reader.destinations.listed.insert(webhook.value.clone(), listed);
    }
}
