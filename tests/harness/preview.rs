//! `slackline preview --at` as a child process.

use std::process::Command;

use super::setup::Setup;

/// Status, standard output and standard error of `slackline preview --at`.
pub fn preview_at(setup: &Setup, at: &str) -> (Option<i32>, String, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), setup.yaml(([127, 0, 0, 1], 9464).into())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_slackline"));
    command.args(["preview", "--at", at, "-c"]).arg(file.path()).env_remove("RUST_LOG");
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}
