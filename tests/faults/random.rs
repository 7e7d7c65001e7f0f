//! Random moments and choices that a failing test can be repeated with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// The environment variable with the seed that repeats a failing test.
const SEED: &str = "SLACKLINE_FAULTS_SEED";

/// The randomness of one test. The seed is printed when the test fails.
pub struct Random {
    rng: StdRng,
    seed: u64,
}

impl Random {
    /// With the seed of the environment, or a random one.
    pub fn new() -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = std::env::var(SEED).map_or_else(|_| now(), |seed| seed.parse().unwrap());
        Self { rng: StdRng::seed_from_u64(seed), seed }
    }

    /// A number of `0..count`.
    pub fn below(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count)
    }

    /// True in one of `count` cases.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Sleeps for a random time, to choose the moment of a fault.
    pub fn let_pass(&mut self, from_ms: u64, to_ms: u64) {
        std::thread::sleep(Duration::from_millis(self.rng.random_range(from_ms..to_ms)));
    }
}

impl Drop for Random {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {SEED}={} repeats this run", self.seed);
        }
    }
}
