//! `slackline preview`: for each event, which actions apply and the exact payload of each; for each that doesn't, why.
//!
//! Sends nothing and needs no Kafka. Invariant: it shows what `run` would do, for it asks the same router.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use super::events::Events;
use crate::config::model::Config;
use crate::event::{Offset, Partition, Position, Record, TopicIndex};
use crate::route::Router;

mod show;

mod json;

mod text;

#[cfg(test)]
mod tests;

use show::Show;

/// Show which actions apply to an event and what each of them would post.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
In expressions, `$record` has the topic as said by --topic, partition 0, the event's running number from 0 as its offset, \
and no timestamp, key or headers (null), so that the same events always give the same output.

Examples:
  slackline preview event.json
  slackline preview --topic orders --output json events.ndjson
  kcat -b localhost:9092 -t events -C -o -10 -e | slackline preview -

Exit status: 0; 2 where an event is invalid or a file can't be read (the others are still shown), or the topic is unknown.")]
pub struct PreviewArgs {
    /// Files with events: one JSON object a line (NDJSON), or pretty-printed; `-` is standard input
    #[arg(value_name = "EVENT.json", required = true)]
    pub files: Vec<PathBuf>,

    /// The topic that the events came from [default: the first configured]
    #[arg(long, value_name = "NAME")]
    pub topic: Option<String>,

    /// How the answer is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// How a command writes its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people
    Text,
    /// For programs: one JSON object per event and line
    Json,
}

/// Runs the command; returns its exit status. `out` may be given styled text (ANSI escapes) and strips it where nobody sees it.
///
/// # Errors
/// When `out` or `err` take no more.
pub fn preview(
    config: &Arc<Config>,
    args: &PreviewArgs,
    stdin: &mut dyn BufRead,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<u8> {
    let Some((topic, name)) = topic(config, args.topic.as_deref()) else {
        let (name, topics) =
            (args.topic.as_deref().unwrap_or_default(), config.kafka.topics.join("`, `"));
        writeln!(
            err,
            "topic `{name}` is not configured: say one of `{topics}`, or add it to `kafka.topics`"
        )?;
        return Ok(2);
    };
    let router = Router::new(Arc::clone(config));
    let mut show: Box<dyn Show> = match args.output {
        Output::Text => Box::new(text::Text::new(config)),
        Output::Json => Box::new(json::Json::new(config)),
    };
    let mut status = 0;
    let mut offset = 0;
    for path in &args.files {
        let shown = path.display();
        let mut file;
        let input: &mut dyn BufRead = if path.as_os_str() == "-" {
            &mut *stdin
        } else {
            match File::open(path) {
                Ok(opened) => file = BufReader::new(opened),
                Err(error) => {
                    writeln!(err, "{shown}: can't be opened: {error}")?;
                    status = 2;
                    continue;
                }
            }
            &mut file
        };
        let mut events = Events::new(input);
        loop {
            let found = match events.next() {
                Ok(Some(found)) => found,
                Ok(None) => break,
                Err(error) => {
                    writeln!(err, "{shown}: can't be read: {error}")?;
                    status = 2;
                    break;
                }
            };
            let position =
                Position { partition: Partition { topic, number: 0 }, offset: Offset(offset) };
            offset += 1;
            let payload = Some(&*found.text);
            let record =
                Record { position, topic: name, timestamp: None, key: None, headers: &(), payload };
            let judged = router.explain(&record);
            if judged.is_err() {
                status = 2;
            }
            show.event(&format!("{shown}:{}", found.line), &found, &judged, out)
                .context("can't write the output")?;
            // Whoever pipes events in one by one wants to see each at once.
            out.flush().context("can't write the output")?;
        }
    }
    show.end(out).context("can't write the output")?;
    Ok(status)
}

/// The configured topic of that name, or the first.
fn topic<'c>(config: &'c Config, name: Option<&str>) -> Option<(TopicIndex, &'c str)> {
    let mut all = (0..).map(TopicIndex).zip(config.kafka.topics.iter().map(String::as_str));
    all.find(|(_, topic)| name.is_none_or(|name| name == *topic))
}
