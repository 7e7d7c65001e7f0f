#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::answer::Answer;
use super::client::NoAnswer;
use super::client_pool::{ClientError, ClientPool};
use super::connection_permits::PERMITS;
use super::endpoint::{Attempted, Endpoint};
use super::verdict::{Repair, Verdict};
use super::*;
use crate::commit_hold::CommitWindow;
use crate::config::model::{Config, WebhookIndex};
use crate::delivery::{Outcome, Reason};
use crate::metrics::Tallied;
use crate::post::{Post, Report};
use crate::queue::Queue;

mod app;
mod capture;
mod connection_permits;
mod dropped;
mod echo;
mod held;
mod hostile;
mod life;
mod observed;
mod parts;
mod rate;
mod receiver;
mod release;
mod resting;
mod rig;
mod same_channel;
mod simulation;
mod throttled;
mod tls;

use rig::*;

const SECOND: Duration = Duration::from_secs(1);

fn seconds(times: &[Duration]) -> Vec<f64> {
    times.iter().map(|at| (at.as_secs_f64() * 10.0).round() / 10.0).collect()
}
