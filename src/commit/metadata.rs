//! [5] The state of a partition as the text that a commit carries, and back. Pure.
//!
//! `slackline/1`, then the state in postcard's encoding as base64: ASCII, since the broker counts UTF-16 units, and what is not UTF-8 makes clients panic.
//! Invariant: any text is read without a panic; what another program wrote, or a later version of this one, is no state, and the committed offset counts alone.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use super::filter::Filter;
use super::roster::NameHash;
use super::state::{Blocked, Left, List, Listed, Pending, Positions, State, names};
use crate::event::{Offset, TopicId};
use crate::metrics::Degree;

/// The version mark that every commit's metadata begins with.
const VERSION: &str = "slackline/1";

/// What a commit's metadata may take, in characters: three quarters of a broker's default limit (`offset.metadata.max.bytes`, 4096).
pub const BUDGET: usize = 3_000;

/// The share of the room that the filter of lagging actions may take: its bits only matter once the configuration changes, or there is a floor.
pub(super) const FILTER_SHARE: usize = 8;

/// How many webhooks under a `Retry-After` are told of: the others learn it from Slack again.
const MOST_BLOCKED: usize = 32;

/// The least that a webhook and its position take, in bytes.
const NAMED_BYTES: usize = size_of::<NameHash>() + 1;

/// How many bytes so many characters of base64 hold.
pub(super) const fn bytes(characters: usize) -> usize {
    characters / 4 * 3 + 3
}

/// A state as it is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The metadata.
    pub text: String,
    /// What had to be cut; `None`: it says everything.
    pub cut: Option<Degree>,
}

/// Offsets are told relative to the committed one, in one or two bytes as a rule.
#[derive(Serialize, Deserialize)]
struct Wire {
    partitions: Option<u32>,
    topic: Option<[u8; 16]>,
    blocked: Vec<(NameHash, u64)>,
    left: Option<WireLeft>,
}

#[derive(Serialize, Deserialize)]
struct WireLeft {
    mark: u64,
    pending: WirePending,
}

#[derive(Serialize, Deserialize)]
enum WirePending {
    Listed(Vec<WireGroup>),
    Positions {
        roster: Option<NameHash>,
        webhooks: Vec<(NameHash, u64)>,
        floor: Option<u64>,
        lagging: Vec<u8>,
    },
}

/// The events of which the same is pending: names once, then each offset as the distance to the one before.
#[derive(Serialize, Deserialize)]
struct WireGroup {
    webhook: NameHash,
    pending: Vec<NameHash>,
    done: Vec<NameHash>,
    offsets: Vec<u64>,
}

/// The state as the metadata of a commit of `offset`, in at most `budget` characters: whole, or cut to what fits. Without any room it is empty, which tells
/// the next owner that everything is pending.
#[must_use]
pub fn fit(state: &State, offset: Offset, budget: usize, roster: Option<NameHash>) -> Fitted {
    let blocked = state.blocked.get(..MOST_BLOCKED.min(state.blocked.len())).unwrap_or_default();
    let try_pending = |pending: &Pending, mark: Offset| {
        let left = Some(WireLeft { mark: distance(offset, mark), pending: wire(pending, offset) });
        let wire = Wire {
            partitions: state.partitions,
            topic: topic(state),
            blocked: wire_blocked(blocked),
            left,
        };
        encode(&wire).filter(|text| text.len() <= budget)
    };
    let filter_bytes = budget / FILTER_SHARE;
    if let Some(left) = &state.left {
        let positions = match &left.pending {
            Pending::Listed(list) => {
                // Each takes a byte at least; a list that can't fit is not even tried.
                if list.len() <= bytes(budget)
                    && let Some(text) = try_pending(&left.pending, left.mark)
                {
                    return Fitted { text, cut: None };
                }
                Positions::of(names(list), names(list).count(), roster, filter_bytes)
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
                positions.with_floor(furthest.get(..named).unwrap_or_default(), filter_bytes);
            try_pending(&Pending::Positions(positions), left.mark)
        };
        // The most webhooks that can be named: found by halving.
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
    let bare =
        Wire { partitions: state.partitions, topic: topic(state), blocked: Vec::new(), left: None };
    let text =
        encode(&bare).filter(|text| text.len() <= budget).unwrap_or_else(|| VERSION.to_owned());
    let text = if text.len() <= budget { text } else { String::new() };
    Fitted { text, cut: state.left.as_ref().map(|_| Degree::Floor) }
}

/// The state that a commit of `offset` carries, if slackline wrote it.
#[must_use]
pub fn decode(metadata: &[u8], offset: Offset) -> Option<State> {
    let rest = metadata.strip_prefix(VERSION.as_bytes())?;
    if rest.is_empty() {
        return Some(State::default());
    }
    let bytes = BASE64.decode(rest.strip_prefix(b" ")?).ok()?;
    let (wire, rest) = postcard::take_from_bytes::<Wire>(&bytes).ok()?;
    let left = match wire.left {
        Some(left) => {
            Some(Left { mark: at(offset, left.mark), pending: pending(left.pending, offset)? })
        }
        None => None,
    };
    let blocked =
        wire.blocked.into_iter().map(|(webhook, until)| Blocked { webhook, until }).collect();
    let topic = wire.topic.map(|bytes| TopicId(u128::from_be_bytes(bytes)));
    rest.is_empty().then_some(State { partitions: wire.partitions, topic, left, blocked })
}

fn encode(wire: &Wire) -> Option<String> {
    let bytes = postcard::to_allocvec(wire).ok()?;
    Some(format!("{VERSION} {}", BASE64.encode(bytes)))
}

fn topic(state: &State) -> Option<[u8; 16]> {
    state.topic.map(|TopicId(id)| id.to_be_bytes())
}

fn wire_blocked(blocked: &[Blocked]) -> Vec<(NameHash, u64)> {
    blocked.iter().map(|blocked| (blocked.webhook, blocked.until)).collect()
}

fn wire(pending: &Pending, base: Offset) -> WirePending {
    match pending {
        Pending::Listed(list) => WirePending::Listed(groups(list, base)),
        Pending::Positions(Positions { roster, webhooks, floor, lagging }) => {
            WirePending::Positions {
                roster: *roster,
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
        WirePending::Positions { roster, webhooks, floor, lagging } => {
            Pending::Positions(Positions {
                roster,
                webhooks: webhooks
                    .into_iter()
                    .map(|(name, position)| (name, at(base, position)))
                    .collect(),
                floor: floor.map(|floor| at(base, floor)),
                lagging: Filter::from_bytes(lagging)?,
            })
        }
    })
}

/// An offset below the base would be one that the committed offset has passed: none is.
fn distance(from: Offset, to: Offset) -> u64 {
    u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0)
}

fn at(base: Offset, distance: u64) -> Offset {
    Offset(base.0.saturating_add_unsigned(distance))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
