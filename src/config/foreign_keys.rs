//! Keys that other tools use, answered with ours: `username` is `user`, `filter` is `trigger`.
//!
//! Pure. A name is compared without case and separators: `groupId` and `group.id` are `group_id`.

mod notes;

use notes::NOTES;

/// Our keys, and what other tools call them.
const ALIASES: &[(&str, &[&str])] = &[
    // Of an action.
    ("blocks", &["blockkit", "slackblocks"]),
    ("color", &["colour"]),
    (
        "trigger",
        &[
            "filter",
            "filters",
            "condition",
            "conditions",
            "if",
            "when",
            "where",
            "match",
            "matches",
            "matcher",
            "matchers",
            "expression",
            "expr",
            "query",
            "rule",
            "on",
            "predicate",
            "selector",
        ],
    ),
    (
        "message",
        &[
            "text",
            "template",
            "body",
            "msg",
            "content",
            "messagetemplate",
            "messagetext",
            "payload",
            "title",
            "format",
            "pretext",
            "fallback",
        ],
    ),
    ("user", &["username", "botname", "sender", "sendername", "displayname", "from"]),
    ("channel", &["channelname", "channelid", "channels", "room", "to"]),
    ("icon_url", &["avatar", "avatarurl", "image", "imageurl", "iconuri", "logo", "picture"]),
    ("icon_emoji", &["emoji"]),
    ("unfurl", &["unfurllinks", "unfurlmedia", "unfurling", "linkunfurling"]),
    ("link_names", &["parse"]),
    (
        "webhook",
        &[
            "destination",
            "target",
            "receiver",
            "output",
            "sink",
            "integration",
            "slack",
            "webhookname",
            "connection",
            "sendto",
        ],
    ),
    ("topics", &["topic", "topicname", "sourcetopics", "inputtopics", "sourcetopic"]),
    ("name", &["id", "alert"]),
    // Of a webhook.
    (
        "url",
        &[
            "webhookurl",
            "webhook",
            "slackurl",
            "slackwebhookurl",
            "slackapiurl",
            "apiurl",
            "hookurl",
            "uri",
            "endpoint",
            "href",
            "address",
        ],
    ),
    ("app", &["application", "slackapp", "bot", "appname"]),
    ("channels", &["channellist", "channelids", "rooms", "furtherchannels"]),
    ("max_age", &["ttl", "expiry", "expiration", "expireafter", "expires", "messagettl"]),
    ("url_file", &["webhookurlfile", "apiurlfile", "slackapiurlfile"]),
    ("rate_per_second", &["rate", "ratelimit", "rps", "qps", "messagespersecond", "throttle"]),
    ("queue_capacity", &["queue", "queuesize", "queuelength", "capacity", "buffer", "buffersize"]),
    ("when_full", &["overflow", "onfull", "onoverflow", "overflowpolicy", "droppolicy"]),
    ("timeout", &["requesttimeout", "timeoutms", "timeoutseconds", "httptimeout"]),
    ("proxy", &["httpproxy", "httpsproxy", "proxyurl"]),
    ("ca_file", &["ca", "cacert", "cacertfile", "tlscafile", "certificateauthority"]),
    ("retry", &["retries", "maxretries", "retrypolicy", "backoff"]),
    // Of an app.
    (
        "token",
        &[
            "slacktoken",
            "bottoken",
            "slackbottoken",
            "slackapitoken",
            "apitoken",
            "apikey",
            "accesstoken",
            "authtoken",
            "oauthtoken",
            "bearertoken",
            "botuseroauthtoken",
            "auth",
            "authorization",
            "credentials",
        ],
    ),
    (
        "token_file",
        &["tokenpath", "bottokenfile", "slacktokenfile", "accesstokenfile", "apikeyfile"],
    ),
    (
        "posts_per_minute",
        &["rate", "ratelimit", "rpm", "messagesperminute", "rateperminute", "requestsperminute"],
    ),
    ("api_url", &["apibaseurl", "baseurl", "slackapiurl", "endpoint", "apiendpoint", "apihost"]),
    // Of a webhook's `retry`.
    ("initial", &["initialinterval", "initialbackoff", "initialdelay", "minbackoff", "delay"]),
    ("max", &["maxinterval", "maxbackoff", "maxdelay"]),
    ("max_elapsed", &["maxelapsedtime", "maxtime", "maxduration", "deadline", "timeout"]),
    // Of `kafka`.
    (
        "brokers",
        &[
            "bootstrapservers",
            "bootstrapserver",
            "bootstrap",
            "servers",
            "hosts",
            "seedbrokers",
            "brokerlist",
            "metadatabrokerlist",
            "addresses",
        ],
    ),
    ("group_id", &["group", "consumergroup", "consumergroupid", "groupname"]),
    (
        "start",
        &[
            "autooffsetreset",
            "offsetreset",
            "offset",
            "offsets",
            "initialoffset",
            "startingoffsets",
            "startoffset",
            "startfrom",
            "frombeginning",
        ],
    ),
    ("instance_id", &["groupinstanceid"]),
    ("drain_timeout", &["shutdowntimeout", "stoptimeout", "graceperiod"]),
    ("properties", &["config", "conf", "options", "settings", "librdkafka", "consumerconfig"]),
    // Of `admin`.
    ("listen", &["port", "bind", "address", "addr", "host", "listenaddress", "bindaddress"]),
    // Of the file.
    (
        "webhooks",
        &["slack", "sinks", "destinations", "outputs", "receivers", "connections", "targets"],
    ),
    ("apps", &["app", "bots", "bot", "slackapps", "slackapp", "applications", "workspaces"]),
    (
        "actions",
        &["rules", "alerts", "routes", "triggers", "subscriptions", "notifications", "messages"],
    ),
    ("kafka", &["source", "sources", "consumer", "input", "inputs"]),
    ("admin", &["http", "server", "metrics", "health", "monitoring", "prometheus"]),
];

/// The sections, as messages call them, and their keys, by which a misplaced one is found.
const SECTIONS: &[(&str, &[&str])] = &[
    (
        "an action",
        &[
            "trigger",
            "webhook",
            "message",
            "long_text",
            "blocks",
            "color",
            "channel",
            "user",
            "icon_url",
            "icon_emoji",
            "unfurl",
            "link_names",
        ],
    ),
    (
        "a webhook",
        &[
            "url",
            "url_file",
            "app",
            "channels",
            "max_age",
            "rate_per_second",
            "burst",
            "queue_capacity",
            "when_full",
            "timeout",
            "allow_http",
            "proxy",
            "ca_file",
            "retry",
        ],
    ),
    ("an app", &["token", "token_file", "posts_per_minute", "api_url"]),
    ("a webhook's `retry`", &["initial", "max", "max_elapsed"]),
    (
        "`kafka`",
        &[
            "brokers",
            "group_id",
            "topics",
            "start",
            "instance_id",
            "drain_timeout",
            "properties",
            "property_files",
            "oauth_token_file",
        ],
    ),
    ("`people`", &["file"]),
    ("`admin`", &["listen"]),
    ("the file itself", &["kafka", "apps", "webhooks", "people", "actions", "admin"]),
];

/// What to write in place of a key that a section does not have.
#[derive(Debug, PartialEq, Eq)]
pub struct Advice {
    /// The section's own key for it.
    pub key: Option<&'static str>,
    /// The remedy.
    pub help: String,
}

/// Returns what to write in place of `name` in a section with the keys `known`; `None`: it is not
/// a key of another tool. A misspelling is for others to find.
pub fn advice(name: &str, known: &[&'static str]) -> Option<Advice> {
    let plain = plain(name);
    let note = |help: String| Some(Advice { key: None, help });
    let same = known.iter().find(|known| self::plain(known) == plain);
    let alias = || ALIASES.iter().filter(|(_, theirs)| theirs.contains(&plain.as_str()));
    let ours =
        same.copied().or_else(|| alias().map(|(ours, _)| *ours).find(|ours| known.contains(ours)));
    let noted = NOTES.iter().find(|(section, theirs, _)| {
        theirs.contains(&plain.as_str()) && (section.is_empty() || known.contains(section))
    });
    // `retries` is `retry` of a webhook, and a number within it: what is said of a section first.
    match (ours, noted) {
        (_, Some((section, _, help))) if !section.is_empty() => return note((*help).to_owned()),
        (Some(ours), _) => {
            return Some(Advice { key: Some(ours), help: format!("write `{ours}`") });
        }
        (None, Some((.., help))) => return note((*help).to_owned()),
        (None, None) => {}
    }
    if known.contains(&"properties") && name.contains('.') {
        return note("write it under `properties`".to_owned());
    }
    let elsewhere = |ours: &str| SECTIONS.iter().find(|(_, keys)| keys.contains(&ours));
    let keys = SECTIONS.iter().flat_map(|(_, keys)| keys.iter().copied());
    let mut candidates = keys.filter(|key| self::plain(key) == plain).chain(alias().map(|a| a.0));
    let (ours, (section, _)) = candidates.find_map(|ours| Some((ours, elsewhere(ours)?)))?;
    note(format!("`{ours}` is a key of {section}"))
}

/// A name without case and separators.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
