//! `slackline send`: posts one message for real, in one attempt, and prints Slack's answer.
//!
//! Invariant: at most one request leaves, whatever comes back; what it posts is what `run` would post for the event.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::events::Events;
use crate::config::model::{Action, ActionIndex, Config};
use crate::event::{Event, Offset, Partition, Position, Record, TopicIndex};
use crate::route::explain::Explained;
use crate::route::{Router, message};
use crate::sanitize;
use crate::send::single::{Attempted, attempt_once};
use crate::send::verdict::Verdict;

#[cfg(test)]
mod tests;

/// What went well.
const DONE: u8 = 0;
/// The attempt was made and failed.
const FAILED: u8 = 1;
/// There was nothing that could be attempted.
const REFUSED: u8 = 2;

/// Characters of a note on an event, at most.
const LONGEST_NOTE: usize = 300;

/// Post one message for real and print Slack's answer.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
The message is posted whether or not the action's trigger is true for the event; where it is not, a note says so. \
In expressions, `$record` has the action's first topic, partition 0 and offset 0, and no timestamp, key or headers (null). \
The webhook's rate is not waited for: a worker that posts to it at the same time shares it.

Examples:
  slackline send --action enterprise-signup event.json
  echo '{\"traits\":{\"name\":\"Ada\"}}' | slackline send --action enterprise-signup -

Exit status: 0 when Slack took the message; 1 when it did not; 2 when there was nothing to send.")]
pub struct SendArgs {
    /// The action whose message is posted
    #[arg(long, value_name = "NAME")]
    pub action: String,

    /// File with one event, a JSON object; `-` is standard input
    #[arg(value_name = "EVENT.json")]
    pub file: PathBuf,
}

/// Runs the command; returns its exit status. What Slack answered goes to `out`, everything else to `err`.
///
/// # Errors
/// When `out` or `err` take no more.
pub async fn send(
    config: &Arc<Config>,
    args: &SendArgs,
    stdin: &mut dyn BufRead,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let mut actions = (0..).map(ActionIndex).zip(&config.actions);
    let Some((index, action)) = actions.find(|(_, action)| action.name == args.action) else {
        let names: Vec<_> =
            config.actions.iter().map(|action| format!("`{}`", action.name)).collect();
        writeln!(
            err,
            "action `{}` is not configured: say one of {}",
            args.action,
            names.join(", ")
        )?;
        return Ok(REFUSED);
    };
    let text = match only_event(&args.file, stdin) {
        Ok(text) => text,
        Err(why) => {
            writeln!(err, "{}: {why}", args.file.display())?;
            return Ok(REFUSED);
        }
    };
    let Some(payload) = payload(config, index, action, &text, err)? else { return Ok(REFUSED) };
    let Some(webhook) = config.webhooks.get(action.webhook.0 as usize) else { return Ok(REFUSED) };
    match attempt_once(webhook, payload).await {
        Ok(attempted) => report(&attempted, &webhook.name, out),
        Err(error) => {
            writeln!(err, "webhook `{}`: {:#}", webhook.name, anyhow::Error::from(error))?;
            Ok(REFUSED)
        }
    }
}

/// The one event of the file, or what is wrong with it.
fn only_event(path: &Path, stdin: &mut dyn BufRead) -> Result<Vec<u8>, String> {
    let mut file;
    let input: &mut dyn BufRead = if path.as_os_str() == "-" {
        stdin
    } else {
        file =
            BufReader::new(File::open(path).map_err(|error| format!("can't be opened: {error}"))?);
        &mut file
    };
    let mut events = Events::new(input);
    let mut next = || events.next().map_err(|error| format!("can't be read: {error}"));
    let first = next()?.map(|found| found.text).unwrap_or_default();
    match next()? {
        None => Ok(first),
        Some(second) => Err(format!(
            "another event begins in line {}: give one event, for one message",
            second.line
        )),
    }
}

/// What the action posts for the event, with notes on what a reader of the message would not see; `None`: nothing can be posted, and `err` says why.
fn payload(
    config: &Arc<Config>,
    index: ActionIndex,
    action: &Action,
    text: &[u8],
    err: &mut dyn Write,
) -> anyhow::Result<Option<bytes::Bytes>> {
    let topic = action.topics.first().copied().unwrap_or(TopicIndex(0));
    let name = config.kafka.topics.get(topic.0 as usize).map_or("", |name| name);
    let position = Position { partition: Partition { topic, number: 0 }, offset: Offset(0) };
    let record = Record {
        position,
        topic: name,
        timestamp: None,
        key: None,
        headers: &(),
        payload: Some(text),
    };
    let event = match Event::parse(&record) {
        Ok(event) => event,
        Err(invalid) => {
            writeln!(err, "the event is invalid ({}): give one JSON object", invalid.as_str())?;
            return Ok(None);
        }
    };
    let mut notes = Vec::new();
    if let Ok(explained) = Router::new(Arc::clone(config)).explain(&record) {
        let own =
            explained.into_iter().find(|(of, _)| *of == index).map(|(_, explained)| explained);
        if let Some(Explained::NoMatch { reason } | Explained::Error { reason }) = own {
            notes.push(format!(
                "`run` would not post this, for the action does not apply: {reason}"
            ));
        }
    }
    let rendered = message::render(action, &event, &mut |expression, error| {
        notes.push(format!("a variable failed and is empty: `{}`: {error}", expression.source()));
    });
    if rendered.as_ref().is_ok_and(|message| message.truncated) {
        notes.push("the message is too long for Slack: cut".to_owned());
    }
    for note in notes {
        writeln!(err, "note: {}", sanitize::one_line(&note, LONGEST_NOTE))?;
    }
    match rendered {
        Ok(message) => Ok(Some(message.payload.into())),
        Err(empty) => {
            writeln!(err, "nothing to send: {empty}")?;
            Ok(None)
        }
    }
}

fn report(attempted: &Attempted, webhook: &str, out: &mut dyn Write) -> anyhow::Result<u8> {
    let took = attempted.took.as_millis();
    match attempted.status {
        Some(status) => writeln!(
            out,
            "webhook `{webhook}` answered {status} `{}` after {took} ms",
            attempted.word
        )?,
        None => writeln!(
            out,
            "webhook `{webhook}` did not answer within {took} ms: {}",
            attempted.word
        )?,
    }
    let (status, meaning) = match &attempted.verdict {
        Verdict::Delivered => (DONE, "posted".to_owned()),
        Verdict::Rejected { .. } => {
            (FAILED, "not posted: this answer is final, `run` would drop the message".to_owned())
        }
        Verdict::RateLimited { retry_after: Some(pause) } => (
            FAILED,
            format!(
                "not posted: too many messages, `run` would wait for {} s and go on",
                pause.as_secs_f64()
            ),
        ),
        Verdict::RateLimited { retry_after: None } => {
            (FAILED, "not posted: too many messages, `run` would wait and go on".to_owned())
        }
        Verdict::Retry { .. } => (FAILED, "not posted: `run` would try again".to_owned()),
    };
    writeln!(out, "{meaning}")?;
    Ok(status)
}
