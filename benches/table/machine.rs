//! The facts behind the figures: the machine, the versions, the settings.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::settings::{MEASURED_CORE, OTHER_CORE, Settings};
use super::topics::BATCH_BYTES;

/// Returns all facts, as an object.
pub fn facts(settings: &Settings) -> Value {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of_cpu = |name: &'static str| cpu.lines().filter(move |line| line.starts_with(name));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    json!({
        "cpu": of_cpu("model name").next().and_then(|line| line.split(": ").nth(1)),
        "cores": cores.max(of_cpu("processor").count()),
        "kernel": output_of("uname", &["-sr"]),
        "slackline": output_of(&settings.slackline.to_string_lossy(), &["--version"]),
        "librdkafka": rdkafka::util::get_rdkafka_version().1,
        "rustc": output_of("rustc", &["--version"]),
        "kafka": std::env::var("KAFKA_VERSION").ok(),
        "commit": output_of("git", &["describe", "--always", "--dirty"]),
        "runs": settings.runs,
        "quick": settings.quick,
        "events": settings.events,
        "measured_core": MEASURED_CORE,
        "other_core": OTHER_CORE,
        "batch_bytes": BATCH_BYTES,
    })
}

/// Returns the output of a command; `None` if it fails.
fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
