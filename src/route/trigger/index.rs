//! Finds the triggers that can be true for an event by the values that they require, instead of
//! evaluating each.
//!
//! The index is a tree: each trigger is below the rarest value that it requires, and if many share
//! that, below their next one. Those that then differ only in the bound of a number are sorted by
//! it. Pure.
//! Invariant: a trigger that is true for an event, or fails for it, is a candidate of the event.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::event::{FieldValue, Fields, Path};
use crate::expression::condition::required::{Key, Required, bits, nearest};

/// The most triggers that are evaluated without an index: it would be slower.
const MAX_UNINDEXED: usize = 4;

/// The depth of the tree, limited whatever the configuration.
const MAX_DEPTH: usize = 8;

/// The most values that are visited to build the index, besides 64 for each trigger: time and
/// memory are bounded, whatever the configuration.
const MAX_VISITED_VALUES: usize = 1_000_000;

/// A trigger, as an index into those of the set.
pub type TriggerPosition = u32;

/// A part of the index: the lookups to do for an event.
#[derive(Debug, Default)]
pub struct Index {
    /// The triggers to evaluate for every event that gets here.
    always: Box<[TriggerPosition]>,
    fields: Box<[(Path, Lookup)]>,
    bounds: Box<[Bounds]>,
}

/// The parts of the index below the values of one field.
#[derive(Debug, Default)]
struct Lookup {
    texts: FxHashMap<Box<[u8]>, Index>,
    numbers: FxHashMap<u64, Index>,
    null: Option<Box<Index>>,
    yes: Option<Box<Index>>,
    no: Option<Box<Index>>,
}

/// Triggers that require a number not below, or not above, a bound.
#[derive(Debug)]
struct Bounds {
    path: Path,
    /// The bounds, sorted so that those which an event's number satisfies come first.
    sorted: Box<[(f64, TriggerPosition)]>,
    /// Whether the bounds are lower ones.
    least: bool,
}

/// A trigger to add to the index, with its remaining requirements.
struct Entry {
    place: TriggerPosition,
    required: Vec<Rc<Required>>,
}

impl Index {
    /// Returns the index of triggers with these requirements.
    pub fn new(required: Vec<Vec<Required>>) -> Self {
        let required_count = required.len();
        let shared = |required: Vec<Required>| required.into_iter().map(Rc::new).collect();
        let entries = (0..)
            .zip(required)
            .map(|(place, required)| Entry { place, required: shared(required) })
            .collect();
        let mut left = MAX_VISITED_VALUES + 64 * required_count;
        divide(entries, MAX_DEPTH, &mut left)
    }

    /// Appends the triggers that can be true for an event, unordered and possibly repeated.
    pub fn candidates(&self, fields: Fields<'_, '_>, found: &mut Vec<TriggerPosition>) {
        found.extend_from_slice(&self.always);
        for (path, lookup) in &self.fields {
            if let Some(index) = lookup.below(*path, fields) {
                index.candidates(fields, found);
            }
        }
        for bounds in &self.bounds {
            if let Some(number) = nearest(fields.get(bounds.path)) {
                let kept = |(bound, _): &(f64, TriggerPosition)| {
                    if bounds.least { number >= *bound } else { number <= *bound }
                };
                let count = bounds.sorted.partition_point(kept);
                found.extend(bounds.sorted.iter().take(count).map(|(_, place)| *place));
            }
        }
    }
}

impl Lookup {
    #[inline]
    fn below(&self, path: Path, fields: Fields<'_, '_>) -> Option<&Index> {
        if let Some(text) = fields.plain(path) {
            return self.texts.get(text);
        }
        let value = fields.get(path);
        match value {
            FieldValue::Null => self.null.as_deref(),
            FieldValue::Bool(true) => self.yes.as_deref(),
            FieldValue::Bool(false) => self.no.as_deref(),
            FieldValue::Number(_) if self.numbers.is_empty() => None,
            FieldValue::Number(_) => self.numbers.get(&bits(nearest(value)?)),
            FieldValue::String(text) => self.texts.get(text.decode().as_bytes()),
            FieldValue::Array(_) | FieldValue::Object(_) => None,
        }
    }

    fn put(&mut self, key: Key, index: Index) {
        match key {
            Key::Null => self.null = Some(Box::new(index)),
            Key::Bool(true) => self.yes = Some(Box::new(index)),
            Key::Bool(false) => self.no = Some(Box::new(index)),
            Key::Number(bits) => drop(self.numbers.insert(bits, index)),
            Key::Text(text) => drop(self.texts.insert(text.into_boxed_bytes(), index)),
        }
    }
}

/// One value of one field.
type Pair = (Path, Key);

/// Builds an index from triggers. `left` is the number of values that may still be visited: a
/// trigger with long lists is in many places.
fn divide(entries: Vec<Entry>, deepest: usize, left: &mut usize) -> Index {
    let values: usize =
        entries.iter().flat_map(|entry| &entry.required).map(|required| required.values()).sum();
    if entries.len() <= MAX_UNINDEXED || deepest == 0 || values > *left {
        return Index {
            always: entries.iter().map(|entry| entry.place).collect(),
            ..Index::default()
        };
    }
    *left -= values;
    let chosen = choose(&entries);
    let mut below: BTreeMap<Pair, Vec<Entry>> = BTreeMap::new();
    let mut bounded: BTreeMap<(Path, bool), Vec<(f64, TriggerPosition)>> = BTreeMap::new();
    let mut always = Vec::new();
    for (mut entry, chosen) in entries.into_iter().zip(chosen) {
        let chosen = chosen.map(|at| entry.required.remove(at));
        match chosen.as_deref() {
            Some(Required::OneOf(pairs)) => {
                for pair in pairs {
                    let again = Entry { place: entry.place, required: entry.required.clone() };
                    below.entry(pair.clone()).or_default().push(again);
                }
            }
            _ => match entry.required.first().map(|first| &**first) {
                // No value was chosen: all requirements are bounds.
                Some(Required::Bound { path, least, number }) => {
                    bounded.entry((*path, *least)).or_default().push((*number, entry.place));
                }
                _ => always.push(entry.place),
            },
        }
    }
    let mut fields: BTreeMap<Path, Lookup> = BTreeMap::new();
    for ((path, key), entries) in below {
        let index = divide(entries, deepest - 1, left);
        fields.entry(path).or_default().put(key, index);
    }
    let bounds = bounded.into_iter().map(|((path, least), mut sorted)| {
        sorted.sort_by(|(a, _), (b, _)| if least { a.total_cmp(b) } else { b.total_cmp(a) });
        Bounds { path, sorted: sorted.into(), least }
    });
    Index { always: always.into(), fields: fields.into_iter().collect(), bounds: bounds.collect() }
}

/// Returns for each trigger the requirement that the fewest others share. Of equals, it is the one
/// on the field that most others use, so that few fields are looked up.
fn choose(entries: &[Entry]) -> Vec<Option<usize>> {
    let mut shared: FxHashMap<&Pair, usize> =
        FxHashMap::with_capacity_and_hasher(entries.len(), FxBuildHasher);
    let mut used: FxHashMap<Path, usize> = FxHashMap::default();
    for required in entries.iter().flat_map(|entry| &entry.required) {
        if let Required::OneOf(pairs) = &**required {
            for pair in pairs {
                *shared.entry(pair).or_default() += 1;
                *used.entry(pair.0).or_default() += 1;
            }
        }
    }
    let price = |required: &Required| match required {
        Required::OneOf(pairs) => {
            let sharing = pairs.iter().filter_map(|pair| shared.get(pair)).sum::<usize>();
            let using = pairs
                .iter()
                .filter_map(|(path, _)| used.get(path))
                .max()
                .copied()
                .unwrap_or_default();
            Some((sharing, Reverse(using)))
        }
        Required::Bound { .. } => None,
    };
    let rarest = |entry: &Entry| {
        let priced = entry
            .required
            .iter()
            .enumerate()
            .filter_map(|(at, required)| Some((price(required)?, at)));
        priced.min().map(|(_, at)| at)
    };
    entries.iter().map(rarest).collect()
}
