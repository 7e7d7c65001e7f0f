//! The few smallest members of a set, which stand for it where there is little room. Pure.
//!
//! Invariant: equal sets have equal sketches. A sketch that shares no member with another set was
//! taken of a set that shares few with it, as a rule none: of two sets that share half of their
//! members, one case in sixteen is missed.

use serde::{Deserialize, Serialize};

/// The most members of a sketch.
const MOST: usize = 4;

/// A sketch of a set; empty for an empty set, or where none was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch<T>(Vec<T>);

impl<T> Default for Sketch<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Ord> Sketch<T> {
    /// The sketch of a set whose members may be repeated.
    pub fn of(members: impl IntoIterator<Item = T>) -> Self {
        let mut members: Vec<T> = members.into_iter().collect();
        members.sort_unstable();
        members.dedup();
        members.truncate(MOST);
        members.shrink_to_fit();
        Self(members)
    }

    /// Whether the set has no members, as far as known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the sketch has members and the other set, which `contains` tests, has none of them.
    pub fn is_foreign_to(&self, contains: impl Fn(T) -> bool) -> bool {
        !self.is_empty() && !self.0.iter().any(|member| contains(*member))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set() -> impl Strategy<Value = BTreeSet<u8>> {
        prop::collection::btree_set(0..30u8, 0..12)
    }

    proptest! {
        #[test]
        fn a_sketch_is_foreign_only_to_sets_without_its_smallest_members(one in set(), other in set()) {
            let sketch = Sketch::of(one.iter().copied().chain(one.iter().rev().copied()));
            let smallest: BTreeSet<u8> = one.iter().copied().take(MOST).collect();
            let foreign = sketch.is_foreign_to(|member| other.contains(&member));
            prop_assert_eq!(foreign, !one.is_empty() && smallest.is_disjoint(&other));
            prop_assert!(!sketch.is_foreign_to(|member| one.contains(&member)));
            // Of sets that are not larger than a sketch, nothing is missed.
            prop_assert!(one.len() > MOST || one.is_empty() || foreign == one.is_disjoint(&other));
        }
    }
}
