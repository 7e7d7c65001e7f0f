//! The configured topics: their names, and how many partitions each has as far as the client knows.

use crate::event::TopicIndex;

/// Names and partition counts, by [`TopicIndex`].
#[derive(Debug, Clone)]
pub struct Topics {
    topics: Vec<Topic>,
}

#[derive(Debug, Clone)]
struct Topic {
    name: String,
    /// `None` until the cluster has said.
    partitions: Option<u32>,
}

impl Topics {
    /// The topics of a configuration, nothing known of them yet.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self { topics: names.into_iter().map(|name| Topic { name, partitions: None }).collect() }
    }

    /// Every configured topic.
    pub fn indices(&self) -> impl Iterator<Item = TopicIndex> + use<> {
        (0..u32::try_from(self.topics.len()).unwrap_or(u32::MAX)).map(TopicIndex)
    }

    /// The topic of that name, if it is a configured one.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<TopicIndex> {
        self.indices().find(|index| self.name(*index) == name)
    }

    /// A topic's name.
    #[must_use]
    pub fn name(&self, index: TopicIndex) -> &str {
        self.topics.get(index.0 as usize).map_or("", |topic| topic.name.as_str())
    }

    /// How many partitions a topic has; `None` while it is not known, or the topic does not exist.
    #[must_use]
    pub fn partitions(&self, index: TopicIndex) -> Option<u32> {
        self.topics.get(index.0 as usize)?.partitions
    }

    /// Notes how many partitions a topic has. Whether that is news.
    pub fn set_partitions(&mut self, index: TopicIndex, count: u32) -> bool {
        match self.topics.get_mut(index.0 as usize) {
            Some(topic) if topic.partitions != Some(count) => {
                topic.partitions = Some(count);
                true
            }
            _ => false,
        }
    }
}
