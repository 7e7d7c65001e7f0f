//! The speed table, measured on a real broker: `benches/table.sh` starts one and runs this program.
//!
//! Each family of rows is one file with `run(settings, table)`. Figures that are compared are
//! measured in the same run, in turns, each process alone on a core.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program whose output is the table"
)]
#![allow(unreachable_pub, reason = "modules of one program share what is `pub`")]

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Parser;
use serde_json::json;

#[path = "../events.rs"]
mod events;

#[path = "../actions.rs"]
mod actions;

/// slackline's allocator, also for the programs that it is compared with.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

mod report;

mod machine;

mod process;

mod topics;

mod slack;

mod server;

mod worker;

mod bare;

// The families of rows.

mod throughput;

mod check;

mod memory;

mod latency;

mod sends;

mod senders;

use report::{Settings, Table, progress};

/// A family of rows. It does nothing unless `settings.wants` it.
type Family = fn(&Settings, &mut Table) -> anyhow::Result<()>;

const FAMILIES: [Family; 6] =
    [throughput::run, check::run, memory::run, sends::run, senders::run, latency::run];

/// Measures the speed table, prints it, and writes JSON
#[derive(Debug, Parser)]
#[command(name = "benches/table.sh")]
struct Arguments {
    /// Interleaved runs of each variant
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,

    /// Events in each topic
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    events: u64,

    /// Only families whose name contains one of these: throughput, one, selective, numbers,
    /// matching, cpu, paths, triggers, check, memory, sends, senders, latency
    #[arg(long, num_args = 1.., value_name = "ROW")]
    only: Vec<String>,

    /// Only these topics, by partitions and codec: 1-lz4, 4-lz4, 12-lz4, 1-none, 4-none, 12-none
    #[arg(long, num_args = 1.., value_name = "TOPIC")]
    topics: Vec<String>,

    /// Shows only that the command works: 20,000 events, one topic, one run, no verdicts
    #[arg(long)]
    quick: bool,

    /// Write the rows and every sample into this file, as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Print the table in Markdown
    #[arg(long)]
    markdown: bool,

    /// Measure this program, such as an older build
    #[arg(long, value_name = "FILE")]
    slackline: Option<PathBuf>,
}

/// Measures the table, or is a process of its own in one of the other modes, which prints its
/// measurements as JSON.
fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let measured = match words[..] {
        ["bare", brokers, topic, events] => bare::run(brokers, topic, events.parse()?)?,
        ["flood", brokers, topic, partitions, events, codec] => {
            json!(topics::flood(brokers, topic, partitions.parse()?, events.parse()?, codec)?)
        }
        ["posts", variant, server, posts] => sends::posts(variant, server, posts.parse()?)?,
        _ => return measure(),
    };
    println!("{measured}");
    std::process::exit(0)
}

fn measure() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let brokers =
        std::env::var("SLACKLINE_TEST_BROKERS").context("no broker: run `benches/table.sh`")?;
    ensure!(
        std::thread::available_parallelism()?.get() == 1,
        "needs a core of its own: run `benches/table.sh`"
    );
    let home = std::env::var_os("SLACKLINE_TABLE_HOME").context("run `benches/table.sh`")?;
    let settings = Settings {
        runs: if arguments.quick { 1 } else { arguments.runs.into() },
        quick: arguments.quick,
        events: if arguments.quick { 20_000 } else { arguments.events },
        brokers,
        slackline: match arguments.slackline {
            Some(program) => program,
            // `benches/table.sh` builds both into one directory.
            None => std::env::current_exe()?.with_file_name("slackline"),
        },
        home: PathBuf::from(home),
        measured_core: 0,
        other_core: 1,
        only: arguments.only,
        topics: if arguments.quick { vec!["4-lz4".to_owned()] } else { arguments.topics },
    };
    let mut table = Table::default();
    table.quick = settings.quick;
    let facts = machine::facts(&settings);
    for family in FAMILIES {
        family(&settings, &mut table).with_context(|| {
            let log =
                std::fs::read_to_string(settings.home.join("slackline.log")).unwrap_or_default();
            format!("the log of slackline:\n{log}")
        })?;
        // Keeps the rows so far if a later family fails.
        if let Some(out) = &arguments.out {
            std::fs::write(out, format!("{:#}\n", table.json(&facts)))
                .with_context(|| format!("cannot write `{}`", out.display()))?;
        }
    }
    if let Some(out) = &arguments.out {
        progress(&format!("written to {}", out.display()));
    }
    print!("{}", if arguments.markdown { table.markdown() } else { table.text() });
    Ok(())
}
