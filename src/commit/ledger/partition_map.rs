//! A map by partition that remembers the entry it found last: records come in runs of one
//! partition. Pure.
//!
//! Invariant: it has the contents of a `BTreeMap`; the remembered index only shortens the search.

use std::cell::Cell;

use crate::event::Partition;

/// A sorted vector: few entries, many look-ups.
#[derive(Debug)]
pub struct PartitionMap<T> {
    entries: Vec<(Partition, T)>,
    last: Cell<usize>,
}

impl<T> PartitionMap<T> {
    pub fn new() -> Self {
        Self { entries: Vec::new(), last: Cell::new(0) }
    }

    #[inline]
    pub fn get(&self, partition: Partition) -> Option<&T> {
        Some(&self.entries[self.find(partition)?].1)
    }

    #[inline]
    pub fn get_mut(&mut self, partition: Partition) -> Option<&mut T> {
        let at = self.find(partition)?;
        Some(&mut self.entries[at].1)
    }

    /// Replaces an entry of the same partition.
    pub fn insert(&mut self, partition: Partition, value: T) {
        match self.search(partition) {
            Ok(at) => self.entries[at].1 = value,
            Err(at) => self.entries.insert(at, (partition, value)),
        }
    }

    pub fn remove(&mut self, partition: Partition) -> Option<T> {
        let at = self.search(partition).ok()?;
        Some(self.entries.remove(at).1)
    }

    /// In the partitions' order.
    pub fn iter(&self) -> impl Iterator<Item = (Partition, &T)> {
        self.entries.iter().map(|(partition, value)| (*partition, value))
    }

    /// In the partitions' order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Partition, &mut T)> {
        self.entries.iter_mut().map(|(partition, value)| (*partition, value))
    }

    #[inline]
    fn find(&self, partition: Partition) -> Option<usize> {
        let last = self.last.get();
        if self.entries.get(last).is_some_and(|(at, _)| *at == partition) {
            return Some(last);
        }
        let at = self.search(partition).ok()?;
        self.last.set(at);
        Some(at)
    }

    fn search(&self, partition: Partition) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&partition, |(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::TopicIndex;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(Partition, u32),
        Remove(Partition),
        Get(Partition),
        Add(Partition),
    }

    fn step() -> impl Strategy<Value = Step> {
        let partition = || {
            (0..3u32, 0..4i32)
                .prop_map(|(topic, number)| Partition { topic: TopicIndex(topic), number })
        };
        prop_oneof![
            (partition(), any::<u32>()).prop_map(|(at, value)| Step::Insert(at, value)),
            partition().prop_map(Step::Remove),
            partition().prop_map(Step::Get),
            partition().prop_map(Step::Add),
        ]
    }

    proptest! {
        #[test]
        fn it_behaves_as_a_map(steps in prop::collection::vec(step(), 0..100)) {
            let (mut map, mut model) = (PartitionMap::new(), BTreeMap::new());
            for step in steps {
                match step {
                    Step::Insert(at, value) => {
                        map.insert(at, value);
                        model.insert(at, value);
                    }
                    Step::Remove(at) => prop_assert_eq!(map.remove(at), model.remove(&at)),
                    Step::Get(at) => prop_assert_eq!(map.get(at), model.get(&at)),
                    Step::Add(at) => {
                        let add = |value: &mut u32| *value = value.wrapping_add(1);
                        prop_assert_eq!(map.get_mut(at).map(add), model.get_mut(&at).map(add));
                    }
                }
                prop_assert!(map.iter().eq(model.iter().map(|(at, value)| (*at, value))));
            }
        }
    }
}
