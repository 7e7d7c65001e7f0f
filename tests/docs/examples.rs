//! The examples in the pages work: configurations load without errors, triggers compile.

use std::path::Path;
use std::process::Command;

use slackline::config;
use slackline::expression::Expression;

use super::{pages, read, rows};

const URL: &str = "https://hooks.slack.com/services/T0/B0/x";

/// What an example that shows only `kafka` is completed with.
const WEBHOOKS_AND_ACTIONS: &str = "
webhooks: {a: {url: 'https://hooks.slack.com/services/T/B/x'}}
actions: [{name: a, trigger: a, webhook: a, message: m}]
";

/// What an example that shows only one action is completed with.
const KAFKA_AND_WEBHOOKS: &str = "
kafka: {brokers: 'localhost:9092', group_id: g, topics: [events]}
webhooks: {sales: {url: 'https://hooks.slack.com/services/T/B/x'}}
actions:
";

/// The fenced YAML blocks of a page.
fn blocks(page: &str) -> Vec<&str> {
    let blocks = page.split("```yaml\n").skip(1);
    blocks.map(|block| block.split_once("```").map_or(block, |(yaml, _)| yaml)).collect()
}

/// Loads a configuration whose environment and files hold placeholders.
fn load(yaml: &str) -> Result<config::Loaded, String> {
    let variable = |name: &str| name.ends_with("_WEBHOOK_URL").then(|| URL.to_owned());
    let file = |path: &Path| match path.ends_with("slack-token") {
        true => Ok(b"xoxb-1-2-x\n".to_vec()),
        false => Ok(b"secret\n".to_vec()),
    };
    let loaded = config::check(yaml, Path::new("slackline.yaml"), &variable, &file);
    loaded.map_err(|errors| errors.to_string())
}

/// The first line of a block says what it is; one that is not ours has to be YAML at least.
#[test]
fn every_yaml_block_is_valid() {
    let mut configurations = 0;
    for path in pages() {
        let page = read(&path);
        for block in blocks(&page) {
            let (title, rest) = block.split_once('\n').unwrap();
            let yaml = match title {
                "# slackline.yaml" => block.to_owned(),
                "# secure.yaml" => format!("{block}{WEBHOOKS_AND_ACTIONS}"),
                "# action" => {
                    let action: String = rest.lines().map(|line| format!("    {line}\n")).collect();
                    format!("{KAFKA_AND_WEBHOOKS}  -\n{action}")
                }
                _ => {
                    let parsed: Result<serde_json::Value, _> = serde_saphyr::from_str(block);
                    parsed.unwrap_or_else(|error| panic!("{}: {error}\n{block}", path.display()));
                    continue;
                }
            };
            load(&yaml).unwrap_or_else(|error| panic!("{}: {error}\n{yaml}", path.display()));
            configurations += 1;
        }
    }
    assert!(configurations >= 3, "{configurations} configurations found");
}

#[test]
fn the_quick_start_has_the_action_that_the_readme_sends() {
    let readme = read("README.md");
    let loaded = load(blocks(&readme)[0]).unwrap();
    let name = &loaded.config.actions[0].name;
    assert!(readme.contains(&format!("slackline send --action {name} ")), "{name}");
}

/// The page's configuration uses everything that needs a scope, so that its table is complete.
#[test]
fn the_slack_page_lists_the_scopes_of_its_manifest() {
    let page = read("docs/slack.md");
    let block = blocks(&page)[0];
    let action = &load(block).unwrap().config.actions[0].name;
    assert!(page.contains(&format!("slackline send --action {action} ")), "{action}");

    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), block).unwrap();
    let printed = Command::new(env!("CARGO_BIN_EXE_slackline"))
        .args(["slack-manifest", "--output", "json"])
        .arg(file.path())
        .output()
        .unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    let scopes = manifest["oauth_config"]["scopes"]["bot"].as_array().unwrap();
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str().unwrap()).collect();
    let rows = rows(&page, "| scope | when | for |");
    let listed: Vec<&str> = rows
        .iter()
        .flat_map(|row| row[0].split(", ").map(|scope| scope.trim_matches('`')))
        .collect();
    assert_eq!(listed, scopes);
}

#[test]
fn a_password_of_the_secure_example_comes_from_its_file() {
    let page = read("docs/operations.md");
    let block = blocks(&page).into_iter().find(|block| block.starts_with("# secure.yaml")).unwrap();
    let loaded = load(&format!("{block}{WEBHOOKS_AND_ACTIONS}")).unwrap();
    assert_eq!(loaded.config.kafka.properties["sasl.password"].expose(), "secret");
}

#[test]
fn the_triggers_of_the_messages_page_compile_without_warnings() {
    let rows = rows(&read("docs/messages.md"), "| wanted | trigger |");
    for row in &rows {
        // A trigger with backticks in it is shown between double ones.
        let trigger = row[1].trim_matches('`').trim();
        let expression = Expression::compile(trigger)
            .or_else(|_| Expression::compile(&format!("{trigger}`")))
            .unwrap_or_else(|error| panic!("`{trigger}`: {error:?}"));
        assert!(expression.warnings().is_empty(), "`{trigger}`: {:?}", expression.warnings());
    }
    assert!(rows.len() >= 6, "{} triggers", rows.len());
}
