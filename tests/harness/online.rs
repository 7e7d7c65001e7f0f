//! `slackline check --online` as a child process.

use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::setup::Setup;

/// The longest that it may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What it printed as JSON.
pub struct Online {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    json: Value,
    /// Standard error.
    pub err: String,
}

/// Checks the configuration of a test.
#[track_caller]
pub fn check_setup(setup: &Setup) -> Online {
    check_online(&setup.yaml(([127, 0, 0, 1], 9464).into()))
}

/// Checks the configuration in `yaml`.
#[track_caller]
pub fn check_online(yaml: &str) -> Online {
    let began = Instant::now();
    let (code, out, err) = check(yaml, &["--output", "json"]);
    assert!(began.elapsed() < LIMIT, "it took {:?}", began.elapsed());
    let json = serde_json::from_str(&out).unwrap_or_else(|_| panic!("no JSON: {out}{err}"));
    Online { code, json, err }
}

/// Status, standard output and standard error.
pub fn check(yaml: &str, options: &[&str]) -> (Option<i32>, String, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), yaml).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_slackline"));
    command.args(["check", "--online"]).args(options).arg(file.path()).env_remove("RUST_LOG");
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

impl Online {
    /// The only item of this kind and name.
    #[track_caller]
    pub fn item(&self, kind: &str, name: &str) -> &Value {
        let items = self.json["online"].as_array().unwrap();
        let mut found = items.iter().filter(|item| item["kind"] == kind && item["name"] == name);
        let first = found.next().unwrap_or_else(|| panic!("no {kind} {name} in {self}"));
        assert!(found.next().is_none(), "{kind} {name} twice in {self}");
        first
    }

    /// Checks an item's result, and that its detail or its remedy says `words`.
    #[track_caller]
    pub fn says(&self, kind: &str, name: &str, result: &str, words: &str) -> &Self {
        let item = self.item(kind, name);
        let has = |member: &str| item[member].as_str().is_some_and(|text| text.contains(words));
        let is_said = words.is_empty() || has("detail") || has("help");
        assert!(item["result"] == result && is_said, "not {result}, {words}: {item}");
        self
    }

    /// Checks the exit code, and that `ok` agrees with it.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!((self.code, &self.json["ok"]), (Some(code), &Value::from(code == 0)), "{self}");
        self
    }
}

impl fmt::Display for Online {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}\n{}", self.json["online"], self.err)
    }
}
