//! The ledger, the codec and the restore together, against a naive model of a topic, its owners and what Slack got.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod commits;

mod history;
