//! The time of `slackline check` with 10,000 actions, the whole process included.

use std::process::Stdio;
use std::time::Instant;

use anyhow::ensure;
use serde_json::json;

use super::report::{Bounds, Table};
use super::settings::Settings;
use crate::actions::{self, Setup, Triggers};

const ACTIONS: usize = 10_000;

/// One row.
pub fn run(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    if !settings.wants("check") {
        return Ok(());
    }
    let file = settings.home.join("check.yaml");
    let setup = Setup { webhooks: 1_000, ..Setup::default() };
    let yaml = actions::yaml(&setup, Triggers::Selective(ACTIONS));
    std::fs::write(&file, &yaml)?;
    let mut times = Vec::new();
    for run in 0..=settings.runs {
        let began = Instant::now();
        let mut check = settings.measured(&settings.slackline);
        check.args(["check", "--output", "json", "-c"]).arg(&file).stdout(Stdio::null());
        ensure!(check.status()?.success(), "`{}` was refused", file.display());
        // The first run reads the program from the disk.
        if run > 0 {
            let seconds = began.elapsed().as_secs_f64();
            times.push(seconds);
            table.sample("check", json!({ "run": run, "seconds": seconds }));
        }
    }
    let name = "10,000 actions, from start to a checked configuration";
    let megabytes = yaml.len() as f64 / 1e6;
    let detail = format!("{megabytes:.1} MB of YAML, process start included");
    table.row(name, &times, "s", Bounds::at_most(1.0, 0.2), detail);
    Ok(())
}
