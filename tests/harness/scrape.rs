//! The program's metrics: parses the Prometheus text, and checks the two sums that must add up in
//! every scrape.

use std::collections::{BTreeMap, BTreeSet};

/// One scrape of `/metrics`.
#[derive(Debug, Clone, Default)]
pub struct Scrape {
    series: Vec<Series>,
}

/// One line of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The metric's name, with `_sum`, `_count`, `_bucket` for histograms.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Scrape {
    /// Parses the text format 0.0.4. Any other text fails the test.
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self {
            series: lines
                .map(|line| {
                    Series::parse(line).unwrap_or_else(|| panic!("invalid metric: `{line}`"))
                })
                .collect(),
        }
    }

    /// All series.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// All series of this name with at least these labels.
    pub fn select<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&'a str, &'a str)],
    ) -> impl Iterator<Item = &'a Series> {
        self.series.iter().filter(move |series| {
            series.name == name
                && labels.iter().all(|(label, value)| {
                    series.labels.get(*label).is_some_and(|found| found == value)
                })
        })
    }

    /// The sum of all series of this name with these labels; 0 without any.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.select(name, labels).map(|series| series.value).sum()
    }

    /// The value of the only such series, if it exists. Fails the test if there are several.
    #[track_caller]
    pub fn only(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found = self.select(name, labels);
        let first = found.next()?;
        assert!(found.next().is_none(), "`{name}` {labels:?} is more than one series");
        Some(first.value)
    }

    /// The values of a label.
    pub fn values_of(&self, label: &str) -> BTreeSet<&str> {
        self.series
            .iter()
            .filter_map(|series| series.labels.get(label))
            .map(String::as_str)
            .collect()
    }

    /// Checks that deliveries and events add up, and names the sum that does not.
    pub fn conservation(&self) -> Result<(), String> {
        for webhook in self.values_of("webhook") {
            let of = |name: &str| self.sum(name, &[("webhook", webhook)]);
            let matched = of("slackline_deliveries_matched_total");
            let parts = [
                ("delivered", of("slackline_deliveries_delivered_total")),
                ("dropped", of("slackline_deliveries_dropped_total")),
                ("released", of("slackline_deliveries_released_total")),
                ("queued", of("slackline_queue_depth")),
                ("in flight", of("slackline_in_flight")),
            ];
            balance(&format!("webhook `{webhook}`: matched"), matched, &parts)?;
        }
        for topic in self.values_of("topic") {
            let of = |name: &str| self.sum(name, &[("topic", topic)]);
            let parts = [
                ("invalid", of("slackline_events_invalid_total")),
                ("unmatched", of("slackline_events_unmatched_total")),
                ("matched", of("slackline_events_matched_total")),
            ];
            balance(
                &format!("topic `{topic}`: consumed"),
                of("slackline_events_consumed_total"),
                &parts,
            )?;
        }
        Ok(())
    }
}

fn balance(what: &str, whole: f64, parts: &[(&str, f64)]) -> Result<(), String> {
    // Counts below 2^53 are exact in f64.
    if parts.iter().map(|(_, value)| value).sum::<f64>() == whole {
        Ok(())
    } else {
        Err(format!("{what} {whole} ≠ {parts:?}"))
    }
}

impl Series {
    fn parse(line: &str) -> Option<Self> {
        let name_end = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(name_end);
        let mut labels = BTreeMap::new();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            while !rest.starts_with('}') {
                let (label, quoted) = rest.split_once("=\"")?;
                let (value, after) = unquote(quoted)?;
                labels.insert(label.to_owned(), value);
                rest = after.strip_prefix(',').unwrap_or(after);
            }
            rest = rest.strip_prefix('}')?;
        }
        let mut fields = rest.split_whitespace();
        let value = match fields.next()? {
            "+Inf" => f64::INFINITY,
            "-Inf" => f64::NEG_INFINITY,
            number => number.parse().ok()?,
        };
        Some(Self { name: name.to_owned(), labels, value })
    }
}

/// Returns the unescaped text up to the closing quote, and the rest.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Scrape;

    const TEXT: &str = r#"# HELP slackline_queue_depth Deliveries that wait.
# TYPE slackline_queue_depth gauge
slackline_queue_depth{webhook="a"} 2
slackline_queue_depth{webhook="b \"quoted\", {braced} \\ "} 0
slackline_in_flight{webhook="a"} 1
slackline_deliveries_matched_total{action="x",webhook="a"} 10
slackline_deliveries_matched_total{action="y",webhook="a"} 5
slackline_deliveries_delivered_total{action="x",webhook="a"} 6
slackline_deliveries_dropped_total{action="x",webhook="a",reason="overflow"} 1
slackline_deliveries_dropped_total{action="y",webhook="a",reason="rejected"} 2
slackline_deliveries_released_total{action="y",webhook="a"} 3
slackline_events_consumed_total{topic="t"} 12
slackline_events_invalid_total{topic="t",reason="empty"} 1
slackline_events_invalid_total{topic="t",reason="not_json"} 1
slackline_events_unmatched_total{topic="t"} 4
slackline_events_matched_total{topic="t"} 6
slackline_delivery_latency_seconds_bucket{webhook="a",le="+Inf"} 6
slackline_config_hash 9.007199254740991e15 1700000000000
"#;

    #[test]
    fn the_text_is_parsed() {
        let scrape = Scrape::parse(TEXT);
        assert_eq!(scrape.sum("slackline_deliveries_matched_total", &[("webhook", "a")]), 15.0);
        assert_eq!(
            scrape.only("slackline_queue_depth", &[("webhook", "b \"quoted\", {braced} \\ ")]),
            Some(0.0)
        );
        assert_eq!(scrape.only("slackline_config_hash", &[]), Some(9_007_199_254_740_991.0));
        assert_eq!(
            scrape.only("slackline_delivery_latency_seconds_bucket", &[("le", "+Inf")]),
            Some(6.0)
        );
        assert_eq!(scrape.only("slackline_queue_depth", &[("webhook", "c")]), None);
        assert_eq!(scrape.values_of("topic").into_iter().collect::<Vec<_>>(), ["t"]);
    }

    #[test]
    #[should_panic(expected = "invalid metric: `slackline_queue_depth{webhook=`")]
    fn an_invalid_line_fails() {
        Scrape::parse("slackline_queue_depth{webhook=");
    }

    #[test]
    fn a_correct_scrape_adds_up_and_every_planted_error_is_found() {
        assert_eq!(Scrape::parse(TEXT).conservation(), Ok(()));
        let counted = TEXT.lines().filter(|line| line.starts_with("slackline_"));
        for line in counted.filter(|line| {
            !line.contains("braced") && !line.contains("latency") && !line.contains("hash")
        }) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let wrong = format!("{series} {}", value.parse::<u64>().unwrap() + 1);
            let planted = TEXT.replace(line, &wrong);
            assert!(Scrape::parse(&planted).conservation().is_err(), "{wrong} was not found");
        }
    }
}
