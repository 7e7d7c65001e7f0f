//! A JSON object: its keys in the order of the event, found fast in large objects too.
//!
//! Invariant: every key is unique. Of a repeated key the last value counts, in the place of the
//! first one, as in JavaScript.

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
    pub fn new(mut entries: Vec<(K, V)>) -> Self {
        if entries.len() <= SMALL {
            let mut kept = 0;
            for at in 0..entries.len() {
                let (before, rest) = entries.split_at_mut(at);
                let Some(entry) = rest.first_mut() else { break };
                match before.iter_mut().take(kept).find(|(key, _)| **key == *entry.0) {
                    Some(same) => std::mem::swap(&mut same.1, &mut entry.1),
                    None => {
                        entries.swap(kept, at);
                        kept += 1;
                    }
                }
            }
            entries.truncate(kept);
            return OrderedMap { entries: entries.into(), sorted: Box::default() };
        }
        let mut sorted = sort(&entries);
        if sorted
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if key(&entries, *a) == key(&entries, *b)))
        {
            entries = without_repetition(entries, &sorted);
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

/// The indexes `0..length`. A record has far fewer than 2^32 keys: Kafka's sizes are 31 bits.
fn indexes(length: usize) -> Vec<u32> {
    (0..u32::try_from(length).unwrap_or(u32::MAX)).collect()
}

/// The indexes in the order of the keys, equal keys in the order of the entries.
fn sort<K: Deref<Target = str>, V>(entries: &[(K, V)]) -> Vec<u32> {
    let mut sorted = indexes(entries.len());
    sorted.sort_by(|&a, &b| key(entries, a).cmp(key(entries, b)));
    sorted
}

fn without_repetition<K: Deref<Target = str>, V>(
    entries: Vec<(K, V)>,
    sorted: &[u32],
) -> Vec<(K, V)> {
    // For each entry, the index of the first entry with its key.
    let mut firsts = indexes(entries.len());
    for same in sorted.chunk_by(|&a, &b| key(&entries, a) == key(&entries, b)) {
        for &at in same {
            if let (Some(to), Some(&first)) = (firsts.get_mut(at as usize), same.first()) {
                *to = first;
            }
        }
    }
    let mut kept: Vec<Option<(K, V)>> = Vec::with_capacity(entries.len());
    for (entry, to) in entries.into_iter().zip(firsts) {
        kept.push(None);
        if let Some(place) = kept.get_mut(to as usize) {
            *place = Some(entry);
        }
    }
    kept.into_iter().flatten().collect()
}
