//! `slackline preview`: shows which actions apply to an event and what each would post, and why the
//! others do not apply.
//!
//! Invariant: it shows what `run` would do, because it uses the same router.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anstream::{stderr, stdout};
use anyhow::Context as _;

use super::config_file::{ConfigFile, NO_EVENTS};
use super::events;
use super::exit::Exit;
use super::format::Format;
use super::process::runtime;
use super::values::parse_timestamp;
use crate::config::model::{ActionIndex, Config};
use crate::event::{Record, TopicIndex};
use crate::route::Router;
use crate::route::explain::Explained;

use self::at::At;
use self::online::{Checked, Online};
use self::seen::Seen;

mod at;

mod json;

mod online;

mod posted;

mod seen;

mod text;

#[cfg(test)]
mod tests;

/// Show which actions apply to an event, and exactly what each would post
///
/// Sends nothing, and needs no Kafka except for --at. Shows for every other action why it does not
/// apply.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
In expressions, `$record` has the topic of --topic, partition 0, the number of the event (from 0) as \
its offset, the timestamp of --timestamp, and no key or headers (null), so that the same events \
always give the same output. With --at it is the record of Kafka. --at joins no group and commits nothing.

Examples:
  slackline preview event.json
  slackline preview prod.yaml event.json        with another configuration
  slackline preview --topic orders --output json events.ndjson
  kcat -b localhost:9092 -t events -C -o -10 -e | slackline preview -
  slackline preview --timestamp 2026-11-28T12:00:00Z event.json
  slackline preview --at events/0@17
  slackline preview --online event.json         Slack checks the blocks

Exit codes: 0 done; 1 with --online, Slack refuses blocks or cannot be asked; 2 an event is invalid \
or a file cannot be read (the others are still shown), the topic is unknown, or Kafka does not have \
the record.")]
pub struct PreviewArgs {
    /// Files with events: one JSON object a line (NDJSON), or pretty-printed; `-` is standard
    /// input. A name that ends with .yaml or .yml is the configuration, as with --config
    #[arg(value_name = "EVENT.json", required_unless_present = "at")]
    files: Vec<PathBuf>,

    /// A record to fetch from Kafka instead of reading files, as a line of the log names it
    #[arg(long, value_name = "TOPIC/PARTITION@OFFSET", conflicts_with = "topic")]
    at: Option<At>,

    /// The topic of the events [default: the first configured topic]
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,

    /// The timestamp of the records, in RFC 3339 [default: none]
    #[arg(long, value_name = "TIME", value_parser = parse_timestamp, conflicts_with = "at")]
    timestamp: Option<i64>,

    /// Format of the result: text for people, or one JSON object per event and line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,

    /// Have Slack check the blocks of each message: exit code 1 if it refuses them or cannot be
    /// asked. Posts nothing
    #[arg(long)]
    online: bool,

    #[command(flatten)]
    config: ConfigFile,
}

pub fn run(args: &PreviewArgs, log_format: Format) -> anyhow::Result<Exit> {
    args.config.with(&args.files, log_format, |config, files| {
        let args = PreviewArgs { files, ..args.clone() };
        preview(config, &args, &mut io::stdin().lock(), &mut stdout(), &mut stderr())
    })
}

/// Shows the events of all files on `out`, which removes the ANSI styles where there is no
/// terminal.
fn preview(
    config: &Arc<Config>,
    args: &PreviewArgs,
    stdin: &mut dyn BufRead,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match &args.at {
        None if args.files.is_empty() => anyhow::bail!(NO_EVENTS),
        Some(_) if !args.files.is_empty() => {
            anyhow::bail!("give either files with events or --at, not both")
        }
        _ => {}
    }
    let named = args.at.as_ref().map(|at| at.topic.as_str()).or(args.topic.as_deref());
    let Some((topic, name)) = topic(config, named) else {
        let (name, topics) = (named.unwrap_or_default(), config.kafka.topics.join("`, `"));
        anyhow::bail!(
            "topic `{name}` is not configured: use one of `{topics}`, or add it to `kafka.topics`"
        );
    };
    let mut preview = Preview {
        config,
        router: Router::new(Arc::clone(config)),
        text: text::Text::new(config),
        format: args.output,
        online: args.online.then(runtime).transpose()?.map(Online::new),
        exit: Exit::Done,
    };
    if let Some(at) = &args.at {
        let position = at.position(topic);
        let read = at.read(&config.kafka, position).with_context(|| at.to_string())?;
        preview.show(&at.to_string(), 1, &read.record(name, position), out)?;
        return Ok(preview.exit);
    }
    let mut offsets = 0..;
    for path in &args.files {
        for found in events::read(path, stdin) {
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    writeln!(err, "{}: {error:#}", path.display())?;
                    preview.exit = Exit::Refused;
                    break;
                }
            };
            let offset = offsets.next().unwrap_or_default();
            let record = events::record(topic, name, offset, &found.text);
            let record = Record { timestamp: args.timestamp, ..record };
            let source = format!("{}:{}", path.display(), found.line);
            preview.show(&source, found.line, &record, out)?;
        }
    }
    preview.text.end(out).context("cannot write the output")?;
    Ok(preview.exit)
}

/// Shows the decisions on one record after the other.
struct Preview<'c> {
    config: &'c Config,
    router: Router,
    text: text::Text,
    format: Format,
    /// Slack's check of blocks, if it is wanted.
    online: Option<Online>,
    exit: Exit,
}

impl Preview<'_> {
    /// Shows one record, which was read from `source` and whose value starts on `line`.
    fn show(
        &mut self,
        source: &str,
        line: usize,
        record: &Record<'_>,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let decisions = self.router.explain(record);
        if decisions.is_err() {
            self.exit = Exit::Refused;
        }
        let seen = Seen { source, line, value: record.payload };
        let checked = self.check(decisions.as_deref().unwrap_or_default());
        let written = match self.format {
            Format::Text => {
                self.text.event(&seen, &decisions, out).and_then(|()| text::checked(&checked, out))
            }
            Format::Json => {
                let mut line = json::line(&seen, &decisions, self.config);
                json::add_checked(&mut line, &checked);
                writeln!(out, "{line}")
            }
        };
        // Each result is shown immediately, for events that are piped in one by one.
        written.and_then(|()| out.flush()).context("cannot write the output")
    }
}

impl Preview<'_> {
    /// Has Slack check the blocks of the messages; with the actions' names.
    fn check(&mut self, decisions: &[(ActionIndex, Explained)]) -> Vec<(String, Checked)> {
        let Some(online) = &mut self.online else { return Vec::new() };
        let mut checked = Vec::new();
        for (index, explained) in decisions {
            let Explained::Post { webhook, message, .. } = explained else { continue };
            let action = self.config.actions.get(index.0 as usize);
            let result = online.check(self.config, *webhook, &message.payload);
            checked.extend(action.map(|action| action.name.clone()).zip(result));
        }
        if self.exit == Exit::Done && checked.iter().any(|(_, result)| result.is_failed) {
            self.exit = Exit::Failed;
        }
        checked
    }
}

/// Returns the configured topic of that name, or the first one without a name.
fn topic<'c>(config: &'c Config, name: Option<&str>) -> Option<(TopicIndex, &'c str)> {
    let mut all = (0..).map(TopicIndex).zip(config.kafka.topics.iter().map(String::as_str));
    all.find(|(_, topic)| name.is_none_or(|name| name == *topic))
}
