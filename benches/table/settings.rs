//! The settings of a run, the same for every row: the command line, and what `benches/table.sh`
//! sets.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use clap::{Parser, value_parser};
use serde_json::Value;

/// The core of the measured process alone.
pub const MEASURED_CORE: u8 = 0;

/// The core of all other processes: the broker, this process, the fake Slack servers.
pub const OTHER_CORE: u8 = 1;

/// Measures the speed table, prints it, and writes JSON
#[derive(Debug, Parser)]
#[command(name = "benches/table.sh")]
pub struct Settings {
    /// Interleaved runs of each variant
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u16).range(1..))]
    pub runs: u16,

    /// Events in each topic
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1_000..))]
    pub events: u64,

    /// Only families whose name contains one of these: throughput, one, selective, numbers,
    /// matching, cpu, paths, triggers, check, memory, sends, senders, apps, latency
    #[arg(long, num_args = 1.., value_name = "ROW")]
    pub only: Vec<String>,

    /// Only these topics, by partitions and codec: 1-lz4, 4-lz4, 12-lz4, 1-none, 4-none, 12-none
    #[arg(long, num_args = 1.., value_name = "TOPIC")]
    pub topics: Vec<String>,

    /// Shows only that the command works: 20,000 events, one topic, one run, no verdicts
    #[arg(long)]
    pub quick: bool,

    /// Write the rows and every sample into this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Print the table in Markdown
    #[arg(long)]
    pub markdown: bool,

    /// Measure this program, such as an older build
    #[arg(long, value_name = "FILE", default_value_os_t = built(), hide_default_value = true)]
    pub slackline: PathBuf,

    /// Bootstrap servers of the broker.
    #[arg(skip)]
    pub brokers: String,

    /// A folder for temporary files.
    #[arg(skip)]
    pub home: PathBuf,
}

/// Returns the program beside this one: `benches/table.sh` builds both into one directory.
fn built() -> PathBuf {
    std::env::current_exe().unwrap_or_default().with_file_name("slackline")
}

impl Settings {
    /// Returns the settings of this process.
    pub fn read() -> anyhow::Result<Self> {
        let settings = Self::parse();
        ensure!(
            std::thread::available_parallelism()?.get() == 1,
            "needs its own core: run `benches/table.sh`"
        );
        let of = |name| std::env::var(name).context("no broker: run `benches/table.sh`");
        let brokers = of("SLACKLINE_TEST_BROKERS")?;
        let home = of("SLACKLINE_TABLE_HOME")?.into();
        if settings.quick {
            let topics = vec!["4-lz4".to_owned()];
            return Ok(Self { runs: 1, events: 20_000, topics, brokers, home, ..settings });
        }
        Ok(Self { brokers, home, ..settings })
    }

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
    pub fn measured(&self, program: &Path) -> Command {
        let mut command = Command::new("taskset");
        command.arg("-c").arg(MEASURED_CORE.to_string()).arg(program);
        command
    }

    /// Runs this program in another mode, as its own process on the measured core; returns
    /// what it measured.
    pub fn run_mode(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let mut command = self.measured(&std::env::current_exe()?);
        let output = command.args(arguments).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "`{}` failed", arguments.join(" "));
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// Returns a number that another mode measured.
pub fn number(output: &Value, name: &str) -> anyhow::Result<f64> {
    output[name].as_f64().with_context(|| format!("no `{name}` in `{output}`"))
}
