//! The configured topics: their names, and how many partitions and which id each has as far as the client knows.

use crate::event::{TopicId, TopicIndex};

/// Names, partition counts and ids, by [`TopicIndex`].
#[derive(Debug, Clone)]
pub(super) struct TopicTable {
    topics: Vec<Topic>,
}

#[derive(Debug, Clone)]
struct Topic {
    name: String,
    /// `None` until the cluster has said.
    partitions: Option<u32>,
    /// Of the topic that is being read; `None` until the cluster has said.
    id: Option<TopicId>,
    /// It was made anew while this process watched: what was committed before went with the old one.
    remade: bool,
}

impl TopicTable {
    /// The topics of a configuration, nothing known of them yet.
    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self {
            topics: names
                .into_iter()
                .map(|name| Topic { name, partitions: None, id: None, remade: false })
                .collect(),
        }
    }

    /// Every configured topic.
    pub(super) fn indices(&self) -> impl Iterator<Item = TopicIndex> + use<> {
        (0..u32::try_from(self.topics.len()).unwrap_or(u32::MAX)).map(TopicIndex)
    }

    /// The topic of that name, if it is a configured one.
    #[must_use]
    pub(super) fn index(&self, name: &str) -> Option<TopicIndex> {
        self.indices().find(|index| self.name(*index) == name)
    }

    /// A topic's name.
    #[must_use]
    pub(super) fn name(&self, index: TopicIndex) -> &str {
        self.topics.get(index.0 as usize).map_or("", |topic| topic.name.as_str())
    }

    /// How many partitions a topic has; `None` while it is not known, or the topic does not exist.
    #[must_use]
    pub(super) fn partitions(&self, index: TopicIndex) -> Option<u32> {
        self.topics.get(index.0 as usize)?.partitions
    }

    /// Notes how many partitions a topic has. Whether that is news.
    pub(super) fn set_partitions(&mut self, index: TopicIndex, count: u32) -> bool {
        match self.topics.get_mut(index.0 as usize) {
            Some(topic) if topic.partitions != Some(count) => {
                topic.partitions = Some(count);
                true
            }
            _ => false,
        }
    }

    /// The id of the topic that is being read: what a commit of its partitions names.
    #[must_use]
    pub(super) fn id(&self, index: TopicIndex) -> Option<TopicId> {
        self.topics.get(index.0 as usize)?.id
    }

    /// Whether a topic was made anew since this process first saw it.
    #[must_use]
    pub(super) fn is_remade(&self, index: TopicIndex) -> bool {
        self.topics.get(index.0 as usize).is_some_and(|topic| topic.remade)
    }

    /// Notes a topic's id. Only where nothing of an earlier topic of that name is owned: its offsets are not of this one.
    pub(super) fn set_id(&mut self, index: TopicIndex, id: TopicId) {
        if let Some(topic) = self.topics.get_mut(index.0 as usize) {
            topic.remade |= topic.id.is_some_and(|before| before != id);
            topic.id = Some(id);
        }
    }
}
