//! Rate limits as token buckets. Pure.

use std::collections::HashMap;
use std::time::Instant;

use super::answer::Limit;

/// Added to the burst, in messages: because of varying network delays, messages that leave the
/// client 1.00 s apart may arrive 0.98 s apart.
const TOLERANCE: f64 = 0.1;

/// The buckets, each by a name.
#[derive(Default)]
pub struct Buckets(HashMap<String, Bucket>);

/// A token bucket.
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Buckets {
    /// Takes one message from each of these buckets, or from none of them: then it returns the
    /// seconds until all of them have one.
    pub fn take(&mut self, limits: &[(String, Limit)], now: Instant) -> Result<(), u64> {
        let mut wait = None;
        for (name, limit) in limits {
            let bucket = self.fill(name, *limit, now);
            if bucket.tokens < 1.0 {
                let seconds = ((1.0 - bucket.tokens) / limit.rate).ceil().max(1.0) as u64;
                wait = wait.max(Some(seconds));
            }
        }
        if let Some(wait) = wait {
            return Err(wait);
        }
        for (name, _) in limits {
            if let Some(bucket) = self.0.get_mut(name) {
                bucket.tokens -= 1.0;
            }
        }
        Ok(())
    }

    fn fill(&mut self, name: &str, limit: Limit, now: Instant) -> &Bucket {
        let full = f64::from(limit.burst.max(1)) + TOLERANCE;
        let bucket = self.0.entry(name.to_owned()).or_insert(Bucket { tokens: full, at: now });
        let elapsed = now.saturating_duration_since(bucket.at).as_secs_f64();
        *bucket = Bucket { tokens: (bucket.tokens + limit.rate * elapsed).min(full), at: now };
        bucket
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_message_needs_room_in_every_bucket_and_a_refused_one_takes_none() {
        let mut buckets = Buckets::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let app = || ("app".to_owned(), Limit { rate: 0.5, burst: 2 });
        let channel = |name: &str| (name.to_owned(), Limit { rate: 0.1, burst: 1 });
        assert_eq!(buckets.take(&[channel("a"), app()], start), Ok(()));
        assert_eq!(buckets.take(&[channel("a"), app()], start), Err(9), "the channel's limit");
        assert_eq!(buckets.take(&[channel("b"), app()], start), Ok(()), "a refused one is free");
        assert_eq!(buckets.take(&[channel("c"), app()], start), Err(2), "the app's limit");
        assert_eq!(buckets.take(&[channel("c"), app()], at(2)), Ok(()));
        assert_eq!(buckets.take(&[channel("b"), app()], at(2)), Err(7), "the longer of both");
        assert_eq!(buckets.take(&[], start), Ok(()));
    }
}
