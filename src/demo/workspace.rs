//! The demo's Slack workspace: a fake Slack with two channels of an app, and an incoming webhook.
//!
//! Invariant: like Slack, it accepts one message a second per channel and answers 429 beyond that.

use std::io;

use super::timeline::Behavior;
use super::traffic::Channel;
use crate::fake_slack::{Answer, FakeSlack, Fault, Limit};

/// Starts the fake Slack on a free port.
///
/// # Errors
/// There is no free port.
pub async fn start() -> io::Result<FakeSlack> {
    let slack = FakeSlack::start().await?;
    slack.set_limit_everywhere(Some(Limit { rate: 1.0, burst: 1 }));
    Ok(slack)
}

/// Returns the path by which the channel is scripted: a channel of the app, or a webhook's URL.
#[must_use]
pub fn path(channel: Channel) -> &'static str {
    match channel {
        Channel::Sales => "/api/sales-alerts",
        Channel::Support => "/api/support-alerts",
        Channel::Orders => "/services/TDEMO/BDEMO/orders",
    }
}

/// Sets how the channel answers from now on.
pub fn set_behavior(slack: &FakeSlack, channel: Channel, behavior: Behavior) {
    let path = path(channel);
    let default = match behavior {
        Behavior::Normal => None,
        Behavior::RateLimitOnce(pause) => {
            return slack.push(path, [Answer::rate_limited(pause.as_secs())]);
        }
        Behavior::Unavailable => Some(Answer::new(503, "service_unavailable")),
        Behavior::Resets => Some(Answer::fault(Fault::Reset)),
    };
    slack.set_default(path, default);
}
