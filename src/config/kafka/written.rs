//! Kafka properties as written, with their places.

use crate::config::located::{At, Located};

/// `properties` and `property_files` as one.
pub struct Written(pub Vec<Property>);

/// One property.
pub struct Property {
    pub name: Located,
    /// The text, as written. `None`: it could not be read, which is reported, or it comes from
    /// outside the file and is not known.
    pub value: Option<Located>,
}

impl Written {
    /// The place of a property's name, if it is written.
    pub fn place(&self, name: &str) -> Option<&At> {
        self.find(name).map(|property| &property.name.at)
    }

    /// Whether a property is written and its value is not known. A rule that depends on it cannot
    /// be judged.
    pub fn is_unknown(&self, name: &str) -> bool {
        self.find(name).is_some_and(|property| property.value.is_none())
    }

    /// The value of a property without surrounding blanks, and the place of its name.
    pub fn text(&self, name: &str) -> Option<(&str, &At)> {
        let Property { name, value } = self.find(name)?;
        Some((value.as_ref()?.value.trim(), &name.at))
    }

    /// The value of a property that is a whole number, and the place of its name.
    pub fn number(&self, name: &str) -> Option<(u64, &At)> {
        let (value, at) = self.text(name)?;
        Some((value.parse().ok()?, at))
    }

    /// The value of a property that is a whole number, or `default` where it is not written.
    /// `None`: it is not known, or not a number.
    pub fn number_or(&self, name: &str, default: u64) -> Option<u64> {
        match self.place(name) {
            Some(_) => self.number(name).map(|(number, _)| number),
            None => Some(default),
        }
    }

    /// Whether the group uses KIP-848's protocol. librdkafka takes the value in any case.
    pub fn is_consumer_protocol(&self) -> bool {
        self.text("group.protocol").is_some_and(|(value, _)| value.eq_ignore_ascii_case("consumer"))
    }

    fn find(&self, name: &str) -> Option<&Property> {
        self.0.iter().find(|property| property.name.value == name)
    }
}
