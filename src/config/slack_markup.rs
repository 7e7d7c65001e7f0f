//! Warnings about mentions and markup that Slack posts as plain text: `@here`, `<@bob>`, Markdown,
//! HTML.
//!
//! Only the author's own text counts, outside of code, and only where Slack itself shows it:
//! compatible receivers have other rules.
//! <https://docs.slack.dev/messaging/formatting-message-text>

use super::block_mark::BlockMark;
use super::index::WebhookIndex;
use super::reader::{Fields, Reader};
use super::tree::{Node, Value};
use crate::expression::template::Template;

mod angle;

mod code;

mod markdown;

/// What Slack posts as plain text: its place, what is wrong, and the remedy.
#[derive(Debug, PartialEq, Eq)]
pub struct Mark {
    pub at: usize,
    pub message: String,
    pub help: String,
    /// `@here` and its kin, which `link_names` makes a mention.
    is_mention: bool,
}

/// A template's text, and the same text with variables and code blanked out.
struct Text<'a> {
    source: &'a str,
    outline: &'a str,
}

/// The parts of an action that its marks depend on.
pub struct Written<'n> {
    message: Option<&'n Node>,
    links_names: bool,
}

impl<'n> Written<'n> {
    pub fn of(fields: &Fields<'n>) -> Self {
        let link_names = fields.get("link_names").map(|node| &node.value);
        Self {
            message: fields.get("message"),
            links_names: matches!(link_names, Some(Value::Bool(true))),
        }
    }

    /// Warns of the marks in the action's message, if Slack shows what `webhook` posts.
    pub fn warn(&self, template: &Template, webhook: WebhookIndex, reader: &mut Reader<'_>) {
        let webhooks = reader.webhooks.as_ref().map(|webhooks| &webhooks.list);
        let webhook = webhooks.and_then(|list| list.get(webhook.0 as usize));
        let is_slack =
            webhook.is_some_and(|name| reader.destinations.formatting.contains(&name.value));
        let in_blocks = std::mem::take(&mut reader.block_marks);
        let Some(node) = self.message.filter(|_| is_slack) else { return };
        for BlockMark { at, message, help, is_mention } in in_blocks {
            if !(is_mention && self.links_names) {
                reader.warn(at, message, help);
            }
        }
        let marks = marks(template);
        if marks.is_empty() {
            return;
        }
        let Some(text) = reader.located(node, "message").filter(|text| !text.at.hidden) else {
            return;
        };
        for mark in marks {
            if mark.is_mention && self.links_names {
                continue;
            }
            let at = text.at.place(reader.source, &text.value, mark.at);
            reader.warn(at, format!("message: {}", mark.message), mark.help);
        }
    }
}

impl Mark {
    /// The mark in the text `key` of a block, at its place in the file.
    pub fn in_block(self, key: &str, at: usize) -> BlockMark {
        let message = format!("{key}: {}", self.message);
        BlockMark { at, message, help: self.help, is_mention: self.is_mention }
    }

    fn new(at: usize, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: help.into(), is_mention: false }
    }
}

/// What a mark starts with.
const SIGNS: [char; 8] = ['<', '@', '&', '*', '_', '~', '[', '#'];

/// Returns the marks of a template, in its order.
pub fn marks(template: &Template) -> Vec<Mark> {
    let (outline, mut marks) = code::blanked(&template.outline());
    let text = Text { source: template.source(), outline: &outline };
    let mut at = 0;
    while let Some(next) = outline[at..].find(SIGNS) {
        at += next;
        let c = outline[at..].chars().next().unwrap_or_default();
        let found = match c {
            '<' => {
                let (mark, length) = angle::read(&text, at);
                marks.extend(mark);
                at += length;
                continue;
            }
            '@' => mention(&text, at),
            '&' => angle::entity(&text, at),
            '*' | '_' | '~' => markdown::pair(&text, at),
            '[' => markdown::link(&text, at),
            '#' => markdown::heading(&text, at),
            _ => None,
        };
        // The signs of a pair are not judged again.
        let length = if found.is_some() { text.run(at) } else { c.len_utf8() };
        marks.extend(found);
        at += length;
    }
    marks.sort_by_key(|mark| mark.at);
    marks
}

impl Text<'_> {
    fn before(&self, at: usize) -> Option<char> {
        self.outline[..at].chars().next_back()
    }

    /// The rest of the line from `at` on.
    fn line(&self, at: usize) -> &str {
        self.outline[at..].lines().next().unwrap_or_default()
    }

    /// The length of the run of equal characters at `at`, in bytes.
    fn run(&self, at: usize) -> usize {
        let rest = &self.outline[at..];
        let first = rest.chars().next().unwrap_or_default();
        rest.len() - rest.trim_start_matches(first).len()
    }

    fn written(&self, from: usize, to: usize) -> &str {
        self.source.get(from..to).unwrap_or_default()
    }
}

/// `@here`, `@channel`, `@everyone`: not a part of an address.
fn mention(text: &Text<'_>, at: usize) -> Option<Mark> {
    let rest = &text.outline[at + 1..];
    let name = ["here", "channel", "everyone"].into_iter().find(|name| rest.starts_with(name))?;
    let mut after = rest[name.len()..].chars();
    let ends = match after.next() {
        Some('.') => !after.next().is_some_and(char::is_alphanumeric),
        Some(c) => !c.is_alphanumeric() && !matches!(c, '_' | '-' | '@' | '/'),
        None => true,
    };
    let starts =
        text.before(at).is_none_or(|c| c.is_whitespace() || "([{\"'“:;,!*_~>|".contains(c));
    let message = format!("`@{name}` notifies no one: Slack posts it as plain text");
    (starts && ends)
        .then(|| Mark { is_mention: true, ..Mark::new(at, message, format!("write `<!{name}>`")) })
}

#[cfg(test)]
mod tests;
