//! What of a message was left out or cut, so that Slack accepts it.

use crate::label::label;

label! {
    /// One kind of it: the label `what` of `slackline_messages_truncated_total`.
    Truncation {
        /// The text: to 4,000 characters, or to 20 parts of 4,000.
        Message = "message",
        /// The channel, the user or the icon: to 2,000 characters.
        Field = "field",
        /// Rounds of a loop, above the most that a loop or a delivery may have.
        Rounds = "rounds",
        /// A text of a block.
        BlockText = "block_text",
        /// Fields of a section, or elements of a context.
        Fields = "fields",
        /// Rows of a table.
        Rows = "rows",
        /// Blocks.
        Blocks = "blocks",
    }
}

/// The kinds that apply to one message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Truncations(u8);

impl Truncations {
    /// Adds a kind.
    pub fn insert(&mut self, what: Truncation) {
        self.0 |= 1 << what as u8;
    }

    /// Adds a kind if it applies.
    pub fn insert_if(&mut self, what: Truncation, applies: bool) {
        if applies {
            self.insert(what);
        }
    }

    /// Whether nothing was left out.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Every kind that applies, in the order of [`Truncation::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Truncation> {
        Truncation::ALL.into_iter().filter(move |what| self.0 & (1 << *what as u8) != 0)
    }

    /// The kinds' names.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Truncation::as_str).collect()
    }
}

impl Extend<Truncation> for Truncations {
    fn extend<I: IntoIterator<Item = Truncation>>(&mut self, kinds: I) {
        kinds.into_iter().for_each(|what| self.insert(what));
    }
}

impl FromIterator<Truncation> for Truncations {
    fn from_iter<I: IntoIterator<Item = Truncation>>(kinds: I) -> Self {
        let mut all = Self::default();
        all.extend(kinds);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_in_the_set_once() {
        let mut kinds = Truncations::default();
        assert!(kinds.is_empty());
        kinds.extend([Truncation::Blocks, Truncation::Message, Truncation::Blocks]);
        kinds.insert_if(Truncation::Rows, false);
        assert_eq!(kinds.names(), ["message", "blocks"]);
        assert_eq!(Truncation::ALL.into_iter().collect::<Truncations>().iter().count(), 7);
    }
}
