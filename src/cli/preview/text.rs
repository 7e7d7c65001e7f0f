//! `preview --output text`: for people. It may change in any version.
//!
//! Invariant: no data of an event can control the terminal.

use std::io::{self, Write};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::online::Checked;
use super::posted;
use super::seen::Seen;
use crate::cli::format::counted;
use crate::config::model::{ActionIndex, Config};
use crate::event::Invalid;
use crate::fake_slack::{Post, block_lines};
use crate::route::explain::Explained;
use crate::sanitize;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// Prints decisions for people.
pub struct Text {
    config: Arc<Config>,
    /// The length of the longest action name in characters. It aligns the reasons.
    width: usize,
    events: usize,
    messages: usize,
    invalid: usize,
}

impl Text {
    pub fn new(config: &Arc<Config>) -> Self {
        let width =
            config.actions.iter().map(|action| action.name.chars().count()).max().unwrap_or(0);
        Self { config: Arc::clone(config), width, events: 0, messages: 0, invalid: 0 }
    }

    /// Prints the decisions on one event.
    pub fn event(
        &mut self,
        seen: &Seen<'_>,
        decisions: &Result<Vec<(ActionIndex, Explained)>, Invalid>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if self.events > 0 {
            writeln!(out)?;
        }
        self.events += 1;
        let source = plain(seen.source);
        let explained = match decisions {
            Ok(explained) => explained,
            Err(invalid) => {
                self.invalid += 1;
                return writeln!(
                    out,
                    "{BOLD}{source}{BOLD:#}  {BAD}invalid: {}{BAD:#}",
                    plain(&seen.why(*invalid))
                );
            }
        };
        let posts = explained.iter().filter(|(_, it)| matches!(it, Explained::Post { .. })).count();
        self.messages += posts;
        let (posts, actions) = (counted(posts, "message"), counted(explained.len(), "action"));
        writeln!(out, "{BOLD}{source}{BOLD:#}  {posts}, of {actions}")?;
        for (index, explained) in explained {
            let action = &self.config.actions[index.0 as usize];
            let (style, sign, result) = match explained {
                Explained::Post { webhook, .. } => {
                    let webhook = &self.config.webhooks[webhook.0 as usize];
                    (GOOD, '✓', format!("post to {}", webhook.name))
                }
                Explained::NoMatch { reason } => (DIM, '·', format!("no match: {reason}")),
                Explained::Drop { reason } => (DOUBTFUL, '!', format!("drop: {reason}")),
                Explained::Error { reason } => (BAD, '✗', format!("error: {reason}")),
            };
            let (name, width, result) = (&action.name, self.width, plain(&result));
            writeln!(out, "  {style}{sign} {name:width$}  {result}{style:#}")?;
            if let Explained::Post { webhook, unlisted, message, errors, missing } = explained {
                let webhook = &self.config.webhooks[webhook.0 as usize];
                let parts = posted::bodies(&message.payload, webhook, &self.config.apps);
                for (number, part) in (1..).zip(&parts) {
                    if parts.len() > 1 {
                        writeln!(out, "    {DIM}part {number} of {}:{DIM:#}", parts.len())?;
                    }
                    write_payload(part, out)?;
                }
                if let Some(channel) = unlisted {
                    let (channel, name) = (plain(channel), &webhook.name);
                    writeln!(
                        out,
                        "    {DOUBTFUL}`{name}` does not list the channel `{channel}`: it goes to \
                         its own{DOUBTFUL:#}"
                    )?;
                }
                if !message.truncated.is_empty() {
                    let what = message.truncated.names().join(", ");
                    writeln!(out, "    {DOUBTFUL}too long for Slack, cut: {what}{DOUBTFUL:#}")?;
                }
                for error in errors {
                    let error = plain(error);
                    writeln!(out, "    {DOUBTFUL}an expression failed: {error}{DOUBTFUL:#}")?;
                }
                for missing in missing {
                    writeln!(out, "    {DOUBTFUL}{}{DOUBTFUL:#}", plain(missing))?;
                }
            }
        }
        Ok(())
    }

    /// Prints a summary after the last of several events.
    pub fn end(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.events < 2 {
            return Ok(());
        }
        let (events, messages) = (counted(self.events, "event"), counted(self.messages, "message"));
        writeln!(out, "\n{BOLD}{events}{BOLD:#}: {messages}, {} invalid", self.invalid)
    }
}

/// Writes what Slack says of the blocks of each action.
pub fn checked(checked: &[(String, Checked)], out: &mut dyn Write) -> io::Result<()> {
    for (action, Checked { is_failed, text }) in checked {
        let style = if *is_failed { BAD } else { GOOD };
        writeln!(out, "  {style}{}: {}{style:#}", plain(action), plain(text))?;
    }
    Ok(())
}

/// Writes the payload that is sent: blocks as they look, the rest as JSON with line breaks added.
fn write_payload(payload: &Value, out: &mut dyn Write) -> io::Result<()> {
    let post: Post = serde_json::from_value(payload.clone()).unwrap_or_default();
    let mut rest = payload.clone();
    if !post.is_plain() {
        for line in block_lines(&post) {
            writeln!(out, "    {line}")?;
        }
        let fallback = post.attachments[0]["fallback"].clone();
        if let Value::Object(members) = &mut rest {
            members.retain(|name, _| name != "blocks" && name != "attachments");
            if !fallback.is_null() {
                members.shift_insert(0, "text".to_owned(), fallback);
            }
        }
    }
    for line in serde_json::to_string_pretty(&rest)?.lines() {
        writeln!(out, "    {}", plain(line))?;
    }
    Ok(())
}

/// Returns the text with control characters escaped as in JSON: an event can contain an escape
/// sequence that a terminal would execute.
fn plain(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        if sanitize::is_hazardous(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(character);
        }
    }
    shown
}
