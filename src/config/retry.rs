//! The section `retry` of a webhook.

use std::time::Duration;

use super::duration::{hours, minutes, seconds, show};
use super::kinds::Period;
use super::reader::Reader;
use super::section::{Section, Table, section};

section! {
    /// The backoff between attempts: exponential with full jitter.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub Retry, RetryKeys {
        /// The upper bound of the first pause. No longer than `max`.
        initial: Duration = Period { default: seconds(1), most: hours(1) };
        /// The upper bound of the longest pause.
        max: Duration = Period { default: minutes(1), most: hours(1) };
        /// How long after its first attempt a delivery is retried. Then it is dropped.
        max_elapsed: Duration = Period { default: minutes(15), most: hours(168) };
    }
}

impl Section for Retry {
    fn check(keys: RetryKeys, reader: &mut Reader<'_>) -> Option<Self> {
        let at = keys.initial.at.or(keys.max.at);
        let retry = Self::complete(keys)?;
        if let Some(at) = at.filter(|_| retry.initial > retry.max) {
            let (initial, max) = (show(retry.initial), show(retry.max));
            let message = format!("`initial` ({initial}) is longer than `max` ({max})");
            reader.error(at, message, "make `initial` no longer than `max`");
            return None;
        }
        Some(retry)
    }
}
