//! URLs that are valid, but not those of receivers that take Slack's messages.
//!
//! Pure. Invariant: no message here contains any part of a URL.

use url::Url;

use super::mistakes::{INCOMING, Refused};
use crate::slack_host::is_slack;

/// What a URL is in place of a webhook that takes Slack's messages.
#[derive(Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It certainly cannot work.
    Refused(Refused),
    /// It is unlikely to work.
    Unlikely(Refused),
}

const COMPATIBLE: &str = "use a receiver that takes Slack's messages, or a bridge to this one";

/// Receivers with their own message format, by host: the host, or what is below it.
const OTHERS: &[(&str, &str)] = &[
    ("webhook.office.com", "is a webhook of Microsoft Teams, which takes other messages"),
    ("outlook.office.com", "is a webhook of Microsoft Teams, which takes other messages"),
    ("outlook.office365.com", "is a webhook of Microsoft Teams, which takes other messages"),
    ("logic.azure.com", "is a workflow of Microsoft Teams, which takes other messages"),
    ("api.powerplatform.com", "is a workflow of Microsoft Teams, which takes other messages"),
    ("chat.googleapis.com", "is a webhook of Google Chat, which refuses Slack's `username`"),
    ("api.telegram.org", "is Telegram's API, which takes other messages"),
    ("events.pagerduty.com", "is PagerDuty's API, which takes other messages"),
    ("api.opsgenie.com", "is Opsgenie's API, which takes other messages"),
    ("open.feishu.cn", "is a webhook of Feishu, which takes other messages"),
    ("open.larksuite.com", "is a webhook of Lark, which takes other messages"),
    ("oapi.dingtalk.com", "is a webhook of DingTalk, which takes other messages"),
    ("qyapi.weixin.qq.com", "is a webhook of WeCom, which takes other messages"),
];

/// Returns what is wrong with a webhook's URL; `None`: nothing that can be seen.
pub fn doubt(url: &Url) -> Option<Doubt> {
    if is_slack(url) {
        return of_slack(url);
    }
    let path = url.path().trim_end_matches('/');
    let host = url.domain()?;
    let is_at = |domain: &str| {
        host.strip_suffix(domain).is_some_and(|below| below.is_empty() || below.ends_with('.'))
    };
    let is_discord = is_at("discord.com") || is_at("discordapp.com");
    if is_discord && path.starts_with("/api/") && !path.ends_with("/slack") {
        let what = "is Discord's own webhook, which takes other messages";
        return Some(Doubt::Unlikely((what, "append `/slack` to the URL")));
    }
    if path.contains("/api/v1/external/") && !path.ends_with("/slack_incoming") {
        let what = "is another of Zulip's integrations than the one for Slack's messages";
        return Some(Doubt::Unlikely((
            what,
            "end its path with `/api/v1/external/slack_incoming`",
        )));
    }
    let (_, what) = OTHERS.iter().find(|(domain, _)| is_at(domain))?;
    Some(Doubt::Unlikely((what, COMPATIBLE)))
}

fn of_slack(url: &Url) -> Option<Doubt> {
    let mut parts = url.path().split('/').filter(|part| !part.is_empty());
    let is_hooks = url.host_str().is_some_and(|host| host.starts_with("hooks."));
    match parts.next() {
        Some("triggers" | "workflows") => {
            let what = "is the trigger of a workflow, not an incoming webhook";
            Some(Doubt::Refused((what, INCOMING)))
        }
        Some("api") => {
            let what = "is a method of Slack's API, not an incoming webhook";
            Some(Doubt::Refused((what, INCOMING)))
        }
        Some("services") if is_hooks => match parts.count() {
            3 => None,
            0..=2 => {
                let help = "copy the whole URL: three parts come after `/services/`";
                Some(Doubt::Unlikely(("is not a whole incoming webhook of Slack", help)))
            }
            _ => {
                let help = "copy the URL again: three parts come after `/services/`";
                Some(Doubt::Unlikely(("has too many parts for an incoming webhook of Slack", help)))
            }
        },
        _ => Some(Doubt::Unlikely(("is not an incoming webhook of Slack", INCOMING))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn of(url: &str) -> Option<Doubt> {
        doubt(&Url::parse(url).unwrap())
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for url in [
            "https://hooks.slack.com/triggers/T0/1/x",
            "https://hooks.slack.com/workflows/T0/A0/1/x",
            "https://hooks.slack-gov.com/triggers/T0/1/x",
            "https://slack.com/api/chat.postMessage",
            "https://acme.slack.com/api/chat.postMessage?token=x",
        ] {
            assert!(matches!(of(url), Some(Doubt::Refused(_))), "{url}");
        }
    }

    #[test]
    fn what_is_unlikely_to_work_is_warned_of() {
        for url in [
            "https://app.slack.com/client/T0/C0",
            "https://acme.slack.com/archives/C0",
            "https://slack.com/services/T0/B0/x",
            "https://api.slack.com/apps/A0/incoming-webhooks",
            "https://hooks.slack.com/",
            "https://hooks.slack.com/commands/T0/1/x",
            "https://hooks.slack.com/services/T0/B0",
            "https://hooks.slack.com/services/T0/B0/",
            "https://hooks.slack.com/services/T0/B0/x/y",
            "https://discord.com/api/webhooks/1/a",
            "https://ptb.discord.com/api/v10/webhooks/1/a?wait=true",
            "https://discordapp.com/api/webhooks/1/a/github",
            "https://acme.webhook.office.com/webhookb2/x",
            "https://outlook.office.com/webhook/x",
            "https://prod-1.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke",
            "https://chat.googleapis.com/v1/spaces/A/messages?key=x&token=y",
            "https://zulip.example/api/v1/external/slack?api_key=x",
        ] {
            assert!(matches!(of(url), Some(Doubt::Unlikely(_))), "{url}");
        }
    }

    #[test]
    fn what_may_work_is_not_warned_of() {
        for url in [
            "https://hooks.slack.com/services/T0/B0/x",
            "https://hooks.slack.com/services/T0/B0/x/",
            "https://hooks.slack-gov.com/services/T0/B0/x",
            "https://discord.com/api/webhooks/1/a/slack",
            "https://discord.com/api/webhooks/1/a/slack/?wait=true",
            "https://mattermost.example/hooks/x",
            "https://rocket.example/hooks/a/b",
            "https://zulip.example/api/v1/external/slack_incoming?api_key=x",
            "https://slack.example/triggers/x",
            "https://notdiscord.com/api/webhooks/1/a",
            "http://127.0.0.1:9465/services/T0/B0/x",
            "http://localhost/x",
        ] {
            assert_eq!(of(url), None, "{url}");
        }
    }
}
