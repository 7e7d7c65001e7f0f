//! The table: its rows with their bounds, and its three formats (aligned text, Markdown, JSON).
//!
//! Invariant: only a full run has verdicts. A quick run shows only that the command works.

use comfy_table::presets;
use serde_json::{Map, Value, json};

/// The limits of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The limit that slackline must keep.
    must: f64,
    /// The limit that it aims at.
    aim: f64,
    /// Whether a value must not be smaller; otherwise it must not be larger.
    least: bool,
}

impl Bounds {
    pub const fn at_least(must: f64, aim: f64) -> Self {
        Self { must, aim, least: true }
    }

    pub const fn at_most(must: f64, aim: f64) -> Self {
        Self { must, aim, least: false }
    }

    fn holds(self, value: f64, limit: f64) -> bool {
        if self.least { value >= limit } else { value <= limit }
    }
}

/// One row of the table.
#[derive(Debug, Clone)]
struct Row {
    name: String,
    value: f64,
    /// Smallest and largest value, if there were several runs.
    spread: Option<(f64, f64)>,
    unit: String,
    bounds: Bounds,
    detail: String,
}

impl Row {
    /// Splits the name into its subject and its topic.
    fn split_name(&self) -> (&str, Option<&str>) {
        match self.name.strip_suffix(']').and_then(|name| name.rsplit_once(" [")) {
            Some((name, topic)) => (name, Some(topic)),
            None => (&self.name, None),
        }
    }

    fn reached(&self) -> bool {
        self.bounds.holds(self.value, self.bounds.must)
    }

    fn verdict(&self) -> &'static str {
        match self.reached() {
            _ if self.bounds.holds(self.value, self.bounds.aim) => "aim reached",
            true => "must reached",
            false => "NOT reached",
        }
    }

    fn measured(&self) -> String {
        let value = format!("{} {}", figure(self.value), self.unit);
        let spread =
            self.spread.map(|(least, most)| format!("({}–{})", figure(least), figure(most)));
        format!("{} {}", value.trim_end(), spread.unwrap_or_default()).trim_end().to_owned()
    }

    fn limit(&self, limit: f64) -> String {
        let sign = if self.bounds.least { '≥' } else { '≤' };
        format!("{sign} {limit} {}", self.unit).trim_end().to_owned()
    }

    fn must(&self) -> String {
        self.limit(self.bounds.must)
    }

    fn aim(&self) -> String {
        self.limit(self.bounds.aim)
    }
}

/// The rows so far, and the samples that they were computed from.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    samples: Map<String, Value>,
    /// Whether the rows are of a quick run, and have no verdicts.
    pub quick: bool,
}

impl Table {
    /// Adds a row of one value a run: their median, with the least and the most. `unit` is empty
    /// for a ratio; `detail` is a short remark.
    pub fn row(&mut self, name: &str, values: &[f64], unit: &str, bounds: Bounds, detail: String) {
        let least = values.iter().copied().fold(f64::NAN, f64::min);
        let most = values.iter().copied().fold(f64::NAN, f64::max);
        let row = Row {
            name: name.to_owned(),
            value: median(values),
            spread: (values.len() > 1).then_some((least, most)),
            unit: unit.to_owned(),
            bounds,
            detail,
        };
        progress(&format!("{name}: {}", row.measured()));
        self.rows.push(row);
    }

    /// Adds a raw sample of a family, for the JSON only.
    pub fn sample(&mut self, family: &str, sample: Value) {
        let samples = self.samples.entry(family).or_insert_with(|| json!([]));
        if let Value::Array(samples) = samples {
            samples.push(sample);
        }
    }

    /// The whole table, its samples, and the facts behind it, as JSON.
    pub fn json(&self, facts: &Value) -> Value {
        let row = |row: &Row| {
            json!({
                "name": row.name, "value": row.value, "least": row.spread.map(|spread| spread.0),
                "most": row.spread.map(|spread| spread.1), "unit": row.unit, "must": row.must(),
                "aim": row.aim(), "verdict": if self.quick { "" } else { row.verdict() },
                "detail": row.detail,
            })
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        json!({ "facts": facts, "rows": rows, "samples": self.samples })
    }

    /// Formats the table with aligned columns, for a terminal.
    pub fn text(&self) -> String {
        let mut text = comfy_table::Table::new();
        let header = ["row", "measured", "must", "aim", "verdict", "detail"];
        text.load_style(presets::NOTHING).set_header(header);
        for row in &self.rows {
            let verdict = if self.quick { "(quick: none)" } else { row.verdict() };
            let (measured, must, aim) = (row.measured(), row.must(), row.aim());
            text.add_row([&row.name, &measured, &must, &aim, verdict, &row.detail]);
        }
        format!("{}\n", text.trim_fmt())
    }

    /// Formats the table in Markdown. Rows that differ only in the topic, in brackets at the end of
    /// the name, become one.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| row | measured | must | aim |\n| --- | --- | --- | --- |\n");
        let mut written: Vec<&str> = Vec::new();
        for row in &self.rows {
            let (name, _) = row.split_name();
            if written.contains(&name) {
                continue;
            }
            written.push(name);
            let same = self.rows.iter().filter(|other| other.split_name().0 == name);
            let missed = !self.quick && same.clone().any(|row| !row.reached());
            let missed = if missed { " **not reached**" } else { "" };
            let figures = same.map(|row| match row.split_name().1 {
                Some(topic) => format!("{} ({topic})", figure(row.value)),
                None => row.measured(),
            });
            let figures = figures.collect::<Vec<_>>().join(", ");
            text += &format!("| {name} | {figures}{missed} | {} | {} |\n", row.must(), row.aim());
        }
        text
    }
}

/// Prints the progress on standard error.
pub fn progress(line: &str) {
    eprintln!("table: {line}");
}

/// Returns the median, or NaN without values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => f64::NAN,
        (even, middle) if even % 2 == 0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        (_, middle) => sorted[middle],
    }
}

/// Formats a value with about three significant digits.
pub fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}
