//! One metric: its declaration, and its series as Prometheus text.
//!
//! Families are built and encoded one at a time from plain numbers. The registry of the crate
//! `prometheus` would keep a copy of every label for every series (1 to 2 kB each) and gather all
//! families at the same time: hundreds of MB at 10,000 webhooks.

use prometheus::TextEncoder;
use prometheus::proto::{self, MetricType};

use super::histogram::Histogram;
use super::snapshot::Scrape;

/// The declaration of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The name in the Prometheus text.
    pub name: &'static str,
    /// The type of the metric.
    pub kind: MetricType,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// One line for operators.
    pub help: &'static str,
    /// Adds the series.
    pub read: fn(&mut Series<'_>),
}

/// The series of one metric, while they are collected.
pub struct Series<'a> {
    metric: &'a Metric,
    pub snapshot: &'a Scrape<'a>,
    /// Whether series that are still 0 are left out.
    sparse: bool,
    collected: Vec<proto::Metric>,
}

impl Metric {
    /// Appends the metric's series to `page`. A metric without series is left out, as the text
    /// format requires.
    pub fn write(&self, snapshot: &Scrape<'_>, page: &mut String) {
        let sparse = self.kind != MetricType::GAUGE
            && matches!(self.labels, ["webhook" | "action", ..])
            && snapshot.registry.is_sparse();
        let mut series = Series { metric: self, snapshot, sparse, collected: Vec::new() };
        (self.read)(&mut series);
        if series.collected.is_empty() {
            return;
        }
        let mut family = proto::MetricFamily::default();
        family.set_name(self.name.to_owned());
        family.set_help(self.help.to_owned());
        family.set_field_type(self.kind);
        family.set_metric(series.collected);
        if let Err(error) = TextEncoder::new().encode_utf8(&[family], page) {
            tracing::error!(metric = self.name, %error, "metric left out of the page");
        }
    }
}

impl Series<'_> {
    /// Adds a series; `labels` are the values in the declared order. A value of 0 is left out where
    /// the configuration is so large that such series are.
    pub fn add(&mut self, labels: &[&str], value: f64) {
        if self.sparse && value == 0.0 {
            return;
        }
        let mut series = self.labelled(labels);
        if self.metric.kind == MetricType::COUNTER {
            let mut counter = proto::Counter::default();
            counter.set_value(value);
            series.set_counter(counter);
        } else {
            let mut gauge = proto::Gauge::default();
            gauge.set_value(value);
            series.set_gauge(gauge);
        }
        self.collected.push(series);
    }

    /// Adds a series for each value of the last label.
    pub fn add_each<const N: usize>(&mut self, labels: &[&str], last: [&str; N], counts: [u64; N]) {
        for (value, count) in last.into_iter().zip(counts) {
            self.add(&[labels, &[value]].concat(), count as f64);
        }
    }

    /// Adds a series of a histogram, like [`Series::add`].
    pub fn add_histogram(&mut self, labels: &[&str], histogram: &Histogram) {
        let histogram = histogram.proto();
        if histogram.get_sample_count() > 0 || !self.sparse {
            let mut series = self.labelled(labels);
            series.set_histogram(histogram);
            self.collected.push(series);
        }
    }

    fn labelled(&self, values: &[&str]) -> proto::Metric {
        debug_assert_eq!(values.len(), self.metric.labels.len(), "{}", self.metric.name);
        let pairs = self.metric.labels.iter().zip(values).map(|(name, value)| {
            let mut pair = proto::LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        proto::Metric::from_label(pairs.collect())
    }
}
