//! The worker, end to end: the real program between a broker and a Slack.
//!
//! In every test, conservation is asserted of every scrape while the program runs (`harness/program.rs`), and what Slack got is compared with what
//! was produced (`checker.rs`).

mod bad_events;

mod commit;

mod deliver;

mod group;

mod instance;

mod overflow;

mod reload;

mod shutdown;

mod stall;

mod start;

mod topics;

mod transactions;
