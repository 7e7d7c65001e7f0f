//! Records the series that Prometheus scrapes from some replicas over some minutes, and the alerts
//! that must fire at each time.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::promtool::{self, Expectation, Sample};
use crate::harness::program::Program;
use crate::harness::scrape::Series;
use crate::harness::setup::Setup;

/// The scrape interval of a replica.
pub const INTERVAL: Duration = Duration::from_secs(15);

const TICKS_A_MINUTE: usize = 4;

/// The time between the scrapes of two replicas: Prometheus spreads its scrapes over the interval.
const APART: Duration = Duration::from_secs(5);

/// A recording in progress: one sample of every series each 15 s.
pub struct Recording {
    name: &'static str,
    started: Instant,
    /// The Unix time of the start, which is 0 in promtool.
    epoch: f64,
    replicas: Vec<Option<Program>>,
    columns: BTreeMap<String, Vec<Sample>>,
    ticks: usize,
    expectations: Vec<Expectation>,
    /// All metrics that an alert queries.
    queried: BTreeSet<String>,
}

impl Recording {
    /// Starts these replicas, waits until they are ready, and takes the first sample of each.
    pub fn record(name: &'static str, setups: &[Setup]) -> Self {
        let replicas = setups.iter().map(|setup| Some(Program::ready(setup))).collect();
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let mut recording = Self {
            name,
            started: Instant::now(),
            epoch,
            replicas,
            columns: BTreeMap::new(),
            ticks: 0,
            expectations: Vec::new(),
            queried: promtool::metrics_of_alerts(),
        };
        recording.tick();
        recording
    }

    /// A running replica.
    pub fn replica(&self, index: usize) -> &Program {
        self.replicas[index].as_ref().expect("a running replica")
    }

    /// Removes a replica, for the caller to stop or kill. Its address stays a target.
    pub fn take(&mut self, index: usize) -> Program {
        self.replicas[index].take().expect("a running replica")
    }

    /// Starts a replica in the place of a removed one.
    pub fn start(&mut self, index: usize, setup: &Setup) {
        assert!(
            self.replicas[index].replace(Program::ready(setup)).is_none(),
            "replica {index} is already running"
        );
    }

    /// Records for this many minutes, with `traffic` before each sample. At the end, exactly these
    /// alerts must fire, each as `NAME LABEL=VALUE…`.
    pub fn run(&mut self, minutes: usize, mut traffic: impl FnMut(), firing: &[&str]) {
        for _ in 0..minutes * TICKS_A_MINUTE {
            traffic();
            self.tick();
        }
        self.expect(firing);
    }

    /// Records for this many minutes, at none of which an alert may fire.
    pub fn quiet(&mut self, minutes: usize, mut traffic: impl FnMut()) {
        for _ in 0..minutes {
            self.run(1, &mut traffic, &[]);
        }
    }

    fn expect(&mut self, firing: &[&str]) {
        let firing = firing.iter().map(|alert| (*alert).to_owned()).collect();
        self.expectations.push(Expectation { tick: self.ticks - 1, firing });
    }

    fn tick(&mut self) {
        let due = self.started + INTERVAL * self.ticks as u32;
        let mut samples = Vec::new();
        for (index, replica) in self.replicas.iter().enumerate() {
            let due = due + APART * index as u32;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let scrape = replica.as_ref().and_then(Program::try_scrape);
            let target = format!(r#"instance="{}",job="slackline""#, instance(index));
            samples.push((format!("up{{{target}}}"), f64::from(scrape.is_some())));
            for series in scrape
                .iter()
                .flat_map(|scrape| scrape.series())
                .filter(|one| self.queried.contains(&one.name))
            {
                samples.push((name(series, &target), self.value(series)));
            }
        }
        for (series, value) in samples {
            let column = self.columns.entry(series).or_default();
            column.resize(self.ticks, Sample::Missing);
            column.push(Sample::Value(value));
        }
        self.ticks += 1;
        self.columns.values_mut().for_each(|column| column.resize(self.ticks, Sample::Missing));
    }

    /// The value of a series; timestamps count from the start of the recording, as promtool's
    /// `time()` does.
    fn value(&self, series: &Series) -> f64 {
        let is_time = series.name.ends_with("_timestamp_seconds") && series.value > 0.0;
        if is_time { (series.value - self.epoch).round() } else { series.value }
    }

    /// Ends the replicas and writes the file.
    pub fn end(mut self) {
        self.replicas.drain(..).flatten().for_each(|program| drop(program.stop()));
        promtool::write(self.name, &self.columns, &self.expectations);
    }
}

/// The address that Prometheus knows a replica by.
fn instance(index: usize) -> String {
    format!("slackline-{index}:9464")
}

fn name(series: &Series, target: &str) -> String {
    let mut labels: Vec<String> =
        series.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    labels.push(target.to_owned());
    format!("{}{{{}}}", series.name, labels.join(","))
}
