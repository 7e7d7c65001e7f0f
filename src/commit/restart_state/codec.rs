//! Encodes a restart state as a commit's metadata, and decodes it. Pure.
//!
//! `slackline/1`, then the state in postcard's encoding as base64: ASCII, since the broker counts
//! UTF-16 units, and metadata that is not UTF-8 makes clients panic. Invariant: any text is decoded
//! without a panic. Metadata of another program, or of a later version of this one, is not a state:
//! then only the committed offset counts.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use super::{Leftover, List, Listed, Pending, Positions, RestartState, Throttle, pending_names};
use crate::commit::bloom::BloomFilter;
use crate::commit::name_index::NameHash;
use crate::event::{Offset, TopicId};
use crate::metrics::Degree;

/// The version mark at the start of every commit's metadata.
const VERSION: &str = "slackline/1";

/// The most characters of a commit's metadata: three quarters of a broker's default limit
/// (`offset.metadata.max.bytes`, 4096).
pub const BUDGET: usize = 3_000;

/// The budget's share for the filter of lagging actions. Its bits only matter once the
/// configuration changes, or there is a floor.
pub(in crate::commit) const BLOOM_SHARE: usize = 8;

/// The most throttled webhooks that are included. Slack throttles the others again.
const MOST_THROTTLES: usize = 32;

/// The least that a webhook and its position take, in bytes.
const NAMED_BYTES: usize = size_of::<NameHash>() + 1;

/// The number of bytes that fit into this many characters of base64.
pub(in crate::commit) const fn bytes(characters: usize) -> usize {
    characters / 4 * 3 + 3
}

/// An encoded state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The metadata.
    pub text: String,
    /// The degree to which it was cut; `None` if it is complete.
    pub cut: Option<Degree>,
}

/// Offsets are relative to the committed one: usually one or two bytes. The order and types of the
/// fields are the format: they must not change.
#[derive(Serialize, Deserialize)]
struct Wire {
    partitions: Option<u32>,
    topic: Option<[u8; 16]>,
    throttles: Vec<(NameHash, u64)>,
    leftover: Option<WireLeftover>,
}

#[derive(Serialize, Deserialize)]
struct WireLeftover {
    mark: u64,
    pending: WirePending,
}

#[derive(Serialize, Deserialize)]
enum WirePending {
    Listed(Vec<WireGroup>),
    Positions {
        names: Option<NameHash>,
        webhooks: Vec<(NameHash, u64)>,
        floor: Option<u64>,
        lagging: Vec<u8>,
    },
}

/// Events with the same pending deliveries: the names once, then each offset as its distance from
/// the one before.
#[derive(Serialize, Deserialize)]
struct WireGroup {
    webhook: NameHash,
    pending: Vec<NameHash>,
    done: Vec<NameHash>,
    offsets: Vec<u64>,
}

/// The state as the metadata of a commit of `offset`, in at most `budget` characters: complete, or
/// cut to what fits. It is empty if nothing fits: then everything is pending for the next owner.
#[must_use]
pub fn fit(state: &RestartState, offset: Offset, budget: usize, names: Option<NameHash>) -> Fitted {
    let throttles =
        state.throttles.get(..MOST_THROTTLES.min(state.throttles.len())).unwrap_or_default();
    let try_pending = |pending: &Pending, mark: Offset| {
        let leftover =
            Some(WireLeftover { mark: distance(offset, mark), pending: wire(pending, offset) });
        let wire = Wire {
            partitions: state.partitions,
            topic: topic(state),
            throttles: wire_throttles(throttles),
            leftover,
        };
        encode(&wire).filter(|text| text.len() <= budget)
    };
    let bloom_bytes = budget / BLOOM_SHARE;
    if let Some(left) = &state.leftover {
        let positions = match &left.pending {
            Pending::Listed(list) => {
                // Each takes at least a byte: a list that cannot fit is not tried.
                if list.len() <= bytes(budget)
                    && let Some(text) = try_pending(&left.pending, left.mark)
                {
                    return Fitted { text, cut: None };
                }
                Positions::of(pending_names(list), pending_names(list).count(), names, bloom_bytes)
            }
            Pending::Positions(positions) => positions.clone(),
        };
        let cut = if positions.floor.is_some() { Degree::Floor } else { Degree::Positions };
        let most = bytes(budget) / NAMED_BYTES;
        if positions.webhooks.len() <= most
            && let Some(text) = try_pending(&Pending::Positions(positions.clone()), left.mark)
        {
            return Fitted { text, cut: Some(cut) };
        }
        let furthest = positions.furthest(most);
        let with_floor = |named| {
            let positions =
                positions.with_floor(furthest.get(..named).unwrap_or_default(), bloom_bytes);
            try_pending(&Pending::Positions(positions), left.mark)
        };
        // A binary search for the most webhooks that can be named.
        let (mut fits, mut too_many) = (0, furthest.len() + 1);
        while fits + 1 < too_many {
            let middle = usize::midpoint(fits, too_many);
            if with_floor(middle).is_some() {
                fits = middle;
            } else {
                too_many = middle;
            }
        }
        if let Some(text) = with_floor(fits) {
            return Fitted { text, cut: Some(Degree::Floor) };
        }
    }
    let bare = Wire {
        partitions: state.partitions,
        topic: topic(state),
        throttles: Vec::new(),
        leftover: None,
    };
    let text =
        encode(&bare).filter(|text| text.len() <= budget).unwrap_or_else(|| VERSION.to_owned());
    let text = if text.len() <= budget { text } else { String::new() };
    Fitted { text, cut: state.leftover.as_ref().map(|_| Degree::Floor) }
}

/// The state in the metadata of a commit of `offset`; `None` if slackline did not write it.
#[must_use]
pub fn decode(metadata: &[u8], offset: Offset) -> Option<RestartState> {
    let rest = metadata.strip_prefix(VERSION.as_bytes())?;
    if rest.is_empty() {
        return Some(RestartState::default());
    }
    let bytes = BASE64.decode(rest.strip_prefix(b" ")?).ok()?;
    let (wire, rest) = postcard::take_from_bytes::<Wire>(&bytes).ok()?;
    let leftover = match wire.leftover {
        Some(left) => {
            Some(Leftover { mark: at(offset, left.mark), pending: pending(left.pending, offset)? })
        }
        None => None,
    };
    let throttles =
        wire.throttles.into_iter().map(|(webhook, until)| Throttle { webhook, until }).collect();
    let topic = wire.topic.map(|bytes| TopicId(u128::from_be_bytes(bytes)));
    rest.is_empty().then_some(RestartState {
        partitions: wire.partitions,
        topic,
        leftover,
        throttles,
    })
}

fn encode(wire: &Wire) -> Option<String> {
    let bytes = postcard::to_allocvec(wire).ok()?;
    Some(format!("{VERSION} {}", BASE64.encode(bytes)))
}

fn topic(state: &RestartState) -> Option<[u8; 16]> {
    state.topic.map(|TopicId(id)| id.to_be_bytes())
}

fn wire_throttles(throttles: &[Throttle]) -> Vec<(NameHash, u64)> {
    throttles.iter().map(|throttle| (throttle.webhook, throttle.until)).collect()
}

fn wire(pending: &Pending, base: Offset) -> WirePending {
    match pending {
        Pending::Listed(list) => WirePending::Listed(groups(list, base)),
        Pending::Positions(Positions { names, webhooks, floor, lagging }) => {
            WirePending::Positions {
                names: *names,
                webhooks: webhooks
                    .iter()
                    .map(|(name, position)| (*name, distance(base, *position)))
                    .collect(),
                floor: floor.map(|floor| distance(base, floor)),
                lagging: lagging.bytes().to_vec(),
            }
        }
    }
}

fn groups(list: &List, base: Offset) -> Vec<WireGroup> {
    let mut groups: BTreeMap<&Listed, (Offset, Vec<u64>)> = BTreeMap::new();
    for (offset, listed) in
        list.iter().flat_map(|(offset, all)| all.iter().map(move |listed| (*offset, listed)))
    {
        let (last, offsets) = groups.entry(listed).or_insert((base, Vec::new()));
        offsets.push(distance(*last, offset));
        *last = offset;
    }
    let group = |(listed, (_, offsets)): (&Listed, (Offset, Vec<u64>))| {
        let Listed { webhook, pending, done } = listed.clone();
        WireGroup { webhook, pending, done, offsets }
    };
    groups.into_iter().map(group).collect()
}

fn pending(wire: WirePending, base: Offset) -> Option<Pending> {
    Some(match wire {
        WirePending::Listed(groups) => {
            let mut list = List::new();
            for WireGroup { webhook, pending, done, offsets } in groups {
                let mut last = base;
                for distance in offsets {
                    last = at(last, distance);
                    let (pending, done) = (pending.clone(), done.clone());
                    list.entry(last).or_default().push(Listed { webhook, pending, done });
                }
            }
            Pending::Listed(list)
        }
        WirePending::Positions { names, webhooks, floor, lagging } => {
            Pending::Positions(Positions {
                names,
                webhooks: webhooks
                    .into_iter()
                    .map(|(name, position)| (name, at(base, position)))
                    .collect(),
                floor: floor.map(|floor| at(base, floor)),
                lagging: BloomFilter::from_bytes(lagging)?,
            })
        }
    })
}

/// No offset is below the base: the committed offset is never above a pending event.
fn distance(from: Offset, to: Offset) -> u64 {
    u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0)
}

fn at(base: Offset, distance: u64) -> Offset {
    Offset(base.0.saturating_add_unsigned(distance))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
