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
    /// The destination, not the message, has to wait.
    RateLimited {
        /// Over zero, at most [`super::answer::LONGEST_PAUSE`]; `None`: no usable time was given.
        retry_after: Option<Duration>,
    },
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
}

impl Verdict {
    /// The label `result` of `slackline_attempts_total`.
    #[must_use]
    pub fn result(&self) -> AttemptResult {
        match self {
            Verdict::Delivered => AttemptResult::Ok,
            Verdict::Rejected { .. } => AttemptResult::Rejected,
            Verdict::RateLimited { .. } => AttemptResult::RateLimited,
            Verdict::Retry { result, .. } => *result,
        }
    }
}
