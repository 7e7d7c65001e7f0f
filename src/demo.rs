//! The parts of `slackline demo` that are no part of the product: who produces, who misbehaves when, and what the terminal shows.
//!
//! Invariant: the worker that the demo shows is the one of `run`; nothing here is between Kafka and Slack.

pub mod bus;

pub mod counters;

pub mod screen;

pub mod timeline;

pub mod traffic;

pub mod workspace;
