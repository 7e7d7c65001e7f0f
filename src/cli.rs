//! The command line: what is asked for goes to standard output, everything else to standard error.
//!
//! Invariant: the exit code tells what happened, for every command: 0 done, 1 failed, 2 bad usage or configuration ([`Exit`]).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anstream::{stderr, stdout};
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::diagnostic::{ConfigErrors, Diagnostic};
use crate::config::model::Config;
use crate::config::{Loaded, duration};

pub mod logs;

pub mod run;

mod reload;

pub mod check;

pub mod preview;

pub mod send;

pub mod fake_slack;

pub mod sample_events;

pub mod health;

pub mod demo;

mod events;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked for.
    Done,
    /// It could not.
    Failed,
    /// It was asked for something that makes no sense: usage, configuration or, for `preview`, an event.
    Refused,
}

/// The Slack destination for Kafka: posts a message to Slack for every event that asks for one.
///
/// slackline reads event topics as a member of a consumer group, and posts to Slack incoming webhooks what its configuration's
/// actions ask for. It loses nothing silently, keeps Slack's rate limit and shows every decision that it makes.
#[derive(Debug, Parser)]
#[command(name = "slackline", version, styles = STYLES, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// How logs are written, to standard error. RUST_LOG sets how much (error, warn, info, debug, or per module)
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  slackline demo                            see it work: nothing else is needed
  slackline check                           is ./slackline.yaml sound, and what will it do?
  slackline preview signup.json             what would be posted for this event, and why?
  slackline send --action NAME signup.json  post it once, for real
  slackline run -c slackline.yaml           the worker

Exit codes: 0 done; 1 failed; 2 bad usage or configuration.";

/// `--log-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line each, for people.
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
pub struct ConfigFile {
    /// The configuration file
    #[arg(
        short,
        long = "config",
        value_name = "FILE",
        env = "SLACKLINE_CONFIG",
        default_value = "slackline.yaml"
    )]
    pub config: PathBuf,
}

/// A command's options, and where the configuration is.
#[derive(Debug, Args)]
struct WithConfig<A: Args> {
    #[command(flatten)]
    args: A,
    #[command(flatten)]
    file: ConfigFile,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the worker until SIGTERM or Ctrl-C
    ///
    /// Joins the consumer group and posts what the actions ask for. A broker or topic that is not there yet is waited for. On SIGTERM or
    /// Ctrl-C it stops reading, lets attempts in flight end (`kafka.drain_timeout`), commits and leaves the group; what was still queued
    /// is read again by the partitions' next owner. A second signal ends it at once.
    #[command(after_help = run::EXAMPLES)]
    Run(run::RunArgs),

    /// Check the configuration and show what it will do
    ///
    /// Every broken rule is reported at once, with file, line, column and remedy. Needs neither Kafka nor Slack.
    #[command(after_help = check::EXAMPLES)]
    Check(WithConfig<check::CheckArgs>),

    /// Show which actions apply to an event, and exactly what each would post
    ///
    /// Sends nothing and needs no Kafka. For every action that does not apply it says why.
    Preview(WithConfig<preview::PreviewArgs>),

    /// Post one message to Slack for real, in one attempt, and print Slack's answer
    ///
    /// To see that a webhook works and how a message looks in its channel. Needs no Kafka.
    Send(WithConfig<send::SendArgs>),

    /// Run a Slack for local work: shows each post as it would look in its channel
    ///
    /// Answers as Slack does, and can be told to limit, fail and hang, by options or while it runs.
    #[command(after_help = fake_slack::EXAMPLES)]
    FakeSlack(fake_slack::FakeSlackArgs),

    /// Send sample events to a Kafka, to try a deployment with
    ///
    /// The demo's traffic: one event in five asks for a post of the demo's configuration. Brokers that are not there yet are waited for; the
    /// topic is made where it does not exist.
    #[command(after_help = sample_events::EXAMPLES)]
    SampleEvents(sample_events::SampleEventsArgs),

    /// Ask a running worker whether it is alive: exit code 0 or 1
    ///
    /// For health checks where there is no shell and no curl. Prints what the worker answered.
    #[command(after_help = health::EXAMPLES)]
    Health(health::HealthArgs),

    /// See the whole product work on this machine, in a minute
    ///
    /// An embedded Kafka, a fake Slack, sample traffic, and the real worker between them. Needs no file, no network and no account, and leaves
    /// nothing behind. Within a minute: steady traffic, a burst that overflows a queue, a rate limit, an outage, and the way back.
    #[command(after_help = demo::EXAMPLES)]
    Demo(demo::DemoArgs),
}

/// Parses the command line, runs the command, and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli) {
        Ok(exit) => exit.into(),
        // Whoever read our output has seen enough: `slackline preview … | head`.
        Err(error) if is_broken_pipe(&error) => Exit::Done.into(),
        Err(error) => {
            complain(&error);
            Exit::Failed.into()
        }
    }
}

fn execute(cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        Command::Run(args) => run::run(&args, cli.log_format),
        Command::Check(with) => {
            logs::init(cli.log_format, logs::Level::Warn, None)?;
            check::check(&with.file.config, &with.args, &variable, &mut stdout(), &mut stderr())
                .map(exit_of)
        }
        Command::Preview(with) => on_config(&with.file, cli.log_format, |config| {
            preview::preview(
                &config,
                &with.args,
                &mut io::stdin().lock(),
                &mut stdout(),
                &mut stderr(),
            )
        }),
        Command::Send(with) => on_config(&with.file, cli.log_format, |config| {
            let (mut stdin, mut out, mut err) = (io::stdin().lock(), stdout(), stderr());
            runtime()?.block_on(send::send(&config, &with.args, &mut stdin, &mut out, &mut err))
        }),
        Command::FakeSlack(args) => {
            logs::init(cli.log_format, logs::Level::Warn, None)?;
            runtime()?.block_on(fake_slack::until_stopped(&args, &mut stdout()))
        }
        Command::SampleEvents(args) => {
            logs::init(cli.log_format, logs::Level::Warn, None)?;
            runtime()?.block_on(sample_events::until_stopped(&args, &mut stdout()))
        }
        Command::Health(args) => health::health(&args, &mut stdout()),
        Command::Demo(args) => demo::demo(&args, cli.log_format, &mut stdout()),
    }
}

/// A command that answers a question about a configuration. Its errors are of usage: it touches nothing that could fail otherwise.
fn on_config(
    file: &ConfigFile,
    log_format: LogFormat,
    command: impl FnOnce(Arc<Config>) -> anyhow::Result<u8>,
) -> anyhow::Result<Exit> {
    logs::init(log_format, logs::Level::Warn, None)?;
    let config = match load(&file.config) {
        Ok(config) => Arc::new(config),
        Err(refused) => return Ok(refused),
    };
    match command(config) {
        Ok(code) => Ok(exit_of(code)),
        Err(error) if is_broken_pipe(&error) => Err(error),
        Err(error) => {
            complain(&error);
            Ok(Exit::Refused)
        }
    }
}

fn exit_of(code: u8) -> Exit {
    match code {
        0 => Exit::Done,
        1 => Exit::Failed,
        _ => Exit::Refused,
    }
}

/// `${NAME}` in the configuration. One that is not UTF-8 counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads and checks the configuration; every fault goes to standard error, every doubt to the log.
///
/// # Errors
/// [`Exit::Refused`]: it is broken, and standard error says where and what would be right.
pub fn load(path: &Path) -> Result<Config, Exit> {
    load_source(path).map(|(config, _)| config)
}

/// The same, with the files that were read for it.
fn load_source(path: &Path) -> Result<(Config, BTreeSet<PathBuf>), Exit> {
    let (result, files) = read(path);
    match result {
        Ok(loaded) => {
            tell_warnings(path, loaded.warnings);
            Ok((loaded.config, files))
        }
        Err(errors) => {
            // With nobody to tell, the exit code still does.
            let _ = writeln!(stderr(), "{errors}");
            Err(Exit::Refused)
        }
    }
}

fn read(path: &Path) -> (Result<Loaded, ConfigErrors>, BTreeSet<PathBuf>) {
    let files = RefCell::new(BTreeSet::new());
    let loaded = crate::config::load_through(path, &variable, &|path| {
        files.borrow_mut().insert(path.to_owned());
        std::fs::read(path)
    });
    (loaded, files.into_inner())
}

fn tell_warnings(path: &Path, warnings: Vec<Diagnostic>) {
    for warning in warnings {
        let at = format!("{}:{}:{}", path.display(), warning.line, warning.column);
        tracing::warn!(at, help = warning.help, "{}", warning.message);
    }
}

/// The runtime of a command that has to do with the network.
///
/// # Errors
/// The system refuses threads or descriptors.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("slackline").build()
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(is))
}

/// The whole chain on one line.
fn complain(error: &anyhow::Error) {
    let style = AnsiColor::Red.on_default().bold();
    // With nobody to tell, the exit code still does.
    let _ = writeln!(stderr(), "{style}error{style:#}: {error:#}");
}

/// Reads a duration as the configuration's are.
fn duration(text: &str) -> Result<Duration, &'static str> {
    duration::parse(text).ok_or(duration::HELP)
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Refused => 2,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use anyhow::Context as _;
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_explained() {
        let command = Cli::command();
        for sub in command.get_subcommands() {
            assert!(sub.get_about().is_some(), "{} has no help", sub.get_name());
            assert!(sub.get_after_help().is_some(), "{} has no examples", sub.get_name());
            for argument in sub.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {} has no help",
                    sub.get_name(),
                    argument.get_id()
                );
            }
        }
    }

    #[test]
    fn the_configuration_defaults_to_the_working_directory() {
        let parsed = |line: &[&str]| match Cli::try_parse_from(line).unwrap().command {
            Command::Run(args) => args.file.config,
            other => panic!("not run: {other:?}"),
        };
        assert_eq!(parsed(&["slackline", "run", "-c", "a.yaml"]), Path::new("a.yaml"));
        assert_eq!(parsed(&["slackline", "run", "--config", "b.yaml"]), Path::new("b.yaml"));
        if std::env::var_os("SLACKLINE_CONFIG").is_none() {
            assert_eq!(parsed(&["slackline", "run"]), Path::new("slackline.yaml"));
        }
    }

    #[test]
    fn wrong_usage_is_code_2() {
        for line in [
            &["slackline", "run", "--nonsense"][..],
            &["slackline", "fly"],
            &["slackline", "demo", "--for", "-3"],
        ] {
            assert_eq!(Cli::try_parse_from(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
        assert_eq!(Cli::try_parse_from(["slackline", "--help"]).unwrap_err().exit_code(), 0);
    }

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for refused in
            ["", "90", "s", "-1s", "1.5s", "1 s", "99999999999999999999s", "18446744073709551615h"]
        {
            assert!(duration(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_broken_pipe_is_found_under_its_context() {
        let broken = Err::<(), _>(io::Error::from(io::ErrorKind::BrokenPipe))
            .context("writing")
            .unwrap_err();
        assert!(is_broken_pipe(&broken));
        let other =
            Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)).context("writing").unwrap_err();
        assert!(!is_broken_pipe(&other));
    }
}
