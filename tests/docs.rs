//! The README says what is so: its metrics, its promises, its example.

use std::path::{Path, PathBuf};

use slackline::config;
use slackline::metrics::DOCUMENTED;

mod language;

mod layout;

mod operators;

const METRICS_BEGIN: &str =
    "<!-- metrics: compared with the code by a test; UPDATE_README=1 writes them -->\n";
const METRICS_END: &str = "<!-- /metrics -->";

fn readme() -> String {
    std::fs::read_to_string("README.md").unwrap()
}

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_readme_lists_every_metric_as_the_code_documents_it() {
    let mut table = String::from("| name | type | labels | meaning |\n| --- | --- | --- | --- |\n");
    for metric in DOCUMENTED {
        let labels =
            metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        table += &format!(
            "| `{}` | {} | {labels} | {} |\n",
            metric.name,
            metric.kind.as_str(),
            metric.help
        );
    }
    let readme = readme();
    let (before, rest) = readme.split_once(METRICS_BEGIN).unwrap();
    let (written, after) = rest.split_once(METRICS_END).unwrap();
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write("README.md", format!("{before}{METRICS_BEGIN}{table}{METRICS_END}{after}"))
            .unwrap();
    } else {
        assert_eq!(written, table, "run `UPDATE_README=1 cargo test --test integration docs`");
    }
}

/// A promise names the tests that fail when it is broken: they are there, as tests.
#[test]
fn every_promise_of_the_readme_has_its_tests() {
    let readme = readme();
    let (_, promises) = readme.split_once("| promise | shown by |\n| --- | --- |\n").unwrap();
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    rust_files(Path::new("tests"), &mut files);
    let code: Vec<String> =
        files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let mut promised = 0;
    for row in promises.lines().take_while(|line| line.starts_with('|')) {
        let shown_by = row.trim_end_matches('|').rsplit(" | ").next().unwrap();
        let tests: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "nothing shows: {row}");
        for test in tests {
            let name = format!("fn {test}(");
            let is_test =
                code.iter().filter_map(|code| code.split_once(&name)).any(|(before, _)| {
                    let attributes = before.lines().rev().take(8).collect::<Vec<_>>().join("\n");
                    attributes.contains("#[test]")
                        || attributes.contains("#[tokio::test")
                        || before.contains("proptest! {")
                });
            assert!(is_test, "`{test}` is named in the README and is no test");
        }
        promised += 1;
    }
    assert!(promised >= 9, "{promised} promises found");
}

#[test]
fn the_readmes_configuration_is_sound() {
    let readme = readme();
    let (_, yaml) = readme.split_once("```yaml\n# slackline.yaml\n").unwrap();
    let (yaml, _) = yaml.split_once("```").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("slackline.yaml");
    std::fs::write(&path, yaml).unwrap();
    let env = |name: &str| {
        (name == "SALES_WEBHOOK_URL").then(|| "https://hooks.slack.com/services/T0/B0/x".to_owned())
    };
    let loaded = config::load(&path, &env).map_err(|errors| errors.to_string()).unwrap();
    assert_eq!(loaded.config.actions[0].name, "enterprise-signup");
}

#[test]
fn the_readmes_secure_configuration_is_sound() {
    let readme = readme();
    let (_, yaml) = readme.split_once("```yaml\n# secure.yaml\n").unwrap();
    let (yaml, _) = yaml.split_once("```").unwrap();
    let rest = "webhooks: {a: {url: 'https://hooks.slack.com/services/T/B/x'}}\nactions: [{name: a, trigger: a, webhook: a, message: m}]\n";
    let password = |_: &Path| Ok(b"secret\n".to_vec());
    let loaded =
        config::check(&format!("{yaml}{rest}"), Path::new("secure.yaml"), &|_| None, &password);
    let loaded = loaded.map_err(|errors| errors.to_string()).unwrap();
    assert_eq!(loaded.config.kafka.properties["sasl.password"].expose(), "secret");
}

/// Triggers and templates that the README shows compile.
#[test]
fn the_readmes_triggers_compile() {
    let readme = readme();
    let (_, rows) = readme.split_once("| wanted | trigger |\n| --- | --- |\n").unwrap();
    let mut compiled = 0;
    for row in rows.lines().take_while(|line| line.starts_with('|')) {
        let cell = row.trim_end_matches('|').rsplit(" | ").next().unwrap().trim();
        let trigger = cell.trim_matches('`').trim();
        // A trigger that itself holds backticks stands in double ones.
        let trigger = if cell.starts_with("``") {
            cell.trim_start_matches("`` ").trim_start_matches("``").trim_end_matches("``").trim()
        } else {
            trigger
        };
        let expression = slackline::expression::Expression::compile(trigger)
            .unwrap_or_else(|error| panic!("`{trigger}`: {error:?}"));
        assert!(expression.warnings().is_empty(), "`{trigger}`: {:?}", expression.warnings());
        compiled += 1;
    }
    assert_eq!(compiled, 6);
}
