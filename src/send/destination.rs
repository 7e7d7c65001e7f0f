//! Where a sender posts to: how a payload becomes a request, and what the answer means.
//!
//! A sender knows its destination by this trait alone, so that rate, retry, hold and release are
//! the same for all of them. A new kind of destination is a file that implements it, and a line in
//! [`super::endpoint::Endpoint::open`].

use std::time::SystemTime;

use bytes::Bytes;
use reqwest::Request;

use super::answer::Answer;
use super::verdict::Verdict;

/// One place that messages are posted to.
pub trait Destination: Send + Sync {
    /// Returns the request that posts `payload`, with every secret that it needs.
    fn request(&self, payload: Bytes) -> Request;

    /// Returns what `answer` to the request for `payload` means. `now` is when it was read, which
    /// matters for a `Retry-After` that is a date. Total: every answer, however broken, has exactly
    /// one verdict.
    fn judge(&self, payload: &[u8], answer: &Answer, now: SystemTime) -> Verdict;

    /// Returns `text` with every part of this destination's secrets masked; `None` where it holds
    /// no such part. Applied to everything that comes back, since an answer may repeat its request.
    fn mask(&self, text: &str) -> Option<String>;
}
