//! Reads one tag: `{% if … %}`, `{% for … %}` and the others.
//!
//! Pure.

use std::ops::Range;

use super::foreign;
use super::split::{name, split, trimmed};
use super::token::first_word;
use crate::expression::error::{CompileError, refuse};
use crate::expression::lexer::brief;

/// The most rounds of one loop.
pub const MAX_ROUNDS: u8 = 100;

/// A tag; each range is that of an expression in the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// `if`, `unless`.
    If(Block, Range<usize>),
    Elsif(Range<usize>),
    Else,
    Case(Range<usize>),
    When(Vec<Range<usize>>),
    For(Loop),
    End(Block),
}

/// What an end tag closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    If,
    Unless,
    Case,
    For,
}

/// The head of a loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loop {
    pub name: Range<usize>,
    pub list: Range<usize>,
    pub limit: Option<u8>,
}

impl Block {
    /// The word that starts it.
    pub fn word(self) -> &'static str {
        match self {
            Block::If => "if",
            Block::Unless => "unless",
            Block::Case => "case",
            Block::For => "for",
        }
    }

    fn ended_by(word: &str) -> Option<Self> {
        let word = word.strip_prefix("end")?;
        [Block::If, Block::Unless, Block::Case, Block::For].into_iter().find(|it| it.word() == word)
    }
}

/// Reads the tag whose inside is at `inside` of `source`; `open` is the innermost open block.
///
/// # Errors
/// A tag that does not exist, that lacks its expression, or that has one too much.
pub fn read(source: &str, inside: Range<usize>, open: Option<Block>) -> Result<Tag, CompileError> {
    let inside = trimmed(source, inside);
    let text = source.get(inside.clone()).unwrap_or_default();
    let word = first_word(text);
    let rest = trimmed(source, inside.start + word.len()..inside.end);
    let needs = |example: &str| {
        let message = format!("`{{% {word} %}}` without its expression");
        refuse(inside.start, message, format!("write one, as in `{{% {word} {example} %}}`"))
    };
    let tag = match word {
        "if" | "unless" | "elsif" if rest.is_empty() => return needs("$.total > 100"),
        "case" if rest.is_empty() => return needs("$.plan"),
        "when" if rest.is_empty() => return needs("'pro', 'team'"),
        "for" if rest.is_empty() => return needs("item in items"),
        "if" => Tag::If(Block::If, rest),
        "unless" => Tag::If(Block::Unless, rest),
        "elsif" => Tag::Elsif(rest),
        "else" if source.get(rest.clone()).is_some_and(|rest| first_word(rest) == "if") => {
            let condition = source.get(rest.start + 2..rest.end).unwrap_or_default();
            let help = format!("write `{{% elsif {} %}}`", brief(condition.trim()));
            return refuse(inside.start, "`{% else if %}` is written in one word", help);
        }
        "else" => Tag::Else,
        "case" => Tag::Case(rest),
        "when" => Tag::When(values(source, rest)?),
        "for" => Tag::For(head(source, rest)?),
        "" => {
            let help = "write a tag, as in `{% if $.name %}`";
            return refuse(inside.start, "a tag without a name", help);
        }
        _ => match Block::ended_by(word) {
            Some(block) => Tag::End(block),
            None => {
                let end = open.map(|open| format!("end{}", open.word()));
                return Err(foreign::unknown_tag(word, inside.start, end.as_deref()));
            }
        },
    };
    let takes_nothing = matches!(tag, Tag::Else | Tag::End(_));
    let after = trimmed(source, inside.start + word.len()..inside.end);
    if takes_nothing && !after.is_empty() {
        let message = format!("`{{% {word} %}}` takes no expression");
        return refuse(after.start, message, format!("write `{{% {word} %}}`"));
    }
    Ok(tag)
}

/// The values of `{% when 'a', 'b' %}`.
fn values(source: &str, range: Range<usize>) -> Result<Vec<Range<usize>>, CompileError> {
    let text = source.get(range.clone()).unwrap_or_default();
    let Some(parts) = split(text, ',') else { return Ok(vec![range]) };
    let mut values = Vec::with_capacity(parts.len());
    for part in parts {
        let value = trimmed(source, range.start + part.start..range.start + part.end);
        if value.is_empty() {
            let help = "remove the comma, or write a value after it";
            return refuse(value.start, "a value of `{% when %}` is missing", help);
        }
        let inside = source.get(value.clone()).unwrap_or_default();
        if let Some(at) = or_word(inside) {
            let help = "write a comma between the values: `{% when 'a', 'b' %}`";
            return refuse(value.start + at, "`or` between the values of `{% when %}`", help);
        }
        values.push(value);
    }
    Ok(values)
}

/// Where ` or ` is between two texts in quotes.
fn or_word(text: &str) -> Option<usize> {
    let (at, _) = text.match_indices(" or ").find(|(at, _)| {
        let (before, after) = (text.get(..*at), text.get(at + 4..));
        before.is_some_and(|it| it.trim_end().ends_with(['\'', '"', '`']))
            && after.is_some_and(|it| it.trim_start().starts_with(['\'', '"', '`']))
    })?;
    Some(at + 1)
}

/// The head of `{% for name in list limit: 20 %}`.
fn head(source: &str, range: Range<usize>) -> Result<Loop, CompileError> {
    let text = source.get(range.clone()).unwrap_or_default();
    let word = name(text);
    let after_name = text.get(word.len()..).unwrap_or_default();
    let list = after_name.trim_start().strip_prefix("in");
    let list =
        list.filter(|list| list.starts_with(|c: char| c.is_whitespace() || "([`'\"$@".contains(c)));
    let Some(list) = list.filter(|list| !word.is_empty() && !list.trim().is_empty()) else {
        let help = "write `{% for item in items %}`";
        return refuse(range.start, "a loop without its `name in list`", help);
    };
    if matches!(word, "forloop" | "record") {
        let message = format!("a loop's element cannot have the name `{word}`");
        return refuse(range.start, message, "write another one, such as `item`");
    }
    let name = range.start..range.start + word.len();
    let start = range.end - list.len();
    let end = options_start(list).map_or(range.end, |at| start + at);
    let list = trimmed(source, start..end);
    check_list(source, &list)?;
    let limit = options(source, end..range.end)?;
    Ok(Loop { name, list, limit })
}

/// Where the options of a loop start: at the word before the first colon outside of brackets.
fn options_start(text: &str) -> Option<usize> {
    let first = split(text, ':')?.first()?.end;
    let before = text.get(..first).filter(|before| before.len() < text.len())?.trim_end();
    let word = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    Some(word.len())
}

fn check_list(source: &str, range: &Range<usize>) -> Result<(), CompileError> {
    let list = source.get(range.clone()).unwrap_or_default();
    if list.is_empty() {
        let help = "write `{% for item in items %}`";
        return refuse(range.start, "a loop without its list", help);
    }
    if list.starts_with('(') && list.contains("..") {
        let message = format!("`{}` is not a list", brief(list));
        let help = "write a list in backticks, such as `[1, 2, 3]`";
        return refuse(range.start, message, help);
    }
    let reversed = list.strip_suffix("reversed").map(str::trim_end);
    let ends_value = |c: char| c.is_alphanumeric() || "_)]}'\"`@$".contains(c);
    if let Some(value) = reversed
        .filter(|value| value.ends_with(ends_value) && value.len() + "reversed".len() < list.len())
    {
        let help = format!("write `reverse({})`", brief(value));
        return refuse(range.end - "reversed".len(), "a loop has no `reversed`", help);
    }
    Ok(())
}

fn options(source: &str, range: Range<usize>) -> Result<Option<u8>, CompileError> {
    let mut limit = None;
    let mut at = trimmed(source, range.clone());
    while let Some(text) = source.get(at.clone()).filter(|text| !text.is_empty()) {
        let word = first_word(text);
        let after = text.get(word.len()..).unwrap_or_default().trim_start();
        let value = after.strip_prefix(':').map(str::trim_start);
        let help = match word {
            "limit" => "write a number from 1 to 100: `limit: 20`",
            "offset" => "write a slice: `items[2:]` leaves out the first two",
            "reversed" => "write `reverse(items)`",
            _ => "the only option is `limit: 20`",
        };
        let Some(value) = value.filter(|_| word == "limit") else {
            let what = if word.is_empty() { text } else { word };
            return refuse(at.start, format!("a loop has no option `{}`", brief(what)), help);
        };
        let length = value.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(value.len());
        let (number, rest) = value.split_at(length);
        // A number as in JSON: neither `05` nor `+5`.
        let is_json = number.starts_with(|c| matches!(c, '1'..='9'));
        let parsed = number.parse().ok().filter(|limit| (1..=MAX_ROUNDS).contains(limit));
        let parsed = parsed.filter(|_| is_json);
        if parsed.is_none() || limit.is_some() {
            let message = format!("`limit: {}` is not a constant from 1 to 100", brief(number));
            return refuse(at.start, message, help);
        }
        limit = parsed;
        at = trimmed(source, at.end - rest.len()..at.end);
    }
    Ok(limit)
}
