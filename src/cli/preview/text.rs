//! `preview --output text`: for people. It may change in any version.
//!
//! Invariant: no data of an event can control the terminal.

use std::io::{self, Write};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};

use crate::cli::events::Found;
use crate::cli::format::counted;
use crate::config::model::{ActionIndex, Config};
use crate::event::Invalid;
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

    /// Prints the decisions on one event, which was read from `source` (`FILE:LINE`).
    pub fn event(
        &mut self,
        source: &str,
        event: &Found,
        decisions: &Result<Vec<(ActionIndex, Explained)>, Invalid>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if self.events > 0 {
            writeln!(out)?;
        }
        self.events += 1;
        let source = plain(source);
        let explained = match decisions {
            Ok(explained) => explained,
            Err(invalid) => {
                self.invalid += 1;
                return writeln!(
                    out,
                    "{BOLD}{source}{BOLD:#}  {BAD}invalid: {}{BAD:#}",
                    why_invalid(*invalid, event)
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
                Explained::Post { .. } => {
                    let webhook = &self.config.webhooks[action.webhook.0 as usize];
                    (GOOD, '✓', format!("post to {}", webhook.name))
                }
                Explained::NoMatch { reason } => (DIM, '·', format!("no match: {reason}")),
                Explained::Drop { reason } => (DOUBTFUL, '!', format!("drop: {reason}")),
                Explained::Error { reason } => (BAD, '✗', format!("error: {reason}")),
            };
            let (name, width, result) = (&action.name, self.width, plain(&result));
            writeln!(out, "  {style}{sign} {name:width$}  {result}{style:#}")?;
            if let Explained::Post { message, errors } = explained {
                write_payload(&message.payload, out)?;
                if message.truncated {
                    writeln!(out, "    {DOUBTFUL}too long for Slack: cut{DOUBTFUL:#}")?;
                }
                for error in errors {
                    let error = plain(error);
                    writeln!(
                        out,
                        "    {DOUBTFUL}a variable failed and is empty: {error}{DOUBTFUL:#}"
                    )?;
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

/// Writes the payload that is sent, with line breaks added.
fn write_payload(payload: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let payload: serde_json::Value = serde_json::from_slice(payload)?;
    for line in serde_json::to_string_pretty(&payload)?.lines() {
        writeln!(out, "    {}", plain(line))?;
    }
    Ok(())
}

/// Returns why the event is invalid, for invalid JSON with the position of the mistake.
fn why_invalid(invalid: Invalid, event: &Found) -> String {
    let label = invalid.as_str();
    let meaning = match invalid {
        Invalid::Empty => "only white space".to_owned(),
        Invalid::NotObject => "an event is one JSON object".to_owned(),
        Invalid::TooDeep => "nested deeper than 127 levels".to_owned(),
        // Only for the position and the text of the error: the event is known to be invalid.
        Invalid::NotJson => match serde_json::from_slice::<serde_json::Value>(&event.text) {
            Err(error) => {
                let text = error.to_string();
                let message = text.split_once(" at line ").map_or(&*text, |(message, _)| message);
                let line = event.line - 1 + error.line();
                plain(&format!("{message} at line {line} column {}", error.column()))
            }
            Ok(_) => "invalid JSON".to_owned(),
        },
    };
    format!("{label}: {meaning}")
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
