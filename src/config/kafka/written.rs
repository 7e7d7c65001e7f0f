//! Kafka properties as written, with their places.

use crate::config::located::{At, Located};

/// Names and values of `properties` and `property_files`. Values are texts, as written.
pub struct Written(pub Vec<(Located, Located)>);

impl Written {
    /// The value of a property without surrounding blanks, and the place of its name.
    pub fn text(&self, name: &str) -> Option<(&str, &At)> {
        let (key, value) = self.0.iter().find(|(key, _)| key.value == name)?;
        Some((value.value.trim(), &key.at))
    }

    /// The value of a property that is a whole number, and the place of its name.
    pub fn number(&self, name: &str) -> Option<(u64, &At)> {
        let (value, at) = self.text(name)?;
        Some((value.parse().ok()?, at))
    }

    /// Whether the group uses KIP-848's protocol. librdkafka takes the value in any case.
    pub fn is_consumer_protocol(&self) -> bool {
        self.text("group.protocol").is_some_and(|(value, _)| value.eq_ignore_ascii_case("consumer"))
    }
}
