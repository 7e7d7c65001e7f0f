//! Writes the input of `promtool test rules`: <https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/>.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// The value of a series at one scrape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// The series had this value.
    Value(f64),
    /// The series did not exist.
    Missing,
}

/// The alerts that must fire at the time of a sample, and no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The number of the sample, from 0.
    pub tick: usize,
    /// The alerts, each as `NAME LABEL=VALUE…`.
    pub firing: Vec<String>,
}

const RULES: &str = "deploy/prometheus/alerts.yaml";

const TESTS: &str = "tests/alerts/recordings";

const SECONDS_A_TICK: usize = super::recording::INTERVAL.as_secs() as usize;

/// The names of all metrics in the rules.
pub fn metrics_of_alerts() -> BTreeSet<String> {
    let rules = std::fs::read_to_string(RULES).unwrap();
    let words = rules.split(|char: char| !char.is_ascii_alphanumeric() && char != '_');
    words.filter(|word| word.starts_with("slackline_")).map(str::to_owned).collect()
}

/// Writes one recording, evaluated as scraped every 15 s and every minute.
pub fn write(name: &str, columns: &BTreeMap<String, Vec<Sample>>, expectations: &[Expectation]) {
    std::fs::create_dir_all(TESTS).unwrap();
    std::fs::write(Path::new(TESTS).join(format!("{name}.yaml")), file(columns, expectations))
        .unwrap();
}

fn file(columns: &BTreeMap<String, Vec<Sample>>, expectations: &[Expectation]) -> String {
    let mut out = String::from(
        "# Recorded from the real program by `tests/alerts.sh record`; not to be edited.\nrule_files: [../../../deploy/prometheus/alerts.yaml]\nevaluation_interval: 15s\ntests:\n",
    );
    for every in [1, 4] {
        let _ = writeln!(out, "  - interval: {}s\n    input_series:", every * SECONDS_A_TICK);
        for (series, samples) in columns {
            let samples: Vec<Sample> = samples.iter().step_by(every).copied().collect();
            let _ =
                writeln!(out, "      - series: '{series}'\n        values: '{}'", values(&samples));
        }
        out.push_str("    promql_expr_test:\n");
        for Expectation { tick, firing } in expectations {
            let _ = writeln!(
                out,
                "      - expr: count by (alertname, instance, webhook, action) (ALERTS{{alertstate=\"firing\"}})\n        eval_time: {}s\n        exp_samples:{}",
                tick * SECONDS_A_TICK,
                if firing.is_empty() { " []" } else { "" },
            );
            for alert in firing {
                let _ =
                    writeln!(out, "          - labels: '{}'\n            value: 1", labels(alert));
            }
        }
    }
    out
}

/// Converts `NAME LABEL=VALUE…` to PromQL.
fn labels(alert: &str) -> String {
    let mut words = alert.split(' ');
    let name = format!("alertname={:?}", words.next().unwrap_or_default());
    let others = words.map(|word| {
        let (label, value) =
            word.split_once('=').unwrap_or_else(|| panic!("`{word}` is not LABEL=VALUE"));
        format!("{label}={value:?}")
    });
    format!("{{{}}}", std::iter::once(name).chain(others).collect::<Vec<_>>().join(", "))
}

/// Converts samples to promtool's notation, with runs of equal samples as one. Prometheus writes
/// one stale marker where a series ends.
fn values(samples: &[Sample]) -> String {
    let mut out = Vec::new();
    let mut there = false;
    for run in samples.chunk_by(|one, next| one == next) {
        match (run[0], run.len()) {
            (Sample::Value(value), 1) => out.push(format!("{value}")),
            (Sample::Value(value), count) => out.push(format!("{value}+0x{}", count - 1)),
            (Sample::Missing, 1) if there => out.push("stale".to_owned()),
            (Sample::Missing, count) if there => out.push(format!("stale _x{}", count - 1)),
            (Sample::Missing, count) => out.push(format!("_x{count}")),
        }
        there = matches!(run[0], Sample::Value(_));
    }
    out.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Expectation, Sample, file, labels, values};

    #[test]
    fn a_series_is_written_as_promtool_reads_it() {
        let of = |text: &str| -> Vec<Sample> {
            let sample = |word: &str| word.parse().map_or(Sample::Missing, Sample::Value);
            text.split_whitespace().map(sample).collect()
        };
        assert_eq!(
            values(&of("- - 0 0 0 7 8.5 - 3 - - - 1 1")),
            "_x2 0+0x2 7 8.5 stale 3 stale _x2 1+0x1"
        );
        assert_eq!(values(&of("9007199254740991 -2")), "9007199254740991 -2");
    }

    #[test]
    fn an_expectation_is_written_as_promql() {
        assert_eq!(labels("SlacklineAbsent"), r#"{alertname="SlacklineAbsent"}"#);
        assert_eq!(
            labels("A webhook=b instance=c:1"),
            r#"{alertname="A", webhook="b", instance="c:1"}"#
        );
        let columns = [("up".to_owned(), vec![Sample::Value(1.0); 5])].into();
        let expectations = [("A", 0), ("", 4)].map(|(firing, tick)| Expectation {
            tick,
            firing: firing
                .split_terminator(' ')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        });
        let text = file(&columns, &expectations);
        let mark = "      - series: 'up'\n        values: '";
        assert!(
            text.contains(&format!("interval: 15s\n    input_series:\n{mark}1+0x4'\n")),
            "{text}"
        );
        assert!(
            text.contains(&format!("interval: 60s\n    input_series:\n{mark}1+0x1'\n")),
            "{text}"
        );
        let at_0 = "eval_time: 0s\n        exp_samples:\n          - labels: '{alertname=\"A\"}'\n            value: 1\n";
        assert_eq!(text.matches(at_0).count(), 2, "{text}");
        assert_eq!(text.matches("eval_time: 60s\n        exp_samples: []\n").count(), 2, "{text}");
    }
}
