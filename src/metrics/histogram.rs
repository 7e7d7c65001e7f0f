//! A histogram as plain numbers: 8 bytes a bucket. The one of the crate `prometheus` keeps 1 kB of
//! labels with each histogram.

use std::time::Duration;

use prometheus::proto;

/// Counts per upper bound. `N` is the number of finite bounds.
#[derive(Clone, Copy)]
pub(super) struct Histogram<const N: usize> {
    /// Upper bounds in seconds, ascending.
    bounds: &'static [f64; N],
    counts: [u64; N],
    /// Observations above the last bound.
    above: u64,
    /// The sum of all observations in seconds.
    sum: f64,
}

impl<const N: usize> Histogram<N> {
    pub(super) const fn new(bounds: &'static [f64; N]) -> Self {
        Self { bounds, counts: [0; N], above: 0, sum: 0.0 }
    }

    pub(super) fn observe(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.sum += seconds;
        let at = self.bounds.partition_point(|bound| *bound < seconds);
        match self.counts.get_mut(at) {
            Some(count) => *count += 1,
            None => self.above += 1,
        }
    }

    pub(super) fn proto(&self) -> proto::Histogram {
        let mut below = 0;
        let buckets = self.bounds.iter().zip(self.counts).map(|(bound, count)| {
            below += count;
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(*bound);
            bucket.set_cumulative_count(below);
            bucket
        });
        let mut histogram = proto::Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(below + self.above);
        histogram.set_sample_sum(self.sum);
        histogram
    }
}
