use std::time::Duration;

use super::*;

const TOPIC: TopicIndex = TopicIndex(0);
const A: Partition = Partition { topic: TOPIC, number: 0 };
const B: Partition = Partition { topic: TOPIC, number: 1 };
const OTHER: Partition = Partition { topic: TopicIndex(1), number: 0 };

fn starting(partitions: &[Partition]) -> Unresolved {
    Unresolved { starting: partitions.to_vec(), ..Unresolved::default() }
}

fn reading(partitions: &[Partition]) -> Assignment {
    let mut assignment = Assignment::default();
    assignment.assign(partitions);
    for partition in partitions {
        assignment.start_reading(*partition, Offset(10));
    }
    assignment.acknowledged();
    assignment
}

#[test]
fn an_assignment_is_resolved_by_its_lookup_and_then_read() {
    let now = Instant::now();
    let mut assignment = Assignment::default();
    assert_eq!(assignment.unresolved(now), None);
    assignment.assign(&[A, B]);
    assert_eq!(assignment.unresolved(now), Some(starting(&[A, B])));
    assert!(assignment.is_resolving() && !assignment.is_joined());
    assignment.lookup_sent(LookupId(1));
    assert_eq!(assignment.still_pending(LookupId(1)), starting(&[A, B]));
    assignment.start_reading(A, Offset(5));
    assignment.start_reading(B, Offset(7));
    assignment.acknowledged();
    assert!(!assignment.is_resolving() && assignment.is_joined());
    assert_eq!(assignment.unresolved(now), None);
}

#[test]
fn an_empty_assignment_needs_an_answer_too() {
    let mut assignment = Assignment::default();
    assignment.assign(&[]);
    assert_eq!(assignment.unresolved(Instant::now()), Some(starting(&[])));
    assignment.acknowledged();
    assert_eq!(assignment.unresolved(Instant::now()), None);
    assert!(assignment.is_joined());
}

#[test]
fn an_answer_does_not_count_for_a_partition_that_was_revoked_meanwhile() {
    let mut assignment = Assignment::default();
    assignment.assign(&[A, B]);
    assignment.lookup_sent(LookupId(1));
    assignment.revoke(&[A]);
    assert_eq!(assignment.still_pending(LookupId(1)), starting(&[B]));
    // Another member may have read it since.
    assignment.assign(&[A]);
    assert_eq!(assignment.still_pending(LookupId(1)), starting(&[B]));
}

#[test]
fn a_failed_lookup_is_retried_after_a_pause_and_a_new_assignment_does_not_wait() {
    let now = Instant::now();
    let later = now + Duration::from_secs(1);
    let mut assignment = Assignment::default();
    assignment.assign(&[A]);
    assignment.lookup_sent(LookupId(1));
    assignment.lookup_failed(later);
    assert_eq!(assignment.unresolved(now), None);
    assert_eq!(assignment.unresolved(later), Some(starting(&[A])));
    assignment.assign(&[OTHER]);
    assert_eq!(assignment.unresolved(now), Some(starting(&[A, OTHER])));
}

#[test]
fn a_partition_out_of_range_continues_where_its_lookup_says() {
    let now = Instant::now();
    let mut assignment = reading(&[A, B]);
    assignment.out_of_range(A);
    assignment.out_of_range(OTHER);
    let unresolved = Unresolved { out_of_range: vec![A], ..Unresolved::default() };
    assert_eq!(assignment.unresolved(now), Some(unresolved));
    assert!(assignment.needs_lookup() && !assignment.is_resolving());
    assignment.lookup_sent(LookupId(4));
    assert_eq!(assignment.still_pending(LookupId(4)).out_of_range, [A]);
    assignment.resumed(A, Offset(30));
    assert!(!assignment.needs_lookup() && !assignment.is_out_of_range(A));
    assert_eq!(assignment.end(A, Offset(0)), Some(Offset(30)));
}

#[test]
fn starting_offsets_do_not_wait_for_partitions_that_are_out_of_range() {
    let now = Instant::now();
    let mut assignment = reading(&[A]);
    assignment.out_of_range(A);
    assignment.lookup_sent(LookupId(1));
    assignment.assign(&[B]);
    assert!(assignment.has_unrequested());
    assert_eq!(assignment.unresolved(now), Some(starting(&[B])));
    assignment.lookup_sent(LookupId(2));
    assert!(!assignment.has_unrequested());
    assert_eq!(assignment.still_pending(LookupId(2)), starting(&[B]));
    assert_eq!(assignment.still_pending(LookupId(1)).out_of_range, [A], "not sent again");
    assignment.start_reading(B, Offset(0));
    assignment.acknowledged();
    let unresolved = Unresolved { out_of_range: vec![A], ..Unresolved::default() };
    assert_eq!(assignment.unresolved(now), Some(unresolved));
}

#[test]
fn a_recreated_topic_is_confirmed_by_a_lookup_and_its_partitions_resolved_again() {
    let now = Instant::now();
    let mut assignment = reading(&[A, B, OTHER]);
    assignment.out_of_range(B);
    assignment.recreated(TOPIC);
    assert_eq!(assignment.of_recreated_topics(), [A, B]);
    assert_eq!(assignment.unresolved(now), Some(starting(&[])), "to confirm it");
    assignment.not_recreated(TOPIC);
    let unresolved = Unresolved { out_of_range: vec![A, B], ..Unresolved::default() };
    assert_eq!(assignment.unresolved(now), Some(unresolved), "whether they are read is checked");
    assignment.recreated(TOPIC);
    assignment.resolve(&[A, B]);
    assert_eq!(assignment.unresolved(now), Some(starting(&[A, B])));
    assert!(assignment.is_joined(), "the member stays in the group");
}

#[test]
fn an_end_is_the_highest_that_anything_shows() {
    let mut assignment = reading(&[A]);
    assert_eq!(assignment.end(A, Offset(3)), Some(Offset(10)));
    assert!(!assignment.report(A, Some(Offset(12)), true));
    assert!(assignment.is_leaderless(A));
    assignment.set_asked_end(A, Offset(15));
    assert_eq!(assignment.end(A, Offset(3)), Some(Offset(15)));
    assert_eq!(assignment.end(A, Offset(20)), Some(Offset(20)));
    assert!(assignment.report(A, Some(Offset(2)), false), "the end has moved back");
    assert!(!assignment.report(OTHER, Some(Offset(2)), false));
    assert_eq!(assignment.end(OTHER, Offset(0)), None);
}

#[test]
fn what_is_cleared_says_whether_an_answer_is_due() {
    let mut assignment = reading(&[A]);
    assert!(!assignment.clear());
    assignment.assign(&[A]);
    assert!(assignment.clear());
    assert_eq!(assignment.unresolved(Instant::now()), None);
}
