//! The worker, end to end: the real program between a broker and a Slack.
//!
//! In every test, every scrape must add up while the program runs (`harness/program.rs`), and the
//! posts are compared with the produced events (`checker.rs`).

mod apps;

mod bad_events;

mod blocks;

mod commit;

mod deliver;

mod group;

mod instance;

mod join;

mod long_text;

mod max_age;

mod mirror;

mod moves;

mod overflow;

mod previewed;

mod reload;
mod rest;

mod shared_group;

mod shutdown;

mod slow_broker;

mod stall;

mod start;

mod topics;

mod transactions;

mod unreachable;
