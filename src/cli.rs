//! The command line.
//!
//! Invariant: a command prints its results on standard output and everything else on standard
//! error, and its exit code is 0 (done), 1 (failed) or 2 (bad usage or configuration):
//! [`exit::Exit`].
//!
//! To add a command: write `cli/NAME.rs` with its arguments (their doc comment is the help text)
//! and its `run` function, then add a variant to [`Command`] and its line in [`Command::run`].

use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

use exit::Exit;
use format::Format;

// The commands.

mod run;

mod check;

mod preview;

mod send;

mod slack_manifest;

mod fake_slack;

mod sample_events;

mod health;

mod demo;

// What they share.

mod exit;

mod format;

mod config_file;

mod logs;

mod process;

mod values;

mod events;

mod reload;

/// The Slack destination for Kafka: posts a message to Slack for every event that matches an
/// action.
///
/// slackline reads event topics as a member of a consumer group, and posts to channels of Slack
/// apps and to incoming webhooks as the actions of its configuration say. It drops nothing
/// silently, keeps Slack's rate limit, and explains every decision.
#[derive(Debug, Parser)]
#[command(
    name = "slackline",
    version,
    styles = STYLES,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Format of the logs on standard error. RUST_LOG sets the level (error, warn, info, debug, or
    /// per module)
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    log_format: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Check(check::CheckArgs),
    Preview(preview::PreviewArgs),
    Send(send::SendArgs),
    SlackManifest(slack_manifest::SlackManifestArgs),
    FakeSlack(fake_slack::FakeSlackArgs),
    SampleEvents(sample_events::SampleEventsArgs),
    Health(health::HealthArgs),
    Demo(demo::DemoArgs),
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  slackline demo                            see it work; needs nothing else
  slackline check                           check ./slackline.yaml and show what it does
  slackline preview signup.json             show what would be posted for an event, and why
  slackline send --action NAME signup.json  post one message for real
  slackline run slackline.yaml              run the worker

Exit codes: 0 done; 1 failed; 2 bad usage or configuration.

When something does not work:
  https://github.com/slackline/slackline/blob/main/docs/troubleshooting.md";

/// Parses the command line, runs the command, and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    exit::code(cli.command.run(cli.log_format))
}

impl Command {
    fn run(&self, log_format: Format) -> anyhow::Result<Exit> {
        match self {
            Command::Run(args) => run::run(args, log_format),
            Command::Check(args) => check::run(args, log_format),
            Command::Preview(args) => preview::run(args, log_format),
            Command::Send(args) => send::run(args, log_format),
            Command::SlackManifest(args) => slack_manifest::run(args, log_format),
            Command::FakeSlack(args) => fake_slack::run(args, log_format),
            Command::SampleEvents(args) => sample_events::run(args, log_format),
            Command::Health(args) => health::run(args),
            Command::Demo(args) => demo::run(args, log_format),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use std::path::Path;

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_has_help() {
        let command = Cli::command();
        for sub in command.get_subcommands() {
            let name = sub.get_name();
            assert!(sub.get_about().is_some(), "{name} has no help");
            assert!(sub.get_long_about().is_some(), "{name} has no long help");
            assert!(sub.get_after_help().is_some(), "{name} has no examples");
            for argument in sub.get_arguments() {
                assert!(argument.get_help().is_some(), "{name} {} has no help", argument.get_id());
            }
        }
    }

    #[test]
    fn examples_fit_a_terminal_of_80_columns() {
        for sub in Cli::command().get_subcommands() {
            let help = sub.get_after_help().unwrap().to_string();
            for line in help.lines().filter(|line| line.starts_with("  ")) {
                assert!(line.chars().count() <= 80, "{}: {line}", sub.get_name());
            }
        }
    }

    #[test]
    fn the_configuration_defaults_to_the_working_directory() {
        let parsed = |line: &[&str]| match Cli::try_parse_from(line).unwrap().command {
            Command::Run(args) => args.config.option().path(),
            other => panic!("not run: {other:?}"),
        };
        assert_eq!(parsed(&["slackline", "run", "-c", "a.yaml"]), Path::new("a.yaml"));
        assert_eq!(parsed(&["slackline", "run", "--config", "b.yaml"]), Path::new("b.yaml"));
        assert_eq!(parsed(&["slackline", "run", "c.yaml"]), Path::new("c.yaml"));
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
            &["slackline", "check", "a.yaml", "-c", "b.yaml"],
            &["slackline", "run", "a.yaml", "b.yaml"],
        ] {
            assert_eq!(Cli::try_parse_from(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
        assert_eq!(Cli::try_parse_from(["slackline", "--help"]).unwrap_err().exit_code(), 0);
    }
}
