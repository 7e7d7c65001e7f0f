//! A set of actions in few bytes: a Bloom filter with one hash. Pure.
//!
//! Invariant: it contains every action that was added. It seems to contain about one in nine of the
//! others, at eight bits per member: their events are delivered again, none is skipped.

use super::name_index::NameHash;

/// A set of action names that can only grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BloomFilter {
    /// Their number is a power of two, so that the set can be folded.
    bytes: Vec<u8>,
}

impl BloomFilter {
    /// An empty set with a byte for each of this many members, but at most `most` bytes.
    #[must_use]
    pub fn for_members(members: usize, most: usize) -> Self {
        Self { bytes: vec![0; power_of_two_within(members.next_power_of_two(), most)] }
    }

    /// The set with these bytes; `None` if their number is not a power of two.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        bytes.len().is_power_of_two().then_some(Self { bytes })
    }

    /// The set's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds an action.
    pub fn add(&mut self, action: NameHash) {
        let (byte, bit) = self.place(action);
        if let Some(byte) = self.bytes.get_mut(byte) {
            *byte |= bit;
        }
    }

    /// Whether the action may have been added; `false`: it was not.
    #[must_use]
    pub fn may_contain(&self, action: NameHash) -> bool {
        let (byte, bit) = self.place(action);
        self.bytes.get(byte).is_none_or(|byte| byte & bit != 0)
    }

    /// The same set in at most `most` bytes.
    #[must_use]
    pub fn folded(&self, most: usize) -> Self {
        let size = power_of_two_within(self.bytes.len(), most);
        let mut bytes = vec![0; size];
        for (at, byte) in self.bytes.iter().enumerate() {
            bytes[at % size] |= byte;
        }
        Self { bytes }
    }

    fn place(&self, action: NameHash) -> (usize, u8) {
        let number = action.number();
        ((number >> 3) as usize % self.bytes.len().max(1), 1 << (number & 7))
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
            prop_assert!(filter.bytes().len() <= most.max(1));
            for member in &members {
                filter.add(name(*member));
            }
            let folded = filter.folded(folded);
            prop_assert!(members.iter().all(|member| filter.may_contain(name(*member)) && folded.may_contain(name(*member))));
            prop_assert_eq!(BloomFilter::from_bytes(folded.bytes().to_vec()), Some(folded));
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
