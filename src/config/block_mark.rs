//! Markup in the texts of blocks that Slack posts as plain text.

/// One place of it. Whether it is a mistake depends on the action's webhook, which is read later.
pub struct BlockMark {
    /// The offset in the file.
    pub at: usize,
    pub message: String,
    pub help: String,
    /// `@here` and its kin, which `link_names` makes a mention.
    pub is_mention: bool,
}
