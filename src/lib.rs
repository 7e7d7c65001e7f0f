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
//! The modules stand in the order of the flow, what all of it stands on first. Imports run down only: `main` → `cli` → `pipeline` → the five stages → the rest.
//!
//! Invariants, each with a test that fails when it is broken:
//! 1. An offset is committed only when every event below it is settled ([`commit::ledger`]).
//! 2. Per webhook: matched = delivered + dropped + released + queued + in flight, at every moment, seen in the metrics ([`queue`]).
//! 3. Every drop is deliberate: it has a reason, a counter and a log line, and settles its event ([`delivery::Reason`]).
//! 4. An outcome for a partition that is no longer owned changes nothing ([`delivery::Epoch`]).
//! 5. No attempt leaves before the webhook's limiter allows it, retries included ([`send::limit`]).
//! 6. A webhook's trouble delays or drops only that webhook's deliveries; `block` aside, which asks for it ([`send`], [`consume`]).
//! 7. Bad input is a counted value, never a panic ([`event`], [`send::destination`]); bad configuration is refused at start ([`config`]).
//! 8. A webhook URL is a secret: it is in no log, error, metric, page or debug output ([`secret`]).

// The terms, and what everything stands on.

pub mod event;

pub mod secret;

pub mod loopback;

pub mod expression;

pub mod config;

pub mod delivery;

pub mod post;

pub mod sender_control;

pub mod topics;

pub mod metrics;

pub mod health;

pub mod log_throttle;

pub mod sanitize;

pub mod poll_waker;

pub mod commit_hold;

pub mod kafka;

// The five stages.

pub mod consume;

pub mod route;

pub mod queue;

pub mod send;

pub mod commit;

// What puts them together, and what watches them.

pub mod pipeline;

pub mod admin;

// What shows it without a cluster or Slack.

pub mod fake_slack;

pub mod demo;

pub mod cli;
