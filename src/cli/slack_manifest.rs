//! `slackline slack-manifest`: prints the manifest that a Slack app is created from, and how to
//! install it.
//!
//! Invariant: standard output is the manifest and nothing else, so that it can be piped; no token,
//! URL or other secret is needed or read.

use std::io::Write;

use anstream::{stderr, stdout};
use anyhow::bail;
use clap::ValueEnum;

use super::config_file::ConfigArgument;
use super::exit::{Exit, is_broken_pipe, print_error};
use super::format::Format;
use super::logs;
use crate::config::app_use::{AppUse, Origin};
use crate::config::names::{list, nearest};
use crate::slack_host;

mod manifest;

#[cfg(test)]
mod tests;

use manifest::{Manifest, may_be_private};

/// The channels that are named in the steps, at most.
const NAMED_CHANNELS: usize = 10;

/// Print the manifest of the Slack app that the configuration needs
///
/// Slack creates an app from it, with exactly the scopes that the configuration uses. The steps to
/// install the app are printed on standard error. Neither the app's token nor any other secret is
/// needed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A value that comes from a file or a variable is not needed, and not read, unless it is a webhook's \
`app`, `channel` or `channels`.

Examples:
  slackline slack-manifest                        of ./slackline.yaml
  slackline slack-manifest prod.yaml --app acme   for one of several apps
  slackline slack-manifest --output json >app.json

Exit codes: 0 done; 2 the configuration is invalid, or has no such app.")]
pub struct SlackManifestArgs {
    /// The app, where the configuration has several
    #[arg(long, value_name = "NAME")]
    app: Option<String>,

    /// Format of the manifest: Slack takes both
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    output: Syntax,

    #[command(flatten)]
    config: ConfigArgument,
}

// Variants without doc comments keep the list of values in `--help` on one line.
/// The format of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Syntax {
    Yaml,
    Json,
}

pub fn run(args: &SlackManifestArgs, log_format: Format) -> anyhow::Result<Exit> {
    logs::init(log_format, "warn", None)?;
    let apps = args.config.option().load_app_uses()?;
    match show(&apps, args.app.as_deref(), args.output, &mut stdout(), &mut stderr()) {
        Err(error) if !is_broken_pipe(&error) => {
            print_error(&error);
            Ok(Exit::Refused)
        }
        result => result.map(|()| Exit::Done),
    }
}

/// Prints the manifest of one of `apps` to `out`, and the steps to `err`.
fn show(
    apps: &[AppUse],
    name: Option<&str>,
    syntax: Syntax,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<()> {
    let app = chosen(apps, name)?;
    let manifest = Manifest::of(app);
    let text = match syntax {
        Syntax::Yaml => serde_saphyr::to_string(&manifest)?,
        Syntax::Json => serde_json::to_string_pretty(&manifest)?,
    };
    writeln!(out, "{}", text.trim_end())?;
    out.flush()?;
    write!(err, "{}", steps(app))?;
    Ok(())
}

fn chosen<'a>(apps: &'a [AppUse], name: Option<&str>) -> anyhow::Result<&'a AppUse> {
    let names: Vec<&str> = apps.iter().map(|app| app.name.as_str()).collect();
    let all = list(&names);
    match (apps, name) {
        ([], _) => bail!(
            "no app is configured: a manifest is for an app under `apps`, to which a webhook posts \
             with `app` and `channel`; incoming webhooks need none"
        ),
        ([app], None) => Ok(app),
        (_, None) => bail!("there are several apps: choose one of {all} with `--app NAME`"),
        (_, Some(name)) => {
            let found = apps.iter().find(|app| app.name == name);
            found.ok_or_else(|| match nearest(name, &names) {
                Some(near) => {
                    anyhow::anyhow!("app `{name}` is not configured: did you mean `{near}`?")
                }
                None => anyhow::anyhow!("app `{name}` is not configured: use one of {all}"),
            })
        }
    }
}

/// How to install the app, for a person.
fn steps(app: &AppUse) -> String {
    let name = &app.name;
    let domain = app.api_url.as_ref().and_then(slack_host::domain).unwrap_or(slack_host::SLACK);
    let token = match &app.token {
        Origin::File(file) => format!("the file `{file}`"),
        Origin::Variable(variable) => format!("the environment variable `{variable}`"),
        Origin::Key(key) => format!("`{key}` of the app `{name}`"),
    };
    format!(
        "\nTo install the app `{name}`:\n\
         1. On https://api.{domain}/apps, choose Create New App, From a manifest, and the workspace. Paste the manifest.\n\
         2. On the app's page Install App, install it to the workspace.{}\n\
         3. On its page OAuth & Permissions, copy the Bot User OAuth Token (xoxb-…) into {token}.\n\
         Then `slackline check --online` shows whether it can post.\n",
        invitation(app)
    )
}

/// What to do for the channels that may be private; empty if none of them can be.
fn invitation(app: &AppUse) -> String {
    let private: Vec<&str> = app
        .channels
        .iter()
        .map(|channel| channel.as_str())
        .filter(|channel| may_be_private(channel))
        .collect();
    if private.is_empty() {
        return String::new();
    }
    let named = list(&private[..private.len().min(NAMED_CHANNELS)]);
    let more = match private.len().saturating_sub(NAMED_CHANNELS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let name = &app.name;
    format!(
        "\n   In each of these channels that is private, invite it with `/invite @{name}`: {named}{more}."
    )
}
