//! How many parts each pending delivery has posted. Pure.

use std::collections::BTreeMap;

use crate::commit::name_index::NameHash;
use crate::event::Offset;

/// By a delivery's event and action: the number of parts, over zero. An action posts an event once,
/// so that the webhook does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartsSent(BTreeMap<(Offset, NameHash), u8>);

impl PartsSent {
    /// The number of parts of a delivery.
    #[must_use]
    pub fn get(&self, offset: Offset, action: NameHash) -> u8 {
        self.0.get(&(offset, action)).copied().unwrap_or_default()
    }

    /// Records the number of parts of a delivery.
    pub fn insert(&mut self, offset: Offset, action: NameHash, parts: u8) {
        if parts > 0 {
            self.0.insert((offset, action), parts);
        }
    }

    /// The number of deliveries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no delivery has posted a part.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every delivery with its number of parts, by offset.
    pub fn iter(&self) -> impl Iterator<Item = (Offset, NameHash, u8)> + '_ {
        self.0.iter().map(|((offset, action), parts)| (*offset, *action, *parts))
    }

    /// Forgets the events for which `keep` does not hold.
    pub fn retain(&mut self, keep: impl Fn(Offset) -> bool) {
        self.0.retain(|(offset, _), _| keep(*offset));
    }

    /// Returns the `count` deliveries with the most parts.
    #[must_use]
    pub fn most(&self, count: usize) -> Self {
        if self.len() <= count {
            return self.clone();
        }
        let mut all: Vec<_> = self.0.iter().map(|(key, parts)| (*key, *parts)).collect();
        all.sort_unstable_by_key(|(key, parts)| (std::cmp::Reverse(*parts), *key));
        all.truncate(count);
        Self(all.into_iter().collect())
    }
}
