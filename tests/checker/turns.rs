//! The turns of senders that share a limit, such as the channels of an app: whether each gets its
//! turn, however eager the others are.

use std::collections::BTreeMap;

/// For each of these senders, the most posts of others between two posts of it, or after its last
/// one. `posts` are the senders of one process in order.
pub fn longest_waits<'a>(posts: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let mut longest: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = 0;
    for sender in posts {
        let others = last.insert(sender, count).map_or(0, |before| count - before - 1);
        let most = longest.entry(sender).or_default();
        *most = others.max(*most);
        count += 1;
    }
    for (sender, last) in last {
        let most = longest.entry(sender).or_default();
        *most = (count - last - 1).max(*most);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::longest_waits;

    fn waits(posts: &str) -> Vec<usize> {
        let names: Vec<String> = posts.chars().map(String::from).collect();
        longest_waits(names.iter().map(String::as_str)).into_values().collect()
    }

    #[test]
    fn in_turn_each_waits_for_all_others() {
        assert_eq!(waits("abcabcabc"), [2, 2, 2]);
        assert_eq!(waits("acbabcabc"), [2, 2, 3]);
    }

    #[test]
    fn one_that_takes_the_turns_of_others_is_found() {
        assert_eq!(waits("abaaaaba"), [1, 4]);
        // Also where the other gets no turn any more.
        assert_eq!(waits("abaaaa"), [1, 4]);
        assert!(waits("").is_empty());
    }
}
