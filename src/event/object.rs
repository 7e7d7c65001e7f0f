//! A JSON object: its keys in the order of the event, found fast in large objects too.
//!
//! Invariant: every key is unique. Of a repeated key the last value counts, in the place of the
//! first one, as in JavaScript.

use std::collections::HashMap;
use std::ops::Deref;

/// The most entries that are searched one by one; a larger object has an index of its keys.
const SMALL: usize = 16;

/// The entries of a JSON object, with keys `K` and values `V`.
#[derive(Debug, Clone)]
pub struct OrderedMap<K, V> {
    entries: Box<[(K, V)]>,
    /// Indexes into `entries` in the order of the keys; empty in a small object.
    sorted: Box<[u32]>,
}

impl<K, V> Default for OrderedMap<K, V> {
    fn default() -> Self {
        OrderedMap { entries: Box::default(), sorted: Box::default() }
    }
}

impl<K: Deref<Target = str>, V> OrderedMap<K, V> {
    /// Returns an object of these entries; of a repeated key the last value counts.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = (K, V), IntoIter: ExactSizeIterator>) -> Self {
        let entries = entries.into_iter();
        if entries.len() <= SMALL {
            let mut kept: Vec<(K, V)> = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                match kept.iter_mut().find(|(known, _)| **known == *key) {
                    Some(same) => same.1 = value,
                    None => kept.push((key, value)),
                }
            }
            return OrderedMap { entries: kept.into(), sorted: Box::default() };
        }
        let mut entries: Vec<(K, V)> = entries.collect();
        let mut sorted = sort(&entries);
        let is_repeated =
            |pair: &[u32]| matches!(pair, [a, b] if key(&entries, *a) == key(&entries, *b));
        if sorted.windows(2).any(is_repeated) {
            entries = without_repetition(entries);
            sorted = sort(&entries);
        }
        OrderedMap { entries: entries.into(), sorted: sorted.into() }
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&V> {
        if self.sorted.is_empty() {
            return self.entries.iter().find(|(key, _)| **key == *name).map(|(_, value)| value);
        }
        let at = self.sorted.binary_search_by(|&at| key(&self.entries, at).cmp(name)).ok()?;
        self.entries.get(*self.sorted.get(at)? as usize).map(|(_, value)| value)
    }

    /// Returns the keys and values in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> {
        self.entries.iter().map(|(key, value)| (&**key, value))
    }

    /// The entries in their order.
    #[must_use]
    pub fn entries(&self) -> &[(K, V)] {
        &self.entries
    }

    /// The number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the object is `{}`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn key<K: Deref<Target = str>, V>(entries: &[(K, V)], at: u32) -> &str {
    entries.get(at as usize).map_or("", |(key, _)| key)
}

/// The indexes in the order of the keys. A record has far fewer than 2^32 keys: Kafka's sizes have
/// 31 bits.
fn sort<K: Deref<Target = str>, V>(entries: &[(K, V)]) -> Vec<u32> {
    let mut sorted: Vec<u32> = (0..u32::try_from(entries.len()).unwrap_or(u32::MAX)).collect();
    sorted.sort_unstable_by(|&a, &b| key(entries, a).cmp(key(entries, b)));
    sorted
}

fn without_repetition<K: Deref<Target = str>, V>(entries: Vec<(K, V)>) -> Vec<(K, V)> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut place = |key| {
        let next = known.len();
        *known.entry(key).or_insert(next)
    };
    let places: Vec<usize> = entries.iter().map(|(key, _)| place(key)).collect();
    let mut kept: Vec<(K, V)> = Vec::new();
    for ((key, value), place) in entries.into_iter().zip(places) {
        match kept.get_mut(place) {
            Some(same) => same.1 = value,
            None => kept.push((key, value)),
        }
    }
    kept
}
