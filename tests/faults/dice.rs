//! Random moments and choices that a failing test can be repeated with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Set to a number to throw again what a failing test threw.
const SEED: &str = "SLACKLINE_FAULTS_SEED";

/// One test's randomness. The seed is printed where the test fails.
pub struct Dice {
    rng: StdRng,
    seed: u64,
}

impl Dice {
    /// Of the seed in the environment, or of one that nobody chose.
    pub fn new() -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = std::env::var(SEED).map_or_else(|_| now(), |seed| seed.parse().unwrap());
        Self { rng: StdRng::seed_from_u64(seed), seed }
    }

    /// One of `0..count`.
    pub fn below(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count)
    }

    /// True in one of `count` cases.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Lets a random time pass: the moment of the fault, nothing that a test waits for.
    pub fn let_pass(&mut self, from_ms: u64, to_ms: u64) {
        std::thread::sleep(Duration::from_millis(self.rng.random_range(from_ms..to_ms)));
    }
}

impl Drop for Dice {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {SEED}={} throws the same again", self.seed);
        }
    }
}
