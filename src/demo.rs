//! The parts of `slackline demo` besides the worker: sample events, a Kafka and a Slack with
//! scripted trouble, and the terminal.
//!
//! Invariant: nothing here is between Kafka and Slack. The worker of the demo is the one of `run`.

pub mod traffic;

pub mod producer;

pub mod bus;

pub mod timeline;

pub mod workspace;

pub mod counters;

pub mod screen;
