//! Template → payload: the message of one action for one event.
//!
//! Pure. Invariant: the size of a payload is bounded, whatever the event contains, and a cut
//! divides neither an entity nor a link.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use crate::block_kit::fit::Fitted;
use crate::block_kit::text::is_color;
use crate::config::model::{Action, LongText};
use crate::event::Value;
use crate::expression::template::{Escape, Rendering, Template};
use crate::payload::split::{MAX_PART, split};
use crate::truncation::{Truncation, Truncations};

mod blocks;

pub mod cut;

#[cfg(test)]
mod tests;

use cut::{MAX_FIELD, MAX_TEXT, cut_field, cut_text, enough};

/// One rendered message, ready to be posted.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// A JSON object with `text` and what else the action sets (`channel`, `username`, `icon_url`,
    /// `unfurl_links`, …), from which a destination makes its request. It contains event data.
    pub payload: Box<[u8]>,
    /// What was left out or cut.
    pub truncated: Truncations,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("bytes", &self.payload.len())
            .field("truncated", &self.truncated.names())
            .finish()
    }
}

/// The error of a message that rendered to white space only: there is nothing to post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("empty message: it rendered to nothing but white space")]
pub struct EmptyMessage;

/// Renders the message of `action`, whether or not its trigger is true. `channel` is what the
/// payload names; without it the destination decides.
///
/// # Errors
/// [`EmptyMessage`]; channel, user and icon are not rendered then.
pub fn render<'r>(
    action: &'r Action,
    channel: Option<&'r Template>,
    rendering: &mut Rendering<'_, 'r>,
) -> Result<Message, EmptyMessage> {
    let mut text = String::new();
    let escape = if action.link_names == Some(true) { Escape::SlackNames } else { Escape::Slack };
    let limit = match action.long_text {
        LongText::Truncate => MAX_PART,
        LongText::Split => MAX_TEXT,
    };
    action.message.render_in(rendering, escape, enough(limit), &mut text);
    if text.trim().is_empty() {
        return Err(EmptyMessage);
    }
    let mut truncated = Truncations::default();
    let is_cut = cut_text(&mut text, limit);
    let is_split = limit > MAX_PART && text.len() > MAX_PART;
    let is_cut = is_cut || is_split && split(&text).is_cut;
    truncated.insert_if(Truncation::Message, is_cut);

    let mut field = |template: Option<&'r Template>| {
        let mut value = String::new();
        template?.render_in(rendering, Escape::Nothing, enough(MAX_FIELD), &mut value);
        if value.trim().is_empty() {
            return None;
        }
        truncated.insert_if(Truncation::Field, cut_field(&mut value, MAX_FIELD));
        Some(value)
    };
    let channel = field(channel);
    let user = field(action.user.as_ref());
    let icon_url = field(action.icon_url.as_ref());
    let icon_emoji = field(action.icon_emoji.as_ref()).and_then(|name| emoji(&name));
    let body = Body::render(action, escape, rendering, &mut truncated);
    truncated.insert_if(Truncation::Rounds, rendering.left_out_rounds());

    let mut payload = String::with_capacity(text.len() + 64);
    payload.push('{');
    body.write(text, &mut payload);
    write_field(&mut payload, "channel", channel);
    write_field(&mut payload, "username", user);
    write_field(&mut payload, "icon_url", icon_url);
    write_field(&mut payload, "icon_emoji", icon_emoji);
    write_flag(&mut payload, "unfurl_links", action.unfurl);
    write_flag(&mut payload, "unfurl_media", action.unfurl);
    write_flag(&mut payload, "link_names", action.link_names);
    payload.push('}');
    // A queue holds many payloads for a long time: no spare capacity.
    Ok(Message { payload: payload.into_bytes().into_boxed_slice(), truncated })
}

/// The blocks of a message.
#[derive(Default)]
struct Body {
    blocks: Vec<Json>,
    color: Option<String>,
}

impl Body {
    fn render<'r>(
        action: &'r Action,
        escape: Escape,
        rendering: &mut Rendering<'_, 'r>,
        truncated: &mut Truncations,
    ) -> Self {
        let Some(blocks) = &action.blocks else { return Self::default() };
        let Fitted { blocks, cuts } = blocks::render(&blocks.entries, escape, rendering);
        truncated.insert_if(Truncation::BlockText, cuts.block_text);
        truncated.insert_if(Truncation::Fields, cuts.fields);
        truncated.insert_if(Truncation::Rows, cuts.rows);
        truncated.insert_if(Truncation::Blocks, cuts.blocks);
        let color = action.color.as_ref().map(|color| {
            let mut rendered = String::new();
            color.render_in(rendering, Escape::Nothing, MAX_FIELD, &mut rendered);
            rendered.trim().to_owned()
        });
        Self { blocks, color: color.filter(|color| is_color(color)) }
    }

    /// Appends the text and the blocks: in an attachment if they have a color.
    fn write(self, text: String, payload: &mut String) {
        let Self { blocks, color } = self;
        if blocks.is_empty() {
            return write_field(payload, "text", Some(text));
        }
        match color {
            None => {
                write_field(payload, "text", Some(text));
                write_key(payload, "blocks");
                payload.push_str(&Json::Array(blocks).to_string());
            }
            Some(color) => {
                let attachment = json!({ "color": color, "fallback": text, "blocks": blocks });
                write_key(payload, "attachments");
                payload.push_str(&Json::Array(vec![attachment]).to_string());
            }
        }
    }
}

/// The name of an emoji as Slack reads it, with colons around it; `None`: nothing else is there.
fn emoji(name: &str) -> Option<String> {
    let name = name.trim().trim_matches(':');
    (!name.is_empty()).then(|| format!(":{name}:"))
}

/// Appends one member to the JSON object in `out`; without a value, nothing.
fn write_field(out: &mut String, key: &str, value: Option<String>) {
    let Some(value) = value else { return };
    write_key(out, key);
    Value::from(Cow::from(value)).write_json(out);
}

/// [`write_field`] for a boolean.
fn write_flag(out: &mut String, key: &str, value: Option<bool>) {
    let Some(value) = value else { return };
    write_key(out, key);
    out.push_str(if value { "true" } else { "false" });
}

fn write_key(out: &mut String, key: &str) {
    if out.len() > 1 {
        out.push(',');
    }
    out.push('"');
    out.push_str(key);
    out.push_str("\":");
}
