//! A histogram as plain numbers: 8 bytes a bucket. The one of the crate `prometheus` keeps 1 kB of
//! labels with each histogram.

use std::time::Duration;

use prometheus::proto;

/// The number of buckets of the largest histogram.
const BUCKETS: usize = 16;

/// Counts per upper bound.
#[derive(Clone, Copy)]
pub struct Histogram {
    /// Upper bounds in seconds, ascending: fewer than [`BUCKETS`].
    bounds: &'static [f64],
    /// The number of observations up to each bound and above the previous one; then of those above
    /// the last bound.
    counts: [u64; BUCKETS],
    /// The sum of all observations in seconds.
    sum: f64,
}

impl Histogram {
    pub const fn new<const N: usize>(bounds: &'static [f64; N]) -> Self {
        const { assert!(N < BUCKETS) };
        Self { bounds, counts: [0; BUCKETS], sum: 0.0 }
    }

    pub fn observe(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        self.sum += seconds;
        self.counts[self.bounds.partition_point(|bound| *bound < seconds)] += 1;
    }

    pub fn proto(&self) -> proto::Histogram {
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
        histogram.set_sample_count(self.counts.iter().sum());
        histogram.set_sample_sum(self.sum);
        histogram
    }
}
