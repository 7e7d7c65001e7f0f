//! Planted repetitions are found and attributed to the right fault.

use std::time::Duration;

use proptest::prelude::*;

use super::super::Post;
use super::Repeats;

fn post(webhook: &str, id: u64, at: u64) -> Post {
    Post { webhook: webhook.to_owned(), id, at: Duration::from_millis(at), accepted: true }
}

fn moments(at: &[u64]) -> Vec<Duration> {
    at.iter().copied().map(Duration::from_millis).collect()
}

#[test]
fn a_repetition_belongs_to_the_first_fault_after_the_post_before_it() {
    let posts = [
        post("a", 1, 0),
        post("a", 2, 990),
        post("b", 2, 995),
        post("a", 2, 1500),
        post("a", 1, 2500),
        post("a", 2, 4500),
        post("b", 2, 4600),
    ];
    let repeats = Repeats::find(&posts, &moments(&[1000, 2000, 4000]));
    assert_eq!(
        repeats.by_fault.into_iter().collect::<Vec<_>>(),
        [
            ((0, "a".to_owned()), vec![2, 1]),
            ((0, "b".to_owned()), vec![2]),
            ((1, "a".to_owned()), vec![2])
        ]
    );
    assert!(repeats.causeless.is_empty());
}

#[test]
fn a_repetition_without_a_fault_is_causeless() {
    let posts = [post("a", 1, 100), post("a", 1, 900), post("a", 2, 1100), post("a", 2, 1200)];
    let repeats = Repeats::find(&posts, &moments(&[1000]));
    assert_eq!(repeats.causeless, [("a".to_owned(), 1), ("a".to_owned(), 2)]);
    assert_eq!((repeats.total(), repeats.most()), (2, 0));
    assert_eq!(Repeats::find(&posts, &[]).causeless.len(), 2);
}

#[test]
fn a_post_that_arrived_just_after_its_process_was_seen_dead_is_that_faults() {
    let repeats = Repeats::find(&[post("a", 1, 1020), post("a", 1, 3000)], &moments(&[1000]));
    assert_eq!((repeats.total(), repeats.most()), (1, 1));
}

#[test]
fn refused_posts_repeat_nothing() {
    let refused = Post { accepted: false, ..post("a", 1, 10) };
    assert_eq!(
        Repeats::find(&[refused.clone(), post("a", 1, 20), refused], &[]),
        Repeats::default()
    );
}

#[test]
#[should_panic(expected = "more repetitions than the bound")]
fn more_than_the_bound_fails() {
    let posts: Vec<_> =
        [(1, 0), (2, 1), (1, 200), (2, 201)].map(|(id, at)| post("a", id, at)).into();
    let repeats = Repeats::find(&posts, &moments(&[100]));
    repeats.assert_within(|_| 2);
    repeats.assert_within(|webhook| usize::from(webhook == "a"));
}

#[test]
#[should_panic(expected = "repeated without a fault")]
fn one_without_a_fault_fails_whatever_the_bound() {
    Repeats::find(&[post("a", 1, 0), post("a", 1, 1)], &[]).assert_within(|_| 100);
}

proptest! {
    /// One post every 100 ms, and a kill after each of `kills`: exactly the posts that the next
    /// process repeats are found.
    #[test]
    fn planted_repetitions_are_counted_by_fault(kills in proptest::collection::btree_map(1u64..200, 0usize..4, 0..12)) {
        let mut posts = Vec::new();
        let mut planted = Vec::new();
        for id in 0..200_u64 {
            posts.push(post("a", id, id * 100));
            for back in 0..kills.get(&id).copied().unwrap_or(0).min(id as usize) {
                let again = id - back as u64;
                planted.push(again);
                posts.push(post("a", again, id * 100 + 70 + back as u64));
            }
        }
        let moments: Vec<_> = kills.keys().map(|id| Duration::from_millis(id * 100 + 60)).collect();
        let repeats = Repeats::find(&posts, &moments);
        prop_assert!(repeats.causeless.is_empty());
        prop_assert_eq!(repeats.total(), planted.len());
        let mut found: Vec<u64> = repeats.by_fault.into_values().flatten().collect();
        found.sort_unstable();
        planted.sort_unstable();
        prop_assert_eq!(found, planted);
    }
}
