//! Alerts and dashboard query metrics that exist, by labels that these have. Every alert has its
//! section in the runbook, and fires in a recording.

use std::collections::BTreeSet;

use serde_json::Value;
use slackline::delivery::Reason;
use slackline::metrics::DOCUMENTED;

use super::read;

/// Labels that Prometheus adds, or that a query creates.
const FOREIGN_LABELS: [&str; 5] = ["job", "instance", "le", "__name__", "quantile"];

fn is_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

/// The metrics of slackline in a query, each with the labels of its selector.
fn queried(query: &str) -> Vec<(String, Vec<String>)> {
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
        // Values may hold commas: a label is only what precedes an operator.
        let labels = selector.split('"').step_by(2).flat_map(|part| part.split(','));
        let labels =
            labels.map(|part| part.trim().trim_end_matches(['=', '!', '~']).trim().to_owned());
        found.push((name, labels.filter(|label| !label.is_empty()).collect()));
    }
    found
}

/// Fails if the query names an unknown metric or label. Returns the number of metrics.
fn check(at: &str, query: &str) -> usize {
    let queried = queried(query);
    for (name, labels) in &queried {
        let plain = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix))
            .unwrap_or(name);
        let metric = DOCUMENTED.iter().find(|metric| metric.name == name || metric.name == plain);
        let metric = metric.unwrap_or_else(|| panic!("{at}: unknown metric `{name}`"));
        for label in labels {
            let known =
                metric.labels.contains(&label.as_str()) || FOREIGN_LABELS.contains(&label.as_str());
            assert!(known, "{at}: `{name}` has no label `{label}`");
        }
    }
    queried.len()
}

/// The name and the text of each alert.
fn alerts() -> Vec<(String, String)> {
    let rules = read("deploy/prometheus/alerts.yaml");
    let named = |rule: &str| (rule.lines().next().unwrap().trim().to_owned(), rule.to_owned());
    rules.split("- alert: ").skip(1).map(named).collect()
}

/// `tests/alerts.sh` shows that they fire when they should, and not before.
#[test]
fn every_alert_fires_in_a_recording() {
    let recordings = std::fs::read_dir("tests/alerts/recordings").unwrap();
    let text: String =
        recordings.map(|entry| read(entry.unwrap().path().to_str().unwrap())).collect();
    for (name, _) in alerts() {
        assert!(
            text.contains(&format!("- labels: '{{alertname=\"{name}\"")),
            "{name} fires in no recording"
        );
    }
}

#[test]
fn every_alert_queries_known_metrics_and_has_its_section_in_the_runbook() {
    let alerts = alerts();
    for (name, rule) in &alerts {
        let (_, after) =
            rule.split_once("expr: |-\n").unwrap_or_else(|| panic!("{name} has no query"));
        let query: Vec<&str> =
            after.lines().take_while(|line| line.starts_with("          ")).collect();
        let query = query.join("\n");
        assert!(
            check(name, &query) > 0 || query.contains("up{"),
            "{name} queries no metric of slackline: {query}"
        );
        assert!(
            rule.contains(&format!("docs/operations.md#{}\n", name.to_lowercase())),
            "{name} does not link its section"
        );
    }
    assert!(alerts.len() > 15, "{alerts:?}");
    let page = read("docs/operations.md");
    let (_, runbook) = page.split_once("\n## Runbook\n").unwrap();
    let sections: Vec<&str> =
        runbook.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(alerts.iter().map(|(name, _)| name).collect::<Vec<_>>(), sections);
}

#[test]
fn every_drop_reason_has_its_alert() {
    let alerts = alerts();
    for reason in Reason::ALL {
        let selector = format!("reason=\"{}\"", reason.as_str());
        assert!(alerts.iter().any(|(_, rule)| rule.contains(&selector)), "no alert for {selector}");
    }
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
fn every_panel_of_the_dashboard_queries_known_metrics() {
    let dashboard: Value =
        serde_json::from_str(&read("deploy/grafana/dashboards/slackline.json")).unwrap();
    let mut queries = Vec::new();
    expressions(&dashboard, &mut queries);
    assert!(queries.len() > 10, "{queries:?}");
    for query in &queries {
        assert!(check("the dashboard", query) > 0, "no metric of slackline: {query}");
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
        "a panel id is duplicated"
    );
}

#[test]
fn an_unknown_metric_or_label_is_found() {
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
