use super::*;
use crate::config::model::WebhookIndex;
use crate::event::TopicIndex;
use crate::health::{PartitionSnapshot, WebhookSnapshot};
use crate::route::fixture;

const SECOND: Duration = Duration::from_secs(1);

const PARTITION: PartitionSnapshot = PartitionSnapshot {
    partition: Partition { topic: TopicIndex(0), number: 3 },
    next: Offset(10),
    committed: None,
    end: Some(Offset(15)),
    unsettled: 0,
    oldest: None,
    paused: false,
    unavailable: false,
};

/// The fixture's webhook `sales`, whose timeout is 10 s.
const IDLE: WebhookSnapshot = WebhookSnapshot {
    webhook: WebhookIndex(0),
    waiting: 0,
    in_flight: false,
    taken: 7,
    attempt: None,
    rate_share: 1.0,
    held: None,
};

fn snapshot(partitions: &[PartitionSnapshot], webhooks: &[WebhookSnapshot]) -> Snapshot {
    Snapshot {
        unreachable_since: None,
        partitions: partitions.to_vec(),
        webhooks: webhooks.to_vec(),
        ..Snapshot::at_start(fixture::config(Vec::new()), Instant::now())
    }
}

/// Checks a snapshot every second for this long; the reasons after each second.
fn watch(seconds: u32, mut at: impl FnMut(u32) -> Snapshot) -> Vec<Vec<String>> {
    let started = Instant::now();
    let mut stalls = Stalls::default();
    (0..=seconds)
        .map(|second| stalls.check(&Snapshot { at: started + second * SECOND, ..at(second) }))
        .collect()
}

fn quiet(all: &[Vec<String>]) -> bool {
    all.iter().all(Vec::is_empty)
}

#[test]
fn a_partition_with_something_to_read_that_is_not_read_stalls() {
    let all = watch(61, |_| snapshot(&[PARTITION], &[]));
    assert!(quiet(&all[..60]));
    assert_eq!(
        all[60],
        [
            "partition 3 of topic `events` has 5 offsets to read, and nothing of it was read for 60 s"
        ]
    );
    assert_eq!(all[61].len(), 1);
}

#[test]
fn a_partition_that_is_read_or_empty_or_paused_does_not_stall() {
    let moves =
        |second: u32| PartitionSnapshot { next: Offset(i64::from(second / 50)), ..PARTITION };
    assert!(quiet(&watch(300, |second| snapshot(&[moves(second)], &[]))));
    assert!(quiet(&watch(300, |_| snapshot(
        &[PartitionSnapshot { end: Some(PARTITION.next), ..PARTITION }],
        &[]
    ))));
    assert!(quiet(&watch(300, |_| snapshot(
        &[PartitionSnapshot { paused: true, ..PARTITION }],
        &[]
    ))));
    let now_and_then =
        |second: u32| PartitionSnapshot { unavailable: second.is_multiple_of(50), ..PARTITION };
    assert!(
        quiet(&watch(300, |second| snapshot(&[now_and_then(second)], &[]))),
        "the time starts again after a pause"
    );
    assert!(quiet(&watch(300, |second| snapshot(
        if second.is_multiple_of(50) { &[] } else { &[PARTITION] },
        &[]
    ))));
}

#[test]
fn without_a_broker_or_while_offsets_are_looked_up_nothing_stalls() {
    let partitions = [PARTITION];
    let now = Some(Instant::now());
    let away = || Snapshot {
        unreachable_since: now,
        commit_in_flight_since: now,
        ..snapshot(&partitions, &[])
    };
    assert!(quiet(&watch(300, |_| away())));
    let resolving = || Snapshot { resolving: true, ..snapshot(&partitions, &[]) };
    assert!(quiet(&watch(300, |_| resolving())));
    let back = watch(200, |second| if second < 100 { away() } else { snapshot(&partitions, &[]) });
    assert!(
        quiet(&back[..160]) && !quiet(&back[160..]),
        "the time without a broker does not count"
    );
}

#[test]
fn a_commit_that_is_never_answered_stalls() {
    let sent = Instant::now();
    let all = watch(121, |_| Snapshot { commit_in_flight_since: Some(sent), ..snapshot(&[], &[]) });
    assert!(quiet(&all[..120]));
    assert_eq!(all[120], ["a commit has been in flight for 120 s"]);
    // One after the other.
    let others = |second: u32| Some(sent + (second / 100) * SECOND);
    assert!(quiet(&watch(500, |second| Snapshot {
        commit_in_flight_since: others(second),
        ..snapshot(&[], &[])
    })));
}

#[test]
fn a_sender_that_takes_nothing_stalls() {
    let dead = WebhookSnapshot { webhook: WebhookIndex(1), waiting: 4, ..IDLE };
    let all = watch(60, |_| snapshot(&[], &[IDLE, dead]));
    assert!(quiet(&all[..60]));
    assert_eq!(
        all[60],
        ["webhook `support` has 4 deliveries that wait, and none was taken for 60 s"]
    );
}

#[test]
fn a_sender_that_waits_for_its_turn_does_not_stall() {
    // By the rate, a 429 or a backoff: what waits for its turn was taken.
    let turn = WebhookSnapshot { waiting: 4, in_flight: true, ..IDLE };
    assert!(quiet(&watch(4_000, |_| snapshot(&[], &[turn]))));
    let without_share = WebhookSnapshot { waiting: 4, rate_share: 0.0, ..IDLE };
    assert!(quiet(&watch(4_000, |_| snapshot(&[], &[without_share]))));
    // A fast one that every snapshot finds between two deliveries.
    let fast = |second: u32| WebhookSnapshot { waiting: 4, taken: u64::from(second), ..IDLE };
    assert!(quiet(&watch(300, |second| snapshot(&[], &[fast(second)]))));
    assert!(quiet(&watch(300, |_| snapshot(&[], &[IDLE]))), "nothing to do");
}

#[test]
fn an_attempt_that_outlives_its_timeout_stalls() {
    let hangs = WebhookSnapshot { in_flight: true, attempt: Some(3), ..IDLE };
    let all = watch(70, |_| snapshot(&[], &[hangs]));
    assert!(quiet(&all[..70]));
    assert_eq!(
        all[70],
        ["webhook `sales` has had one attempt in progress for 70 s, with a timeout of 10 s"]
    );
    let again = |second: u32| WebhookSnapshot { attempt: Some(u64::from(second / 11)), ..hangs };
    assert!(
        quiet(&watch(300, |second| snapshot(&[], &[again(second)]))),
        "each within its timeout"
    );
}

#[test]
fn a_drain_and_a_suspended_process_do_not_stall() {
    let started = Instant::now();
    let mut stalls = Stalls::default();
    let webhooks = [WebhookSnapshot { waiting: 1, in_flight: true, attempt: Some(1), ..IDLE }];
    let partitions = [PARTITION];
    for check in 0..8 {
        let snapshot = Snapshot {
            at: started + check * 600 * SECOND,
            commit_in_flight_since: Some(started),
            ..snapshot(&partitions, &webhooks)
        };
        assert_eq!(stalls.check(&snapshot), Vec::<String>::new());
    }
}
