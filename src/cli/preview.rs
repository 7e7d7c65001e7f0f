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
use super::events;
use super::exit::Exit;
use super::format::Format;
use crate::config::model::Config;
use crate::event::TopicIndex;
use crate::route::Router;

mod json;

mod text;

#[cfg(test)]
mod tests;

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
  slackline preview prod.yaml event.json        with another configuration
  slackline preview --topic orders --output json events.ndjson
  kcat -b localhost:9092 -t events -C -o -10 -e | slackline preview -

Exit codes: 0 done; 2 an event is invalid or a file cannot be read (the others are still shown), or \
the topic is unknown.")]
pub struct PreviewArgs {
    /// Files with events: one JSON object a line (NDJSON), or pretty-printed; `-` is standard
    /// input. A name that ends with .yaml or .yml is the configuration, as with --config
    #[arg(value_name = "EVENT.json", required = true)]
    files: Vec<PathBuf>,

    /// The topic of the events [default: the first configured topic]
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,

    /// Format of the result: text for people, or one JSON object per event and line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,

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
    let Some((topic, name)) = topic(config, args.topic.as_deref()) else {
        let (name, topics) =
            (args.topic.as_deref().unwrap_or_default(), config.kafka.topics.join("`, `"));
        anyhow::bail!(
            "topic `{name}` is not configured: use one of `{topics}`, or add it to `kafka.topics`"
        );
    };
    let router = Router::new(Arc::clone(config));
    let mut shown = text::Text::new(config);
    let mut exit = Exit::Done;
    let mut offsets = 0..;
    for path in &args.files {
        for found in events::read(path, stdin) {
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    writeln!(err, "{}: {error:#}", path.display())?;
                    exit = Exit::Refused;
                    break;
                }
            };
            let offset = offsets.next().unwrap_or_default();
            let decisions = router.explain(&events::record(topic, name, offset, &found.text));
            if decisions.is_err() {
                exit = Exit::Refused;
            }
            let source = format!("{}:{}", path.display(), found.line);
            let written = match args.output {
                Format::Text => shown.event(&source, &found, &decisions, out),
                Format::Json => writeln!(out, "{}", json::line(&source, &decisions, config)),
            };
            // Each result is shown immediately, for events that are piped in one by one.
            written.and_then(|()| out.flush()).context("cannot write the output")?;
        }
    }
    shown.end(out).context("cannot write the output")?;
    Ok(exit)
}

/// Returns the configured topic of that name, or the first one without a name.
fn topic<'c>(config: &'c Config, name: Option<&str>) -> Option<(TopicIndex, &'c str)> {
    let mut all = (0..).map(TopicIndex).zip(config.kafka.topics.iter().map(String::as_str));
    all.find(|(_, topic)| name.is_none_or(|name| name == *topic))
}
