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

use anyhow::Context as _;
use serde_json::json;

#[path = "../events.rs"]
mod events;

#[path = "../actions.rs"]
mod actions;

/// slackline's allocator, also for the programs that it is compared with.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

mod settings;

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

mod apps;

use report::{Table, progress};
use settings::Settings;

/// A family of rows. It does nothing unless `settings.wants` it.
type Family = fn(&Settings, &mut Table) -> anyhow::Result<()>;

const FAMILIES: [Family; 7] =
    [throughput::run, check::run, memory::run, sends::run, senders::run, apps::run, latency::run];

/// Measures the table, or is its own process in one of the other modes, which prints its
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
    let settings = Settings::read()?;
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
        if let Some(out) = &settings.out {
            std::fs::write(out, format!("{:#}\n", table.json(&facts)))
                .with_context(|| format!("cannot write `{}`", out.display()))?;
        }
    }
    if let Some(out) = &settings.out {
        progress(&format!("written to {}", out.display()));
    }
    print!("{}", if settings.markdown { table.markdown() } else { table.text() });
    Ok(())
}
