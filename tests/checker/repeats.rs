//! Repeated posts, each put down to the fault that it came of: what a promise of "at most so many per webhook and fault" is held against.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use super::Post;

/// A request can reach Slack this long after the process that made it was seen dead: it waited in a socket.
const LATE: Duration = Duration::from_millis(50);

/// What came twice.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    /// By fault (its number) and webhook: the ids, as often as each came again.
    pub by_fault: BTreeMap<(usize, String), Vec<u64>>,
    /// Those with no fault between the post and its repetition: nothing excuses them.
    pub causeless: Vec<(String, u64)>,
}

impl Repeats {
    /// Looks for accepted posts that came again. `faults` are the moments, in their order, at which each fault was over: what a killed process had in
    /// doubt was posted before, and its repetition comes after. Several faults between the two: the first of them left it in doubt.
    pub fn find(posts: &[Post], faults: &[Duration]) -> Self {
        assert!(faults.is_sorted(), "faults come in their order");
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

    /// All of them.
    pub fn total(&self) -> usize {
        self.by_fault.values().map(Vec::len).sum::<usize>() + self.causeless.len()
    }

    /// The most of one webhook after one fault.
    pub fn most(&self) -> usize {
        self.by_fault.values().map(Vec::len).max().unwrap_or(0)
    }

    /// Fails the test where a webhook got more than `bound` of it after one fault, or anything without a fault.
    #[track_caller]
    pub fn assert_within(&self, bound: impl Fn(&str) -> usize) {
        let over: Vec<_> =
            self.by_fault.iter().filter(|((_, webhook), ids)| ids.len() > bound(webhook)).collect();
        assert!(over.is_empty(), "more than the bound came twice, by fault and webhook: {over:?}");
        assert!(self.causeless.is_empty(), "came twice without a fault: {:?}", self.causeless);
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
