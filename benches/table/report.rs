//! The table: its settings, its rows with their bounds, and its three formats (aligned text,
//! Markdown, JSON).
//!
//! Invariant: only a full run has verdicts. A quick run shows only that the command works.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Map, Value, json};

/// The settings of a run, the same for every row.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Interleaved runs of each variant, at least 1; a row shows their median.
    pub runs: usize,
    /// A smoke run: few events, one topic, no verdict.
    pub quick: bool,
    /// Events in each topic of the throughput rows.
    pub events: u64,
    /// Bootstrap servers of the broker.
    pub brokers: String,
    /// The measured program.
    pub slackline: PathBuf,
    /// A folder for temporary files.
    pub home: PathBuf,
    /// The core of the measured process alone.
    pub measured_core: usize,
    /// The core of all other processes: the broker, this process, the fake Slack servers.
    pub other_core: usize,
    /// Parts of the names of wanted families; empty means all.
    pub only: Vec<String>,
    /// The topics of the throughput rows, such as `4-lz4`; empty means all.
    pub topics: Vec<String>,
}

impl Settings {
    /// Whether `--only` includes a family of rows.
    pub fn wants(&self, family: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| family.contains(only.as_str()))
    }

    /// Whether `--topics` includes a kind of topic.
    pub fn wants_topic(&self, kind: &str) -> bool {
        self.topics.is_empty() || self.topics.iter().any(|topic| topic == kind)
    }

    /// Returns a command that runs `program` on the measured core. Its process id is the program's
    /// own, because `taskset` replaces itself.
    pub fn measured(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new("taskset");
        command.arg("-c").arg(self.measured_core.to_string()).arg(program);
        command
    }
}

/// A limit for a value.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    /// The value must not be smaller.
    AtLeast(f64),
    /// The value must not be larger.
    AtMost(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    fn show(self, unit: &str) -> String {
        let text = match self {
            Self::AtLeast(least) => format!("≥ {least} {unit}"),
            Self::AtMost(most) => format!("≤ {most} {unit}"),
        };
        text.trim_end().to_owned()
    }
}

/// The limits of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The limit that slackline must keep.
    must: Bound,
    /// The limit that it aims at.
    aim: Bound,
}

impl Bounds {
    pub const fn at_least(must: f64, aim: f64) -> Self {
        Self { must: Bound::AtLeast(must), aim: Bound::AtLeast(aim) }
    }

    pub const fn at_most(must: f64, aim: f64) -> Self {
        Self { must: Bound::AtMost(must), aim: Bound::AtMost(aim) }
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

    fn verdict(&self) -> &'static str {
        if self.bounds.aim.holds(self.value) {
            "aim reached"
        } else if self.bounds.must.holds(self.value) {
            "must reached"
        } else {
            "NOT reached"
        }
    }

    fn measured(&self) -> String {
        let spread =
            self.spread.map(|(least, most)| format!(" ({}–{})", figure(least), figure(most)));
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        format!("{}{unit}{}", figure(self.value), spread.unwrap_or_default())
    }
}

/// The rows so far, and the samples that they were computed from.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    samples: Map<String, Value>,
    facts: Map<String, Value>,
}

impl Table {
    /// Adds a row of one value. `unit` is empty for a ratio; `detail` is a short remark.
    pub fn row(&mut self, name: &str, value: f64, unit: &str, bounds: Bounds, detail: String) {
        self.add(Row {
            name: name.to_owned(),
            value,
            spread: None,
            unit: unit.to_owned(),
            bounds,
            detail,
        });
    }

    /// Adds a row of one value a run: their median, with the least and the most.
    pub fn row_of_runs(
        &mut self,
        name: &str,
        values: &[f64],
        unit: &str,
        bounds: Bounds,
        detail: String,
    ) {
        let (value, least, most) = (median(values), least(values), most(values));
        let spread = (values.len() > 1).then_some((least, most));
        self.add(Row {
            name: name.to_owned(),
            value,
            spread,
            unit: unit.to_owned(),
            bounds,
            detail,
        });
    }

    fn add(&mut self, row: Row) {
        progress(&format!("{}: {}", row.name, row.measured()));
        self.rows.push(row);
    }

    /// Adds a raw sample of a family, for the JSON only.
    pub fn sample(&mut self, family: &str, sample: Value) {
        let samples = self.samples.entry(family).or_insert_with(|| json!([]));
        if let Value::Array(samples) = samples {
            samples.push(sample);
        }
    }

    /// Keeps a fact of the machine, the versions, or the settings, for the JSON.
    pub fn fact(&mut self, name: &str, fact: Value) {
        self.facts.insert(name.to_owned(), fact);
    }

    /// The whole table and its samples, as JSON.
    pub fn json(&self, settings: &Settings) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "name": row.name, "value": row.value, "least": row.spread.map(|spread| spread.0),
                    "most": row.spread.map(|spread| spread.1), "unit": row.unit, "must": row.bounds.must.show(&row.unit),
                    "aim": row.bounds.aim.show(&row.unit), "verdict": if settings.quick { "" } else { row.verdict() }, "detail": row.detail,
                })
            })
            .collect();
        json!({ "facts": self.facts, "rows": rows, "samples": self.samples })
    }

    /// Formats the table with aligned columns, for a terminal.
    pub fn text(&self, settings: &Settings) -> String {
        let cells = self.cells(settings);
        let columns = cells.first().map_or(0, Vec::len);
        // Characters, not bytes: `≥` is one character of three bytes.
        let width = |column: usize| {
            cells.iter().map(|row: &Vec<String>| row[column].chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &cells {
            let line: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}", width = *width))
                .collect();
            text += line.join("  ").trim_end();
            text.push('\n');
        }
        text
    }

    /// Formats the table in Markdown. Rows that differ only in the topic, in brackets at the end of
    /// the name, become one.
    pub fn markdown(&self, settings: &Settings) -> String {
        let mut text = String::from("| row | measured | must | aim |\n| --- | --- | --- | --- |\n");
        let mut written: Vec<&str> = Vec::new();
        for row in &self.rows {
            let (name, _) = row.split_name();
            if written.contains(&name) {
                continue;
            }
            written.push(name);
            let same: Vec<&Row> =
                self.rows.iter().filter(|other| other.split_name().0 == name).collect();
            let figures: Vec<String> = same
                .iter()
                .map(|row| match row.split_name().1 {
                    Some(topic) => format!("{} ({topic})", figure(row.value)),
                    None => row.measured(),
                })
                .collect();
            let missed =
                !settings.quick && same.iter().any(|row| !row.bounds.must.holds(row.value));
            let missed = if missed { " **not reached**" } else { "" };
            let (must, aim) = (row.bounds.must.show(&row.unit), row.bounds.aim.show(&row.unit));
            text += &format!("| {name} | {}{missed} | {must} | {aim} |\n", figures.join(", "));
        }
        text
    }

    fn cells(&self, settings: &Settings) -> Vec<Vec<String>> {
        let mut cells = vec![
            ["row", "measured", "must", "aim", "verdict", "detail"].map(str::to_owned).to_vec(),
        ];
        cells.extend(self.rows.iter().map(|row| {
            let verdict = if settings.quick { "(quick: none)" } else { row.verdict() };
            vec![
                row.name.clone(),
                row.measured(),
                row.bounds.must.show(&row.unit),
                row.bounds.aim.show(&row.unit),
                verdict.to_owned(),
                row.detail.clone(),
            ]
        }));
        cells
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

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::min)
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::max)
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
