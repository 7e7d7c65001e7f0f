//! When an event happened: its age decides whether it is still delivered.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When an event happened, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTime {
    /// As bytes: there may be a hundred thousand posts in the queues, and so it takes nine bytes of
    /// each instead of sixteen.
    millis: [u8; 8],
    /// It is the record's timestamp. Without one, it is when the record was read.
    is_timestamp: bool,
}

impl EventTime {
    /// The time of a record with this timestamp, which is read at `now`.
    #[must_use]
    pub fn of(timestamp: Option<i64>, now: impl FnOnce() -> SystemTime) -> Self {
        let at = timestamp.unwrap_or_else(|| millis(now()));
        Self { millis: at.to_ne_bytes(), is_timestamp: timestamp.is_some() }
    }

    /// The time of a record with this timestamp.
    #[must_use]
    pub fn timestamp(at: i64) -> Self {
        Self { millis: at.to_ne_bytes(), is_timestamp: true }
    }

    /// The time from the record's timestamp to `now`; zero for one in the future. `None` without a
    /// timestamp of Kafka's, which are not negative.
    #[must_use]
    pub fn latency(self, now: SystemTime) -> Option<Duration> {
        (self.is_timestamp && self.millis() >= 0).then(|| self.age(now))
    }

    fn millis(self) -> i64 {
        i64::from_ne_bytes(self.millis)
    }

    /// The time from then to `now`; zero for a time in the future.
    #[must_use]
    pub fn age(self, now: SystemTime) -> Duration {
        let age = i128::from(millis(now)) - i128::from(self.millis());
        u64::try_from(age.max(0)).map_or(Duration::MAX, Duration::from_millis)
    }

    /// Whether it is older than `max_age` at `now`; without one, nothing is too old.
    #[must_use]
    pub fn is_older(self, max_age: Option<Duration>, now: SystemTime) -> bool {
        max_age.is_some_and(|max_age| self.age(now) > max_age)
    }
}

/// Milliseconds since the epoch; zero before it.
fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn a_record_without_a_timestamp_ages_from_when_it_was_read() {
        let time = EventTime::of(None, || at(5_000));
        assert_eq!(
            (time.latency(at(7_500)), time.age(at(7_500))),
            (None, Duration::from_millis(2_500))
        );
        let time = EventTime::of(Some(1_000), || at(5_000));
        let age = Duration::from_millis(6_500);
        assert_eq!((time.latency(at(7_500)), time.age(at(7_500))), (Some(age), age));
    }

    #[test]
    fn an_event_of_exactly_the_age_is_not_too_old_and_one_of_the_future_never() {
        let limit = Some(Duration::from_secs(10));
        let time = EventTime::timestamp(1_000);
        assert!(!time.is_older(limit, at(11_000)) && time.is_older(limit, at(11_001)));
        assert!(!time.is_older(None, at(u64::from(u32::MAX))));
        assert_eq!(EventTime::timestamp(i64::MAX).age(at(0)), Duration::ZERO);
        assert!(!EventTime::timestamp(2_000).is_older(Some(Duration::ZERO), at(1_000)));
    }

    #[test]
    fn any_timestamp_gives_a_latency_of_at_least_zero() {
        assert_eq!(EventTime::timestamp(i64::MAX).latency(at(5)), Some(Duration::ZERO));
        assert_eq!(EventTime::timestamp(-1).latency(at(5)), None);
    }

    proptest! {
        #[test]
        fn any_timestamp_has_an_age(timestamp: i64, now in 0..10_000_000_000_000u64) {
            let age = EventTime::timestamp(timestamp).age(at(now));
            let naive = (i128::from(now) - i128::from(timestamp)).max(0);
            prop_assert_eq!(age.as_millis(), naive as u128);
        }
    }
}
