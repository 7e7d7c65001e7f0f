//! The codec: an encoded state decodes to the same one, a cut one names more as pending, and
//! foreign metadata is not a state.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::commit::bloom::BloomFilter;
use crate::commit::name_index::NameIndex;
use crate::commit::sketch::Sketch;
use crate::config::model::{ActionIndex, WebhookIndex};
use crate::delivery::Route;

mod parts;

const BASE: i64 = 1_000_000;

/// The ids of a log as every commit names them.
const LOG: LogId = LogId { cluster: Some(ClusterId(u32::MAX)), topic: Some(TopicId(u128::MAX)) };

fn name(number: u32) -> NameHash {
    NameHash::of(&format!("name-{number}"))
}

fn listed() -> impl Strategy<Value = Listed> {
    let names = |range| prop::collection::btree_set(0..40u32, range);
    (0..20u32, names(1..3), names(0..2)).prop_map(|(webhook, pending, done)| Listed {
        webhook: name(webhook),
        pending: pending.into_iter().map(name).collect(),
        done: done.into_iter().map(|number| name(number + 100)).collect(),
    })
}

fn list(most: usize) -> impl Strategy<Value = List> {
    let event = prop::collection::btree_map(0..20u32, listed(), 1..3).prop_map(|by_webhook| {
        let named = |(webhook, listed)| Listed { webhook: name(webhook), ..listed };
        let mut all: Vec<Listed> = by_webhook.into_iter().map(named).collect();
        all.sort();
        all
    });
    prop::collection::btree_map(
        (0..5_000i64).prop_map(|ahead| Offset(BASE + ahead)),
        event,
        0..most,
    )
}

fn sketch() -> impl Strategy<Value = Sketch<NameHash>> {
    prop::collection::vec(0..20u32, 0..6).prop_map(|names| Sketch::of(names.into_iter().map(name)))
}

fn state(most: usize) -> impl Strategy<Value = RestartState> {
    let throttles = prop::collection::vec((0..20u32, 0..1u64 << 33), 0..3);
    let positions = (list(30), 0..8usize, any::<bool>()).prop_map(|(list, named, known)| {
        let names = known.then(|| name(7));
        let positions =
            Positions::of(pending_names(&list), pending_names(&list).count(), names, 64);
        Pending::Positions(positions.with_floor(&positions.furthest(named), 16))
    });
    let pending = prop_oneof![list(most).prop_map(Pending::Listed), positions];
    let log = (any::<Option<u32>>(), any::<Option<u128>>()).prop_map(|(cluster, topic)| LogId {
        cluster: cluster.map(ClusterId),
        topic: topic.map(TopicId),
    });
    let others = (throttles, sketch(), any::<bool>(), parts::parts(4));
    (any::<Option<u32>>(), log, (0..10_000i64, pending), others).prop_map(
        |(partitions, log, (ahead, pending), (throttles, actions, has_names, parts))| {
            RestartState {
                partitions,
                log,
                names: (has_names && matches!(pending, Pending::Listed(_))).then(|| name(8)),
                leftover: Some(Leftover { mark: Offset(BASE + ahead), pending }),
                throttles: throttles
                    .into_iter()
                    .map(|(webhook, until)| Throttle { webhook: name(webhook), until })
                    .collect(),
                actions,
                parts,
            }
        },
    )
}

/// Sorted as the codec sorts it.
fn ordered(mut state: RestartState) -> RestartState {
    if let Some(Leftover { pending: Pending::Listed(list), .. }) = &mut state.leftover {
        list.values_mut().for_each(|listed| listed.sort());
    }
    state
}

proptest! {
    #[test]
    fn an_encoded_state_decodes_to_itself(state in state(40)) {
        let fitted = fit(&state, Offset(BASE), 100_000, None);
        prop_assert!(fitted.text.is_ascii());
        prop_assert_eq!(decode(fitted.text.as_bytes(), Offset(BASE)).map(ordered), Some(state));
    }

    /// Whatever the budget, the text stays within it, and names as pending whatever the state does.
    #[test]
    fn a_cut_state_names_more_as_pending_and_never_less(state in state(60), budget in 0..1_500usize) {
        let fitted = fit(&state, Offset(BASE), budget, None);
        prop_assert!(fitted.text.len() <= budget);
        let Some(read) = decode(fitted.text.as_bytes(), Offset(BASE)) else {
            prop_assert_eq!(fitted.text, "", "slackline decodes what it has encoded");
            return Ok(());
        };
        let (Some(before), Some(after)) = (&state.leftover, &read.leftover) else {
            // Everything from the committed offset on is pending.
            prop_assert!(read.leftover.is_none());
            return Ok(());
        };
        prop_assert_eq!(before.mark, after.mark);
        match (&before.pending, &after.pending) {
            (Pending::Listed(before), Pending::Positions(after)) => {
                for (offset, listed) in before.iter().flat_map(|(offset, all)| all.iter().map(move |listed| (*offset, listed))) {
                    let position = after.webhooks.get(&listed.webhook).copied().or(after.floor);
                    prop_assert!(position.is_some_and(|position| position <= offset));
                    prop_assert!(listed.pending.iter().all(|action| after.lagging.may_contain(*action)));
                }
            }
            (Pending::Positions(before), Pending::Positions(after)) => {
                for (webhook, offset) in &before.webhooks {
                    prop_assert!(after.webhooks.get(webhook).copied().or(after.floor).is_some_and(|position| position <= *offset));
                }
                prop_assert!(before.floor.is_none_or(|floor| after.floor.is_some_and(|lower| lower <= floor)));
            }
            (before, after) => prop_assert_eq!(before, after),
        }
    }

    /// An earlier version's metadata is the same without the cluster's id, the sketch, the hash of
    /// the names and the parts.
    #[test]
    fn a_state_without_later_fields_decodes_as_before_they_were_added(state in state(10)) {
        let earlier = RestartState {
            log: LogId { cluster: None, ..state.log },
            actions: Sketch::default(),
            names: None,
            parts: PartsSent::default(),
            ..state.clone()
        };
        let bytes = |state: &RestartState| {
            let text = fit(state, Offset(BASE), 100_000, None).text;
            BASE64.decode(text.strip_prefix("slackline/1 ").unwrap()).unwrap()
        };
        let (with, without) = (bytes(&state), bytes(&earlier));
        let is_same =
            state.log.cluster.is_none() && state.actions.is_empty() && state.names.is_none() && state.parts.is_empty();
        prop_assert_eq!(with.len() == without.len(), is_same);
        prop_assert!(with.starts_with(&without));
        let text = format!("slackline/1 {}", BASE64.encode(without));
        prop_assert_eq!(decode(text.as_bytes(), Offset(BASE)).map(ordered), Some(ordered(earlier)));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, offset: i64) {
        let _ = decode(&bytes, Offset(offset));
        let _ = decode(&[b"slackline/1 ", &*bytes].concat(), Offset(offset));
        let _ = decode(format!("slackline/1 {}", BASE64.encode(&bytes)).as_bytes(), Offset(offset));
    }
}

#[test]
fn foreign_metadata_is_not_a_state() {
    for foreign in [
        "",
        "slackline/2 AAAA",
        "slackline/1 ",
        "slackline/1 !",
        "slackline/1 AAAAAAAAAAAA",
        // The sketch is cut short.
        "slackline/1 AAAAAAAB",
        // The cluster's id is cut short.
        "slackline/1 AAAAAAEJ",
        "slackline/10",
        "AgAAAXq9",
    ] {
        assert_eq!(decode(foreign.as_bytes(), Offset(0)), None, "{foreign}");
    }
    assert_eq!(decode(&[0xff, 0xfe], Offset(0)), None);
    assert_eq!(
        decode(b"slackline/1", Offset(0)),
        Some(RestartState::default()),
        "the bare version mark"
    );
}

/// The numbers of pending deliveries that the documentation states.
#[test]
fn a_commit_has_room_for_this_many_deliveries() {
    let of = |webhooks: u32, every: i64| {
        let fits = |count: i64| {
            let listed = |at: i64| Listed {
                webhook: name(at as u32 % webhooks),
                pending: vec![name(at as u32 % webhooks)],
                done: vec![],
            };
            let list = (0..count).map(|at| (Offset(BASE + at * every), vec![listed(at)])).collect();
            let left = Some(Leftover {
                mark: Offset(BASE + count * every),
                pending: Pending::Listed(list),
            });
            let state = RestartState {
                partitions: Some(12),
                log: LOG,
                leftover: left,
                actions: Sketch::of((0..webhooks.max(4)).map(name)),
                ..RestartState::default()
            };
            fit(&state, Offset(BASE), BUDGET, None).cut.is_none()
        };
        (1..4_000).take_while(|count| fits(*count)).last().unwrap()
    };
    let capacity = [(1, 1), (1, 100), (1, 1_000), (1, 100_000), (10, 100), (100, 100)]
        .map(|(webhooks, every)| of(webhooks, every));
    assert_eq!(capacity, CAPACITY);
}

const CAPACITY: [i64; 6] = [2_182, 2_181, 1_091, 727, 1_042, 547];

#[test]
fn a_commit_has_room_for_this_many_positions() {
    let fits = |count: u32| {
        let listed = |at: u32| {
            (
                Offset(BASE + i64::from(at) * 100),
                vec![Listed { webhook: name(at), pending: vec![name(at)], done: vec![] }],
            )
        };
        let mut list: List = (0..count).map(listed).collect();
        // Too many to be listed.
        list.extend((0..4_000).map(|at| (Offset(BASE + 1_000_000 + at), listed(0).1)));
        let left =
            Some(Leftover { mark: Offset(BASE + 2_000_000), pending: Pending::Listed(list) });
        let state = RestartState {
            partitions: Some(12),
            log: LOG,
            leftover: left,
            actions: Sketch::of((0..count.max(4)).map(name)),
            ..RestartState::default()
        };
        fit(&state, Offset(BASE), BUDGET, None).cut == Some(Degree::Positions)
    };
    assert_eq!((1..2_000).take_while(|count| fits(*count)).last(), Some(POSITIONS));
}

const POSITIONS: u32 = 299;

/// The bytes that earlier versions have committed, field by field: they must never change.
#[test]
fn the_encoding_stays_the_same() {
    let hash = |name: NameHash| name.number().to_le_bytes();
    let (webhook, action, done) = (name(1), name(2), name(3));
    let throttles = vec![Throttle { webhook, until: 300 }];
    let head = [
        &[1, 12][..], // `partitions`: 12
        &[1][..],
        &[7; 16], // `topic`: its 16 bytes
        &[1],
        &hash(webhook),
        &[0xac, 0x02], // one throttle until 300
    ]
    .concat();
    let listed = Listed { webhook, pending: vec![action], done: vec![done] };
    let list = [5, 200].map(|ahead| (Offset(BASE + ahead), vec![listed.clone()]));
    let listed_bytes = [
        &[1, 0xe8, 0x07][..], // a leftover with the mark 1,000 above the committed offset
        &[0, 1],              // a list of one group
        &hash(webhook),
        &[1],
        &hash(action),
        &[1],
        &hash(done),
        &[2, 5, 0xc3, 0x01], // two offsets: 5 above the committed one, 195 above the first
    ]
    .concat();
    let mut lagging = BloomFilter::for_members(1, 1);
    lagging.add(action);
    let positions = Positions {
        names: Some(name(4)),
        webhooks: BTreeMap::from([(webhook, Offset(BASE + 5))]),
        floor: Some(Offset(BASE + 3)),
        lagging: lagging.clone(),
    };
    let positions_bytes = [
        &[1, 0xe8, 0x07][..],
        &[1, 1],
        &hash(name(4)), // positions, with the hash of the names
        &[1],
        &hash(webhook),
        &[5],                             // of one webhook
        &[1, 3],                          // and a floor
        &[1, 1 << (action.number() & 7)], // a filter of one byte
    ]
    .concat();
    let pendings = [
        (Pending::Listed(List::from(list)), listed_bytes),
        (Pending::Positions(positions), positions_bytes),
    ];
    for (pending, bytes) in pendings {
        let state = RestartState {
            partitions: Some(12),
            log: LogId { cluster: None, topic: Some(TopicId(u128::from_be_bytes([7; 16]))) },
            leftover: Some(Leftover { mark: Offset(BASE + 1_000), pending: pending.clone() }),
            throttles: throttles.clone(),
            actions: Sketch::default(),
            names: None,
            parts: PartsSent::default(),
        };
        // Before the cluster's id, the sketch and the names were added, and with them.
        let with = |cluster, actions: &Sketch<NameHash>| RestartState {
            log: LogId { cluster, ..state.log },
            actions: actions.clone(),
            ..state.clone()
        };
        let with_parts = |mut state: RestartState| {
            state.parts.insert(Offset(BASE + 5), action, 2);
            state
        };
        let named = |state: RestartState| RestartState { names: Some(name(4)), ..state };
        let [e, f, g, h] = hash(name(4));
        let id = Some(ClusterId(u32::from_be_bytes([9, 8, 7, 6])));
        let (none, one) = (Sketch::default(), Sketch::of([action]));
        let [a, b, c, d] = hash(action);
        for (state, later) in [
            (with(None, &none), &[][..]),
            (with(id, &none), &[1, 9, 8, 7, 6]),
            (with(id, &one), &[1, 9, 8, 7, 6, 1, a, b, c, d]),
            (with(None, &one), &[0, 1, a, b, c, d]),
            (named(with(id, &one)), &[1, 9, 8, 7, 6, 1, a, b, c, d, 1, e, f, g, h]),
            (named(with(None, &none)), &[0, 0, 1, e, f, g, h]),
            (with_parts(with(None, &none)), &[0, 0, 0, 1, 5, a, b, c, d, 2]),
            (with_parts(with(None, &one)), &[0, 1, a, b, c, d, 0, 1, 5, a, b, c, d, 2]),
        ] {
            // Positions have the hash themselves.
            if state.names.is_some() && matches!(pending, Pending::Positions(_)) {
                continue;
            }
            let bytes = [&*head, &*bytes, later].concat();
            let text = format!("slackline/1 {}", BASE64.encode(bytes));
            assert_eq!(fit(&state, Offset(BASE), BUDGET, None).text, text);
            assert_eq!(decode(text.as_bytes(), Offset(BASE)), Some(state));
        }
    }
}

/// Where the hashes of two actions collide, a delivery is pending for both.
#[test]
fn names_that_collide_are_both_pending() {
    let mut seen = std::collections::HashMap::new();
    let (one, other) = (0..)
        .find_map(|number: u32| {
            let name = format!("a{number}");
            seen.insert(NameHash::of(&name), name.clone()).map(|before| (before, name))
        })
        .unwrap();
    let topics = [crate::event::TopicIndex(0)];
    let names = NameIndex::of(
        ["w"],
        [
            (one.as_str(), WebhookIndex(0), &topics[..]),
            (other.as_str(), WebhookIndex(0), &topics[..]),
        ],
    );
    let listed =
        Listed { webhook: NameHash::of("w"), pending: vec![NameHash::of(&one)], done: vec![] };
    let left = Leftover {
        mark: Offset(9),
        pending: Pending::Listed(List::from([(Offset(3), vec![listed])])),
    };
    let route = |action| Route { action: ActionIndex(action), webhook: WebhookIndex(0) };
    let claimed = left.claim(Offset(3), &[route(0), route(1)], &names);
    let delivered: BTreeSet<_> =
        claimed.deliveries.iter().map(|claim| claim.route.action).collect();
    assert_eq!(delivered, BTreeSet::from([ActionIndex(0), ActionIndex(1)]));
}
