use proptest::prelude::*;

use super::*;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn one_a_second_is_exactly_one_a_second() {
    let mut limiter = Limiter::new(1.0, 1, 1.0, Duration::ZERO);
    for second in 0..100_000 {
        let now = Duration::from_secs(second);
        assert_eq!(limiter.ready_at(now), Some(now));
        assert!(limiter.take(now));
        assert!(!limiter.take(now));
        assert_eq!(limiter.ready_at(now), Some(now + Duration::from_secs(1)));
    }
}

/// A reload: half a token is missing whatever the rate, and comes at the new one.
#[test]
fn another_rate_keeps_what_was_spent_and_the_throttle() {
    let mut limiter = Limiter::new(1.0, 1, 1.0, ms(0));
    assert!(limiter.take(ms(0)));
    limiter.set_rate(2.0, 1, 1.0, ms(500));
    assert_eq!(limiter.ready_at(ms(500)), Some(ms(750)));
    limiter.set_rate(1.0, 1, 0.5, ms(500));
    assert_eq!(limiter.ready_at(ms(500)), Some(ms(1500)));
    limiter.throttle(ms(9000));
    limiter.set_rate(10.0, 5, 1.0, ms(600));
    assert_eq!(limiter.ready_at(ms(600)), Some(ms(9000)));
}

#[test]
fn a_burst_leaves_without_a_pause_and_is_saved_up_again() {
    let mut limiter = Limiter::new(2.0, 3, 1.0, ms(0));
    assert_eq!(
        [limiter.take(ms(0)), limiter.take(ms(0)), limiter.take(ms(0)), limiter.take(ms(0))],
        [true, true, true, false]
    );
    assert_eq!(limiter.ready_at(ms(0)), Some(ms(500)));
    assert!(limiter.take(ms(100_000)) && limiter.take(ms(100_000)) && limiter.take(ms(100_000)));
    assert!(!limiter.take(ms(100_000)), "no more than the burst is saved");
}

#[test]
fn a_share_of_zero_freezes_the_tokens() {
    let mut limiter = Limiter::new(1.0, 1, 1.0, ms(0));
    assert!(limiter.take(ms(0)));
    limiter.set_rate(1.0, 1, 0.0, ms(400));
    assert_eq!(limiter.ready_at(ms(9_000)), None);
    assert!(!limiter.take(ms(9_000)));
    limiter.set_rate(1.0, 1, 0.5, ms(10_000));
    assert_eq!(
        limiter.ready_at(ms(10_000)),
        Some(ms(11_200)),
        "the missing 0.6 tokens come at half the rate"
    );

    let mut full = Limiter::new(1.0, 1, 0.0, ms(0));
    assert!(!full.take(ms(5_000)));
    full.set_rate(1.0, 1, 1.0, ms(5_000));
    assert!(full.take(ms(5_000)));
}

#[test]
fn a_throttle_overrules_the_bucket_and_is_never_shortened() {
    let mut limiter = Limiter::new(100.0, 10, 1.0, ms(0));
    limiter.throttle(ms(30_000));
    limiter.throttle(ms(10_000));
    assert_eq!(limiter.throttled_until(ms(29_999)), Some(ms(30_000)));
    assert!(!limiter.take(ms(29_999)));
    assert_eq!(limiter.throttled_until(ms(30_000)), None);
    assert!(limiter.take(ms(30_000)));
}

#[test]
fn extremes_do_not_panic() {
    for rate in [1e-300, 1e-12, 1e300, f64::INFINITY] {
        let mut limiter = Limiter::new(rate, u32::MAX, 1.0, Duration::ZERO);
        assert!(limiter.take(Duration::ZERO));
        assert!(limiter.ready_at(Duration::MAX).is_some());
        assert!(limiter.take(Duration::MAX));
        limiter.set_rate(rate, u32::MAX, f64::NAN, Duration::ZERO);
        limiter.set_rate(rate, u32::MAX, 7.0, Duration::MAX);
    }
    let mut slow = Limiter::new(1e-9, 1, 1.0, Duration::ZERO);
    assert!(slow.take(Duration::ZERO));
    let year = Duration::from_secs(31_536_000);
    assert!(slow.ready_at(year).is_some_and(|at| at > year));
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Take,
    /// As a sender does: wait until it may, then take.
    Next,
    Share(u32),
    Throttle(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_000_000_000u64).prop_map(Step::Wait),
        Just(Step::Take),
        Just(Step::Take),
        Just(Step::Next),
        (0..=4u32).prop_map(Step::Share),
        (0..5_000_000_000u64).prop_map(Step::Throttle),
    ]
}

proptest! {
    /// The naive model: what was refilled between two moments is the sum of rate × share × time
    /// over the pieces between them.
    #[test]
    fn no_window_holds_more_than_its_share(rate in prop_oneof![Just(1.0), Just(0.3), 0.01..50.0f64], burst in 1..6u32, steps in prop::collection::vec(step(), 1..200)) {
        let mut now = 0u64;
        let mut share = 1.0;
        let mut throttled = 0u64;
        let mut limiter = Limiter::new(rate, burst, share, Duration::ZERO);
        // Refilled since the start, at each departure.
        let mut refilled = 0.0f64;
        let mut left: Vec<f64> = Vec::new();
        // The naive bucket, for "and not fewer either".
        let mut tokens = f64::from(burst);
        for step in steps {
            match step {
                Step::Wait(nanos) => {
                    now += nanos;
                    refilled += rate * share * nanos as f64 / 1e9;
                    tokens = (tokens + rate * share * nanos as f64 / 1e9).min(f64::from(burst));
                }
                Step::Share(quarters) => {
                    share = f64::from(quarters) / 4.0;
                    limiter.set_rate(rate, burst, share, Duration::from_nanos(now));
                }
                Step::Throttle(nanos) => {
                    throttled = throttled.max(now + nanos);
                    limiter.throttle(Duration::from_nanos(now + nanos));
                }
                Step::Next | Step::Take => {
                    if let (Step::Next, Some(at)) = (&step, limiter.ready_at(Duration::from_nanos(now))) {
                        let nanos = at.as_nanos() as u64 - now;
                        now += nanos;
                        refilled += rate * share * nanos as f64 / 1e9;
                        tokens = (tokens + rate * share * nanos as f64 / 1e9).min(f64::from(burst));
                        prop_assert!(tokens >= 1.0 - 1e-6, "ready too early: {tokens}");
                        let early = Duration::from_nanos(now.saturating_sub(1000));
                        prop_assert!(nanos < 1000 || limiter.ready_at(early).is_some_and(|at| at > early), "ready too late");
                    }
                    let may = share > 0.0 && now >= throttled;
                    let took = limiter.take(Duration::from_nanos(now));
                    // Within a millionth of a token of the edge the two may differ.
                    if (tokens - 1.0).abs() > 1e-6 {
                        prop_assert_eq!(took, may && tokens >= 1.0, "tokens {}", tokens);
                    }
                    if took {
                        tokens -= 1.0;
                        for (earlier, start) in left.iter().enumerate() {
                            let count = (left.len() - earlier + 1) as f64;
                            prop_assert!(count <= refilled - start + f64::from(burst) + 1e-6);
                        }
                        left.push(refilled);
                    }
                }
            }
        }
    }
}
