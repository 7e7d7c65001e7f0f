//! Keys of other tools that slackline has no key for. Pure.

/// Keys that have none of ours, each with the section that it is about, by one of the section's
/// keys (empty: any), and what to do.
pub const NOTES: &[(&str, &[&str], &str)] = &[
    (
        "",
        &["description", "comment", "comments", "note", "notes", "doc"],
        "write it as a comment: `# …`",
    ),
    (
        "",
        &["enabled", "enable", "disabled", "active", "paused"],
        "remove it: everything in the file is active; `#` before its lines turns it off",
    ),
    ("trigger", &["icon"], "write `icon_emoji` or `icon_url`"),
    (
        "trigger",
        &["mrkdwn", "markdown", "mrkdwnin"],
        "remove it: `message` is always in Slack's own format",
    ),
    (
        "trigger",
        &["attachments", "attachment", "fields", "footer", "titlelink", "header", "sections"],
        "write it in `blocks`, which take the place of attachments, and their `color` beside them",
    ),
    ("trigger", &["threadts", "thread", "replybroadcast"], "remove it: threads are not supported"),
    (
        "trigger",
        &["webhookurl", "url", "urlfile", "slackurl", "slackwebhookurl", "apiurl", "slackapiurl"],
        "write `webhook: NAME`, and the URL under `webhooks`",
    ),
    (
        "url",
        &[
            "token",
            "bottoken",
            "slackbottoken",
            "slackapitoken",
            "apitoken",
            "apikey",
            "accesstoken",
            "authtoken",
            "oauthtoken",
            "slacktoken",
            "auth",
            "authorization",
        ],
        "write it as the `token` of one of `apps`, and the app's name here as `app`; a webhook \
         with a `url` needs no token",
    ),
    (
        "url",
        &[
            "insecure",
            "insecureskipverify",
            "tlsskipverify",
            "skipverify",
            "verifyssl",
            "sslverify",
        ],
        "remove it: certificates are always verified; `ca_file` adds an authority",
    ),
    (
        "url",
        &["method", "httpmethod", "headers", "contenttype"],
        "remove it: a message is always a POST of JSON",
    ),
    (
        "token",
        &[
            "signingsecret",
            "clientsecret",
            "clientid",
            "verificationtoken",
            "appid",
            "apptoken",
            "appleveltoken",
            "refreshtoken",
            "usertoken",
        ],
        "remove it: slackline needs nothing of an app but its bot token",
    ),
    (
        "token",
        &["url", "urlfile", "webhook", "webhookurl"],
        "write it at a webhook, under `webhooks`",
    ),
    (
        "token",
        &["channel", "channels"],
        "write it at a webhook, under `webhooks`, which names the app as `app`",
    ),
    ("token", &["scope", "scopes"], "remove it: Slack grants the scopes when the app is installed"),
    ("url", &["type", "kind", "provider"], "remove it: every webhook takes Slack's messages"),
    (
        "max_elapsed",
        &["maxretries", "maxattempts", "attempts", "retries", "count"],
        "write `max_elapsed`: retries are limited by time, not by number",
    ),
    (
        "max_elapsed",
        &["multiplier", "factor", "backofffactor", "jitter", "randomizationfactor"],
        "remove it: the pauses double, with full jitter",
    ),
    (
        "brokers",
        &["enableautocommit", "autocommit", "enableautooffsetstore"],
        "remove it: slackline commits by itself",
    ),
    (
        "brokers",
        &["keydeserializer", "valuedeserializer", "deserializer", "encoding", "codec", "format"],
        "remove it: every event is one JSON object",
    ),
    (
        "brokers",
        &["sasl", "tls", "ssl", "security", "username", "user", "password", "mechanism"],
        "write librdkafka's properties under `properties`, such as `sasl.username`",
    ),
    ("webhooks", &["version", "apiversion"], "remove it: the file has no version"),
    (
        "webhooks",
        &["log", "logs", "logging", "loglevel"],
        "remove it: the environment variable `RUST_LOG` sets the level",
    ),
    (
        "webhooks",
        &["defaults", "anchors", "templates", "common"],
        "name it with `x-` at its start: such keys are ignored, as a place for anchors",
    ),
];
