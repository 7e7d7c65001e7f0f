//! An object: its keys in the order of the event, found fast in large ones too.
//!
//! Invariant: no key is there twice. Of several, the last value stands in the first one's place, as in JavaScript.

use super::{Text, Value};

/// Up to here, looking at every key is faster than an index.
const SMALL: usize = 16;

/// The entries of a JSON object.
#[derive(Debug, Clone, Default)]
pub struct Object<'a> {
    entries: Box<[(Text<'a>, Value<'a>)]>,
    /// The places of the entries in the order of their keys; empty in a small object.
    sorted: Box<[u32]>,
}

impl<'a> Object<'a> {
    /// An object of these entries; of an equal key the last value counts.
    #[must_use]
    pub fn new(mut entries: Vec<(Text<'a>, Value<'a>)>) -> Self {
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
            return Object { entries: entries.into(), sorted: Box::default() };
        }
        let mut sorted = sort(&entries);
        if sorted
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if key(&entries, *a) == key(&entries, *b)))
        {
            entries = without_repetition(entries, &sorted);
            sorted = sort(&entries);
        }
        Object { entries: entries.into(), sorted: sorted.into() }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        if self.sorted.is_empty() {
            return self.entries.iter().find(|(key, _)| **key == *name).map(|(_, value)| value);
        }
        let at = self.sorted.binary_search_by(|&at| key(&self.entries, at).cmp(name)).ok()?;
        self.entries.get(*self.sorted.get(at)? as usize).map(|(_, value)| value)
    }

    /// The keys and values in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value<'a>)> {
        self.entries.iter().map(|(key, value)| (&**key, value))
    }

    /// The entries in their order.
    #[must_use]
    pub fn entries(&self) -> &[(Text<'a>, Value<'a>)] {
        &self.entries
    }

    /// How many keys it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it is `{}`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn key<'e>(entries: &'e [(Text<'_>, Value<'_>)], at: u32) -> &'e str {
    entries.get(at as usize).map_or("", |(key, _)| key)
}

/// The places in the order of the keys, equal keys in their own order. A record is far smaller than 2^32 keys: Kafka's sizes are 31 bits.
fn sort(entries: &[(Text<'_>, Value<'_>)]) -> Vec<u32> {
    let mut sorted: Vec<u32> = (0..u32::try_from(entries.len()).unwrap_or(u32::MAX)).collect();
    sorted.sort_by(|&a, &b| key(entries, a).cmp(key(entries, b)));
    sorted
}

fn without_repetition<'a>(
    entries: Vec<(Text<'a>, Value<'a>)>,
    sorted: &[u32],
) -> Vec<(Text<'a>, Value<'a>)> {
    let mut stands_at: Vec<u32> = (0..u32::try_from(entries.len()).unwrap_or(u32::MAX)).collect();
    for same in sorted.chunk_by(|&a, &b| key(&entries, a) == key(&entries, b)) {
        for &at in same {
            if let (Some(to), Some(&first)) = (stands_at.get_mut(at as usize), same.first()) {
                *to = first;
            }
        }
    }
    let mut kept: Vec<Option<(Text<'a>, Value<'a>)>> = Vec::with_capacity(entries.len());
    for (entry, to) in entries.into_iter().zip(stands_at) {
        kept.push(None);
        if let Some(place) = kept.get_mut(to as usize) {
            *place = Some(entry);
        }
    }
    kept.into_iter().flatten().collect()
}
