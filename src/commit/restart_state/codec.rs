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

use super::{
    Leftover, List, Listed, PartsSent, Pending, Positions, RestartState, Throttle, pending_names,
};
use crate::commit::name_index::NameHash;
use crate::event::{ClusterId, LogId, Offset, TopicId};
use crate::metrics::Degree;

/// The version mark at the start of every commit's metadata.
const VERSION: &str = "slackline/1";

/// The most characters of a commit's metadata: three quarters of a broker's default limit
/// (`offset.metadata.max.bytes`, 4096).
pub const BUDGET: usize = 3_000;

/// The budget's share for the filter of lagging actions. Its bits only matter once the
/// configuration changes, or there is a floor.
pub(in crate::commit) const BLOOM_SHARE: usize = 8;

/// The budget's share for the parts that deliveries have posted.
const PARTS_SHARE: usize = 4;

/// The most that the parts of one delivery take, in bytes, where fewer than a billion events follow
/// it.
const PART_BYTES: usize = 10;

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
    /// The degree to which the pending deliveries were cut; `None` if all are listed.
    pub cut: Option<Degree>,
    /// Whether parts that were posted are missing.
    pub lacks_parts: bool,
}

/// Offsets are relative to the committed one: usually one or two bytes. The order and types of the
/// fields, here and in [`Throttle`], [`Listed`] and [`Positions`], are the format: they must not
/// change. Fields that were added later follow it, each read by [`later_field`]: the cluster's id,
/// an `Option<[u8; 4]>`; the sketch of the actions, a list of hashes; the hash of the names, an
/// `Option` of a hash; and the parts that were posted, a list of [`WirePart`]. Where the last ones
/// have nothing to say, they are left out.
#[derive(Serialize, Deserialize)]
struct Wire {
    partitions: Option<u32>,
    topic: Option<[u8; 16]>,
    throttles: Vec<Throttle>,
    leftover: Option<WireLeftover>,
}

#[derive(Serialize, Deserialize)]
struct WireLeftover {
    mark: u64,
    pending: WirePending,
}

impl WireLeftover {
    fn is_listed(&self) -> bool {
        matches!(self.pending, WirePending::Listed(_))
    }
}

#[derive(Serialize, Deserialize)]
enum WirePending {
    Listed(Vec<WireGroup>),
    Positions(Positions<u64>),
}

/// Events with the same pending deliveries: the names once, then each offset as its distance from
/// the one before.
#[derive(Serialize, Deserialize)]
struct WireGroup {
    listed: Listed,
    offsets: Vec<u64>,
}

/// The parts that one delivery has posted.
#[derive(Serialize, Deserialize)]
struct WirePart {
    offset: u64,
    action: NameHash,
    parts: u8,
}

/// The state as the metadata of a commit of `offset`, in at most `budget` characters: complete, or
/// cut to what fits. It is empty if nothing fits: then everything is pending for the next owner.
///
/// Parts that were posted go before a complete list: without them, they are posted again.
#[must_use]
pub fn fit(state: &RestartState, offset: Offset, budget: usize, names: Option<NameHash>) -> Fitted {
    let kept = state.parts.most(bytes(budget) / PARTS_SHARE / PART_BYTES);
    let mut fitted = fit_with(state, &kept, offset, budget, names);
    // Not even the version mark with the positions of all: the parts may have taken their room.
    if fitted.lacks_parts && !kept.is_empty() {
        fitted = fit_with(state, &PartsSent::default(), offset, budget, names);
    }
    fitted.lacks_parts |= kept.len() < state.parts.len();
    fitted
}

/// [`fit`] with these parts. A state that names no pending delivery has no parts either.
fn fit_with(
    state: &RestartState,
    parts: &PartsSent,
    offset: Offset,
    budget: usize,
    names: Option<NameHash>,
) -> Fitted {
    let wire_parts: Vec<WirePart> = parts
        .iter()
        .map(|(at, action, parts)| WirePart { offset: distance(offset, at), action, parts })
        .collect();
    let encode = |throttles, leftover: Option<WireLeftover>| {
        let topic = state.log.topic.map(|TopicId(id)| id.to_be_bytes());
        let wire = Wire { partitions: state.partitions, topic, throttles, leftover };
        let mut bytes = postcard::to_allocvec(&wire).ok()?;
        let cluster = state.log.cluster.map(|ClusterId(id)| id.to_be_bytes());
        // Positions have the hash themselves.
        let is_listed = wire.leftover.as_ref().is_some_and(WireLeftover::is_listed);
        let has_parts = !wire_parts.is_empty() && wire.leftover.is_some();
        let listed_names = state.names.filter(|_| is_listed);
        let has_names = has_parts || listed_names.is_some();
        let has_actions = has_names || !state.actions.is_empty();
        if cluster.is_some() || has_actions {
            bytes = postcard::to_extend(&cluster, bytes).ok()?;
        }
        if has_actions {
            bytes = postcard::to_extend(&state.actions, bytes).ok()?;
        }
        if has_names {
            bytes = postcard::to_extend(&listed_names, bytes).ok()?;
        }
        if has_parts {
            bytes = postcard::to_extend(&wire_parts, bytes).ok()?;
        }
        let text = format!("{VERSION} {}", BASE64.encode(bytes));
        (text.len() <= budget).then_some(text)
    };
    if let Some(Leftover { mark, pending }) = &state.leftover {
        let encode_pending = |pending| {
            let throttles = state.throttles.iter().take(MOST_THROTTLES).copied().collect();
            encode(throttles, Some(WireLeftover { mark: distance(offset, *mark), pending }))
        };
        let encode_positions = |positions: &Positions| {
            let relative = expressed(positions, |position| distance(offset, position));
            encode_pending(WirePending::Positions(relative))
        };
        let bloom_bytes = budget / BLOOM_SHARE;
        let of_list;
        let positions = match pending {
            Pending::Listed(list) => {
                // Each takes at least a byte: a list that cannot fit is not tried.
                if list.len() <= bytes(budget)
                    && let Some(text) = encode_pending(WirePending::Listed(groups(list, offset)))
                {
                    return Fitted { text, cut: None, lacks_parts: false };
                }
                let count = pending_names(list).count();
                of_list = Positions::of(pending_names(list), count, names, bloom_bytes);
                &of_list
            }
            Pending::Positions(positions) => positions,
        };
        let most = bytes(budget) / NAMED_BYTES;
        if positions.webhooks.len() <= most
            && let Some(text) = encode_positions(positions)
        {
            let has_floor = positions.floor.is_some();
            let cut = if has_floor { Degree::Floor } else { Degree::Positions };
            return Fitted { text, cut: Some(cut), lacks_parts: false };
        }
        let furthest = positions.furthest(most);
        let encode_first =
            |named| encode_positions(&positions.with_floor(&furthest[..named], bloom_bytes));
        // A binary search for the most webhooks that can be named.
        let (mut longest, mut fits, mut too_many) = (encode_first(0), 0, furthest.len() + 1);
        while fits + 1 < too_many {
            let middle = usize::midpoint(fits, too_many);
            match encode_first(middle) {
                Some(text) => (longest, fits) = (Some(text), middle),
                None => too_many = middle,
            }
        }
        if let Some(text) = longest {
            return Fitted { text, cut: Some(Degree::Floor), lacks_parts: false };
        }
    }
    let bare = || (VERSION.len() <= budget).then(|| VERSION.to_owned());
    let text = encode(Vec::new(), None).or_else(bare).unwrap_or_default();
    let cut = state.leftover.as_ref().map(|_| Degree::Floor);
    Fitted { text, cut, lacks_parts: !parts.is_empty() }
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
    let (cluster, rest) = later_field::<Option<[u8; 4]>>(rest)?;
    let (actions, rest) = later_field(rest)?;
    let (names, rest) = later_field(rest)?;
    let (wire_parts, []) = later_field::<Vec<WirePart>>(rest)? else { return None };
    let mut parts = PartsSent::default();
    for part in wire_parts {
        parts.insert(at(offset, part.offset), part.action, part.parts);
    }
    Some(RestartState {
        partitions: wire.partitions,
        log: LogId {
            cluster: cluster.map(|id| ClusterId(u32::from_be_bytes(id))),
            topic: wire.topic.map(|id| TopicId(u128::from_be_bytes(id))),
        },
        leftover: wire.leftover.map(|WireLeftover { mark, pending }| Leftover {
            mark: at(offset, mark),
            pending: decode_pending(pending, offset),
        }),
        throttles: wire.throttles,
        actions,
        names,
        parts,
    })
}

/// A field that was added to the format, and the bytes behind it: the default where an earlier
/// version wrote the state.
fn later_field<'a, T: Default + Deserialize<'a>>(bytes: &'a [u8]) -> Option<(T, &'a [u8])> {
    if bytes.is_empty() {
        return Some((T::default(), bytes));
    }
    postcard::take_from_bytes(bytes).ok()
}

fn groups(list: &List, base: Offset) -> Vec<WireGroup> {
    let mut groups: BTreeMap<&Listed, (Offset, Vec<u64>)> = BTreeMap::new();
    for (offset, all) in list {
        for listed in all {
            let (last, offsets) = groups.entry(listed).or_insert((base, Vec::new()));
            offsets.push(distance(*last, *offset));
            *last = *offset;
        }
    }
    groups
        .into_iter()
        .map(|(listed, (_, offsets))| WireGroup { listed: listed.clone(), offsets })
        .collect()
}

/// The positions, each expressed in another way.
fn expressed<A: Copy, B>(positions: &Positions<A>, express: impl Fn(A) -> B) -> Positions<B> {
    let Positions { names, webhooks, floor, lagging } = positions;
    Positions {
        names: *names,
        webhooks: webhooks.iter().map(|(name, position)| (*name, express(*position))).collect(),
        floor: floor.map(&express),
        lagging: lagging.clone(),
    }
}

fn decode_pending(wire: WirePending, base: Offset) -> Pending {
    match wire {
        WirePending::Listed(groups) => {
            let mut list = List::new();
            for WireGroup { listed, offsets } in groups {
                let mut last = base;
                for distance in offsets {
                    last = at(last, distance);
                    list.entry(last).or_default().push(listed.clone());
                }
            }
            Pending::Listed(list)
        }
        WirePending::Positions(relative) => {
            Pending::Positions(expressed(&relative, |distance| at(base, distance)))
        }
    }
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
