#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;

const SALES: WebhookIndex = WebhookIndex(0);
const EMEA: WebhookIndex = WebhookIndex(1);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Two messages a second.
fn turns() -> Turns {
    let mut turns = Turns::new(Duration::ZERO);
    turns.set_rate(2.0, 1.0, Duration::ZERO);
    turns
}

fn refuse(turns: &mut Turns, channel: WebhookIndex, now: Duration) -> Option<Change> {
    turns.refuse(channel, "invalid_auth".to_owned(), now, 0.0)
}

#[test]
fn one_channel_probes_a_resting_app_and_its_answer_decides_for_all() {
    let mut turns = turns();
    assert!(turns.take(SALES, 0, at(0)));
    assert!(turns.take(EMEA, 0, at(1)));
    assert_eq!(refuse(&mut turns, SALES, at(2)), Some(Change::Rests));
    assert_eq!(refuse(&mut turns, EMEA, at(3)), None, "it was under way: no failed probe");
    assert_eq!(turns.ready_at(0, at(3)), Ready::At(at(62)));
    assert!(!turns.take(EMEA, 0, at(61)));
    assert!(turns.take(EMEA, 0, at(62)));
    assert_eq!(turns.ready_at(0, at(70)), Ready::AfterChange);
    assert!(!turns.take(SALES, 0, at(70)), "the probe is under way");
    assert_eq!(refuse(&mut turns, EMEA, at(70)), None);
    assert_eq!(turns.ready_at(0, at(70)), Ready::At(at(190)), "two minutes later");
    assert!(turns.take(SALES, 0, at(190)));
    turns.unanswered(EMEA, at(200), 0.0);
    assert_eq!(turns.ready_at(0, at(200)), Ready::AfterChange, "not the probe");
    turns.unanswered(SALES, at(200), 0.0);
    assert_eq!(turns.ready_at(0, at(200)), Ready::At(at(440)), "four minutes later");
    assert!(turns.take(EMEA, 0, at(440)));
    let Some(Change::Works(rest)) = turns.answer() else { panic!("the credential works") };
    assert_eq!((rest.since(), rest.failures()), (at(2), 3));
    assert_eq!(turns.answer(), None);
    assert!(turns.take(SALES, 0, at(441)) && turns.rest().is_none());
}

#[test]
fn another_credential_brings_one_probe() {
    let mut turns = turns();
    refuse(&mut turns, SALES, at(0));
    turns.renew(1, at(5));
    assert!(turns.is_current(1) && !turns.is_current(0));
    assert_eq!(turns.ready_at(0, at(6)), Ready::AfterChange, "the old credential");
    assert!(turns.take(EMEA, 1, at(6)));
    assert!(!turns.take(SALES, 1, at(7)), "one probe");
    assert_eq!(refuse(&mut turns, EMEA, at(8)), None);
    assert_eq!(turns.ready_at(1, at(9)), Ready::At(at(128)));
}

#[test]
fn two_channels_throttled_within_10_s_throttle_the_app() {
    let mut turns = turns();
    assert_eq!(turns.throttle(SALES, at(30), at(0)), None);
    assert_eq!(turns.throttle(SALES, at(40), at(5)), None, "the same channel");
    assert_eq!(turns.throttle(EMEA, at(20), at(16)), None, "11 s later");
    assert_eq!(turns.throttle(SALES, at(50), at(26)), Some(at(50)));
    assert_eq!(turns.ready_at(0, at(26)), Ready::At(at(50)));
    assert_eq!(turns.throttle(EMEA, at(45), at(27)), None, "no longer than before");
    assert!(!turns.take(EMEA, 0, at(49)) && turns.take(EMEA, 0, at(50)));
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Share(f64),
    Take(u32),
    Throttle(u32, u64),
    Refuse(u32),
    Answer,
    Renew,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..40_000u64).prop_map(Step::Wait),
        (0..3u64).prop_map(Step::Wait),
        prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0].prop_map(Step::Share),
        (0..3u32).prop_map(Step::Take),
        (0..3u32).prop_map(Step::Take),
        (0..3u32, 0..60_000u64).prop_map(|(channel, pause)| Step::Throttle(channel, pause)),
        (0..3u32).prop_map(Step::Refuse),
        Just(Step::Answer),
        Just(Step::Renew),
    ]
}

proptest! {
    /// A naive model: no attempt is counted twice, every rule is checked against the whole past.
    #[test]
    fn no_window_holds_more_than_the_rate_and_every_wait_is_kept(
        rate in prop_oneof![0.01..20.0f64, 500.0..10_000.0f64], steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut now = Duration::ZERO;
        let mut turns = Turns::new(now);
        turns.set_rate(rate, 1.0, now);
        let mut left: Vec<Duration> = Vec::new();
        let mut throttles: Vec<(u32, Duration, Duration)> = Vec::new();
        let (mut blocked_until, mut generation) = (Duration::ZERO, 0);
        let (mut resting, mut probe) = (false, None);
        for step in steps {
            match step {
                Step::Wait(millis) => now += Duration::from_millis(millis),
                Step::Share(share) => {
                    turns.set_rate(rate, share, now);
                    prop_assert_eq!(turns.rate(), rate * share);
                }
                Step::Take(channel) => {
                    if turns.take(WebhookIndex(channel), generation, now) {
                        prop_assert!(now >= blocked_until, "throttled");
                        prop_assert!(probe.is_none(), "one probe at a time");
                        left.push(now);
                        probe = resting.then_some(channel);
                    }
                }
                Step::Throttle(channel, millis) => {
                    let until = now + Duration::from_millis(millis);
                    let recent = throttles.iter().filter(|(other, at, _)| {
                        *other != channel && now - *at <= Duration::from_secs(10)
                    });
                    // The last one of each channel.
                    let latest = recent.filter(|(other, at, _)| {
                        !throttles.iter().any(|(same, later, _)| same == other && later > at)
                    });
                    if let Some(other) = latest.map(|(.., until)| *until).max() {
                        blocked_until = blocked_until.max(other.max(until));
                    }
                    throttles.retain(|(other, ..)| *other != channel);
                    throttles.push((channel, now, until));
                    turns.throttle(WebhookIndex(channel), until, now);
                }
                Step::Refuse(channel) => {
                    let change = refuse(&mut turns, WebhookIndex(channel), now);
                    prop_assert_eq!(change.is_some(), !resting);
                    resting = true;
                    probe = probe.filter(|of| *of != channel);
                }
                Step::Answer => {
                    let change = turns.answer();
                    prop_assert_eq!(change.is_some(), resting);
                    (resting, probe) = (false, None);
                }
                Step::Renew => {
                    generation += 1;
                    turns.renew(generation, now);
                    probe = None;
                }
            }
        }
        for (first, start) in left.iter().enumerate() {
            for (last, end) in left.iter().enumerate().skip(first) {
                let together = (rate * 0.002).floor();
                let allowed = rate * (*end - *start).as_secs_f64() + 1.0 + together;
                prop_assert!((last - first + 1) as f64 <= allowed + 1e-6);
            }
        }
    }
}
