//! [5] What a commit says besides its offset. Pure: text in, text out.
//!
//! The offset alone cannot tell a partition that was added to its topic later (to be read from its beginning) from one of a group that is only just
//! starting (to be read from where `start` says): the topic's partition count at the time of the commit does.
//! Invariant: what another program wrote, or a later version of this one, is no metadata; the committed offset then counts alone.

use crate::event::TopicId;

/// The version mark that every commit's metadata begins with.
const VERSION: &str = "slackline/1";

/// The metadata of one partition's commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// How many partitions the topic had when the commit was made.
    pub partitions: u32,
    /// Which topic of that name the offset is of, where the broker told.
    pub topic: Option<TopicId>,
}

impl Metadata {
    /// As it is committed: ASCII, under 75 bytes.
    #[must_use]
    pub fn encode(self) -> String {
        let topic = self.topic.map(|topic| format!(" topic={topic}")).unwrap_or_default();
        format!("{VERSION} partitions={}{topic}", self.partitions)
    }

    /// What a commit's metadata says, if slackline wrote it.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = std::str::from_utf8(bytes).ok()?.strip_prefix(VERSION)?.strip_prefix(" partitions=")?;
        let (partitions, topic) = match rest.split_once(" topic=") {
            Some((partitions, topic)) => (partitions, Some(TopicId(u128::from_str_radix(topic, 16).ok()?))),
            None => (rest, None),
        };
        Some(Self { partitions: partitions.parse().ok()?, topic })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(partitions: u32, topic: Option<u128>) {
            let metadata = Metadata { partitions, topic: topic.map(TopicId) };
            prop_assert_eq!(Metadata::decode(metadata.encode().as_bytes()), Some(metadata));
            prop_assert!(metadata.encode().is_ascii() && metadata.encode().len() <= 73);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Metadata::decode(&bytes);
        }
    }

    #[test]
    fn foreign_metadata_is_none() {
        for foreign in [
            "",
            "slackline/2 partitions=3",
            "slackline/1",
            "slackline/1 partitions=",
            "slackline/1 partitions=-1",
            "slackline/1 partitions=3 topic=x",
            "AgAAAXq9",
        ] {
            assert_eq!(Metadata::decode(foreign.as_bytes()), None, "{foreign}");
        }
        assert_eq!(Metadata::decode(&[0xff, 0xfe]), None);
    }
}
