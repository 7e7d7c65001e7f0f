//! What the attempts of one delivery have in common: what is posted next, and how long a failed
//! attempt may be repeated.
//!
//! A delivery is a sequence of posts: the parts of a long text, or a message with blocks and, where
//! these were refused, the same one without them. Each has a budget for its retries.

use std::time::Duration;

use bytes::Bytes;

use super::retry::Budget;
use crate::delivery::Outcome;
use crate::payload;

/// What follows an attempt.
pub enum Next {
    /// Nothing: the delivery has ended.
    End(Outcome),
    /// The next part of the message.
    Part,
    /// Another attempt.
    Again,
}

/// The attempts of one delivery.
pub struct Attempts {
    /// What is posted next.
    pub payload: Bytes,
    pub budget: Budget,
    /// The end of the pause after the last attempt.
    pub not_before: Duration,
    /// Of a long text, the message and what follows `payload`, the next part last.
    parts: Option<(Bytes, Vec<Bytes>)>,
}

impl Attempts {
    /// The attempts of a message of which `sent` parts were posted; `None`: it has no more parts,
    /// since another configuration has rendered it. Boxed: ten thousand senders wait for their next
    /// post, without one.
    pub fn of(whole: Bytes, sent: u8) -> Option<Box<Self>> {
        let (payload, parts) = match payload::parts(&whole) {
            None if sent > 0 => return None,
            None => (whole, None),
            Some(mut parts) => {
                parts.reverse();
                parts.truncate(parts.len().saturating_sub(sent.into()));
                (parts.pop()?, Some((whole, parts)))
            }
        };
        Some(Box::new(Self {
            payload,
            budget: Budget::default(),
            not_before: Duration::ZERO,
            parts,
        }))
    }

    /// Whether nothing follows what is posted next.
    pub fn is_last(&self) -> bool {
        self.parts.as_ref().is_none_or(|(_, following)| following.is_empty())
    }

    /// Goes on to the next part after one was posted. The last one ends the delivery.
    pub fn delivered(&mut self) -> Next {
        let next = self.parts.as_mut().and_then(|(_, following)| following.pop());
        match next.map(|next| self.restart(next)) {
            Some(()) => Next::Part,
            None => Next::End(Outcome::Delivered),
        }
    }

    /// Goes on to the same message without its blocks. Returns `false` where it has none.
    pub fn without_blocks(&mut self) -> bool {
        let plain = payload::plain(&self.payload);
        plain.map(|plain| self.restart(plain.into())).is_some()
    }

    /// The message, to be queued again.
    pub fn into_payload(self) -> Box<[u8]> {
        let whole = self.parts.map_or(self.payload, |(whole, _)| whole);
        Vec::from(whole).into_boxed_slice()
    }

    fn restart(&mut self, payload: Bytes) {
        (self.payload, self.budget, self.not_before) = (payload, Budget::default(), Duration::ZERO);
    }
}
