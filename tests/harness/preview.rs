//! `slackline preview` and `send` as child processes.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::setup::Setup;

/// Status, standard output and standard error.
pub type Ended = (Option<i32>, String, String);

/// Runs `slackline preview --at`.
pub fn preview_at(setup: &Setup, at: &str) -> Ended {
    ended(setup, &["preview", "--at", at], "")
}

/// Runs a command on one event, which it reads from its standard input.
pub fn with_event(setup: &Setup, arguments: &[&str], event: &str) -> Ended {
    ended(setup, &[arguments, &["-"]].concat(), event)
}

fn ended(setup: &Setup, arguments: &[&str], stdin: &str) -> Ended {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), setup.yaml(([127, 0, 0, 1], 9464).into())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_slackline"));
    command.args(arguments).arg("-c").arg(file.path()).env_remove("RUST_LOG");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}
