//! The texts of blocks: templates, or constants, and how values are inserted into them.

use serde_json::Value as Json;

use super::part::{Content, Insert, Part};
use super::scope::Scope;
use crate::config::action_text::{report, source_text, warn_of};
use crate::config::reader::Reader;
use crate::config::slack_markup::marks;
use crate::config::tree::Node;
use crate::config::yaml_traps;

/// What a text is: how messages call it, how values are inserted, and whether it is `mrkdwn`, in
/// which Markdown is a mistake.
#[derive(Clone, Copy)]
pub struct Role<'k> {
    pub key: &'k str,
    pub insert: Insert,
    pub is_mrkdwn: bool,
}

impl<'k> Role<'k> {
    /// A text of type `mrkdwn`.
    pub fn mrkdwn(key: &'k str) -> Self {
        Self { key, insert: Insert::Markup, is_mrkdwn: true }
    }

    /// A text that Slack shows unchanged.
    pub fn plain(key: &'k str) -> Self {
        Self { key, insert: Insert::Plain, is_mrkdwn: false }
    }

    /// A link.
    pub fn url(key: &'k str) -> Self {
        Self { key, insert: Insert::Url, is_mrkdwn: false }
    }

    /// The member `key` of an object of Slack's JSON with this type.
    pub fn of_member(key: &'k str, kind: &str) -> Self {
        match (key, kind) {
            ("text", "mrkdwn") => Self::mrkdwn(key),
            ("text", "markdown") => Self { is_mrkdwn: false, ..Self::mrkdwn(key) },
            (key, _) if key == "url" || key.ends_with("_url") => Self::url(key),
            (key, _) => Self::plain(key),
        }
    }
}

/// Reads a text. A blank one is an error.
pub fn filled(node: &Node, role: Role<'_>, scope: &Scope, reader: &mut Reader<'_>) -> Option<Part> {
    let text = source_text(node, role.key, "give it a text, or remove the block", reader)?;
    let template = scope.template(&text.value, &mut reader.expressions);
    let template = template.map_err(|error| report(&text, role.key, &error, false, reader)).ok()?;
    warn_of(&template, &text, role.key, reader);
    yaml_traps::warn(node, role.key, &text, &template.outline(), reader);
    if role.is_mrkdwn && !text.at.hidden {
        for mark in marks(&template) {
            let at = text.at.place(reader.source, &text.value, mark.at);
            reader.block_marks.push(mark.in_block(role.key, at));
        }
    }
    let content = match template.constant() {
        Some(text) => Content::Constant(Json::from(text)),
        None => Content::Text(template, role.insert),
    };
    Some(Part { at: node.written.start, content })
}

/// Reads a text of Slack's JSON, which may be blank.
pub fn any(node: &Node, role: Role<'_>, scope: &Scope, reader: &mut Reader<'_>) -> Option<Part> {
    let text = reader.located(node, role.key)?;
    if !text.value.trim().is_empty() {
        return filled(node, role, scope, reader);
    }
    Some(Part { at: node.written.start, content: Content::Constant(Json::from(text.value)) })
}
