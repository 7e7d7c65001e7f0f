//! Finds what Slack refuses in blocks and attachments, with a JSON pointer to each fault.

use serde_json::{Map, Value};

use super::limits::{
    COMMON, Field, Form, Holds, MAX_ATTACHMENTS, MAX_BLOCKS, MAX_CELLS, MAX_MARKDOWN, MAX_TEXT,
    MAX_TOTAL, MAX_URL, Need, Of, Shape,
};
use super::text::{is_blank, is_link, size};
use super::{MAX_DEPTH, characters, shapes, type_of};

mod fault;

pub use fault::{Fault, Problem};

use fault::Path;

/// The most faults that are reported.
const MAX_FAULTS: usize = 50;

/// Returns the faults of a message's `blocks` and `attachments`; null: it has none.
#[must_use]
pub fn message(blocks: &Value, attachments: &Value) -> Vec<Fault> {
    let mut checker = Checker { faults: Vec::new(), in_attachment: false };
    if !blocks.is_null() {
        checker.blocks(blocks, &Path::root("blocks"));
    }
    if !attachments.is_null() {
        checker.attachments(attachments, &Path::root("attachments"));
    }
    checker.faults
}

/// Returns the faults of a list of blocks; pointers start at the list.
#[must_use]
pub fn blocks(blocks: &Value) -> Vec<Fault> {
    let mut checker = Checker { faults: Vec::new(), in_attachment: false };
    checker.blocks(blocks, &Path::START);
    checker.faults
}

struct Checker {
    faults: Vec<Fault>,
    in_attachment: bool,
}

impl Checker {
    fn fault(&mut self, at: &Path<'_>, problem: Problem) {
        if self.faults.len() < MAX_FAULTS {
            let word = problem.word(self.in_attachment);
            self.faults.push(Fault { pointer: at.pointer(), word, problem });
        }
    }

    fn attachments(&mut self, attachments: &Value, at: &Path<'_>) {
        self.in_attachment = true;
        let Value::Array(items) = attachments else {
            return self.fault(at, Problem::WrongType("array"));
        };
        if items.len() > MAX_ATTACHMENTS {
            self.fault(at, Problem::TooManyAttachments);
        }
        for (index, item) in items.iter().enumerate() {
            let at = at.index(index);
            match (item.is_object(), item.get("blocks")) {
                (false, _) => self.fault(&at, Problem::WrongType("object")),
                (true, Some(blocks)) => self.blocks(blocks, &at.name("blocks")),
                (true, None) => {}
            }
        }
        self.in_attachment = false;
    }

    fn blocks(&mut self, blocks: &Value, at: &Path<'_>) {
        let Value::Array(items) = blocks else {
            return self.fault(at, Problem::NotBlocks);
        };
        if items.iter().any(|item| !item.is_object()) {
            return self.fault(at, Problem::NotBlocks);
        }
        if items.len() > MAX_BLOCKS {
            self.fault(at, Problem::TooMany(MAX_BLOCKS));
        }
        self.each(items, at, "block_id", |checker, item, at| checker.block(item, at));
        if items.iter().map(size).sum::<usize>() > MAX_TOTAL {
            self.fault(at, Problem::TotalTooLong);
        }
        let is_markdown = |item: &&Value| type_of(item) == "markdown";
        if items.iter().filter(is_markdown).map(size).sum::<usize>() > MAX_MARKDOWN {
            self.fault(at, Problem::MarkdownTooLong);
        }
    }

    /// Checks each object of a list, and that no two have the same identifier.
    fn each(
        &mut self,
        items: &[Value],
        at: &Path<'_>,
        id: &'static str,
        check: impl Fn(&mut Self, &Value, &Path<'_>),
    ) {
        let mut seen = std::collections::HashSet::new();
        for (index, item) in items.iter().enumerate() {
            let at = at.index(index);
            check(self, item, &at);
            let id_of = item.get(id).and_then(Value::as_str);
            if id_of.is_some_and(|id| !seen.insert(id)) {
                self.fault(&at.name(id), Problem::Duplicate);
            }
        }
    }

    fn block(&mut self, block: &Value, at: &Path<'_>) {
        let kind = type_of(block);
        match shapes::block(kind) {
            Some(shape) => self.shaped(block, shape, at),
            None => self.unknown(kind, &[], at),
        }
    }

    fn element(&mut self, element: &Value, at: &Path<'_>) {
        let kind = type_of(element);
        match shapes::element(kind) {
            Some(shape) => self.shaped(element, shape, at),
            // Menus and pickers: Slack knows them, the table does not.
            None if !kind.is_empty() => {}
            None => self.unknown(kind, &[], at),
        }
    }

    fn unknown(&mut self, kind: &str, expected: &'static [&'static str], at: &Path<'_>) {
        match kind {
            "" => self.fault(at, Problem::Missing("type")),
            kind => {
                let kind = kind.to_owned();
                self.fault(&at.name("type"), Problem::UnknownType { kind, expected });
            }
        }
    }

    fn shaped(&mut self, value: &Value, shape: &Shape, at: &Path<'_>) {
        let Value::Object(members) = value else {
            return self.fault(at, Problem::WrongType("object"));
        };
        if at.depth() > 2 * MAX_DEPTH + 4 {
            return self.fault(at, Problem::TooDeep);
        }
        for field in COMMON.iter().chain(shape.fields) {
            self.member(members, field, at);
        }
        let is_there = |name: &&str| members.get(*name).is_some_and(|value| !value.is_null());
        if let ([first, ..], false) = (shape.one_of, shape.one_of.iter().any(is_there)) {
            self.fault(at, Problem::Missing(first));
        }
    }

    fn member(&mut self, members: &Map<String, Value>, field: &Field, at: &Path<'_>) {
        match members.get(field.name) {
            None | Some(Value::Null) if field.need == Need::Required => {
                self.fault(at, Problem::Missing(field.name));
            }
            None | Some(Value::Null) => {}
            Some(value) => self.value(value, field.holds, &at.name(field.name)),
        }
    }

    fn value(&mut self, value: &Value, holds: Holds, at: &Path<'_>) {
        match (holds, value) {
            (Holds::Text(form, max), value) => self.text(value, form, max, at),
            (Holds::String(max) | Holds::Markup(max), Value::String(text)) => {
                self.string(text, max, at);
            }
            (Holds::Word(max), Value::String(word)) => {
                if word.is_empty() {
                    self.fault(at, Problem::Empty);
                }
                self.length(word, max, at);
            }
            (Holds::Url, Value::String(url)) => {
                if !is_link(url) {
                    self.fault(at, Problem::NotLink);
                }
                self.length(url, MAX_URL, at);
            }
            (Holds::Choice(words), Value::String(word)) => {
                if !words.contains(&word.as_str()) {
                    self.fault(at, Problem::Choice(words));
                }
            }
            (Holds::One(of), value) => self.object(value, of, at),
            (Holds::List(max, of), Value::Array(items)) => self.list(items, max, of, at),
            (Holds::Rows(min, max), Value::Array(rows)) => self.rows(rows, (min, max), at),
            (Holds::List(..) | Holds::Rows(..), _) => self.fault(at, Problem::WrongType("array")),
            _ => self.fault(at, Problem::WrongType("string")),
        }
    }

    fn object(&mut self, value: &Value, of: Of, at: &Path<'_>) {
        match of {
            Of::Block => self.block(value, at),
            Of::Only(name) if type_of(value) == name => self.block(value, at),
            Of::Only(_) => self.unknown(type_of(value), &["card"], at),
            Of::Text(max) => self.text(value, Form::Any, max, at),
            Of::Context if type_of(value) == "image" => self.element(value, at),
            Of::Context => self.text(value, Form::Any, MAX_TEXT, at),
            Of::Element => self.element(value, at),
        }
    }

    fn list(&mut self, items: &[Value], max: usize, of: Of, at: &Path<'_>) {
        if items.is_empty() {
            self.fault(at, Problem::TooFew(1));
        }
        if items.len() > max {
            self.fault(at, Problem::TooMany(max));
        }
        let id = if of == Of::Block { "block_id" } else { "action_id" };
        self.each(items, at, id, |checker, item, at| checker.object(item, of, at));
    }

    fn rows(&mut self, rows: &[Value], (min, max): (usize, usize), at: &Path<'_>) {
        if rows.len() < min {
            self.fault(at, Problem::TooFew(min));
        }
        if rows.len() > max {
            self.fault(at, Problem::TooMany(max));
        }
        let width = rows.first().and_then(Value::as_array).map_or(0, Vec::len);
        for (index, row) in rows.iter().enumerate() {
            let at = at.index(index);
            let Value::Array(cells) = row else {
                self.fault(&at, Problem::WrongType("array"));
                continue;
            };
            match cells.len() {
                0 => self.fault(&at, Problem::TooFew(1)),
                count if count > MAX_CELLS => self.fault(&at, Problem::TooMany(MAX_CELLS)),
                // A table with a header.
                count if min > 1 && count != width => self.fault(&at, Problem::RowLength(width)),
                _ => {}
            }
            for (index, cell) in cells.iter().enumerate() {
                self.cell(cell, &at.index(index));
            }
        }
    }

    fn cell(&mut self, cell: &Value, at: &Path<'_>) {
        match (type_of(cell), cell.get("text"), cell.get("value")) {
            ("raw_text", Some(Value::String(text)), _) if text.is_empty() => {
                self.fault(&at.name("text"), Problem::Empty);
            }
            ("raw_text", Some(Value::String(_)), _) | ("raw_number", _, Some(Value::Number(_))) => {
            }
            ("raw_text", ..) => self.fault(at, Problem::Missing("text")),
            ("raw_number", ..) => self.fault(at, Problem::Missing("value")),
            ("rich_text", ..) => self.block(cell, at),
            _ if cell.is_null() => {}
            (kind, ..) => self.unknown(kind, &["raw_text", "raw_number", "rich_text"], at),
        }
    }

    fn text(&mut self, value: &Value, form: Form, max: usize, at: &Path<'_>) {
        match (type_of(value), form, value) {
            ("mrkdwn", Form::Any | Form::Loose, _) | ("plain_text", ..) => {}
            (_, Form::Loose, Value::String(text)) => return self.string(text, max, at),
            (_, form, Value::Object(_)) => {
                let expected: &[&str] = match form {
                    Form::Plain => &["plain_text"],
                    Form::Any | Form::Loose => &["plain_text", "mrkdwn"],
                };
                return self.unknown(type_of(value), expected, at);
            }
            _ => return self.fault(at, Problem::WrongType("object")),
        }
        match value.get("text") {
            Some(Value::String(text)) => self.string(text, max, &at.name("text")),
            _ => self.fault(at, Problem::Missing("text")),
        }
    }

    fn string(&mut self, text: &str, max: usize, at: &Path<'_>) {
        if is_blank(text) {
            self.fault(at, Problem::Empty);
        }
        self.length(text, max, at);
    }

    fn length(&mut self, text: &str, max: usize, at: &Path<'_>) {
        if text.len() > max && characters(text) > max {
            self.fault(at, Problem::TooLong(max));
        }
    }
}
