//! What Slack refuses in blocks whatever the event is.

use super::part::{Content, Part};
use crate::block_kit::limits::{MAX_ACTIONS, MAX_TOTAL};
use crate::block_kit::shapes::BLOCKS;
use crate::block_kit::validate::{Fault, Problem, blocks};
use crate::config::names::nearest;
use crate::config::reader::Reader;
use crate::config::source::quotable;

/// Reports the faults of the blocks `root`. Those at the indices `grouped` consist of buttons,
/// which are divided among several blocks where they are too many. Returns whether they can be
/// sent.
pub fn check(root: &Part, grouped: &[usize], reader: &mut Reader<'_>) -> bool {
    let mut is_valid = true;
    // Entries that depend on the event count for nothing, but are checked as the others.
    for only_certain in [false, true] {
        for fault in blocks(&root.sample(only_certain)) {
            let part = root.find(&fault.pointer, only_certain);
            let is_grouped = || {
                let parts = match &root.content {
                    Content::List(entries) => entries.as_slice(),
                    _ => &[],
                };
                let shared = grouped.iter().filter_map(|index| parts.get(*index));
                fault.problem == Problem::TooMany(MAX_ACTIONS)
                    && shared.map(|entry| entry.part.at).any(|at| at == part.at)
            };
            let is_rendered = matches!(part.content, Content::Text(..));
            if counts(&fault.problem) == only_certain && !is_rendered && !is_grouped() {
                is_valid &= report(&fault, part.at, reader);
            }
        }
    }
    is_valid
}

/// Whether a problem is one of several entries together.
fn counts(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::TooMany(_) | Problem::Duplicate | Problem::TotalTooLong | Problem::MarkdownTooLong
    )
}

/// Reports a fault at its place. Returns whether the blocks can be sent all the same.
fn report(fault: &Fault, at: usize, reader: &mut Reader<'_>) -> bool {
    if let Problem::UnknownType { kind, expected: [] } = &fault.problem {
        let names: Vec<&str> = BLOCKS.iter().map(|shape| shape.name).collect();
        let help = match nearest(kind, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "Slack refuses a message with a type that it does not know".to_owned(),
        };
        reader.warn(at, format!("unknown type of block `{}`", quotable(kind)), help);
        return true;
    }
    let (message, help) = words(&fault.problem);
    reader.error(at, message, help);
    false
}

/// Returns what is wrong, and the remedy.
fn words(problem: &Problem) -> (String, String) {
    let shorten = || "shorten it: Slack refuses the message".to_owned();
    let fewer = || "remove some: Slack refuses the message".to_owned();
    match problem {
        Problem::TooLong(max) => (format!("the text has more than {max} characters"), shorten()),
        Problem::Empty => ("the text is empty".into(), "give it a value, or remove it".into()),
        Problem::TooMany(max) => (format!("the list has more than {max} entries"), fewer()),
        Problem::TooFew(min) => {
            (format!("the list has fewer than {min} entries"), "add one".to_owned())
        }
        Problem::RowLength(width) => {
            (format!("the row does not have {width} cells"), "make all rows equally long".into())
        }
        Problem::Missing(name) => (format!("the object has no `{name}`"), format!("add `{name}`")),
        Problem::WrongType(name) => {
            let article = if name.starts_with(['a', 'o']) { "an" } else { "a" };
            (format!("the value is not {article} {name}"), format!("write {article} {name}"))
        }
        Problem::UnknownType { kind, expected } => (
            format!("the type `{}` cannot be used here", quotable(kind)),
            format!("write {}", expected.join(" or ")),
        ),
        Problem::Choice(words) => {
            ("the value is unknown to Slack".to_owned(), format!("write {}", words.join(" or ")))
        }
        Problem::NotLink => {
            ("the value is not a URL of http or https".into(), "write `https://…`".into())
        }
        Problem::Duplicate => {
            ("the identifier is a duplicate".into(), "remove it: Slack chooses one".into())
        }
        Problem::TooDeep => ("the block is nested too deeply".into(), "flatten it".into()),
        Problem::NotBlocks => ("a block is not an object".into(), "write a mapping".into()),
        Problem::TotalTooLong => {
            (format!("the texts of all blocks have more than {MAX_TOTAL} characters"), shorten())
        }
        Problem::MarkdownTooLong => ("the `markdown` blocks are too long".into(), shorten()),
        Problem::TooManyAttachments => ("too many attachments".into(), fewer()),
    }
}
