//! A fault of a block: where it is, and what is wrong.

use serde_json::{Value, json};

use crate::block_kit::limits::{MAX_MARKDOWN, MAX_TOTAL};

/// What Slack refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer to the value.
    pub pointer: String,
    /// Slack's word for a message with the fault.
    pub word: &'static str,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A text has more characters.
    TooLong(usize),
    /// A text is blank.
    Empty,
    /// A list has more entries.
    TooMany(usize),
    /// A list has fewer entries.
    TooFew(usize),
    /// A row of a table with a header has another number of cells.
    RowLength(usize),
    /// A member is missing.
    Missing(&'static str),
    /// The value has another JSON type than this one.
    WrongType(&'static str),
    /// The `type` is not one of those that can be used here.
    UnknownType {
        /// The type.
        kind: String,
        /// Those that can be used; empty for a block, of which Slack may know more types.
        expected: &'static [&'static str],
    },
    /// The word is not one of these.
    Choice(&'static [&'static str]),
    /// The URL is not one of `http` or `https`.
    NotLink,
    /// An earlier object of the list has the same identifier.
    Duplicate,
    /// The value is nested too deeply.
    TooDeep,
    /// `blocks` is not a list of objects.
    NotBlocks,
    /// The texts of all blocks are too long.
    TotalTooLong,
    /// The texts of all `markdown` blocks are too long.
    MarkdownTooLong,
    /// There are too many attachments.
    TooManyAttachments,
}

impl Fault {
    /// Returns what is wrong in Slack's words, with the pointer, as `chat.postMessage` does.
    #[must_use]
    pub fn line(&self) -> String {
        format!("[ERROR] {} [json-pointer:{}]", self.problem.message(), self.pointer)
    }
}

impl Problem {
    /// Returns Slack's word for a message with this problem.
    #[must_use]
    pub(super) fn word(&self, in_attachment: bool) -> &'static str {
        match self {
            Self::TooManyAttachments => "too_many_attachments",
            Self::TotalTooLong | Self::MarkdownTooLong => "msg_blocks_too_long",
            _ if in_attachment => "invalid_attachments",
            Self::NotBlocks => "invalid_blocks_format",
            _ => "invalid_blocks",
        }
    }

    /// Returns what is wrong in Slack's words.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::TooLong(max) => format!("must be less than {} characters", max + 1),
            Self::Empty => "must be more than 0 characters".to_owned(),
            Self::TooMany(max) => format!("no more than {max} items allowed"),
            Self::TooFew(min) => format!("no less than {min} items allowed"),
            Self::RowLength(width) => format!("must have {width} cells like the first row"),
            Self::Missing(name) => format!("missing required field: {name}"),
            Self::WrongType(name) => format!("must be of type {name}"),
            Self::UnknownType { kind, .. } => {
                let kind: String = kind.chars().take(100).collect();
                format!("unsupported type: {kind}")
            }
            Self::Choice(words) => format!("must be one of {}", words.join(", ")),
            Self::NotLink => "must be a valid URL".to_owned(),
            Self::Duplicate => "must be unique".to_owned(),
            Self::TooDeep => "nested too deeply".to_owned(),
            Self::NotBlocks => "must be an array of objects".to_owned(),
            Self::TotalTooLong => format!("texts must be less than {} characters", MAX_TOTAL + 1),
            Self::MarkdownTooLong => {
                format!("markdown must be less than {} characters", MAX_MARKDOWN + 1)
            }
            Self::TooManyAttachments => "too many attachments".to_owned(),
        }
    }

    /// Returns what Slack expects, as `blocks.validate` does.
    #[must_use]
    pub fn constraint(&self) -> Value {
        let (kind, expected) = match self {
            Self::TooLong(max) => ("max_length", json!(max)),
            Self::Empty => ("min_length", json!(1)),
            Self::TooMany(max) => ("max_items", json!(max)),
            Self::TooFew(min) => ("min_items", json!(min)),
            Self::RowLength(width) => ("items", json!(width)),
            Self::Missing(name) => ("required", json!([name])),
            Self::WrongType(name) => ("type", json!(name)),
            Self::Choice(words) => ("enum", json!(words)),
            Self::TotalTooLong => ("max_length", json!(MAX_TOTAL)),
            Self::MarkdownTooLong => ("max_length", json!(MAX_MARKDOWN)),
            Self::UnknownType { expected, .. } => ("enum", json!(expected)),
            Self::NotLink => ("format", json!("url")),
            Self::Duplicate => ("unique", json!(true)),
            Self::TooDeep | Self::NotBlocks | Self::TooManyAttachments => ("schema", Value::Null),
        };
        json!({ "type": kind, "expected": expected })
    }
}

/// The way to a value from the start of what is checked. Only a fault makes a pointer of it.
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
    depth: usize,
}

pub enum Step<'a> {
    Start,
    Name(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    pub const START: Path<'static> = Path { parent: None, step: Step::Start, depth: 0 };

    pub fn root(name: &'a str) -> Self {
        Self { parent: None, step: Step::Name(name), depth: 1 }
    }

    pub fn name(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Name(name), depth: self.depth + 1 }
    }

    pub fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index), depth: self.depth + 1 }
    }

    pub fn depth(&self) -> usize {
        self.depth
    }

    pub fn pointer(&self) -> String {
        let mut pointer = self.parent.map(Path::pointer).unwrap_or_default();
        match self.step {
            Step::Start => {}
            Step::Name(name) => {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Step::Index(index) => pointer.push_str(&format!("/{index}")),
        }
        pointer
    }
}
