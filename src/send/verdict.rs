//! What an attempt came to, and so what the sender does next.

use std::time::Duration;

use crate::metrics::AttemptResult;

/// The verdict on one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Slack posted the message.
    Delivered,
    /// Slack refused the message, and would refuse it again: it is dropped.
    Rejected {
        /// Slack's own word for it, fit for a log.
        word: String,
    },
    /// Slack refused the message's blocks: its text is posted without them.
    BlocksRefused {
        /// Slack's own word for it, fit for a log.
        word: String,
        /// Where in the payload the mistake is, as far as Slack said.
        pointer: Option<String>,
    },
    /// The destination, not the message, has to wait.
    RateLimited {
        /// Over zero, at most [`super::answer::LONGEST_PAUSE`]; `None`: no usable time was given.
        retry_after: Option<Duration>,
    },
    /// The workspace's limit of messages is reached: the destination waits for minutes.
    MessageLimit,
    /// Another attempt may succeed.
    Retry {
        /// What failed.
        result: AttemptResult,
        /// Slack's word for it, or why there is no answer; fit for a log.
        word: String,
        /// Over zero, at most [`super::answer::LONGEST_PAUSE`]; `None`: the receiver did not say
        /// how long to wait.
        retry_after: Option<Duration>,
    },
    /// A person must repair the credential or the channel: nothing is dropped, and the message is
    /// tried again from time to time (see [`super::rest`]).
    Rest {
        /// Slack's own word for it, fit for a log.
        word: String,
        /// How far it reaches.
        whose: Repair,
    },
    /// The app lacks the scope `chat:write.customize`: the message is posted at the next turn
    /// without user and icon, which are left out from then on.
    WithoutCustomization,
}

/// What a person must repair, and so who rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// The channel, or the incoming webhook: this sender rests.
    Channel,
    /// The app's credential: every sender of the app rests.
    App,
}

impl Verdict {
    /// Whether there was a whole answer. Without one, nothing is known about the cause of a rest.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        !matches!(self.result(), AttemptResult::Connect | AttemptResult::Timeout)
    }

    /// The label `result` of `slackline_attempts_total`.
    #[must_use]
    pub fn result(&self) -> AttemptResult {
        match self {
            Verdict::Delivered => AttemptResult::Ok,
            Verdict::Rejected { .. } => AttemptResult::Rejected,
            Verdict::RateLimited { .. } | Verdict::MessageLimit => AttemptResult::RateLimited,
            Verdict::Retry { result, .. } => *result,
            Verdict::Rest { .. } => AttemptResult::Resting,
            // This attempt was refused, although the delivery goes on.
            Verdict::WithoutCustomization | Verdict::BlocksRefused { .. } => {
                AttemptResult::Rejected
            }
        }
    }
}
