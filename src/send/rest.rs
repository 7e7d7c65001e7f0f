//! One rest: what a person must repair keeps messages from being posted, so that nothing is tried
//! but a probe from time to time.
//!
//! Pure: time and chance are arguments. Times are counted from any one start. Invariant: between
//! two failed probes lies the pause of the schedule, unless [`Rest::probe_now`] was called.

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// The longest pause between two probes, without its jitter.
pub const LONGEST: Duration = Duration::from_secs(15 * 60);

/// While a rest lasts, deliveries of events older than this are dropped where no `max_age` is set:
/// the committed offset is not held for ever.
pub const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// One rest of a sender, or of an app with all its senders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    word: String,
    since: Duration,
    failures: u32,
    next_probe: Duration,
}

impl Rest {
    /// Starts at `now`, when an attempt was answered with `word`. `chance` is 0 to 1.
    #[must_use]
    pub fn start(word: String, now: Duration, chance: f64) -> Self {
        let mut rest = Self { word: String::new(), since: now, failures: 0, next_probe: now };
        rest.fail(word, now, chance);
        rest
    }

    /// Records a failed probe, which was answered at `now` with `word`: the next one follows 1, 2,
    /// 4, 8, 15, 15 … minutes after the failed ones, up to 10 % later.
    pub fn fail(&mut self, word: String, now: Duration, chance: f64) {
        let pause = MINUTE.saturating_mul(2_u32.saturating_pow(self.failures)).min(LONGEST);
        // Where `chance` is not a number, there is no jitter.
        let jitter = pause.mul_f64(0.1 * chance.clamp(0.0, 1.0).max(0.0));
        self.word = word;
        self.failures = self.failures.saturating_add(1);
        self.next_probe = now.saturating_add(pause).saturating_add(jitter);
    }

    /// Makes a probe due at `now`, such as after SIGHUP. The pauses after it go on as before.
    pub fn probe_now(&mut self, now: Duration) {
        self.next_probe = self.next_probe.min(now);
    }

    /// When the next probe may leave.
    #[must_use]
    pub fn next_probe(&self) -> Duration {
        self.next_probe
    }

    /// When it started.
    #[must_use]
    pub fn since(&self) -> Duration {
        self.since
    }

    /// Slack's last word, fit for a log.
    #[must_use]
    pub fn word(&self) -> &str {
        &self.word
    }

    /// The number of failed attempts, the one that started it included.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The age above which a delivery without a `max_age` is dropped. `None` until a probe has
    /// failed: a short fault drops nothing while old events are caught up on.
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        (self.failures > 1).then_some(MAX_AGE)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rest(now: u64, chance: f64) -> Rest {
        Rest::start("no_service".to_owned(), Duration::from_secs(now), chance)
    }

    #[test]
    fn probes_come_after_1_2_4_8_15_and_15_minutes() {
        let mut rest = rest(100, 0.0);
        let mut now = Duration::from_secs(100);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            pauses.push((rest.next_probe() - now).as_secs() / 60);
            now = rest.next_probe();
            rest.fail("no_team".to_owned(), now, 0.0);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 15, 15, 15]);
        assert_eq!((rest.word(), rest.since().as_secs(), rest.failures()), ("no_team", 100, 8));
    }

    #[test]
    fn the_age_limit_applies_from_the_first_failed_probe_on() {
        let mut rest = rest(0, 0.5);
        assert_eq!(rest.max_age(), None);
        rest.fail("no_service".to_owned(), rest.next_probe(), 0.5);
        assert_eq!(rest.max_age(), Some(Duration::from_secs(86_400)));
    }

    #[test]
    fn a_requested_probe_is_due_and_never_delays_one() {
        let mut rest = rest(100, 1.0);
        assert_eq!(rest.next_probe(), Duration::from_secs(166));
        rest.probe_now(Duration::from_secs(170));
        assert_eq!(rest.next_probe(), Duration::from_secs(166));
        rest.probe_now(Duration::from_secs(120));
        assert_eq!(rest.next_probe(), Duration::from_secs(120));
        rest.fail("no_service".to_owned(), Duration::from_secs(121), 0.0);
        assert_eq!(rest.next_probe(), Duration::from_secs(241), "the second pause");
    }

    proptest! {
        #[test]
        fn any_pause_is_the_schedules_and_up_to_a_tenth_longer(chances in prop::collection::vec(any::<f64>(), 1..40), now in 0..1_000_000u64) {
            let schedule = [1, 2, 4, 8, 15];
            let mut now = Duration::from_secs(now);
            let mut rest: Option<Rest> = None;
            for (failure, chance) in chances.into_iter().enumerate() {
                let word = "no_service".to_owned();
                match &mut rest {
                    Some(rest) => rest.fail(word, now, chance),
                    None => rest = Some(Rest::start(word, now, chance)),
                }
                let next = rest.as_ref().map(Rest::next_probe).unwrap_or_default();
                let pause = 60.0 * f64::from(schedule[failure.min(4)]);
                let waited = (next - now).as_secs_f64();
                prop_assert!((pause..=pause * 1.1 + 1e-6).contains(&waited), "{waited}");
                now = next;
            }
        }
    }
}
