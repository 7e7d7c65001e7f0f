//! What a configuration uses its apps for is read without anything from outside the file, and with
//! every mistake of the file all the same.

use std::collections::BTreeSet;
use std::path::Path;

use slackline::config::{load, load_app_uses};

use super::{env, yaml_files};

type Mistake = (usize, usize, String);

/// Files in which the mistake itself is outside: two values that are equal there, a missing file.
const OUTSIDE: [&str; 3] = ["app_same_token", "kafka_property_file_missing", "url_twice"];

/// The errors that are reported with variables and files, and without them.
fn both(path: &Path) -> [BTreeSet<Mistake>; 2] {
    let with = load(path, &env).map(|_| ());
    let without = load_app_uses(path, &|_| None).map(|_| ());
    [with, without].map(|result| {
        let errors = result.map_err(|errors| errors.errors).err().unwrap_or_default();
        errors.into_iter().map(|error| (error.line, error.column, error.message)).collect()
    })
}

#[test]
fn a_file_has_the_same_mistakes_without_what_is_outside() {
    let mut compared = 0;
    for path in yaml_files("tests/config/bad") {
        let [with, without] = both(&path);
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let is_outside = |line: &usize| {
            let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
            ["${", "_file", "ssl.", "people:"].iter().any(|part| line.contains(part))
        };
        let hidden: Vec<_> =
            with.difference(&without).filter(|(line, ..)| !is_outside(line)).collect();
        let is_expected = OUTSIDE.iter().any(|name| path.ends_with(format!("{name}.yaml")));
        assert!(hidden.is_empty() || is_expected, "{}: {hidden:?}", path.display());
        compared += without.len();
        // A variable that decides the manifest is needed, and is not set here.
        let invented: Vec<_> = without
            .difference(&with)
            .filter(|(.., message)| !message.ends_with("is not set"))
            .collect();
        assert!(invented.is_empty(), "{}: {invented:?}", path.display());
    }
    assert!(compared > 300, "{compared} mistakes");
}

#[test]
fn every_example_is_read_without_what_is_outside() {
    for path in yaml_files("deploy/examples") {
        if let Err(errors) = load_app_uses(&path, &|_| None) {
            panic!("{errors}");
        }
    }
}

/// Reads a configuration of one app with these further keys.
fn read(kafka: &str, app: &str, webhook: &str) -> Result<(), String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("slackline.yaml");
    let text = format!(
        "kafka: {{brokers: 'k:9092', group_id: g, topics: [e]{kafka}}}\n\
         apps: {{acme: {{{app}}}}}\n\
         webhooks: {{w: {{app: acme, channel: '#a'{webhook}}}, u: {{url_file: url}}}}\n\
         actions: [{{name: a, trigger: a, webhook: w, message: m}}]\n"
    );
    std::fs::write(&path, text).unwrap();
    let read = load_app_uses(&path, &|name| (name == "CHANNEL").then(|| "#b".to_owned()));
    read.map(|_| ()).map_err(|errors| {
        let messages: Vec<String> = errors.errors.into_iter().map(|error| error.message).collect();
        messages.join("\n")
    })
}

const TOKEN: &str = "token: '${T}'";

#[test]
fn what_is_outside_is_not_needed() {
    let tls = ", properties: {security.protocol: SASL_SSL, sasl.mechanism: PLAIN, \
               sasl.username: '${U}', ssl.ca.location: ca.pem, ssl.certificate.location: c.pem, \
               ssl.key.location: '${D}/k.pem'}, property_files: {sasl.password: p}";
    let oauth = ", properties: {security.protocol: SASL_SSL, sasl.mechanism: OAUTHBEARER}, \
                 oauth_token_file: t";
    for (kafka, app, webhook) in [
        ("", TOKEN, ""),
        ("", "token: '${T:-}'", ""),
        ("", "token: 'xoxb-${T}'", ""),
        ("", "token_file: t", ""),
        ("", "token_file: '${D}/t'", ""),
        ("", "token: '${T}', ca_file: ca.pem, proxy: '${P}'", ""),
        ("", "token: '${T}', api_url: '${A}'", ""),
        ("", "token: '${T}', api_url: 'http://in.example/api', allow_http: '${H}'", ""),
        ("", "token: '${T}', posts_per_minute: '${R}'", ""),
        ("", TOKEN, ", rate_per_second: '${R}', burst: '${B}', timeout: '${S}', when_full: '${F}'"),
        ("", TOKEN, ", retry: {initial: 2m, max: '${M}'}"),
        ("", TOKEN, ", channels: ['${CHANNEL}']"),
        (tls, TOKEN, ""),
        (oauth, TOKEN, ""),
        (", instance_id: '${HOSTNAME}', drain_timeout: '${D}', start: '${S}'", TOKEN, ""),
        (", drain_timeout: 4m, properties: {max.poll.interval.ms: '${M}'}", TOKEN, ""),
        (", properties: {max.poll.interval.ms: '${M}', session.timeout.ms: 600000}", TOKEN, ""),
        (", properties: {security.protocol: '${P}', ssl.ca.location: ca.pem}", TOKEN, ""),
        (
            ", oauth_token_file: t, properties: {security.protocol: SASL_SSL, sasl.mechanism: '${M}'}",
            TOKEN,
            "",
        ),
        (
            ", properties: {ssl.keystore.location: k, ssl.keystore.password: '${P}', security.protocol: SSL}",
            TOKEN,
            "",
        ),
        (", properties: {message.max.bytes: '${M}', fetch.max.bytes: 1000}", TOKEN, ""),
        (", properties: {group.protocol: '${G}', session.timeout.ms: 600000}", TOKEN, ""),
    ] {
        assert_eq!(read(kafka, app, webhook), Ok(()), "{kafka} {app} {webhook}");
    }
}

#[test]
fn mistakes_beside_what_is_outside_are_reported() {
    for (kafka, app, webhook, message) in [
        ("", "token: '${T'", "", "malformed `${`"),
        ("", "token: xoxp-1-2", "", "`token` is a user token (`xoxp-`), not a bot token"),
        ("", "token_file: ''", "", "`token_file` is empty"),
        ("", "token_file: xoxb-1-2", "", "`token_file` is a token, not the path of a file"),
        (
            "",
            "token: '${T}', token_file: t",
            "",
            "the app `acme` has both `token` and `token_file`",
        ),
        ("", "token: '${T}', tokn: x", "", "unknown key `tokn`"),
        ("", TOKEN, ", channels: ['${UNSET}']", "the environment variable `UNSET` is not set"),
        ("", TOKEN, ", channels: ['#a']", "duplicate channel `#a`"),
        ("", TOKEN, ", burst: 0, timeout: '${S}'", "`burst` must be from 1 to 10000"),
        (
            ", properties: {sasl.pasword: '${P}'}",
            TOKEN,
            "",
            "librdkafka has no property `sasl.pasword`",
        ),
        (
            ", properties: {group.id: '${G}'}",
            TOKEN,
            "",
            "`group.id` cannot be set here: slackline sets it",
        ),
        (
            ", properties: {security.protocol: SSL, ssl.key.location: '${K}'}",
            TOKEN,
            "",
            "a client's key is set without its certificate",
        ),
        (
            ", properties: {security.protocol: SSL, ssl.keystore.location: '${K}'}",
            TOKEN,
            "",
            "`ssl.keystore.location` requires `ssl.keystore.password`",
        ),
        (", property_files: {ssl.ca.pen: p}", TOKEN, "", "librdkafka has no property `ssl.ca.pen`"),
    ] {
        assert_eq!(read(kafka, app, webhook), Err(message.to_owned()), "{kafka} {app} {webhook}");
    }
}
