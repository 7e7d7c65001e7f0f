//! The limits of a message, and how the table of [`super::shapes`] describes those of a block.
//!
//! [`super::validate`] refuses what exceeds them, and [`super::fit`] cuts it. Characters are
//! Unicode scalar values, as sent.

/// The most blocks of a message.
pub const MAX_BLOCKS: usize = 50;

/// The most attachments of a message.
pub const MAX_ATTACHMENTS: usize = 100;

/// The most characters in all `text`, `alt_text`, `title` and `fallback` strings of a message's
/// blocks. Slack publishes no limit: users report refusals from about 11,000 on, and none below
/// 9,600.
pub const MAX_TOTAL: usize = 9_500;

/// The most characters in all `markdown` blocks of a message.
pub const MAX_MARKDOWN: usize = 12_000;

/// The most elements of an `actions` block.
pub const MAX_ACTIONS: usize = 25;

/// The most cells of a table's row.
pub const MAX_CELLS: usize = 20;

/// The most characters of a text that has no limit in the table.
pub const MAX_TEXT: usize = 3_000;

/// The most characters of a URL.
pub const MAX_URL: usize = 3_000;

/// A block larger than this is cut when the message is too long; a smaller one is removed.
pub const LARGE_BLOCK: usize = 3_000;

/// The members whose strings count towards [`MAX_TOTAL`].
pub const COUNTED: [&str; 4] = ["text", "alt_text", "title", "fallback"];

/// The members that every block and element may have.
pub const COMMON: &[Field] = &[
    Field { name: "block_id", need: Need::Optional, holds: Holds::Word(255) },
    Field { name: "action_id", need: Need::Optional, holds: Holds::Word(255) },
];

/// One type of block or element.
#[derive(Debug)]
pub struct Shape {
    /// Its `type`.
    pub name: &'static str,
    /// The members with a limit. Others are kept unchanged.
    pub fields: &'static [Field],
    /// Members of which it must have one; empty: none of them is needed.
    pub one_of: &'static [&'static str],
}

/// One member of a block or an element.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What happens without it.
    pub need: Need,
    /// Its value.
    pub holds: Holds,
}

/// What a block or an element is without a member, or with one that cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The rest is shown.
    Optional,
    /// It is invalid, and left out.
    Required,
    /// It is valid without the member, but left out if the member is there and cannot be shown: a
    /// button whose link is broken does nothing.
    IfPresent,
}

/// The value of a member.
#[derive(Debug, Clone, Copy)]
pub enum Holds {
    /// A text object of at most this many characters.
    Text(Form, usize),
    /// A string that is shown, of at most this many characters.
    String(usize),
    /// A string with Slack's markup, of at most this many characters.
    Markup(usize),
    /// An identifier of at most this many characters: it cannot be cut.
    Word(usize),
    /// A link to a page or a picture.
    Url,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One object.
    One(Of),
    /// At least one object, and at most this many.
    List(usize, Of),
    /// The rows of a table: the least and the most of them.
    Rows(usize, usize),
}

/// The form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A text object of type `plain_text`.
    Plain,
    /// A text object of either type.
    Any,
    /// A string, or a text object of either type.
    Loose,
}

/// The objects of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Blocks.
    Block,
    /// Blocks of one type.
    Only(&'static str),
    /// Text objects of at most this many characters.
    Text(usize),
    /// Text objects and images.
    Context,
    /// Elements: buttons, images, menus, parts of a rich text.
    Element,
}
