//! Maps a [`TopicIndex`] to its topic's name and back, for Kafka requests and logs.

use std::sync::Arc;

use crate::event::TopicIndex;

/// The names, by [`TopicIndex`]. Cheap to clone; a restart is needed to change them.
#[derive(Debug, Clone)]
pub struct TopicNames(Arc<[String]>);

impl TopicNames {
    /// The topics of a configuration, in its order.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Every configured topic.
    pub fn indices(&self) -> impl Iterator<Item = TopicIndex> + use<> {
        (0..u32::try_from(self.0.len()).unwrap_or(u32::MAX)).map(TopicIndex)
    }

    /// All names, in the configuration's order.
    #[must_use]
    pub fn all(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }

    /// The topic of that name, if it is a configured one.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<TopicIndex> {
        self.indices().find(|index| self.name(*index) == name)
    }

    /// A topic's name.
    #[must_use]
    pub fn name(&self, index: TopicIndex) -> &str {
        self.0.get(index.0 as usize).map_or("", String::as_str)
    }
}
