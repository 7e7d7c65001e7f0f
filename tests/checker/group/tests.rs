//! A group's rate: bursts count for the processes that ran in the window only.

use std::time::Duration;

use proptest::prelude::*;

use super::super::{Post, Rate};
use super::{GroupRate, Lifetime, longest_gaps};

fn seconds(times: &[f64]) -> Vec<Duration> {
    times.iter().map(|time| Duration::from_secs_f64(*time)).collect()
}

fn lifetime(from: u64, to: u64) -> Lifetime {
    Lifetime { from: Duration::from_secs(from), to: Duration::from_secs(to) }
}

fn rate(lifetimes: &[Lifetime]) -> GroupRate<'_> {
    GroupRate { per_second: 1.0, burst: 2.0, lifetimes, jitter: Duration::ZERO }
}

#[test]
fn each_process_has_its_burst_and_no_other() {
    let arrivals = seconds(&[10.0, 10.0, 10.0, 10.0, 11.0, 12.0]);
    assert_eq!(rate(&[lifetime(0, 50), lifetime(0, 50)]).worst(&arrivals), None);
    let found = rate(&[lifetime(0, 50), lifetime(13, 50)]).worst(&arrivals).unwrap();
    assert_eq!(
        (found.from.as_secs(), found.to.as_secs(), found.requests, found.allowed),
        (10, 10, 4, 2.0)
    );
}

#[test]
fn a_process_that_ended_before_the_window_adds_no_burst() {
    let arrivals = seconds(&[1.0, 1.0, 8.0, 8.0, 8.0]);
    assert!(rate(&[lifetime(0, 5), lifetime(6, 9)]).worst(&arrivals).is_some());
    assert_eq!(rate(&[lifetime(0, 8), lifetime(6, 9)]).worst(&arrivals), None);
}

#[test]
#[should_panic(expected = "`b` got more")]
fn one_webhook_is_judged_alone() {
    let post = |webhook: &str| Post {
        webhook: webhook.to_owned(),
        id: 0,
        at: Duration::from_secs(1),
        accepted: false,
    };
    let lifetimes = [lifetime(0, 5)];
    let posts = [post("a"), post("b"), post("a"), post("b"), post("b")];
    rate(&lifetimes).assert_kept("a", &posts);
    rate(&lifetimes).assert_kept("b", &posts);
}

#[test]
#[should_panic(expected = "`app` got more")]
fn the_channels_of_an_app_are_judged_together() {
    let post = |webhook: &str| Post {
        webhook: webhook.to_owned(),
        id: 0,
        at: Duration::from_secs(1),
        accepted: false,
    };
    let lifetimes = [lifetime(0, 5)];
    let posts = [post("a"), post("b"), post("c"), post("other")];
    rate(&lifetimes).assert_kept_together("app", &posts, |of| of == "a" || of == "b");
    rate(&lifetimes).assert_kept_together("app", &posts, |of| of != "other");
}

#[test]
fn gaps_are_between_posts_and_up_to_the_end() {
    let post = |webhook: &str, at, accepted| Post {
        webhook: webhook.to_owned(),
        id: 0,
        at: Duration::from_secs(at),
        accepted,
    };
    let posts = [
        post("a", 1, true),
        post("b", 2, true),
        post("a", 3, false),
        post("a", 6, true),
        post("b", 30, true),
    ];
    let gaps = longest_gaps(&posts, Duration::from_secs(9));
    assert_eq!(
        gaps.into_iter().collect::<Vec<_>>(),
        [("a".to_owned(), Duration::from_secs(5)), ("b".to_owned(), Duration::from_secs(7)),]
    );
}

proptest! {
    /// With processes that run throughout, it equals the plain rate.
    #[test]
    fn with_a_constant_membership_it_equals_the_plain_rate(
        gaps in proptest::collection::vec(0u64..3000, 0..40),
        per_second in 0.1f64..5.0,
        processes in 1usize..4,
        jitter in 0u64..300,
    ) {
        let arrivals: Vec<_> =
            gaps.iter().scan(0, |at, gap| { *at += gap; Some(Duration::from_millis(*at)) }).collect();
        let (jitter, lifetimes) = (Duration::from_millis(jitter), vec![lifetime(0, 1000); processes]);
        let group = GroupRate { per_second, burst: 1.0, lifetimes: &lifetimes, jitter }.worst(&arrivals);
        let plain = Rate { per_second, bursts: processes as f64, jitter }.worst(&arrivals);
        prop_assert_eq!(group.is_some(), plain.is_some());
        if let (Some(group), Some(plain)) = (group, plain) {
            prop_assert!((group.excess() - plain.excess()).abs() < 1e-6);
        }
    }
}
