//! slackline: the Slack destination for Kafka.
//!
//! ```text
//!             one OS thread: poll loop                          tokio: one task per webhook
//! Kafka ──► consume ──► route ──► queue (bounded, one per webhook) ──► send ──► Slack
//!              ▲         match, render    full: drop, or pause            limit, attempt, retry
//!              │                                                                │ outcome
//! Kafka ◄── commit ◄───────────── ledger ◄──────────────────────────────────────┘
//! ```
//!
//! The modules are in the order of the flow, after those that all of them use. Imports run one way:
//! `main` → `cli` → `pipeline` → the five stages → the rest.
//!
//! Invariants, each with a test that fails when it is broken:
//! 1. An offset is committed only when every event below it is settled ([`commit`]).
//! 2. Per webhook, at every scrape: matched = delivered + dropped + released + queued + in flight
//!    ([`queue`], [`metrics`]).
//! 3. Every drop is deliberate: it has a reason, a counter and a log line, and settles its event
//!    ([`delivery`]).
//! 4. An outcome for a partition that is no longer assigned changes nothing ([`delivery::Epoch`]).
//! 5. No attempt starts before the rate limiters allow it, retries included; the group as a whole
//!    keeps the configured rate ([`send`]).
//! 6. A webhook's trouble delays or drops only that webhook's deliveries, unless its policy for a
//!    full queue is `block` ([`send`], [`consume`]).
//! 7. Bad input is a counted value, never a panic ([`event`], [`send`]); bad configuration is
//!    refused at start, with all its mistakes ([`config`]).
//! 8. Secrets (webhook URLs, tokens, passwords) are in no log, error, metric, page or debug output
//!    ([`secret`]).
//! 9. A kill or a network failure repeats at most one message per webhook and replica (with a rate
//!    above 10 a second: one per 100 ms); a graceful stop, a deploy, scaling or a reload repeats
//!    none ([`commit`], [`consume`]).

// The terms, and what every module uses.

pub mod event;

mod label;

pub mod secret;

pub mod loopback;

pub mod slack_host;

pub mod backoff;

pub mod people;

pub mod expression;

pub mod config;

pub mod delivery;

pub mod event_time;

pub mod truncation;

pub mod post;

pub mod payload;

pub mod sender_control;

pub mod topics;

pub mod metrics;

pub mod health;

pub mod log_throttle;

mod log_sample;

pub mod sanitize;

pub mod markup_cut;

pub mod block_kit;

pub mod poll_waker;

pub mod commit_hold;

pub mod kafka;

// The five stages.

pub mod consume;

pub mod route;

pub mod queue;

pub mod send;

pub mod commit;

// The worker made of the stages, and its HTTP server for operators.

pub mod pipeline;

pub mod admin;

// What asks the real services, and changes nothing.

pub mod slack_api;

pub mod online;

// Slack and Kafka for tests and the demo.

pub mod fake_slack;

pub mod demo;

// The command line.

pub mod cli;
