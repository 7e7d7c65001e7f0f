//! The demo's Slack workspace: a fake Slack with a webhook per channel.
//!
//! Invariant: like Slack, it accepts one message a second per webhook and answers 429 beyond that.

use std::io;
use std::sync::Arc;

use tokio::sync::broadcast;

use super::timeline::Behavior;
use super::traffic::Channel;
use crate::fake_slack::{Answer, FakeSlack, Fault, Limit, Request};

/// A fake Slack with the demo's channels.
pub struct Workspace {
    slack: FakeSlack,
}

impl Workspace {
    /// Starts the fake Slack on a free port.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start() -> io::Result<Self> {
        let slack = FakeSlack::start().await?;
        slack.set_limit_everywhere(Some(Limit { rate: 1.0, burst: 1 }));
        Ok(Self { slack })
    }

    /// Returns the URL of the channel's webhook.
    #[must_use]
    pub fn url(&self, channel: Channel) -> String {
        self.slack.url(path(channel))
    }

    /// Returns a receiver of every request from now on.
    #[must_use]
    pub fn posts(&self) -> broadcast::Receiver<Arc<Request>> {
        self.slack.subscribe()
    }

    /// Sets how the channel's webhook answers from now on.
    pub fn set_behavior(&self, channel: Channel, behavior: Behavior) {
        let path = path(channel);
        match behavior {
            Behavior::Normal => self.slack.set_default(path, None),
            Behavior::RateLimitOnce(pause) => {
                self.slack.push(path, [Answer::rate_limited(pause.as_secs())])
            }
            Behavior::Unavailable => {
                self.slack.set_default(path, Some(Answer::new(503, "service_unavailable")))
            }
            Behavior::Resets => self.slack.set_default(path, Some(Answer::fault(Fault::Reset))),
        }
    }

    /// Returns the number of messages in the channels.
    #[must_use]
    pub fn posted(&self) -> usize {
        self.slack.requests().iter().filter(|request| request.is_posted()).count()
    }
}

fn path(channel: Channel) -> &'static str {
    match channel {
        Channel::Sales => "/services/TDEMO/BSALES/sales",
        Channel::Support => "/services/TDEMO/BSUPPORT/support",
        Channel::Orders => "/services/TDEMO/BORDERS/orders",
    }
}
