//! The speed of reading a topic with each kind of triggers, against the bare consumer.
//!
//! The bare consumer's time counts from its first event. The worker's time counts from its
//! assignment, which is visible from outside and 2 to 10 ms before its first event, so that the
//! difference is never in its favour. Its last events are marks, whose posts show without a scrape
//! that it has read everything. Processor time counts from the assignment for both. The runs of one
//! topic are interleaved, and a ratio compares neighbouring runs, so that other load of the machine
//! affects both.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::bare;
use super::report::{Bounds, Table, figure, median, progress};
use super::settings::Settings;
use super::slack::Slack;
use super::topics::{self, Kind};
use super::worker::Worker;
use crate::actions::{Setup, Triggers};

/// The longest run. It then counts the events read so far: some builds would need hours.
const LIMIT: Duration = Duration::from_secs(30);

const MANY: usize = 10_000;

/// One run of a reader.
#[derive(Debug, Clone, Copy)]
struct Sample {
    events: u64,
    seconds: f64,
    cpu_us: f64,
}

impl Sample {
    fn rate(self) -> f64 {
        self.events as f64 / self.seconds
    }

    fn cost(self) -> f64 {
        self.cpu_us / self.events as f64
    }
}

/// The triggers of the reading worker; `None` is the bare consumer.
type Reader = Option<Triggers>;

const BARE: Reader = None;
const ONE: Reader = Some(Triggers::Selective(1));
const SELECTIVE: Reader = Some(Triggers::Selective(MANY));
const NUMBERS: Reader = Some(Triggers::Numbers(MANY));
const MATCHING: Reader = Some(Triggers::Matching(MANY));
const PATHS_3: Reader = Some(Triggers::Paths3);
const PATHS_64: Reader = Some(Triggers::Paths64);

/// One row: the figure of one reader divided by that of another.
struct Ratio {
    family: &'static str,
    name: &'static str,
    of: Reader,
    by: Reader,
    figure: fn(Sample) -> f64,
    bounds: Bounds,
}

const RATIOS: [Ratio; 6] = [
    Ratio {
        family: "one",
        name: "1 trigger, events/s by the bare consumer's",
        of: ONE,
        by: BARE,
        figure: Sample::rate,
        bounds: Bounds::at_least(0.8, 1.0),
    },
    Ratio {
        family: "selective",
        name: "10,000 selective triggers by 1, events/s",
        of: SELECTIVE,
        by: ONE,
        figure: Sample::rate,
        bounds: Bounds::at_least(0.9, 0.95),
    },
    Ratio {
        family: "numbers",
        name: "10,000 that differ in a number by the bare consumer, events/s",
        of: NUMBERS,
        by: BARE,
        figure: Sample::rate,
        bounds: Bounds::at_least(0.3, 0.6),
    },
    Ratio {
        family: "matching",
        name: "10,000, 1 event in 100 matches one, by the bare consumer, events/s",
        of: MATCHING,
        by: BARE,
        figure: Sample::rate,
        bounds: Bounds::at_least(0.7, 0.85),
    },
    Ratio {
        family: "cpu",
        name: "1 trigger, CPU per event by the bare consumer's",
        of: ONE,
        by: BARE,
        figure: Sample::cost,
        bounds: Bounds::at_most(1.2, 1.0),
    },
    Ratio {
        family: "paths",
        name: "64 paths by 3, events/s",
        of: PATHS_64,
        by: PATHS_3,
        figure: Sample::rate,
        bounds: Bounds::at_least(0.5, 0.8),
    },
];

/// Cost against the number of triggers: no row, what `plot.py` draws.
const CURVE: [Reader; 10] = [
    BARE,
    ONE,
    Some(Triggers::Selective(10)),
    Some(Triggers::Selective(100)),
    Some(Triggers::Selective(1_000)),
    SELECTIVE,
    Some(Triggers::Numbers(10)),
    Some(Triggers::Numbers(100)),
    Some(Triggers::Numbers(1_000)),
    NUMBERS,
];

/// The rows of each topic, and the curve of the usual one.
pub fn run(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    let wanted: Vec<&Ratio> = RATIOS
        .iter()
        .filter(|ratio| settings.wants(&format!("throughput-{}", ratio.family)))
        .collect();
    let curve = settings.wants("triggers");
    for kind in Kind::ALL.into_iter().filter(|kind| settings.wants_topic(&kind.name())) {
        let curve = if curve && kind == Kind::USUAL { &CURVE[..] } else { &[] };
        let mut readers: Vec<Reader> = Vec::new();
        for reader in wanted.iter().flat_map(|ratio| [&ratio.of, &ratio.by]).chain(curve) {
            if !readers.contains(reader) {
                readers.push(*reader);
            }
        }
        if !readers.is_empty() {
            of_topic(settings, table, kind, &readers, &wanted)?;
        }
    }
    Ok(())
}

fn of_topic(
    settings: &Settings,
    table: &mut Table,
    kind: Kind,
    readers: &[Reader],
    rows: &[&Ratio],
) -> anyhow::Result<()> {
    let topic = format!("events-{}", kind.name());
    topics::full(settings, &topic, kind)?;
    // The first reader would find the broker cold.
    bare::read(settings, &topic)?;
    let mut runs: Vec<Vec<Sample>> = Vec::new();
    for run in 1..=settings.runs {
        let mut samples = Vec::new();
        for &reader in readers {
            let sample = match reader {
                None => {
                    let (seconds, cpu_us) = bare::read(settings, &topic)?;
                    Sample { events: settings.events, seconds, cpu_us }
                }
                Some(triggers) => with_triggers(settings, &topic, kind, triggers)?,
            };
            let name = name(reader);
            progress(&format!(
                "{}, run {run} of {}, {name}: {} k events/s, {:.3} µs of CPU per event{}",
                kind.name(),
                settings.runs,
                figure(sample.rate() / 1e3),
                sample.cost(),
                if sample.events < settings.events { " (not read to its end)" } else { "" }
            ));
            table.sample(
                "throughput",
                json!({
                    "topic": kind.name(), "partitions": kind.partitions, "codec": kind.codec, "reader": kind_of(reader),
                    "triggers": reader.map(Triggers::count), "run": run, "events": sample.events, "seconds": sample.seconds,
                    "events_per_second": sample.rate(), "cpu_us_per_event": sample.cost(),
                }),
            );
            samples.push(sample);
        }
        runs.push(samples);
    }
    for row in rows {
        let figures = |reader: Reader| -> anyhow::Result<Vec<f64>> {
            let at =
                readers.iter().position(|one| *one == reader).context("a reader without a run")?;
            Ok(runs.iter().map(|samples| (row.figure)(samples[at])).collect())
        };
        let (of, by) = (figures(row.of)?, figures(row.by)?);
        let ratios: Vec<f64> = of.iter().zip(&by).map(|(of, by)| of / by).collect();
        let detail = if row.family == "cpu" {
            format!("{:.3} by {:.3} µs", median(&of), median(&by))
        } else {
            format!("{} by {} k events/s", figure(median(&of) / 1e3), figure(median(&by) / 1e3))
        };
        table.row(&format!("{} [{}]", row.name, kind.name()), &ratios, "", row.bounds, detail);
    }
    topics::delete(settings, &topic)
}

fn with_triggers(
    settings: &Settings,
    topic: &str,
    kind: Kind,
    triggers: Triggers,
) -> anyhow::Result<Sample> {
    let slack = Slack::hanging()?;
    let setup = Setup { slack: slack.url(), ..Setup::of(topic) };
    let worker = Worker::start(settings, setup, triggers)?;
    let limit = if settings.quick { LIMIT / 6 } else { LIMIT };
    let began = worker.assigned()?;
    let (marks, now) = loop {
        let (marks, now) = (slack.marks(), Instant::now());
        if marks.len() == kind.partitions as usize || now > began.at + limit {
            break (marks, now);
        }
        thread::sleep(Duration::from_millis(5));
    };
    // After the marks it is idle, so that the time of this call does not matter.
    let (cpu_us, events) = (began.cpu_us()?, worker.consumed()?);
    ensure!(events > 0, "nothing was read in {limit:?}; `slackline.log` says why");
    let all = marks.len() == kind.partitions as usize;
    ensure!(!all || events == settings.events, "{events} events were read of {}", settings.events);
    let end = if all { marks.into_values().max().context("no mark")? } else { now };
    Ok(Sample { events, seconds: end.duration_since(began.at).as_secs_f64(), cpu_us })
}

fn kind_of(reader: Reader) -> &'static str {
    match reader {
        None => "bare",
        Some(Triggers::Selective(_)) => "selective",
        Some(Triggers::Numbers(_)) => "numbers",
        Some(Triggers::Matching(_)) => "matching",
        Some(Triggers::Paths3) => "paths-3",
        Some(Triggers::Paths64) => "paths-64",
        Some(Triggers::Full(_)) => "full",
        Some(Triggers::Grouped(_)) => "grouped",
    }
}

fn name(reader: Reader) -> String {
    match reader {
        None => "bare consumer".to_owned(),
        Some(triggers) => format!("{} {}", triggers.count(), kind_of(reader)),
    }
}
