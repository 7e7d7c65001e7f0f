//! Configuration as the user wrote it: typed, every value with its place in the file, no rule applied yet but the types'.
//!
//! text → `tree` (YAML) → these types (`decode`, which expands `${NAME}`) → [`model::Config`] (`rules`). The JSON Schema is made from these types too.
//! Invariant: whatever is broken on the way is reported with file, line, column and remedy, all of it in one go, and nothing secret with it.

use std::io;
use std::path::Path;

use schemars::JsonSchema;

mod tree;

mod mask;

mod source;

mod scalar;

mod environment;

pub(crate) mod duration;

mod decode;

mod traps;

mod values;

mod rules;

mod hash;

pub mod model;

pub mod reload;

pub mod diagnostic;

pub mod schema;

#[cfg(test)]
mod tests;

pub use duration::show as show_duration;

use crate::expression::Compiled;
use decode::Reader;
use diagnostic::{ConfigErrors, Diagnostic, Findings};
use model::Config;
use source::Source;
use values::{
    Brokers, Count, Entries, Flag, Items, Located, Overflow, Period, Properties, Rate, StartAt,
};

/// A configuration that can be run.
pub struct Loaded {
    /// What the stages are built from.
    pub config: Config,
    /// Legal, but hardly meant.
    pub warnings: Vec<Diagnostic>,
}

/// Reads and checks the file at `path`. `env` looks up `${NAME}`. `url_file` and `ca_file` are read too, relative to the file's directory.
///
/// # Errors
/// Every broken rule at once; or that the file can't be read.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, ConfigErrors> {
    load_through(path, env, &|path| std::fs::read(path))
}

/// The same, with every file that is read named to `files`, the configuration's own first.
///
/// # Errors
/// As [`load`].
pub fn load_through(
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    files: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Loaded, ConfigErrors> {
    let file = path.display().to_string();
    let of_file = |message, help: &str| ConfigErrors {
        file: file.clone(),
        errors: vec![Diagnostic::of_file(message, help)],
    };
    let bytes = files(path).map_err(|error| {
        let help = match error.kind() {
            io::ErrorKind::NotFound => "name the file with `-c FILE` or `SLACKLINE_CONFIG`",
            _ => "make it a file that this user may read",
        };
        of_file(format!("the configuration can't be read: {error}"), help)
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        of_file(format!("the configuration is not UTF-8 (line {line})"), "save it as UTF-8")
    })?;
    check(&text, path, env, files)
}

/// Checks a configuration's text: pure. `path` names it in errors, and its directory is where relative files are looked for; `files` reads them.
///
/// # Errors
/// Every broken rule at once.
pub fn check(
    text: &str,
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    files: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Loaded, ConfigErrors> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file = path.display().to_string();
    let mut source = Source::new(text);
    let mut findings = Findings::default();
    let tree = match tree::parse(text) {
        Ok(tree) => tree,
        Err(error) => {
            source.hide(mask::in_text(text));
            traps::syntax(&error, &source, &mut findings);
            return Err(ConfigErrors { file, errors: findings.told(&source).0 });
        }
    };
    source.hide(mask::in_tree(&tree, text));
    if matches!(tree.value, tree::Value::Null) {
        let empty = Diagnostic::of_file(
            "the configuration is empty".to_owned(),
            "give it `kafka`, `webhooks` and `actions`",
        );
        return Err(ConfigErrors { file, errors: vec![empty] });
    }
    let mut reader = Reader::new(&source, env);
    let written = reader.file(&tree);
    let findings = reader.findings;
    // Tens of megabytes at 10,000 actions: what comes next takes its place.
    drop(tree);
    let directory = path.parent().unwrap_or(Path::new(""));
    let mut rules =
        rules::Rules { source: &source, files, directory, findings, compiled: Compiled::default() };
    let config = written.and_then(|written| rules.config(&written));
    let (errors, warnings) = rules.findings.told(&source);
    match config {
        Some(mut config) if errors.is_empty() => {
            config.hash = hash::of(&config);
            Ok(Loaded { config, warnings })
        }
        _ => Err(ConfigErrors { file, errors }),
    }
}

/// The configuration of slackline, the Slack destination for Kafka.
#[derive(JsonSchema)]
#[schemars(title = "slackline", deny_unknown_fields)]
struct File {
    /// The bus: where events come from.
    #[schemars(required)]
    kafka: Option<Located<KafkaSection>>,
    /// Slack incoming webhooks by name. Several actions can share one. A name is of letters, digits, `_`, `-` and `.`.
    #[schemars(required)]
    webhooks: Option<Located<Entries<WebhookSection>>>,
    /// What is posted, when, and where. At least one.
    #[schemars(required)]
    actions: Option<Located<Items<ActionSection>>>,
    /// The HTTP endpoint for `/metrics`, `/healthz` and `/readyz`.
    admin: Option<Located<AdminSection>>,
}

/// How the bus is reached and read. `${NAME}` is expanded from the environment in every value; `$${` is a plain `${`.
#[derive(JsonSchema)]
#[schemars(rename = "Kafka", deny_unknown_fields)]
struct KafkaSection {
    /// The brokers to begin with, as `host:port`: a list, or one text with commas.
    #[schemars(required)]
    brokers: Option<Located<Brokers>>,
    /// The consumer group. All replicas share it.
    #[schemars(extend("default" = rules::kafka::GROUP_ID))]
    group_id: Option<Located<String>>,
    /// The topics to read, by their full names.
    #[schemars(required)]
    topics: Option<Located<Items<String>>>,
    /// Where to begin in a topic of which the group has no committed offset.
    #[schemars(extend("default" = "latest"))]
    start: Option<Located<StartAt>>,
    /// Static membership: a restart within the session needs no rebalance. Only for names that are stable and unique, such as a StatefulSet's pods.
    #[schemars(extend("examples" = ["${HOSTNAME}"]))]
    instance_id: Option<Located<String>>,
    /// How long a stop or a rebalance waits for attempts in flight. Under `max.poll.interval.ms` (5m).
    #[schemars(extend("default" = "5s"))]
    drain_timeout: Option<Located<Period>>,
    /// librdkafka's consumer properties, passed on as they are. Those that slackline decides itself are refused.
    #[schemars(extend("examples" = [{"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512"}]))]
    properties: Option<Located<Properties>>,
    /// Properties whose values are in files, such as mounted secrets: the file of each, read at start, without the line break at its end. Relative to the
    /// configuration's directory.
    #[schemars(extend("examples" = [{"sasl.password": "/run/secrets/kafka-password"}]))]
    property_files: Option<Located<Entries<String>>>,
    /// For `sasl.mechanism: OAUTHBEARER`: a file that holds the token, read again whenever a new one is due. Relative to the configuration's directory.
    #[schemars(extend("examples" = ["/var/run/secrets/kafka/token"]))]
    oauth_token_file: Option<Located<String>>,
}

/// One Slack incoming webhook: exactly one of `url` and `url_file`. `${NAME}` is expanded from the environment in every value; `$${` is a plain `${`.
#[derive(JsonSchema)]
#[schemars(rename = "Webhook", deny_unknown_fields, extend("oneOf" = [{"required": ["url"]}, {"required": ["url_file"]}]))]
struct WebhookSection {
    /// `url` or `url_file` is there, though perhaps unreadable.
    #[schemars(skip)]
    is_url_given: bool,
    /// The webhook's URL: a credential, better kept in the environment. https, unless it is on this machine or `allow_http` is set.
    #[schemars(extend("examples" = ["${SALES_WEBHOOK_URL}"]))]
    url: Option<Located<String>>,
    /// A file that holds the URL, such as a mounted secret. Relative to the configuration's directory.
    #[schemars(extend("examples" = ["/run/secrets/sales"]))]
    url_file: Option<Located<String>>,
    /// Posts a second, for the whole consumer group. A fraction is fine; 10,000 at most, one a day at least.
    #[schemars(extend("default" = 1))]
    rate_per_second: Option<Located<Rate>>,
    /// Posts that may leave at once after a pause. 10,000 at most.
    #[schemars(extend("default" = 1))]
    burst: Option<Located<Count>>,
    /// Deliveries that may wait, 100,000 at most: each holds a message of up to 40,000 characters in memory.
    #[schemars(extend("default" = 100))]
    queue_capacity: Option<Located<Count>>,
    /// What happens to a match when the queue is full: the new one is dropped, the oldest is dropped for it, or the topics that feed the webhook are paused.
    #[schemars(extend("default" = "drop_newest"))]
    when_full: Option<Located<Overflow>>,
    /// Of one attempt, from connecting to the last byte of the answer. 10m at most.
    #[schemars(extend("default" = "10s"))]
    timeout: Option<Located<Period>>,
    /// Allows a plain http URL, for a receiver inside your network.
    #[schemars(extend("default" = false))]
    allow_http: Option<Located<Flag>>,
    /// The proxy to post through, http or https; otherwise the environment's proxy variables count, except on this machine.
    #[schemars(extend("examples" = ["http://proxy:3128"]))]
    proxy: Option<Located<String>>,
    /// A PEM file of certificate authorities to trust besides the system's. Relative to the configuration's directory.
    #[schemars(extend("examples" = ["/etc/ca.pem"]))]
    ca_file: Option<Located<String>>,
    /// When and how long a failed attempt is made again.
    retry: Option<Located<RetrySection>>,
}

/// The backoff of failed attempts: exponential with full jitter.
#[derive(Default, JsonSchema)]
#[schemars(rename = "Retry", deny_unknown_fields)]
struct RetrySection {
    /// The first pause's upper bound. No longer than `max`.
    #[schemars(extend("default" = "1s"))]
    initial: Option<Located<Period>>,
    /// The longest pause's upper bound. 1h at most.
    #[schemars(extend("default" = "60s"))]
    max: Option<Located<Period>>,
    /// From the first attempt on; then the delivery is dropped. 168h at most.
    #[schemars(extend("default" = "15m"))]
    max_elapsed: Option<Located<Period>>,
}

/// One "post message": when `trigger` is true of an event, `message` goes to `webhook`.
#[derive(JsonSchema)]
#[schemars(rename = "Action", deny_unknown_fields)]
struct ActionSection {
    /// Its name in logs and metrics, unique: letters, digits, `_`, `-` and `.`.
    #[schemars(required)]
    name: Option<Located<String>>,
    /// Only events of these topics; all of `kafka.topics` otherwise.
    topics: Option<Located<Items<String>>>,
    /// A JMESPath expression over the event; `$` is the event, `$record` the Kafka record. The action applies where it is true.
    #[schemars(required, extend("examples" = ["type == 'identify' && $.traits.plan == 'enterprise'"]))]
    trigger: Option<Located<String>>,
    /// The name of one of `webhooks`.
    #[schemars(required)]
    webhook: Option<Located<String>>,
    /// The text to post; `{{ expression }}` inserts a value of the event.
    #[schemars(required, extend("examples" = ["🎉 {{$.properties.name}} just completed an order for {{$.properties.total}}!"]))]
    message: Option<Located<String>>,
    /// The channel to post to. Only legacy webhooks honour it. Can hold variables.
    #[schemars(extend("examples" = ["#sales-alerts"]))]
    channel: Option<Located<String>>,
    /// Who the message appears from. Only legacy webhooks honour it. Can hold variables.
    #[schemars(extend("default" = "Slackline"))]
    user: Option<Located<String>>,
    /// That user's picture. Only legacy webhooks honour it. Can hold variables.
    #[schemars(extend("examples" = ["https://example.com/bell.png"]))]
    icon_url: Option<Located<String>>,
}

/// The HTTP endpoint for operators.
#[derive(JsonSchema)]
#[schemars(rename = "Admin", deny_unknown_fields)]
struct AdminSection {
    /// `host:port` to listen on.
    #[schemars(extend("default" = rules::kafka::LISTEN))]
    listen: Option<Located<String>>,
}
