//! The integration tests: the real program against a real broker (or librdkafka's mock cluster) and
//! the fake Slack.
//!
//! A plain `cargo test` ignores the tests that need a broker. `tests/kafka.sh run cargo test --
//! --ignored --skip measure:: --skip alerts::record::` runs them.
#![allow(unreachable_pub, reason = "modules of one test binary share what is `pub`")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "tests"
)]

mod harness;

mod checker;

mod cli;

mod config;

mod docs;

mod worker;

mod security;

mod online;

mod faults;

mod alerts;

mod measure;

mod benches;
