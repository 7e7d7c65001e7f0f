//! The configuration as its author sees it: valid examples, one invalid file per rule with the
//! exact errors, no secret in any of them, and the schema and the reference of all keys.
//!
//! `UPDATE_EXPECT=1 cargo test --test integration config` writes the expected errors, and
//! `UPDATE_DOCS=1` the schema and the reference: read the differences before you commit them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use slackline::config::{check, load, reference, schema};

mod app_uses;

mod corpus;

mod values;

/// Part of every secret in these files, and of no message.
const PLANTED: &str = "pl4nt3d";

fn env(name: &str) -> Option<String> {
    let value = match name {
        "SALES_WEBHOOK_URL" => "https://hooks.slack.com/services/T0/B1/pl4nt3dSales",
        "SUPPORT_WEBHOOK_URL" => "https://hooks.slack.com/services/T0/B2/pl4nt3dSupport",
        "SLACK_TOKEN" => "xoxb-1-2-pl4nt3dBot",
        "USER_TOKEN" => "xoxp-1-2-pl4nt3dUser",
        "QUOTED_TOKEN" => "'xoxb-1-2-pl4nt3d'",
        "BASE64_TOKEN" => "eG94Yi0xLTItcGw0bnQzZA==",
        "KAFKA_BROKERS" => "kafka-1:9092,kafka-2:9092",
        "KAFKA_PASSWORD" => "pl4nt3dPassword",
        "HOSTNAME" => "slackline-0",
        "EMPTY" => "",
        "QUOTED_URL" => "\"https://hooks.slack.com/services/T0/B0/pl4nt3d\"",
        "BASE64_URL" => "aHR0cHM6Ly9ob29rcy5zbGFjay5jb20vc2VydmljZXMv",
        "NESTED_URL" => "https://hooks.slack.com/services/T0/B0/${pl4nt3d}",
        "CUT_URL" => "https://hooks.slack.com/services/T0/pl4nt3d",
        "PLANTED_WORD" => "pl4nt3d word",
        "BLANKS" => " pl4nt3dBlanks\t\n",
        "QUOTED" => "'pl4nt3dQuoted'\n",
        "LINES" => "pl4nt3d\nLines\n",
        "LIST" => "pl4nt3d,events",
        _ => return None,
    };
    Some(value.to_owned())
}

fn yaml_files(directory: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{directory} is empty");
    files
}

/// Everything that a terminal would show for a file.
fn shown(path: &Path) -> String {
    let file = path.display().to_string();
    let loaded = load(path, &env);
    let warnings = match &loaded {
        Ok(loaded) => &loaded.warnings,
        Err(errors) => &errors.warnings,
    };
    let mut shown: String = warnings
        .iter()
        .map(|warning| format!("{}\n", warning.display(&file, "warning: ")))
        .collect();
    if let Err(errors) = &loaded {
        shown.push_str(&format!("{errors}\n"));
    }
    shown
}

#[test]
fn each_invalid_file_has_its_exact_errors() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut different = Vec::new();
    for path in yaml_files("tests/config/bad") {
        let shown = shown(&path);
        assert!(!shown.is_empty(), "{} is valid", path.display());
        let expected = path.with_extension("err");
        if update {
            std::fs::write(&expected, &shown).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != shown {
            different.push(format!("--- {}\n{shown}", expected.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn no_invalid_file_reveals_a_secret() {
    for path in yaml_files("tests/config/bad") {
        let shown = shown(&path);
        assert!(!shown.contains(PLANTED), "{shown}");
        if let Err(errors) = load(&path, &env) {
            assert!(!format!("{errors:?}").contains(PLANTED), "{errors:?}");
        }
    }
}

#[test]
fn all_expected_errors_have_their_file() {
    for entry in std::fs::read_dir("tests/config/bad").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "err") {
            assert!(path.with_extension("yaml").exists(), "{} is left over", path.display());
        }
    }
}

fn example(
    path: &Path,
) -> Result<slackline::config::Loaded, slackline::config::diagnostic::ConfigErrors> {
    let text = std::fs::read_to_string(path).unwrap();
    let pem = rcgen::generate_simple_self_signed(vec!["ca.example".to_owned()]).unwrap().cert.pem();
    check(&text, path, &env, &|path| match path.file_name().and_then(|name| name.to_str()) {
        Some("support-webhook-url") => {
            Ok(b"https://hooks.slack.com/services/T0/B2/pl4nt3dSupport\n".to_vec())
        }
        Some("slack-token") => Ok(b"xoxb-1-2-pl4nt3dFile\n".to_vec()),
        Some("intranet-ca.pem" | "kafka-ca.pem") => Ok(pem.clone().into_bytes()),
        Some("people.csv") => Ok(b"email,id\npl4nt3d@example.com,U012AB3CD\n".to_vec()),
        Some("kafka-password") => Ok(b"pl4nt3dPassword\n".to_vec()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    })
}

#[test]
fn every_example_is_valid_and_fits_the_schema() {
    let schema = serde_json::from_str(&schema::json().unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for path in yaml_files("deploy/examples") {
        if let Err(errors) = example(&path) {
            panic!("{errors}");
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("# yaml-language-server: $schema=../slackline.schema.json\n"),
            "{}",
            path.display()
        );
        let value: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        let faults: Vec<String> =
            validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{}: {faults:?}", path.display());
    }
}

#[test]
fn the_schema_allows_anchors_and_variables_with_a_default() {
    let schema = serde_json::from_str(&schema::json().unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let text = std::fs::read_to_string("deploy/examples/minimal.yaml").unwrap();
    let mut value: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    value["x-slow"] = serde_json::json!({ "any": ["thing"] });
    value["kafka"]["drain_timeout"] = "${DRAIN:-5s}".into();
    value["kafka"]["start"] = "${START:-}".into();
    assert!(validator.is_valid(&value));
    value["kafka"]["start"] = "${START:=latest}".into();
    assert!(!validator.is_valid(&value));
}

#[test]
fn the_full_example_has_every_key() {
    let schema: serde_json::Value = serde_json::from_str(&schema::json().unwrap()).unwrap();
    let text = std::fs::read_to_string("deploy/examples/full.yaml").unwrap();
    for key in keys(&schema) {
        assert!(text.contains(&format!("{key}:")), "{key} is not in full.yaml");
    }
}

#[test]
fn the_example_has_the_actions_of_a_customer_data_platform() {
    let text = std::fs::read_to_string("deploy/examples/slackline.yaml").unwrap();
    let example = example(Path::new("deploy/examples/slackline.yaml"))
        .unwrap_or_else(|errors| panic!("{errors}"))
        .config;
    assert!(
        text.contains(
            "🎉 {{$.properties.name}} just completed an order for {{$.properties.total}}!"
        )
    );
    let of = |name: &str| example.actions.iter().find(|action| action.name == name).unwrap();
    assert_eq!(
        of("order-completed").message.source(),
        "🎉 {{$.properties.name}} just completed an order for {{$.properties.total}}!"
    );
    for (action, channel) in
        [("sales-alerts", "#sales-alerts"), ("support-alerts", "#support-alerts")]
    {
        assert_eq!(of(action).channel.as_ref().unwrap().source(), channel);
    }
    assert!(of("sales-alerts").trigger.source().contains("$.traits.plan == 'enterprise'"));
    assert!(of("support-alerts").trigger.source().contains("$.event == 'NPS Submitted'"));
}

/// Compares `page` with what the tables of keys say, or writes it.
fn compare(path: &str, expected: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, expected).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, expected, "run: UPDATE_DOCS=1 cargo test --test integration config");
}

#[test]
fn the_committed_schema_is_up_to_date() {
    compare("deploy/slackline.schema.json", &schema::json().unwrap());
}

#[test]
fn the_reference_lists_every_key_as_the_code_declares_it() {
    const START: &str =
        "<!-- keys: compared with the code by a test; UPDATE_DOCS=1 writes them -->\n";
    const END: &str = "<!-- /keys -->";
    let page = std::fs::read_to_string("docs/configuration.md").unwrap();
    let (before, rest) = page.split_once(START).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{START}{}{END}{after}", reference::markdown());
    compare("docs/configuration.md", &expected);
}

fn properties_of(schema: &serde_json::Value) -> BTreeSet<String> {
    schema["properties"].as_object().unwrap().keys().cloned().collect()
}

/// Every key of every section.
fn keys(schema: &serde_json::Value) -> BTreeSet<String> {
    let sections = schema["definitions"].as_object().unwrap().values();
    sections.chain([schema]).flat_map(properties_of).collect()
}

/// The keys that the error for an unknown key names.
fn known(yaml: &str) -> BTreeSet<String> {
    let Err(errors) =
        check(yaml, Path::new("x.yaml"), &env, &|_| Err(std::io::ErrorKind::NotFound.into()))
    else {
        panic!("an unknown key is accepted");
    };
    let error =
        errors.errors.iter().find(|error| error.message == "unknown key `zzzzzzzzzzzz`").unwrap();
    let names = error.help.strip_prefix("known here: ").unwrap();
    names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

#[test]
fn errors_and_the_schema_name_the_same_keys() {
    let schema: serde_json::Value = serde_json::from_str(&schema::json().unwrap()).unwrap();
    assert_eq!(known("zzzzzzzzzzzz: 1"), properties_of(&schema));
    let sections = [
        ("Kafka", "kafka: {zzzzzzzzzzzz: 1}"),
        ("App", "apps: {a: {zzzzzzzzzzzz: 1}}"),
        ("Webhook", "webhooks: {a: {zzzzzzzzzzzz: 1}}"),
        ("Retry", "webhooks: {a: {retry: {zzzzzzzzzzzz: 1}}}"),
        ("People", "people: {zzzzzzzzzzzz: 1}"),
        ("Action", "actions: [{zzzzzzzzzzzz: 1}]"),
        ("Admin", "admin: {zzzzzzzzzzzz: 1}"),
    ];
    assert_eq!(sections.len(), schema["definitions"].as_object().unwrap().len());
    for (section, yaml) in sections {
        assert_eq!(known(yaml), properties_of(&schema["definitions"][section]), "{section}");
    }
}

#[test]
fn a_schemas_default_is_the_default() {
    let schema: serde_json::Value = serde_json::from_str(&schema::json().unwrap()).unwrap();
    let of = |section: &str, except: &[&str]| {
        let properties = schema["definitions"][section]["properties"].as_object().unwrap();
        let with_default = properties.iter().filter(|(key, value)| {
            value.get("default").is_some() && !except.contains(&key.as_str())
        });
        with_default
            .map(|(key, value)| format!(", {key}: {}", value["default"]))
            .collect::<String>()
    };
    // The default of `user` is set where messages are rendered, not in the configuration.
    let (kafka, webhook, retry, admin, action) = (
        of("Kafka", &[]),
        of("Webhook", &[]),
        of("Retry", &[]),
        of("Admin", &[]),
        of("Action", &["user"]),
    );
    assert!([&kafka, &webhook, &retry, &admin].iter().all(|defaults| !defaults.is_empty()));
    let yaml = |kafka: &str, webhook: &str, action: &str, admin: &str| {
        format!(
            "kafka: {{brokers: k, group_id: g, topics: [e]{kafka}}}\nwebhooks: {{w: {{url: 'https://h.example/x'{webhook}}}}}\n\
             actions: [{{name: n, trigger: a, webhook: w, message: m{action}}}]\n{admin}"
        )
    };
    let hash = |yaml: &str| {
        check(yaml, Path::new("x.yaml"), &env, &|_| Err(std::io::ErrorKind::NotFound.into()))
            .unwrap_or_else(|errors| panic!("{errors}"))
            .config
            .hash
    };
    let written_out = yaml(
        &kafka,
        &format!("{webhook}, retry: {{{}}}", retry.trim_start_matches(", ")),
        &action,
        &format!("admin: {{{}}}", admin.trim_start_matches(", ")),
    );
    assert_eq!(hash(&yaml("", "", "", "")), hash(&written_out));
    assert_ne!(hash(&yaml("", "", "", "")), hash(&yaml(", drain_timeout: 6s", "", "", "")));
}
