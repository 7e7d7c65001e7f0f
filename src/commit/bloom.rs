//! A set of actions in few bytes: a Bloom filter with one hash. Pure.
//!
//! Invariant: it contains every action that was added. It seems to contain about one in nine of the
//! others, at eight bits per member: their events are delivered again, none is skipped.

use serde::{Deserialize, Serialize};

use super::name_index::NameHash;

/// A set of action names that can only grow. The number of bytes is a power of two, so that the set
/// can be folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>")]
pub struct BloomFilter(Vec<u8>);

impl BloomFilter {
    /// An empty set with a byte for each of this many members, but at most `most` bytes.
    #[must_use]
    pub fn for_members(members: usize, most: usize) -> Self {
        Self(vec![0; power_of_two_within(members.next_power_of_two(), most)])
    }

    /// Adds an action.
    pub fn add(&mut self, action: NameHash) {
        let (byte, bit) = self.place(action);
        self.0[byte] |= bit;
    }

    /// Whether the action may have been added; `false`: it was not.
    #[must_use]
    pub fn may_contain(&self, action: NameHash) -> bool {
        let (byte, bit) = self.place(action);
        self.0[byte] & bit != 0
    }

    /// The same set in at most `most` bytes.
    #[must_use]
    pub fn folded(&self, most: usize) -> Self {
        let size = power_of_two_within(self.0.len(), most);
        let mut bytes = vec![0; size];
        for (at, byte) in self.0.iter().enumerate() {
            bytes[at % size] |= byte;
        }
        Self(bytes)
    }

    fn place(&self, action: NameHash) -> (usize, u8) {
        let number = action.number();
        ((number >> 3) as usize % self.0.len(), 1 << (number & 7))
    }
}

impl TryFrom<Vec<u8>> for BloomFilter {
    type Error = &'static str;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
        if bytes.len().is_power_of_two() { Ok(Self(bytes)) } else { Err("no power of two") }
    }
}

/// The largest power of two that is at most `size` (a power of two itself) and at most `most`; at
/// least 1.
fn power_of_two_within(size: usize, most: usize) -> usize {
    let most = most.max(1);
    size.max(1).min(if most.is_power_of_two() { most } else { most.next_power_of_two() / 2 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(number: u32) -> NameHash {
        NameHash::of(&number.to_string())
    }

    proptest! {
        #[test]
        fn added_members_are_found_also_after_folding(members in prop::collection::vec(any::<u32>(), 0..200), most in 0..300usize, folded in 0..300usize) {
            let mut filter = BloomFilter::for_members(members.len(), most);
            prop_assert!(filter.0.len() <= most.max(1));
            for member in &members {
                filter.add(name(*member));
            }
            let folded = filter.folded(folded);
            prop_assert!(members.iter().all(|member| filter.may_contain(name(*member)) && folded.may_contain(name(*member))));
            prop_assert_eq!(BloomFilter::try_from(folded.0.clone()), Ok(folded));
        }
    }

    #[test]
    fn few_others_are_found() {
        let mut filter = BloomFilter::for_members(256, 256);
        (0..256).for_each(|number| filter.add(name(number)));
        let others = (1000..2000).filter(|number| filter.may_contain(name(*number))).count();
        assert!((50..200).contains(&others), "{others} of 1,000; 118 are expected");
    }
}
