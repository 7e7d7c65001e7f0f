//! What operators are given asks for metrics that there are, by labels that they have, and every alert has its section in the runbook.

use std::collections::BTreeSet;

use serde_json::Value;
use slackline::metrics::DOCUMENTED;

/// Labels that Prometheus adds, or that a query makes.
const OTHERS: [&str; 5] = ["job", "instance", "le", "__name__", "quantile"];

fn file(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn is_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

/// Every metric of ours in a query, with the labels that are asked of it in braces behind it.
fn asked(query: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(at) = rest.find("slackline_") {
        let before = rest[..at].chars().next_back();
        rest = &rest[at..];
        let end = rest.find(|char| !is_name(char)).unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        if before.is_some_and(is_name) {
            continue;
        }
        let selector = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'))
            .map_or("", |(inside, _)| inside);
        // Values may hold commas: only what stands before an operator is a label.
        let labels = selector.split('"').step_by(2).flat_map(|part| part.split(','));
        let labels =
            labels.map(|part| part.trim().trim_end_matches(['=', '!', '~']).trim().to_owned());
        found.push((name, labels.filter(|label| !label.is_empty()).collect()));
    }
    found
}

fn check(at: &str, query: &str) -> usize {
    let asked = asked(query);
    for (name, labels) in &asked {
        let plain = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix))
            .unwrap_or(name);
        let metric = DOCUMENTED.iter().find(|metric| metric.name == name || metric.name == plain);
        let metric = metric.unwrap_or_else(|| panic!("{at}: there is no metric `{name}`"));
        for label in labels {
            let known = metric.labels.contains(&label.as_str()) || OTHERS.contains(&label.as_str());
            assert!(known, "{at}: `{name}` has no label `{label}`");
        }
    }
    asked.len()
}

/// Name and text of each alert.
fn alerts() -> Vec<(String, String)> {
    let rules = file("deploy/prometheus/alerts.yaml");
    let named = |rule: &str| (rule.lines().next().unwrap().trim().to_owned(), rule.to_owned());
    rules.split("- alert: ").skip(1).map(named).collect()
}

/// That they fire when they should, and not before, `tests/alerts.sh` shows.
#[test]
fn every_alert_fires_in_a_recording() {
    let recordings = std::fs::read_dir("tests/alerts/recordings").unwrap();
    let text: String =
        recordings.map(|entry| file(entry.unwrap().path().to_str().unwrap())).collect();
    for (name, _) in alerts() {
        assert!(
            text.contains(&format!("- labels: '{{alertname=\"{name}\"")),
            "{name} fires in no recording"
        );
    }
}

#[test]
fn every_alert_asks_for_metrics_that_there_are_and_has_its_section_in_the_runbook() {
    let alerts = alerts();
    for (name, rule) in &alerts {
        let (_, after) =
            rule.split_once("expr: |-\n").unwrap_or_else(|| panic!("{name} has no query"));
        let query: Vec<&str> =
            after.lines().take_while(|line| line.starts_with("          ")).collect();
        let query = query.join("\n");
        assert!(
            check(name, &query) > 0 || query.contains("up{"),
            "{name} asks for nothing of ours: {query}"
        );
        assert!(
            rule.contains(&format!("deploy/RUNBOOK.md#{}\n", name.to_lowercase())),
            "{name} names its section"
        );
    }
    assert!(alerts.len() > 15, "{alerts:?}");
    let runbook = file("deploy/RUNBOOK.md");
    let sections: Vec<&str> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(alerts.iter().map(|(name, _)| name).collect::<Vec<_>>(), sections);
}

fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| match value {
            Value::String(text) if name == "expr" => found.push(text.clone()),
            value => expressions(value, found),
        }),
        Value::Array(elements) => elements.iter().for_each(|element| expressions(element, found)),
        _ => {}
    }
}

#[test]
fn every_panel_of_the_dashboard_asks_for_metrics_that_there_are() {
    let dashboard: Value =
        serde_json::from_str(&file("deploy/grafana/dashboards/slackline.json")).unwrap();
    let mut queries = Vec::new();
    expressions(&dashboard, &mut queries);
    assert!(queries.len() > 10, "{queries:?}");
    for query in &queries {
        assert!(check("the dashboard", query) > 0, "nothing of ours: {query}");
    }
    let ids: BTreeSet<String> = dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|panel| panel["id"].to_string())
        .collect();
    assert_eq!(
        ids.len(),
        dashboard["panels"].as_array().unwrap().len(),
        "every panel has an id of its own"
    );
}

#[test]
fn what_is_not_there_is_found() {
    let wrong = |query: &'static str| std::panic::catch_unwind(|| check("a test", query)).is_err();
    assert!(wrong("rate(slackline_nothing_total[5m])"));
    assert!(wrong("slackline_queue_depth{action=\"a\"}"));
    assert!(!wrong(
        "sum by (webhook) (rate(slackline_attempts_total{result=~\"timeout|connect\",webhook!=\"a,b\"}[5m]))"
    ));
    assert!(!wrong(
        "histogram_quantile(0.9, rate(slackline_delivery_latency_seconds_bucket{le=\"1\"}[5m]))"
    ));
}
