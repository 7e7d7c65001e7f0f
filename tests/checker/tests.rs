//! The checker finds exactly the planted faults.

use std::time::Duration;

use proptest::prelude::*;

use super::{Expected, Faults, Post, Rate, TooFast};

fn expected(count: u64) -> Vec<Expected> {
    (0..count)
        .map(|id| Expected {
            webhook: format!("w{}", id % 3),
            id,
            partition: ("t".to_owned(), (id % 2) as i32),
            // With gaps, as after transactions.
            offset: (id * 2) as i64,
        })
        .collect()
}

fn posted(expected: &[Expected]) -> Vec<Post> {
    expected
        .iter()
        .map(|one| Post {
            webhook: one.webhook.clone(),
            id: one.id,
            at: Duration::from_millis(one.id * 100),
            accepted: true,
        })
        .collect()
}

fn named(post: &Post) -> (String, u64) {
    (post.webhook.clone(), post.id)
}

#[test]
fn a_clean_history_has_no_faults() {
    let expected = expected(60);
    Faults::find(&expected, &posted(&expected)).assert_none();
    Faults::find(&[], &[]).assert_none();
}

#[test]
fn order_between_partitions_and_between_webhooks_is_free() {
    let expected = expected(60);
    let mut posts = posted(&expected);
    // A stable sort keeps the order within a partition and webhook.
    posts.sort_by_key(|post| (post.id % 2, post.id % 3));
    Faults::find(&expected, &posts).assert_none();
}

#[test]
fn a_refused_request_is_neither_a_delivery_nor_a_repetition() {
    let expected = expected(6);
    let mut posts = posted(&expected);
    let refused = Post { accepted: false, ..posts[0].clone() };
    posts.insert(0, refused);
    Faults::find(&expected, &posts).assert_none();
    posts[1].accepted = false;
    assert_eq!(Faults::find(&expected, &posts).lost, vec![named(&posts[1])]);
}

#[test]
fn a_post_to_the_wrong_webhook_is_lost_there_and_unexpected_here() {
    let expected = expected(6);
    let mut posts = posted(&expected);
    posts[0].webhook = "w1".to_owned();
    let faults = Faults::find(&expected, &posts);
    assert_eq!(faults.lost, vec![("w0".to_owned(), 0)]);
    assert_eq!(faults.unexpected, vec![("w1".to_owned(), 0)]);
}

proptest! {
    #[test]
    fn planted_losses_are_found(missing in proptest::collection::btree_set(0usize..60, 0..20)) {
        let expected = expected(60);
        let mut at = 0;
        let mut posts = posted(&expected);
        posts.retain(|_| { at += 1; !missing.contains(&(at - 1)) });
        let lost = missing.iter().map(|at| (expected[*at].webhook.clone(), expected[*at].id)).collect();
        prop_assert_eq!(Faults::find(&expected, &posts), Faults { lost, ..Faults::default() });
    }

    #[test]
    fn planted_repetitions_are_found(again in proptest::collection::vec((0usize..60, 0usize..60), 0..20)) {
        let expected = expected(60);
        let clean = posted(&expected);
        let mut posts = clean.clone();
        let mut repeated = Vec::new();
        for (which, after) in again {
            // Anywhere after the first one: a repetition is never disorder.
            let first = posts.iter().position(|post| post.id == clean[which].id).unwrap();
            posts.insert((first + 1 + after).min(posts.len()), clean[which].clone());
            repeated.push(named(&clean[which]));
        }
        let mut faults = Faults::find(&expected, &posts);
        repeated.sort();
        faults.repeated.sort();
        prop_assert_eq!(faults, Faults { repeated, ..Faults::default() });
    }

    #[test]
    fn planted_disorder_is_found(moved in 0usize..54) {
        let expected = expected(60);
        let mut posts = posted(&expected);
        // Six further is the next of the same webhook and partition.
        posts.swap(moved, moved + 6);
        let disordered = vec![named(&posts[moved + 6])];
        prop_assert_eq!(Faults::find(&expected, &posts), Faults { disordered, ..Faults::default() });
    }

    #[test]
    fn the_worst_window_is_the_naive_one(
        gaps in proptest::collection::vec(0u64..3000, 0..40),
        per_second in 0.1f64..5.0,
        bursts in 1u32..4,
        jitter in 0u64..300,
    ) {
        let arrivals: Vec<_> = gaps
            .iter()
            .scan(0, |at, gap| { *at += gap; Some(Duration::from_millis(*at)) })
            .collect();
        let rate = Rate { per_second, bursts: bursts.into(), jitter: Duration::from_millis(jitter) };
        let excess = |from: usize, to: usize| {
            let window = (arrivals[to] - arrivals[from] + rate.jitter).as_secs_f64();
            (to - from + 1) as f64 - (per_second * window + rate.bursts)
        };
        let naive = (0..arrivals.len())
            .flat_map(|from| (from..arrivals.len()).map(move |to| (from, to)))
            .map(|(from, to)| excess(from, to))
            .fold(f64::NEG_INFINITY, f64::max);
        match rate.worst(&arrivals) {
            Some(TooFast { requests, allowed, .. }) => prop_assert!((requests as f64 - allowed - naive).abs() < 1e-6),
            None => prop_assert!(naive <= 1e-5, "missed by {naive}"),
        }
    }
}

fn rate(per_second: f64, bursts: f64) -> Rate {
    Rate { per_second, bursts, jitter: Duration::ZERO }
}

fn seconds(times: &[f64]) -> Vec<Duration> {
    times.iter().map(|time| Duration::from_secs_f64(*time)).collect()
}

#[test]
fn a_burst_and_the_rate_after_it_are_allowed_and_one_more_is_not() {
    assert_eq!(rate(1.0, 2.0).worst(&seconds(&[5.0, 5.0, 6.0, 7.0, 8.0])), None);
    let found = rate(1.0, 2.0).worst(&seconds(&[5.0, 5.0, 6.0, 6.5, 7.0, 8.0])).unwrap();
    assert_eq!((found.requests, found.from.as_secs(), found.to.as_secs()), (5, 5, 7));
    assert!(rate(1.0, 1.0).worst(&seconds(&[1.0, 1.9])).is_some());
}

#[test]
fn an_idle_time_accumulates_no_more_than_the_burst() {
    assert!(rate(1.0, 1.0).worst(&seconds(&[0.0, 100.0, 100.1])).is_some());
}

#[test]
#[should_panic(expected = "`b` got more")]
fn every_webhook_is_judged_by_itself() {
    let post = |webhook: &str, at| Post {
        webhook: webhook.to_owned(),
        id: 0,
        at: Duration::from_secs(at),
        accepted: false,
    };
    rate(1.0, 1.0).assert_kept(&[post("a", 1), post("b", 1), post("a", 2), post("b", 2)]);
    rate(1.0, 1.0).assert_kept(&[post("a", 1), post("b", 1), post("b", 1)]);
}
