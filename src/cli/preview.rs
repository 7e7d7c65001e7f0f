//! `slackline preview`: shows which actions apply to an event and what each would post, and why the
//! others do not apply.
//!
//! Invariant: it shows what `run` would do, because it uses the same router.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anstream::{stderr, stdout};
use anyhow::Context as _;

use super::config_file::ConfigFile;
use super::events::{Events, open};
use super::exit::Exit;
use super::format::Format;
use crate::config::model::Config;
use crate::event::{Offset, Partition, Position, Record, TopicIndex};
use crate::route::Router;

mod printer;

mod json;

mod text;

#[cfg(test)]
mod tests;

use printer::Printer;

/// Show which actions apply to an event, and exactly what each would post
///
/// Sends nothing and needs no Kafka. Shows for every other action why it does not apply.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
In expressions, `$record` has the topic of --topic, partition 0, the number of the event (from 0) as \
its offset, and no timestamp, key or headers (null), so that the same events always give the same \
output.

Examples:
  slackline preview event.json
  slackline preview --topic orders --output json events.ndjson
  kcat -b localhost:9092 -t events -C -o -10 -e | slackline preview -

Exit codes: 0 done; 2 an event is invalid or a file cannot be read (the others are still shown), or \
the topic is unknown.")]
pub(super) struct PreviewArgs {
    /// Files with events: one JSON object a line (NDJSON), or pretty-printed; `-` is standard input
    #[arg(value_name = "EVENT.json", required = true)]
    files: Vec<PathBuf>,

    /// The topic of the events [default: the first configured topic]
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,

    /// Format of the result: text for people, or one JSON object per event and line
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    output: Format,

    #[command(flatten)]
    config: ConfigFile,
}

pub(super) fn run(args: &PreviewArgs, log_format: Format) -> anyhow::Result<Exit> {
    args.config.with(log_format, |config| {
        preview(config, args, &mut io::stdin().lock(), &mut stdout(), &mut stderr())
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
    let Some((topic, name)) = topic(config, args.topic.as_deref()) else {
        let (name, topics) =
            (args.topic.as_deref().unwrap_or_default(), config.kafka.topics.join("`, `"));
        writeln!(
            err,
            "topic `{name}` is not configured: use one of `{topics}`, or add it to `kafka.topics`"
        )?;
        return Ok(Exit::Refused);
    };
    let router = Router::new(Arc::clone(config));
    let mut printer: Box<dyn Printer> = match args.output {
        Format::Text => Box::new(text::Text::new(config)),
        Format::Json => Box::new(json::Json::new(config)),
    };
    let mut exit = Exit::Done;
    let mut offset = 0;
    for path in &args.files {
        let shown = path.display();
        let mut input = match open(path, stdin) {
            Ok(input) => input,
            Err(error) => {
                writeln!(err, "{shown}: cannot be opened: {error}")?;
                exit = Exit::Refused;
                continue;
            }
        };
        let mut events = Events::new(&mut *input);
        loop {
            let found = match events.next() {
                Ok(Some(found)) => found,
                Ok(None) => break,
                Err(error) => {
                    writeln!(err, "{shown}: cannot be read: {error}")?;
                    exit = Exit::Refused;
                    break;
                }
            };
            let position =
                Position { partition: Partition { topic, number: 0 }, offset: Offset(offset) };
            offset += 1;
            let payload = Some(&*found.text);
            let record =
                Record { position, topic: name, timestamp: None, key: None, headers: &(), payload };
            let explained = router.explain(&record);
            if explained.is_err() {
                exit = Exit::Refused;
            }
            printer
                .event(&format!("{shown}:{}", found.line), &found, &explained, out)
                .context("cannot write the output")?;
            // Each result is shown immediately, for events that are piped in one by one.
            out.flush().context("cannot write the output")?;
        }
    }
    printer.end(out).context("cannot write the output")?;
    Ok(exit)
}

/// Returns the configured topic of that name, or the first one without a name.
fn topic<'c>(config: &'c Config, name: Option<&str>) -> Option<(TopicIndex, &'c str)> {
    let mut all = (0..).map(TopicIndex).zip(config.kafka.topics.iter().map(String::as_str));
    all.find(|(_, topic)| name.is_none_or(|name| name == *topic))
}
