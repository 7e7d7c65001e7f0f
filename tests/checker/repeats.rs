//! Repeated posts, each attributed to the fault that caused it: the measure for the promise of at
//! most N repeated posts per webhook and fault.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use super::Post;

/// A request can reach Slack this long after its process was seen dead, because it waited in a
/// socket.
const LATE: Duration = Duration::from_millis(50);

/// The repeated posts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    /// The ids by fault (its number) and webhook, once per repetition.
    pub by_fault: BTreeMap<(usize, String), Vec<u64>>,
    /// Posts without a fault between the post and its repetition: never allowed.
    pub causeless: Vec<(String, u64)>,
}

impl Repeats {
    /// Finds accepted posts that were repeated. `faults` are the sorted moments at which each fault
    /// was over: a killed process posted before that moment, and the repetition arrives after it.
    /// If several faults lie between the two, the first one counts.
    pub fn find(posts: &[Post], faults: &[Duration]) -> Self {
        assert!(faults.is_sorted(), "faults are not sorted");
        let mut repeats = Self::default();
        let mut last: HashMap<(&str, u64), Duration> = HashMap::new();
        for post in posts.iter().filter(|post| post.accepted) {
            let Some(before) = last.insert((&post.webhook, post.id), post.at) else { continue };
            let fault = faults.partition_point(|fault| *fault + LATE < before);
            if faults.get(fault).is_some_and(|fault| *fault <= post.at) {
                repeats.by_fault.entry((fault, post.webhook.clone())).or_default().push(post.id);
            } else {
                repeats.causeless.push((post.webhook.clone(), post.id));
            }
        }
        repeats
    }

    /// The number of all repetitions.
    pub fn total(&self) -> usize {
        self.by_fault.values().map(Vec::len).sum::<usize>() + self.causeless.len()
    }

    /// The most repetitions of one webhook after one fault.
    pub fn most(&self) -> usize {
        self.by_fault.values().map(Vec::len).max().unwrap_or(0)
    }

    /// Fails the test if a webhook got more than `bound` repetitions after one fault, or any
    /// without a fault.
    #[track_caller]
    pub fn assert_within(&self, bound: impl Fn(&str) -> usize) {
        let over: Vec<_> =
            self.by_fault.iter().filter(|((_, webhook), ids)| ids.len() > bound(webhook)).collect();
        assert!(over.is_empty(), "more repetitions than the bound, by fault and webhook: {over:?}");
        assert!(self.causeless.is_empty(), "repeated without a fault: {:?}", self.causeless);
    }
}

impl fmt::Display for Repeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "repeated {}", self.total())?;
        if self.causeless.is_empty() {
            Ok(())
        } else {
            write!(f, ", {} without a fault", self.causeless.len())
        }
    }
}

#[cfg(test)]
mod tests;
