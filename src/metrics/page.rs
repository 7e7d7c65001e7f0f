//! The Prometheus text, one family after the other.
//!
//! Families are built and encoded one at a time and from plain numbers. The crate's own registry would hold a copy of every label for every
//! series at all times (1 to 2 kB each) and gather all families at once at a scrape: hundreds of MB at 10,000 webhooks.

use prometheus::TextEncoder;
use prometheus::proto;

use super::documented::{Documented, Kind};

/// The text so far.
pub(super) struct Page {
    text: String,
}

/// One family of which samples are collected.
pub(super) struct Family {
    documented: &'static Documented,
    metrics: Vec<proto::Metric>,
}

impl Page {
    pub(super) fn new() -> Self {
        Self { text: String::new() }
    }

    /// Writes one family; one without samples is left out, as the format wants it.
    pub(super) fn family(
        &mut self,
        documented: &'static Documented,
        fill: impl FnOnce(&mut Family),
    ) {
        let mut family = Family { documented, metrics: Vec::new() };
        fill(&mut family);
        if family.metrics.is_empty() {
            return;
        }
        let mut encoded = proto::MetricFamily::default();
        encoded.set_name(documented.name.to_owned());
        encoded.set_help(documented.help.to_owned());
        encoded.set_field_type(documented.kind.proto());
        encoded.set_metric(family.metrics);
        if let Err(error) = TextEncoder::new().encode_utf8(&[encoded], &mut self.text) {
            tracing::error!(metric = documented.name, %error, "metric left out of the page");
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

impl Family {
    /// One series; `labels` are the values, in the documented order.
    #[allow(clippy::cast_precision_loss, reason = "a count is exact up to 2^53")]
    pub(super) fn count(&mut self, labels: &[&str], value: u64) {
        self.value(labels, value as f64);
    }

    /// One series with a fraction.
    pub(super) fn value(&mut self, labels: &[&str], value: f64) {
        let kind = self.documented.kind;
        let metric = self.metric(labels);
        if kind == Kind::Counter {
            let mut counter = proto::Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = proto::Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
    }

    /// One series of a histogram.
    pub(super) fn histogram(&mut self, labels: &[&str], histogram: proto::Histogram) {
        self.metric(labels).set_histogram(histogram);
    }

    fn metric(&mut self, labels: &[&str]) -> &mut proto::Metric {
        debug_assert_eq!(labels.len(), self.documented.labels.len(), "{}", self.documented.name);
        let pairs = self.documented.labels.iter().zip(labels).map(|(name, value)| {
            let mut pair = proto::LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        self.metrics.push(proto::Metric::from_label(pairs.collect()));
        let last = self.metrics.len() - 1;
        &mut self.metrics[last]
    }
}
