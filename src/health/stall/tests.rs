use super::*;
use crate::event::TopicIndex;

const SECOND: Duration = Duration::from_secs(1);

const PARTITION: PartitionSeen<'static> = PartitionSeen {
    partition: Partition { topic: TopicIndex(0), number: 3 },
    topic: "events",
    next: Offset(10),
    lag: 5,
    excused: false,
};

const IDLE: WebhookSeen<'static> = WebhookSeen {
    name: "sales",
    timeout: Duration::from_secs(10),
    waiting: 0,
    in_flight: false,
    taken: 7,
    attempt: None,
    excused: false,
};

fn seen<'a>(partitions: &'a [PartitionSeen<'a>], webhooks: &'a [WebhookSeen<'a>]) -> Seen<'a> {
    Seen { reachable: true, deciding: false, commit: None, partitions, webhooks }
}

/// Looks once a second for so long; the reasons after each second.
fn watch(seconds: u32, mut at: impl FnMut(u32, &mut dyn FnMut(Seen<'_>))) -> Vec<Vec<String>> {
    let began = Instant::now();
    let mut stalls = Stalls::default();
    let mut all = Vec::new();
    for second in 0..=seconds {
        at(second, &mut |seen| all.push(stalls.look(&seen, began + second * SECOND)));
    }
    all
}

fn quiet(all: &[Vec<String>]) -> bool {
    all.iter().all(Vec::is_empty)
}

#[test]
fn a_partition_that_is_not_read_though_there_is_something_to_read() {
    let all = watch(61, |_, look| look(seen(&[PARTITION], &[])));
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
fn a_partition_that_moves_or_has_nothing_or_is_paused_is_no_stall() {
    let moves = |second: u32| PartitionSeen { next: Offset(i64::from(second / 50)), ..PARTITION };
    assert!(quiet(&watch(300, |second, look| look(seen(&[moves(second)], &[])))));
    assert!(quiet(&watch(300, |_, look| look(seen(
        &[PartitionSeen { lag: 0, ..PARTITION }],
        &[]
    )))));
    assert!(quiet(&watch(300, |_, look| look(seen(
        &[PartitionSeen { excused: true, ..PARTITION }],
        &[]
    )))));
    let now_and_then =
        |second: u32| PartitionSeen { excused: second.is_multiple_of(50), ..PARTITION };
    assert!(
        quiet(&watch(300, |second, look| look(seen(&[now_and_then(second)], &[])))),
        "a pause begins anew"
    );
    assert!(quiet(&watch(300, |second, look| look(seen(
        if second.is_multiple_of(50) { &[] } else { &[PARTITION] },
        &[]
    )))));
}

#[test]
fn without_a_broker_or_while_a_start_is_looked_up_nothing_stalls() {
    let partitions = [PARTITION];
    let away = Seen { reachable: false, commit: Some(Instant::now()), ..seen(&partitions, &[]) };
    assert!(quiet(&watch(300, |_, look| look(away))));
    let deciding = Seen { deciding: true, ..seen(&partitions, &[]) };
    assert!(quiet(&watch(300, |_, look| look(deciding))));
    let back =
        watch(200, |second, look| look(if second < 100 { away } else { seen(&partitions, &[]) }));
    assert!(
        quiet(&back[..160]) && !quiet(&back[160..]),
        "the time without a broker does not count"
    );
}

#[test]
fn a_commit_that_is_never_answered() {
    let sent = Instant::now();
    let all = watch(121, |_, look| look(Seen { commit: Some(sent), ..seen(&[], &[]) }));
    assert!(quiet(&all[..120]));
    assert_eq!(all[120], ["a commit has been in flight for 120 s"]);
    // One after the other.
    let others = |second: u32| Some(sent + (second / 100) * SECOND);
    assert!(quiet(&watch(500, |second, look| look(Seen {
        commit: others(second),
        ..seen(&[], &[])
    }))));
}

#[test]
fn a_sender_that_takes_nothing() {
    let dead = WebhookSeen { waiting: 4, ..IDLE };
    let all = watch(60, |_, look| look(seen(&[], &[IDLE, dead])));
    assert!(quiet(&all[..60]));
    assert_eq!(
        all[60],
        ["webhook `sales` has 4 deliveries that wait, and none was taken for 60 s"]
    );
}

#[test]
fn a_sender_that_waits_for_its_turn_is_no_stall() {
    // By the rate, a 429 or a backoff: what waits for its turn was taken.
    let turn = WebhookSeen { waiting: 4, in_flight: true, ..IDLE };
    assert!(quiet(&watch(4_000, |_, look| look(seen(&[], &[turn])))));
    // Held, or without a share.
    let held = WebhookSeen { waiting: 4, excused: true, ..IDLE };
    assert!(quiet(&watch(4_000, |_, look| look(seen(&[], &[held])))));
    // A fast one that is always looked at between two deliveries.
    let fast = |second: u32| WebhookSeen { waiting: 4, taken: u64::from(second), ..IDLE };
    assert!(quiet(&watch(300, |second, look| look(seen(&[], &[fast(second)])))));
    assert!(quiet(&watch(300, |_, look| look(seen(&[], &[IDLE])))), "nothing to do");
}

#[test]
fn an_attempt_that_outlives_its_timeout() {
    let hangs = WebhookSeen { in_flight: true, attempt: Some(3), ..IDLE };
    let all = watch(70, |_, look| look(seen(&[], &[hangs])));
    assert!(quiet(&all[..70]));
    assert_eq!(
        all[70],
        ["webhook `sales` has had one attempt under way for 70 s, with a timeout of 10 s"]
    );
    let again = |second: u32| WebhookSeen { attempt: Some(u64::from(second / 11)), ..hangs };
    assert!(
        quiet(&watch(300, |second, look| look(seen(&[], &[again(second)])))),
        "each within its timeout"
    );
}

#[test]
fn a_drain_and_a_process_that_stood_still_are_no_stall() {
    let began = Instant::now();
    let mut stalls = Stalls::default();
    let webhooks = [WebhookSeen { waiting: 1, in_flight: true, attempt: Some(1), ..IDLE }];
    let partitions = [PARTITION];
    let seen = Seen { commit: Some(began), ..seen(&partitions, &webhooks) };
    for look in 0..8 {
        assert_eq!(stalls.look(&seen, began + look * 600 * SECOND), Vec::<String>::new());
    }
}
