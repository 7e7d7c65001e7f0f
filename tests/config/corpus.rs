//! Configurations that are right: `check` finds no mistake in them, and warns of nothing.

use std::path::Path;

use slackline::config::{check, diagnostic::Diagnostic};

use super::{env, yaml_files};

/// Webhooks of Slack and of a compatible receiver, whose rules differ.
const URLS: [&str; 2] =
    ["https://hooks.slack.com/services/T0/B0/x", "https://chat.example/hooks/x"];

/// What an action needs, in the order of its keys.
const KEYS: [(&str, &str); 4] =
    [("name", "a"), ("trigger", "type"), ("webhook", "w"), ("message", "hi")];

/// The items of a list of actions, as written.
fn items(text: &str) -> Vec<&str> {
    let starts: Vec<usize> = text.match_indices("\n- ").map(|(at, _)| at + 1).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| &text[*start..end]).collect()
}

/// A configuration with an action, completed with the keys that it does not have.
fn whole(item: &str, url: &str) -> String {
    let has = |key: &str| {
        let start = format!("{key}:");
        item.lines().any(|line| line.get(2..).is_some_and(|line| line.starts_with(&start)))
    };
    let is_flow = item.starts_with("- {");
    let missing = KEYS.iter().filter(|(key, _)| !is_flow && !has(key));
    let missing: String = missing.map(|(key, value)| format!("  {key}: {value}\n")).collect();
    format!(
        "kafka: {{brokers: k, group_id: g, topics: [events]}}\n\
         webhooks: {{w: {{url: '{url}'}}}}\nactions:\n{item}{missing}"
    )
}

/// A Slack app's webhook ignores some keys, which `check` says of any file that has them.
fn is_about_legacy_webhooks(warning: &Diagnostic) -> bool {
    warning.message.ends_with("only legacy webhooks honour it")
}

/// What `check` says of a configuration.
fn judged(text: &str) -> String {
    let path = Path::new("slackline.yaml");
    let files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    match check(text, path, &env, &files) {
        Err(errors) => errors.to_string(),
        Ok(loaded) => {
            let warnings =
                loaded.warnings.iter().filter(|warning| !is_about_legacy_webhooks(warning));
            warnings.map(|warning| warning.display("", "warning: ").to_string()).collect()
        }
    }
}

#[test]
fn right_configurations_are_not_warned_of() {
    let (mut count, mut faults) = (0, Vec::new());
    for path in yaml_files("tests/config/good") {
        let text = std::fs::read_to_string(path).unwrap();
        for item in items(&text) {
            count += 1;
            for url in URLS {
                let judged = judged(&whole(item, url));
                if !judged.is_empty() {
                    faults.push(format!("{item}{judged}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} of {count}:\n{}", faults.len(), faults.join("\n\n"));
    assert!(count >= 200, "{count} configurations");
}

#[test]
fn a_filter_in_a_condition_of_blocks_is_warned_of() {
    let blocks = |block: &str| format!("- name: a\n  blocks:\n    - {block}\n");
    for (block, help) in [
        ("{ section: x, if: 'n | size' }", "write `size(n)`"),
        ("{ section: x, for_each: 'n | sort' }", "write `sort(n)`"),
        ("{ fields: [{ if: 'n | upper', item: x }] }", "write `upper(n)`"),
        ("{ section: x, if: 'n | [0]' }", ""),
    ] {
        let judged = judged(&whole(&blocks(block), URLS[0]));
        assert!(judged.contains(help) && judged.is_empty() == help.is_empty(), "{block}: {judged}");
    }
}

/// The configuration in the chart's values, with the group that the chart sets: the release's name.
fn of_values(text: &str) -> String {
    let inside = text.lines().skip_while(|line| *line != "config:").skip(1);
    let inside = inside.take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let inside = inside.map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line)));
    inside.collect::<String>().replacen("kafka:\n", "kafka:\n  group_id: release\n", 1)
}

#[test]
fn the_files_that_a_user_starts_from_are_not_warned_of() {
    for path in ["deploy/examples/minimal.yaml", "deploy/examples/slackline.yaml"] {
        assert_eq!(judged(&std::fs::read_to_string(path).unwrap()), "", "{path}");
    }
    for name in ["minimal", "external", "hpa", "keda"] {
        let path = format!("helm/slackline/ci/{name}-values.yaml");
        assert_eq!(judged(&of_values(&std::fs::read_to_string(&path).unwrap())), "", "{path}");
    }
    let compose = std::fs::read_to_string("deploy/compose/slackline.yaml").unwrap();
    for slack in ["http://slack.example", "http://localhost:9465"] {
        let text = compose.replace("${SLACK}", slack);
        assert_eq!(judged(&text), "", "{slack}");
    }
}

/// Line ends of Windows and a byte order mark change nothing.
#[test]
fn right_configurations_are_right_with_the_line_ends_of_windows() {
    for path in yaml_files("tests/config/good") {
        let text = std::fs::read_to_string(path).unwrap();
        for item in items(&text) {
            let text = format!("\u{feff}{}", whole(item, URLS[0]).replace('\n', "\r\n"));
            let judged = judged(&text);
            assert!(judged.is_empty(), "{item}{judged}");
        }
    }
}
