//! The time of `slackline check` with 10,000 actions, the whole process included.

use std::process::Stdio;
use std::time::Instant;

use anyhow::ensure;
use serde_json::json;

use super::report::{Bounds, Settings, Table};
use crate::actions::{self, Setup, Triggers};

const ACTIONS: usize = 10_000;

/// One row.
pub fn run(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    if !settings.wants("check") {
        return Ok(());
    }
    let setup = Setup {
        brokers: "localhost:9092".to_owned(),
        group: "slackline".to_owned(),
        topic: "events".to_owned(),
        slack: "http://127.0.0.1:9465".to_owned(),
        admin: "127.0.0.1:9464".to_owned(),
        webhooks: 1_000,
    };
    let file = settings.home.join("check.yaml");
    std::fs::write(&file, actions::yaml(&setup, Triggers::Selective(ACTIONS)))?;
    let mut times = Vec::new();
    for run in 0..=settings.runs {
        let began = Instant::now();
        let mut check = settings.measured(&settings.slackline);
        let status = check
            .args(["check", "--output", "json", "-c"])
            .arg(&file)
            .stdout(Stdio::null())
            .status()?;
        ensure!(status.success(), "`{}` was refused", file.display());
        // The first run reads the program from the disk.
        if run > 0 {
            times.push(began.elapsed().as_secs_f64());
            table.sample("check", json!({ "run": run, "seconds": began.elapsed().as_secs_f64() }));
        }
    }
    let bytes = std::fs::metadata(&file)?.len();
    let detail = format!("{:.1} MB of YAML, process start included", bytes as f64 / 1e6);
    table.row_of_runs(
        "10,000 actions, from start to a checked configuration",
        &times,
        "s",
        Bounds::at_most(1.0, 0.2),
        detail,
    );
    Ok(())
}
