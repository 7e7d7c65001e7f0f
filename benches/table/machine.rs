//! The facts behind the figures: the machine, the versions, the settings.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::report::{Settings, Table};
use super::topics::BATCH_BYTES;

/// Adds all facts to the table.
pub fn add_facts(settings: &Settings, table: &mut Table) {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split(": ").nth(1));
    table.fact("cpu", json!(model));
    table.fact(
        "cores",
        json!(std::thread::available_parallelism().map_or(0, usize::from).max(cores(&cpu))),
    );
    table.fact("kernel", output_of("uname", &["-sr"]));
    table.fact("slackline", output_of(&settings.slackline.to_string_lossy(), &["--version"]));
    table.fact("librdkafka", json!(rdkafka::util::get_rdkafka_version().1));
    table.fact("rustc", output_of("rustc", &["--version"]));
    table.fact("kafka", json!(std::env::var("KAFKA_VERSION").ok()));
    table.fact("commit", output_of("git", &["describe", "--always", "--dirty"]));
    table.fact("runs", json!(settings.runs));
    table.fact("quick", json!(settings.quick));
    table.fact("events", json!(settings.events));
    table.fact("measured_core", json!(settings.measured_core));
    table.fact("other_core", json!(settings.other_core));
    table.fact("batch_bytes", json!(BATCH_BYTES));
}

fn cores(cpuinfo: &str) -> usize {
    cpuinfo.lines().filter(|line| line.starts_with("processor")).count()
}

/// Returns the output of a command, or null if it fails.
fn output_of(program: &str, arguments: &[&str]) -> Value {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success());
    json!(output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}
