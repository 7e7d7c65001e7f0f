//! [2] Which triggers can be true for an event: looked up by what must hold for each, not asked one by one.
//!
//! A tree: each trigger stands below the rarest value that it asks for, and where many share one, below their next; those that then differ in a number only are
//! sorted by it. Pure.
//! Invariant: a trigger that is true for an event, or fails for it, is among the event's candidates.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::event::{Fields, Path, Seen};
use crate::expression::condition::{Key, Required, bits, nearest};

/// So few triggers are judged faster than looked up.
const FEW: usize = 4;

/// How often triggers are divided at most, so that the tree stays shallow whatever the configuration.
const DEEPEST: usize = 8;

/// Values that are looked at in dividing triggers, besides 64 for each: time and memory are bounded, whatever the configuration.
const VALUES: usize = 1_000_000;

/// A trigger, by its place among those that are indexed.
pub(super) type Place = u32;

/// A part of the index: what an event is looked up by next.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// To be judged in any case.
    always: Box<[Place]>,
    fields: Box<[Lookup]>,
    bounds: Box<[Bounds]>,
}

/// What stands below the values of one field.
#[derive(Debug)]
struct Lookup {
    path: Path,
    texts: FxHashMap<Box<[u8]>, Index>,
    numbers: FxHashMap<u64, Index>,
    null: Option<Box<Index>>,
    yes: Option<Box<Index>>,
    no: Option<Box<Index>>,
}

/// Triggers that ask for a number on one side of theirs.
#[derive(Debug)]
struct Bounds {
    path: Path,
    /// From the bound that most numbers keep on: those that an event's number keeps come first.
    sorted: Box<[(f64, Place)]>,
    /// Whether the bounds are the least numbers, or the greatest.
    least: bool,
}

/// A trigger on its way into the index, with what is left of its requirements.
struct Entry {
    place: Place,
    required: Vec<Rc<Required>>,
}

impl Index {
    /// The index of triggers with these requirements, each by its place.
    pub(super) fn new(required: Vec<Vec<Required>>) -> Self {
        let required_count = required.len();
        let shared = |required: Vec<Required>| required.into_iter().map(Rc::new).collect();
        let entries = (0..)
            .zip(required)
            .map(|(place, required)| Entry { place, required: shared(required) })
            .collect();
        let left = VALUES + 64 * required_count;
        Division { left }.divide(entries, DEEPEST)
    }

    /// Appends the triggers that can be true for an event, in no order; one can come twice.
    pub(super) fn candidates(&self, fields: Fields<'_, '_>, found: &mut Vec<Place>) {
        found.extend_from_slice(&self.always);
        for lookup in &self.fields {
            if let Some(index) = lookup.below(fields) {
                index.candidates(fields, found);
            }
        }
        for bounds in &self.bounds {
            if let Some(number) = nearest(fields.get(bounds.path)) {
                let kept = |(bound, _): &(f64, Place)| {
                    if bounds.least { number >= *bound } else { number <= *bound }
                };
                let count = bounds.sorted.partition_point(kept);
                found.extend(bounds.sorted.iter().take(count).map(|(_, place)| *place));
            }
        }
    }
}

impl Lookup {
    fn new(path: Path) -> Self {
        let (texts, numbers) = (FxHashMap::default(), FxHashMap::default());
        Lookup { path, texts, numbers, null: None, yes: None, no: None }
    }

    #[inline]
    fn below(&self, fields: Fields<'_, '_>) -> Option<&Index> {
        if let Some(text) = fields.plain(self.path) {
            return self.texts.get(text);
        }
        let seen = fields.get(self.path);
        match seen {
            Seen::Null => self.null.as_deref(),
            Seen::Bool(true) => self.yes.as_deref(),
            Seen::Bool(false) => self.no.as_deref(),
            Seen::Number(_) if self.numbers.is_empty() => None,
            Seen::Number(_) => self.numbers.get(&bits(nearest(seen)?)),
            Seen::String(text) => self.texts.get(text.decode().as_bytes()),
            Seen::Array(_) | Seen::Object(_) => None,
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

/// Divides triggers into an index.
struct Division {
    /// How many values it may still look at: triggers with long lists of them stand in many places.
    left: usize,
}

impl Division {
    fn divide(&mut self, entries: Vec<Entry>, deepest: usize) -> Index {
        let values: usize = entries
            .iter()
            .flat_map(|entry| &entry.required)
            .map(|required| required.values())
            .sum();
        if entries.len() <= FEW || deepest == 0 || values > self.left {
            return Index {
                always: entries.iter().map(|entry| entry.place).collect(),
                ..Index::default()
            };
        }
        self.left -= values;
        let chosen = choose(&entries);
        let mut below: BTreeMap<Pair, Vec<Entry>> = BTreeMap::new();
        let mut bounded: BTreeMap<(Path, bool), Vec<(f64, Place)>> = BTreeMap::new();
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
                _ => match bound(&entry.required) {
                    Some((path, least, number)) => {
                        bounded.entry((path, least)).or_default().push((number, entry.place));
                    }
                    None => always.push(entry.place),
                },
            }
        }
        let mut fields: BTreeMap<Path, Lookup> = BTreeMap::new();
        for ((path, key), entries) in below {
            let index = self.divide(entries, deepest - 1);
            fields.entry(path).or_insert_with(|| Lookup::new(path)).put(key, index);
        }
        let bounds = bounded
            .into_iter()
            .map(|((path, least), bounds)| Bounds::new(path, least, bounds))
            .collect();
        Index { always: always.into(), fields: fields.into_values().collect(), bounds }
    }
}

/// For each trigger, which of its requirements the fewest others share: of equals, the one on the field that most others use, so that few fields are looked up.
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
        Required::AtLeast(..) | Required::AtMost(..) => None,
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

/// The first bound that is asked for: the field, whether it is the least number, the number.
fn bound(required: &[Rc<Required>]) -> Option<(Path, bool, f64)> {
    required.iter().find_map(|required| match &**required {
        Required::AtLeast(path, number) => Some((*path, true, *number)),
        Required::AtMost(path, number) => Some((*path, false, *number)),
        Required::OneOf(_) => None,
    })
}

impl Bounds {
    fn new(path: Path, least: bool, mut bounds: Vec<(f64, Place)>) -> Self {
        bounds.sort_by(|(a, _), (b, _)| if least { a.total_cmp(b) } else { b.total_cmp(a) });
        Bounds { path, sorted: bounds.into(), least }
    }
}
