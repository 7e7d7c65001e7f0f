//! One metric: its declaration, and its series as Prometheus text.
//!
//! Families are built and encoded one at a time from plain numbers. The registry of the crate
//! `prometheus` would keep a copy of every label for every series (1 to 2 kB each) and gather all
//! families at the same time: hundreds of MB at 10,000 webhooks.

use prometheus::TextEncoder;
use prometheus::proto::{self, MetricType};

use super::histogram::Histogram;
use super::snapshot::Snapshot;

/// The declaration of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The name in the Prometheus text.
    pub name: &'static str,
    /// The type of the metric.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// One line for operators.
    pub help: &'static str,
    /// Adds the series of a snapshot.
    pub(super) read: fn(&Snapshot<'_>, &mut Series<'_>),
}

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A count that only grows.
    Counter,
    /// A value that can grow and shrink.
    Gauge,
    /// Counts per upper bound, with a sum.
    Histogram,
}

/// The series of one metric, while they are collected.
pub(super) struct Series<'m> {
    metric: &'m Metric,
    /// Whether series that are still 0 are left out, where [`Series::count_if_seen`] adds them.
    sparse: bool,
    collected: Vec<proto::Metric>,
}

impl Kind {
    /// Returns the name in a `# TYPE` line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

impl Metric {
    /// Appends the metric's series to `page`. A metric without series is left out, as the text
    /// format requires.
    pub(super) fn write(&self, snapshot: &Snapshot<'_>, page: &mut String) {
        let sparse = snapshot.registry.is_sparse();
        let mut series = Series { metric: self, sparse, collected: Vec::new() };
        (self.read)(snapshot, &mut series);
        if series.collected.is_empty() {
            return;
        }
        let mut family = proto::MetricFamily::default();
        family.set_name(self.name.to_owned());
        family.set_help(self.help.to_owned());
        family.set_field_type(match self.kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
            Kind::Histogram => MetricType::HISTOGRAM,
        });
        family.set_metric(series.collected);
        if let Err(error) = TextEncoder::new().encode_utf8(&[family], page) {
            tracing::error!(metric = self.name, %error, "metric left out of the page");
        }
    }
}

impl Series<'_> {
    /// Adds a series; `labels` are the values in the declared order.
    #[allow(clippy::cast_precision_loss, reason = "a count is exact up to 2^53")]
    pub(super) fn count(&mut self, labels: &[&str], value: u64) {
        self.value(labels, value as f64);
    }

    /// Adds a series, unless it is still 0 and the configuration is so large that such series are
    /// left out.
    pub(super) fn count_if_seen(&mut self, labels: &[&str], value: u64) {
        if value > 0 || !self.sparse {
            self.count(labels, value);
        }
    }

    /// Adds a series for each value of the last label.
    pub(super) fn counts<const N: usize>(
        &mut self,
        labels: &[&str],
        last: [&str; N],
        counts: [u64; N],
    ) {
        for (value, count) in last.into_iter().zip(counts) {
            self.count(&[labels, &[value]].concat(), count);
        }
    }

    /// Adds a series for each value of the last label, as [`Series::count_if_seen`] does.
    pub(super) fn counts_if_seen<const N: usize>(
        &mut self,
        labels: &[&str],
        last: [&str; N],
        counts: [u64; N],
    ) {
        for (value, count) in last.into_iter().zip(counts) {
            if count > 0 || !self.sparse {
                self.count(&[labels, &[value]].concat(), count);
            }
        }
    }

    /// Adds a series whose value may have a fraction.
    pub(super) fn value(&mut self, labels: &[&str], value: f64) {
        let mut series = self.labelled(labels);
        if self.metric.kind == Kind::Counter {
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

    /// Adds a series of a histogram; an empty one is left out as [`Series::count_if_seen`] does.
    pub(super) fn histogram<const N: usize>(&mut self, labels: &[&str], value: &Histogram<N>) {
        let histogram = value.proto();
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
