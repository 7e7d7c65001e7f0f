//! `slackline send`: posts one message for real, without retries, and prints Slack's responses.
//!
//! Invariant: it makes one attempt for each part of the message, and one more where blocks are
//! refused, and posts what `run` would post for the event.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anstream::{stderr, stdout};
use anyhow::Context as _;
use bytes::Bytes;

use super::config_file::{ConfigFile, NO_EVENTS};
use super::events;
use super::exit::Exit;
use super::format::Format;
use super::process::runtime;
use super::values::parse_timestamp;
use crate::config::model::{Action, ActionIndex, Config, Webhook, WebhookIndex};
use crate::event::{Event, Record, Shape, TopicIndex};
use crate::payload;
use crate::route::explain::Explained;
use crate::route::{Router, channel};
use crate::sanitize;
use crate::send::client_pool::ClientPool;
use crate::send::endpoint::Endpoint;
use crate::send::verdict::Verdict;

mod report;

#[cfg(test)]
mod tests;

/// The maximum length of a note about an event, in characters.
const LONGEST_NOTE: usize = 300;

/// Post one message to Slack for real, without retries, and print the response
///
/// Shows whether a webhook or an app's channel works, and how a message looks there. Needs no
/// Kafka.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
The message is posted even if the action's trigger is false for the event; a note says so. \
It goes to the channel that the action's `channel` chooses for the event. \
In expressions, `$record` has the action's first topic, partition 0 and offset 0, the timestamp of \
--timestamp, and no key or headers (null). \
The parts of a long text follow each other at the webhook's rate, and so does a message whose \
blocks were refused, without them. It does not wait for a worker that posts there, too.

Examples:
  slackline send --action enterprise-signup event.json
  slackline send --action enterprise-signup prod.yaml event.json
  echo '{\"traits\":{\"name\":\"Ada\"}}' | slackline send --action enterprise-signup -

Exit codes: 0 Slack posted the message, which is printed with channel and `ts` where an app posts; \
1 it did not: its word is printed, with what to do; 2 there is no message to post.")]
pub struct SendArgs {
    /// The action whose message is posted
    #[arg(long, value_name = "NAME")]
    action: String,

    /// File with one event, a JSON object; `-` is standard input. A name that ends with .yaml or
    /// .yml is the configuration, as with --config
    #[arg(value_name = "EVENT.json", required = true, num_args = 1..=2)]
    files: Vec<PathBuf>,

    /// The timestamp of the record, in RFC 3339 [default: none]
    #[arg(long, value_name = "TIME", value_parser = parse_timestamp)]
    timestamp: Option<i64>,

    #[command(flatten)]
    config: ConfigFile,
}

pub fn run(args: &SendArgs, log_format: Format) -> anyhow::Result<Exit> {
    args.config.with(&args.files, log_format, |config, files| {
        let args = SendArgs { files, ..args.clone() };
        let (mut stdin, mut out, mut err) = (io::stdin().lock(), stdout(), stderr());
        runtime()?.block_on(send(config, &args, &mut stdin, &mut out, &mut err))
    })
}

/// Posts the message of an action. Slack's response goes to `out`, notes go to `err`.
///
/// # Errors
/// There is no message to post, or no way to post it.
async fn send(
    config: &Arc<Config>,
    args: &SendArgs,
    stdin: &mut dyn BufRead,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let mut actions = (0..).map(ActionIndex).zip(&config.actions);
    let Some((index, action)) = actions.find(|(_, action)| action.name == args.action) else {
        let names: Vec<_> = config.actions.iter().map(|action| action.name.as_str()).collect();
        let (name, names) = (&args.action, names.join("`, `"));
        anyhow::bail!("action `{name}` is not configured: use one of `{names}`");
    };
    let file = match args.files.as_slice() {
        [file] => file,
        [] => anyhow::bail!(NO_EVENTS),
        _ => anyhow::bail!("two events: give one, for one message"),
    };
    let text = only_event(file, stdin).with_context(|| file.display().to_string())?;
    let topic = action.topics.first().copied().unwrap_or(TopicIndex(0));
    let name = &config.kafka.topics[topic.0 as usize];
    let record = Record { timestamp: args.timestamp, ..events::record(topic, name, 0, &text) };
    let (sender, payload) = message(config, index, action, &record, err)?;
    let webhook = &config.webhooks[sender.0 as usize];
    let endpoint = Endpoint::open(webhook, &config.apps, &mut ClientPool::default())
        .with_context(|| format!("webhook `{}`", webhook.name))?;
    let app = config.app_of(sender).map(|app| app.name.as_str());
    post(&endpoint, webhook, app, payload, out).await
}

/// Posts every part of a message, one after the other at the webhook's rate; `app` is the name of
/// the app that posts. The first part that is not posted is the last one.
async fn post(
    endpoint: &Endpoint,
    webhook: &Webhook,
    app: Option<&str>,
    payload: Bytes,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let pause = Duration::from_secs_f64(1.0 / webhook.rate_per_second);
    let parts = payload::parts(&payload).unwrap_or_else(|| vec![payload]);
    let count = parts.len();
    for (number, part) in (1..).zip(parts) {
        if number > 1 {
            tokio::time::sleep(pause).await;
        }
        if count > 1 {
            writeln!(out, "part {number} of {count}:")?;
        }
        let mut attempted = endpoint.attempt_once(&webhook.name, part.clone()).await;
        let plain = payload::plain(&part);
        if let (Verdict::BlocksRefused { .. }, Some(plain)) = (&attempted.verdict, plain) {
            report::write(&attempted, &webhook.name, app, out)?;
            tokio::time::sleep(pause).await;
            attempted = endpoint.attempt_once(&webhook.name, plain.into()).await;
        }
        match report::write(&attempted, &webhook.name, app, out)? {
            Exit::Done => {}
            exit => return Ok(exit),
        }
    }
    Ok(Exit::Done)
}

/// Returns the only event of the file.
fn only_event(path: &Path, stdin: &mut dyn BufRead) -> anyhow::Result<Vec<u8>> {
    let mut found = events::read(path, stdin);
    let first = found.next().transpose()?.map(|found| found.text).unwrap_or_default();
    if let Some(second) = found.next().transpose()? {
        let line = second.line;
        anyhow::bail!("a second event starts on line {line}: give one event, for one message");
    }
    Ok(first)
}

/// Returns what the action posts for the event, and with which sender. Notes go to `err`.
fn message(
    config: &Arc<Config>,
    index: ActionIndex,
    action: &Action,
    record: &Record<'_>,
    err: &mut dyn Write,
) -> anyhow::Result<(WebhookIndex, Bytes)> {
    let event = Event::parse(record).map_err(|invalid| {
        let looks_like = Shape::of(record.payload);
        let reason = invalid.as_str();
        anyhow::anyhow!("the event is invalid ({reason}): {looks_like}; give one JSON object")
    })?;
    let mut notes = Vec::new();
    let router = Router::new(Arc::clone(config));
    let explained = router.explain(record).unwrap_or_default();
    if let Some((_, Explained::NoMatch { reason } | Explained::Error { reason })) =
        explained.into_iter().find(|(of, _)| *of == index)
    {
        notes.push(format!(
            "`run` would not post this, because the action does not apply: {reason}"
        ));
    }
    let routed = router.render(index, &event, &mut |expression, error| {
        notes.push(format!("an expression failed: `{}`: {error}", expression.source()));
    });
    let routed = routed.context("the action is not configured")?;
    if let Some(template) = action.channel.as_ref().filter(|_| routed.is_unlisted) {
        let rendered = channel::render(template, &event, &mut |_, _| {});
        let own = &config.webhooks[action.webhook.0 as usize].name;
        notes.push(format!(
            "`{own}` does not list the channel `{rendered}`: the message goes to its own"
        ));
    }
    if routed.message.as_ref().is_ok_and(|message| !message.truncated.is_empty()) {
        let what = routed.message.as_ref().map(|message| message.truncated.names());
        notes.push(format!("too long for Slack, cut: {}", what.unwrap_or_default().join(", ")));
    }
    for note in notes {
        writeln!(err, "note: {}", sanitize::one_line(&note, LONGEST_NOTE))?;
    }
    match routed.message {
        Ok(message) => Ok((routed.route.webhook, message.payload.into())),
        Err(empty) => anyhow::bail!("no message to post: {empty}"),
    }
}
