//! Where a partition starts, case by case, and against a naive model.

use proptest::prelude::*;

use super::*;
use crate::commit::restart_state::{Leftover, Pending};
use crate::event::{ClusterId, TopicId};

const OLD: LogId = LogId { cluster: Some(ClusterId(1)), topic: Some(TopicId(1)) };
const NEW: LogId = LogId { cluster: Some(ClusterId(1)), topic: Some(TopicId(2)) };
const ELSEWHERE: LogId = LogId { cluster: Some(ClusterId(2)), topic: Some(TopicId(3)) };
/// Metadata of another program, or of a broker that takes hardly any.
const UNKNOWN: LogId = LogId { cluster: None, topic: None };

fn known(number: i32, committed: Option<i64>) -> KnownOffsets {
    let committed = committed.map(Offset);
    KnownOffsets {
        number,
        log: NEW,
        committed,
        committed_log: NEW,
        low: Offset(100),
        high: Offset(200),
    }
}

fn counted(partitions: u32) -> Option<RestartState> {
    Some(RestartState { partitions: Some(partitions), log: NEW, ..RestartState::default() })
}

fn commits<const N: usize>(committed: [Option<RestartState>; N]) -> TopicCommits {
    TopicCommits::of(committed.iter().map(Option::as_ref), NEW)
}

#[test]
fn a_committed_offset_in_range_wins_over_the_configured_start() {
    for start in [Start::Latest, Start::Earliest] {
        for offset in [100, 150, 200] {
            let starting = decide(known(0, Some(offset)), commits([counted(3)]), start);
            assert_eq!(starting, StartingOffset::Committed(Offset(offset)));
        }
    }
}

#[test]
fn a_new_group_starts_where_the_configuration_says() {
    assert_eq!(
        decide(known(0, None), commits([]), Start::Latest),
        StartingOffset::Configured(Offset(200))
    );
    assert_eq!(
        decide(known(0, None), commits([]), Start::Earliest),
        StartingOffset::Configured(Offset(100))
    );
}

#[test]
fn an_added_partition_is_read_from_its_earliest_offset() {
    let others = commits([counted(3), counted(3), counted(4)]);
    assert_eq!(decide(known(3, None), others, Start::Latest), StartingOffset::Added(Offset(100)));
    // The bare version mark: the count is unknown.
    let uncounted = commits([Some(RestartState::default())]);
    assert_eq!(
        decide(known(0, None), uncounted, Start::Latest),
        StartingOffset::Added(Offset(100))
    );
}

#[test]
fn replicas_of_a_new_group_that_start_together_all_start_where_the_configuration_says() {
    let others = commits([counted(12), None, counted(12)]);
    assert_eq!(
        decide(known(11, None), others, Start::Latest),
        StartingOffset::Configured(Offset(200))
    );
}

#[test]
fn events_that_left_the_retention_are_counted_and_the_rest_is_read() {
    let starting = decide(known(0, Some(40)), commits([counted(1)]), Start::Latest);
    assert_eq!(starting, StartingOffset::OutOfRetention { offset: Offset(100), lost: 60 });
}

#[test]
fn events_that_were_read_and_settled_are_not_lost() {
    let left = |mark, listed: &[i64]| {
        let listed = listed.iter().map(|offset| (Offset(*offset), Vec::new())).collect();
        let left = Leftover { mark: Offset(mark), pending: Pending::Listed(listed) };
        RestartState { leftover: Some(left), ..RestartState::default() }
    };
    let starting = decide(known(0, Some(40)), commits([counted(1)]), Start::Latest);
    let lost = |state: &RestartState| starting.exclude_already_read(Some(state));
    assert_eq!(
        lost(&left(90, &[40, 50])),
        StartingOffset::OutOfRetention { offset: Offset(100), lost: 10 }
    );
    assert_eq!(
        lost(&left(150, &[40, 120])),
        StartingOffset::OutOfRetention { offset: Offset(100), lost: 0 }
    );
    assert_eq!(lost(&RestartState::default()), starting);
}

#[test]
fn past_the_end_of_the_same_topic_the_log_was_truncated_and_is_read_from_its_end() {
    let starting = decide(known(0, Some(201)), commits([counted(1)]), Start::Earliest);
    assert_eq!(starting, StartingOffset::Truncated(Offset(200)));
}

#[test]
fn past_the_end_of_an_unknown_topic_everything_is_delivered() {
    let no_topic = LogId { topic: None, ..NEW };
    for (log, committed_log) in [(no_topic, NEW), (NEW, UNKNOWN), (UNKNOWN, UNKNOWN)] {
        let known = KnownOffsets { log, committed_log, ..known(0, Some(201)) };
        assert_eq!(
            decide(known, commits([counted(1)]), Start::Latest),
            StartingOffset::PastEnd(Offset(100))
        );
    }
}

#[test]
fn a_recreated_topic_is_read_from_its_earliest_offset_even_where_the_old_offset_is_in_range() {
    for offset in [0, 100, 150, 200, 1_000] {
        let known = KnownOffsets { committed_log: OLD, ..known(0, Some(offset)) };
        assert_eq!(
            decide(known, commits([counted(1)]), Start::Latest),
            StartingOffset::Recreated(Offset(100)),
            "{offset}"
        );
    }
    let unknown = KnownOffsets { committed_log: UNKNOWN, ..known(0, Some(150)) };
    assert_eq!(
        decide(unknown, commits([None]), Start::Latest),
        StartingOffset::Committed(Offset(150))
    );
}

#[test]
fn a_partition_without_a_commit_of_a_recreated_topic_is_read_from_its_earliest_offset() {
    let old = || Some(RestartState { partitions: Some(3), log: OLD, ..RestartState::default() });
    for others in
        [commits([old()]), commits([counted(3), old(), counted(3)]), TopicCommits::OfDeletedTopic]
    {
        assert_eq!(
            decide(known(0, None), others, Start::Latest),
            StartingOffset::Recreated(Offset(100))
        );
    }
}

/// A commit that an earlier version made, without the cluster's id, is of this cluster.
#[test]
fn without_a_clusters_id_another_topic_id_means_a_recreated_topic() {
    let committed_log = LogId { cluster: None, ..OLD };
    let known = KnownOffsets { committed_log, ..known(0, Some(150)) };
    assert_eq!(
        decide(known, commits([counted(1)]), Start::Latest),
        StartingOffset::Recreated(Offset(100))
    );
}

#[test]
fn an_offset_copied_from_another_cluster_counts_where_it_lies_in_the_log() {
    let nameless = LogId { cluster: None, ..NEW };
    for log in [NEW, nameless] {
        for (committed, expected) in [
            (99, StartingOffset::OutOfRetention { offset: Offset(100), lost: 1 }),
            (100, StartingOffset::Copied(Offset(100))),
            (200, StartingOffset::Copied(Offset(200))),
            (201, StartingOffset::CopiedPastEnd(Offset(200))),
        ] {
            let known = KnownOffsets { log, committed_log: ELSEWHERE, ..known(0, Some(committed)) };
            for start in [Start::Latest, Start::Earliest] {
                assert_eq!(decide(known, TopicCommits::None, start), expected);
            }
        }
    }
}

/// `kafka-consumer-groups --reset-offsets --from-file` sets only the partitions in the file, and
/// erases the metadata.
#[test]
fn a_partition_whose_offset_was_not_copied_starts_where_the_configuration_says() {
    let copied =
        || Some(RestartState { partitions: Some(1), log: ELSEWHERE, ..RestartState::default() });
    for others in [commits([copied()]), commits([None]), commits([None, copied(), copied()])] {
        for (start, offset) in [(Start::Latest, 200), (Start::Earliest, 100)] {
            assert_eq!(
                decide(known(4, None), others, start),
                StartingOffset::NotCopied(Offset(offset))
            );
        }
    }
}

fn log_id() -> impl Strategy<Value = LogId> {
    let cluster = prop::option::of((0..3u32).prop_map(ClusterId));
    let topic = prop::option::of((0..3u128).prop_map(TopicId));
    (cluster, topic).prop_map(|(cluster, topic)| LogId { cluster, topic })
}

/// The metadata of a commit; `None`: another program's.
fn metadata() -> impl Strategy<Value = Option<RestartState>> {
    let state = (prop::option::of(0..6u32), log_id()).prop_map(|(partitions, log)| RestartState {
        partitions,
        log,
        ..RestartState::default()
    });
    prop::option::of(state)
}

fn configured_start() -> impl Strategy<Value = Start> {
    prop_oneof![Just(Start::Latest), Just(Start::Earliest)]
}

/// The rules of a partition with a committed offset, one after the other.
fn naive(committed: i64, of: LogId, now: LogId, (low, high): (i64, i64)) -> i64 {
    let both_known = of.topic.is_some() && now.topic.is_some();
    match of.cluster {
        Some(cluster) if Some(cluster) != now.cluster => committed.clamp(low, high),
        _ if both_known && of.topic != now.topic => low,
        _ if committed > high && !both_known => low,
        _ => committed.clamp(low, high),
    }
}

proptest! {
    #[test]
    fn a_committed_offset_is_read_on_from_as_in_the_naive_model(
        committed in 0..60i64,
        committed_log in log_id(),
        log in log_id(),
        (low, length) in (0..40i64, 0..20i64),
        start in configured_start(),
    ) {
        let high = low + length;
        let known = KnownOffsets {
            number: 0,
            log,
            committed: Some(Offset(committed)),
            committed_log,
            low: Offset(low),
            high: Offset(high),
        };
        let starting = decide(known, TopicCommits::None, start);
        prop_assert_eq!(starting.offset().0, naive(committed, committed_log, log, (low, high)));
        let is_position = low <= committed && committed <= high && starting.offset().0 == committed;
        prop_assert!(!starting.continues() || is_position || committed < low);
    }

    /// Offsets that were copied or set by another program say nothing about a partition without
    /// one: it starts as if they were not there.
    #[test]
    fn copied_offsets_decide_nothing_for_partitions_without_one(
        all in prop::collection::vec(metadata(), 0..6),
        log in log_id(),
        number in 0..6,
        start in configured_start(),
    ) {
        let known = KnownOffsets {
            number,
            log,
            committed: None,
            committed_log: UNKNOWN,
            low: Offset(10),
            high: Offset(20),
        };
        let from = |states: &[&Option<RestartState>]| {
            let others = TopicCommits::of(states.iter().map(|state| state.as_ref()), log);
            decide(known, others, start).offset()
        };
        let is_own = |state: &&Option<RestartState>| {
            let cluster = state.as_ref().map(|state| state.log.cluster);
            cluster.is_some_and(|of| of.is_none() || of == log.cluster)
        };
        let backwards: Vec<_> = all.iter().rev().collect();
        let own: Vec<_> = all.iter().filter(is_own).collect();
        prop_assert_eq!(from(&all.iter().collect::<Vec<_>>()), from(&own));
        prop_assert_eq!(from(&backwards), from(&own));
    }
}
