//! Values of variables and files are treated alike by every key: line breaks around them are
//! removed, blanks and quotes around them are warned of by the name of the variable or the file.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use slackline::config::diagnostic::ConfigErrors;
use slackline::config::{Loaded, check, schema};

/// One key with a value from the variable `V`, or, in a file, from the file `v`.
struct Case {
    key: &'static str,
    /// The line with the key.
    line: &'static str,
    value: &'static str,
}

const fn case(key: &'static str, line: &'static str, value: &'static str) -> Case {
    Case { key, line, value }
}

const KAFKA: [Case; 11] = [
    case("brokers", "brokers: '${V}'", "k:9092"),
    case("brokers", "brokers: ['${V}']", "k:9092"),
    case("brokers", "brokers: '${V},other:9092'", "k:9092"),
    case("group_id", "group_id: '${V}'", "group"),
    case("topics", "topics: ['${V}']", "events"),
    case("start", "start: '${V}'", "earliest"),
    case("instance_id", "instance_id: '${V}'", "one"),
    case("drain_timeout", "drain_timeout: '${V}'", "3s"),
    case("properties", "properties: {client.rack: '${V}'}", "rack"),
    case("property_files", "property_files: {client.rack: '${V}'}", "file"),
    case(
        "oauth_token_file",
        "oauth_token_file: '${V}', properties: {security.protocol: SASL_PLAINTEXT, sasl.mechanism: OAUTHBEARER}",
        "file",
    ),
];

const APP: [Case; 7] = [
    case("token", "token: '${V}'", "xoxb-1-2-other"),
    case("token_file", "token_file: '${V}'", "token"),
    case("posts_per_minute", "posts_per_minute: '${V}'", "30"),
    case("api_url", "api_url: '${V}'", "https://slack.example/api/"),
    case("allow_http", "allow_http: '${V}'", "true"),
    case("proxy", "proxy: '${V}'", "http://proxy:3128"),
    case("ca_file", "ca_file: '${V}'", "pem"),
];

const WEBHOOK: [Case; 14] = [
    case("app", "app: '${V}', channel: '#x'", "a"),
    case("channel", "app: a, channel: '${V}'", "#x"),
    case("channels", "app: a, channel: '#x', channels: ['${V}']", "#y"),
    case("max_age", "max_age: '${V}'", "24h"),
    case("url", "url: '${V}'", "https://chat.example/x"),
    case("url_file", "url_file: '${V}'", "url"),
    case("rate_per_second", "rate_per_second: '${V}'", "2"),
    case("burst", "burst: '${V}'", "3"),
    case("queue_capacity", "queue_capacity: '${V}'", "7"),
    case("when_full", "when_full: '${V}'", "block"),
    case("timeout", "timeout: '${V}'", "7s"),
    case("allow_http", "allow_http: '${V}'", "true"),
    case("proxy", "proxy: '${V}'", "http://proxy:3128"),
    case("ca_file", "ca_file: '${V}'", "pem"),
];

const RETRY: [Case; 3] = [
    case("initial", "initial: '${V}'", "2s"),
    case("max", "max: '${V}'", "30s"),
    case("max_elapsed", "max_elapsed: '${V}'", "1h"),
];

/// Contents of files.
const FILES: [Case; 3] = [
    case("token_file", "token_file: v", "xoxb-1-2-other"),
    case("property_files", "property_files: {client.rack: v}", "rack"),
    case("url_file", "url_file: v", "https://chat.example/x"),
];

static PEM: LazyLock<String> = LazyLock::new(|| {
    rcgen::generate_simple_self_signed(vec!["ca.example".to_owned()]).unwrap().cert.pem()
});

/// Checks a file with `case` in `section`; `value` is what the variable and the file hold.
fn read(section: &str, case: &Case, value: &str) -> Result<Loaded, ConfigErrors> {
    let with = |of: &str, defaults: &[(&str, &str)]| {
        let own = (section == of).then(|| case.line.to_owned());
        let given =
            |key: &str| section == of && (case.key == key || case.key == format!("{key}_file"));
        let has_app = section == "Webhook" && case.line.starts_with("app: ");
        let defaults =
            defaults.iter().filter(|(key, _)| !given(key) && (!has_app || *key != "url"));
        let defaults = defaults.map(|(key, value)| format!("{key}: {value}"));
        defaults.chain(own).collect::<Vec<_>>().join(", ")
    };
    let kafka = with("Kafka", &[("brokers", "k:9092"), ("topics", "[events]"), ("group_id", "g")]);
    let retry = with("Retry", &[]);
    let app = with("App", &[("token", "xoxb-1-2-a")]);
    let webhook = with("Webhook", &[("url", "https://chat.example/x")]);
    let text = format!(
        "kafka: {{{kafka}}}\n\
         apps: {{a: {{{app}}}}}\n\
         webhooks: {{w: {{{webhook}, retry: {{{retry}}}}}}}\n\
         actions: [{{name: a, trigger: a, webhook: w, message: m}}]\n"
    );
    let files = |path: &Path| match path.file_name().and_then(|name| name.to_str()) {
        Some("v") => Ok(value.as_bytes().to_vec()),
        Some("file") => Ok(b"content".to_vec()),
        Some("url") => Ok(b"https://chat.example/x".to_vec()),
        Some("token") => Ok(b"xoxb-1-2-other".to_vec()),
        Some("pem") => Ok(PEM.clone().into_bytes()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    };
    check(&text, Path::new("test.yaml"), &|name| (name == "V").then(|| value.to_owned()), &files)
}

fn cases() -> impl Iterator<Item = (&'static str, &'static Case)> {
    let of = |section, cases: &'static [Case]| cases.iter().map(move |case| (section, case));
    let webhooks = of("Webhook", &WEBHOOK).chain(of("Retry", &RETRY));
    of("Kafka", &KAFKA).chain(of("App", &APP)).chain(webhooks)
}

/// All cases, each with how a warning calls the owner of the value.
fn all() -> impl Iterator<Item = (&'static str, &'static Case, &'static str)> {
    let variables = cases().map(|(section, case)| (section, case, "`V`"));
    let [token, property, url] = &FILES;
    variables.chain([
        ("Kafka", property, "the file of `client.rack`"),
        ("App", token, "the content of `v`"),
        ("Webhook", url, "the content of `v`"),
    ])
}

#[test]
fn every_key_that_takes_a_variable_is_here() {
    let schema: serde_json::Value = serde_json::from_str(&schema::json().unwrap()).unwrap();
    for section in ["Kafka", "App", "Webhook", "Retry"] {
        let properties = &schema["definitions"][section]["properties"];
        let keys: BTreeSet<&str> =
            properties.as_object().unwrap().keys().map(|key| &**key).collect();
        let keys = keys.into_iter().filter(|key| *key != "retry").collect::<BTreeSet<_>>();
        let here = cases().filter(|(of, _)| *of == section).map(|(_, case)| case.key);
        assert_eq!(here.collect::<BTreeSet<_>>(), keys, "{section}");
    }
}

#[test]
fn line_breaks_around_a_value_are_removed_by_every_key() {
    for (section, case, _) in all() {
        let plain = read(section, case, case.value).unwrap_or_else(|errors| panic!("{errors}"));
        for value in [format!("{}\n", case.value), format!("\n{}\r\n\n", case.value)] {
            let loaded = read(section, case, &value);
            let loaded = loaded.unwrap_or_else(|errors| panic!("{}: {errors}", case.line));
            assert_eq!(loaded.config.hash, plain.config.hash, "{}: {value:?}", case.line);
            assert_eq!(loaded.warnings.len(), plain.warnings.len(), "{}: {value:?}", case.line);
        }
    }
}

#[test]
fn blanks_and_quotes_around_a_value_are_reported_by_every_key_with_their_owner() {
    for (section, case, owner) in all() {
        for (value, flaw) in [
            (format!(" {}", case.value), "blanks"),
            (format!("{}\t\n", case.value), "blanks"),
            (format!("'{}'", case.value), "quotes"),
            (format!("\"{}\"\n", case.value), "quotes"),
            (format!("\u{feff}{}", case.value), "a byte order mark"),
        ] {
            let expected = format!("{owner} has {flaw} ");
            let said = match read(section, case, &value) {
                Ok(loaded) => format!("{:?}", loaded.warnings),
                Err(errors) => format!("{errors}"),
            };
            // The rules of URLs and tokens say it in other words.
            let is_url = ["url", "url_file", "proxy", "token", "token_file"].contains(&case.key);
            let word = if flaw == "quotes" { "quote" } else { "byte order mark" };
            let in_other_words = is_url && said.contains(owner) && said.contains(word);
            assert!(said.contains(&expected) || in_other_words, "{}: {value:?}: {said}", case.line);
        }
    }
}
