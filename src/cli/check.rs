//! `slackline check`: reports every mistake of a configuration, or shows what it does.
//!
//! Invariant: the host is the only part of a webhook's URL that is printed, and nothing of a token.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anstream::{stderr, stdout};
use serde_json::{Value as Json, json};

use super::config_file::{ConfigArgument, variable};
use super::exit::Exit;
use super::format::{Format, counted};
use super::logs;
use crate::config::load;
use crate::online::item::Item;

mod online;

mod sections;

mod tables;

const EXAMPLES: &str = "\
Examples:
  slackline check                              check ./slackline.yaml
  slackline check prod.yaml --output json      print JSON, for scripts
  slackline check prod.yaml --online           ask Kafka and Slack, too

Environment variables that the file names must be set.
Exit codes: 0 valid, with or without warnings; 1 valid, but something asked with
--online is wrong; 2 invalid.";

/// Check the configuration and show what it does
///
/// Reports all mistakes together, each with file, line, column and remedy. Needs neither Kafka nor
/// Slack, except with --online.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// Format of the result: tables, or one JSON object
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,

    /// Ask the real services, too: brokers, topics, ACLs, the apps' tokens, scopes and channels.
    /// Takes at most 30 seconds, and changes nothing: joins no group, commits nothing, creates no
    /// topic, posts nothing
    #[arg(long)]
    online: bool,

    #[command(flatten)]
    config: ConfigArgument,
}

/// What is checked, and how it is shown.
#[derive(Clone, Copy)]
struct How {
    output: Format,
    online: bool,
}

pub fn run(args: &CheckArgs, log_format: Format) -> anyhow::Result<Exit> {
    let how = How { output: args.output, online: args.online };
    // What the Kafka client logs while it retries is in the result.
    logs::init(log_format, if how.online { "error" } else { "warn" }, None)?;
    check(&args.config.option().path(), how, &variable, &mut stdout(), &mut stderr())
}

/// Checks the configuration at `path`. What it does goes to `out`, warnings and mistakes go to
/// `err`; as JSON, everything goes to `out`. `env` looks up `${NAME}`.
fn check(
    path: &Path,
    how: How,
    env: &dyn Fn(&str) -> Option<String>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let file = path.display().to_string();
    let loaded = load(path, env);
    let warnings = match &loaded {
        Ok(loaded) => &loaded.warnings,
        Err(errors) => &errors.warnings,
    };
    let total = match warnings.len() {
        0 => String::new(),
        count => format!(", {}", counted(count, "warning")),
    };
    if matches!(how.output, Format::Text) {
        for warning in warnings {
            writeln!(err, "{}\n", warning.display(&file, "warning: "))?;
        }
    }
    match (loaded, how.output) {
        (Ok(loaded), Format::Text) => {
            let config = Arc::new(loaded.config);
            tables::write(&config, out)?;
            let mut exit = Exit::Done;
            let mut asked = String::new();
            if how.online {
                out.flush()?;
                let items = online::ask(&config, err)?;
                online::show(&items, out)?;
                asked = format!("; {}", online::summary(&items));
                exit = exit_of(&items);
            }
            writeln!(out, "{file}: ok{total}{asked}")?;
            Ok(exit)
        }
        (Ok(loaded), Format::Json) => {
            let config = Arc::new(loaded.config);
            let mut json = sections::as_json(&config, &loaded.warnings);
            let mut exit = Exit::Done;
            if how.online {
                let items = online::ask(&config, err)?;
                exit = exit_of(&items);
                json["ok"] = (exit == Exit::Done).into();
                json["online"] = serde_json::to_value(items)?;
            }
            print(&json, out)?;
            Ok(exit)
        }
        (Err(errors), Format::Text) => {
            let count = counted(errors.errors.len(), "error");
            writeln!(err, "{errors}\n\n{file}: {count}{total}")?;
            Ok(Exit::Refused)
        }
        (Err(errors), Format::Json) => {
            let (errors, warnings) = (errors.errors, errors.warnings);
            print(&json!({ "ok": false, "errors": errors, "warnings": warnings }), out)?;
            Ok(Exit::Refused)
        }
    }
}

fn exit_of(items: &[Item]) -> Exit {
    if online::has_failed(items) { Exit::Failed } else { Exit::Done }
}

/// Prints JSON in one piece: the terminal's adapter takes a while for each.
fn print(json: &Json, out: &mut dyn Write) -> std::io::Result<()> {
    let text = json.to_string();
    writeln!(out, "{text}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const PLANTED: &str = "pl4nt3dSecret";

    fn run(yaml: &str, output: Format) -> (u8, String, String) {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("slackline.yaml");
        std::fs::write(&config, yaml).unwrap();
        std::fs::write(directory.path().join("token"), format!("xoxb-3-4-{PLANTED}")).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let env = |name: &str| match name {
            "URL" => Some(format!("https://hooks.slack.com/services/T/B/{PLANTED}")),
            "TOKEN" => Some(format!("xoxb-1-2-{PLANTED}")),
            _ => None,
        };
        let how = How { output, online: false };
        let exit = check(&config, how, &env, &mut out, &mut err).unwrap();
        let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
        assert!(!out.contains(PLANTED) && !err.contains(PLANTED), "{out}{err}");
        (exit as u8, out, err)
    }

    const VALID: &str = "kafka: {brokers: 'k:9092', group_id: g, topics: [events]}\nwebhooks: {sales: {url: '${URL}', proxy: 'http://u:pl4nt3dSecret@p:1'}}\n\
        actions: [{name: signup, trigger: 'a == `1`', webhook: sales, message: hi, channel: '#s'}]\n";

    #[test]
    fn a_valid_configuration_is_shown_and_its_warnings_go_to_standard_error() {
        let (code, out, err) = run(VALID, Format::Text);
        assert_eq!(code, 0);
        for shown in [
            "hooks.slack.com",
            "signup",
            "sales",
            "drop_newest",
            "initial 1s, max 1m, max_elapsed 15m",
            "ok, 1 warning",
        ] {
            assert!(out.contains(shown), "{shown} in {out}");
        }
        assert!(!out.contains("services"), "{out}");
        assert!(err.contains("warning: `channel`: only legacy webhooks"), "{err}");
    }

    /// Both kinds of webhooks, and apps with each source of a token.
    const APPS: &str = r##"
kafka: { brokers: 'k:9092', group_id: g, topics: [events] }
apps:
  acme: { token: '${TOKEN}' }
  gov: { token_file: token, posts_per_minute: 60, api_url: 'https://slack-gov.com/api/' }
  here: { token: xoxb-5-6-pl4nt3dSecret, api_url: 'http://127.0.0.1:9465/api/' }
webhooks:
  sales: { url: '${URL}' }
  support: { app: gov, channel: C024BE91L }
  regions: { app: acme, channel: '#sales', channels: ['#emea', '#us'] }
  local: { app: here, channel: '#local' }
actions:
  - { name: a, trigger: a, webhook: sales, message: hi, unfurl: false }
  - { name: b, trigger: a, webhook: support, message: hi }
  - { name: c, trigger: a, webhook: regions, channel: '#us', message: hi }
  - { name: d, trigger: a, webhook: local, message: hi }
"##;

    /// The lines of a table, without the blanks at their ends.
    fn section(out: &str, title: &str) -> Vec<String> {
        let lines = out.lines().skip_while(|line| *line != title).skip(1);
        lines.take_while(|line| !line.is_empty()).map(|line| line.trim_end().to_owned()).collect()
    }

    #[test]
    fn apps_and_their_channels_are_shown_by_name() {
        let (code, out, err) = run(APPS, Format::Text);
        assert_eq!((code, err.as_str()), (0, ""));
        assert_eq!(
            section(&out, "Apps"),
            [
                " name  token_from      posts_per_minute  host",
                " acme  variable TOKEN  200",
                " gov   file token      60                slack-gov.com",
                " here  configuration   200               127.0.0.1:9465",
            ]
        );
        let webhooks = section(&out, "Webhooks");
        let starts = [
            " name     host             app   channel    channels    rate_per_second ",
            " sales    hooks.slack.com                               1 ",
            " support                   gov   C024BE91L              1 ",
            " regions                   acme  #sales     #emea, #us  1 ",
            " local                     here  #local                 1 ",
        ];
        assert_eq!(webhooks.len(), starts.len(), "{out}");
        for (line, start) in webhooks.iter().zip(starts) {
            assert!(line.starts_with(start), "{line}\n{start}");
        }
        let actions = section(&out, "Actions");
        assert!(actions[0].contains(" unfurl") && actions[1].ends_with(" false"), "{out}");
        // What no webhook needs has no table.
        assert!(!run(VALID, Format::Text).1.contains("Apps"));
    }

    #[test]
    fn json_has_the_names_of_apps_and_channels() {
        let shown: serde_json::Value = serde_json::from_str(&run(APPS, Format::Json).1).unwrap();
        let app = json!({
            "name": "gov", "token_from": "file token", "posts_per_minute": 60.0,
            "host": "slack-gov.com", "allow_http": false, "proxy": null, "ca_file": null,
        });
        assert_eq!(shown["apps"][1], app);
        assert_eq!(shown["apps"][0]["host"], serde_json::Value::Null);
        assert_eq!(shown["webhooks"].as_array().unwrap().len(), 4, "{shown}");
        let regions = &shown["webhooks"][2];
        assert_eq!((&regions["name"], &regions["app"]), (&json!("regions"), &json!("acme")));
        assert_eq!(
            (&regions["channel"], &regions["channels"]),
            (&json!("#sales"), &json!(["#emea", "#us"]))
        );
        assert_eq!(shown["webhooks"][0]["app"], serde_json::Value::Null);
        assert_eq!(shown["actions"][2]["webhook"], "regions");
    }

    #[test]
    fn triggers_that_need_the_whole_event_are_reported_with_the_reason() {
        let yaml =
            VALID.replace("trigger: 'a == `1`'", "trigger: 'a == `1` && length(items) > `2`'");
        let (_, out, _) = run(&yaml, Format::Text);
        let shown: Vec<_> =
            out.lines().filter(|line| line.contains("length")).map(str::trim).collect();
        assert_eq!(shown.len(), 2, "{out}");
        assert!(
            shown[1].starts_with("signup") && shown[1].ends_with("length(items) > `2`"),
            "{out}"
        );
        assert!(out.contains("need the whole event"), "{out}");
        assert!(!run(VALID, Format::Text).1.contains("whole event"));
        let shown: serde_json::Value = serde_json::from_str(&run(&yaml, Format::Json).1).unwrap();
        assert_eq!(shown["actions"][0]["needs_whole_event"], "length(items) > `2`");
        let shown: serde_json::Value = serde_json::from_str(&run(VALID, Format::Json).1).unwrap();
        assert_eq!(shown["actions"][0]["needs_whole_event"], serde_json::Value::Null);
    }

    #[test]
    fn json_is_one_object_on_standard_output() {
        let (code, out, err) = run(VALID, Format::Json);
        let shown: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, err.as_str()), (0, ""));
        assert_eq!(shown["ok"], true);
        assert_eq!(shown["webhooks"][0]["host"], "hooks.slack.com");
        assert_eq!(shown["warnings"][0]["line"], 3);

        let (code, out, err) = run(
            "kafka: {brokers: k, group_id: g, topics: [events]}\nwebhooks: {sales: {url: 5}}\nactions: []\n",
            Format::Json,
        );
        let shown: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, err.as_str()), (2, ""));
        let expected = json!({"ok": false, "errors": [
            {"line": 2, "column": 25, "message": "`url` is a number, not a text", "help": "quote it: `url: \"***\"`"},
            {"line": 3, "column": 10, "message": "no action is configured", "help": "add one: `- name: …` with `trigger`, `webhook` and `message`"},
        ], "warnings": []});
        assert_eq!(shown, expected);
    }

    #[test]
    fn warnings_are_shown_beside_errors() {
        let yaml = VALID.replace("message: hi", "message: hi @here, colour: red");
        assert_ne!(yaml, VALID);
        let (code, out, err) = run(&yaml, Format::Text);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.contains("warning: ") && err.contains("<!here>"), "{err}");
        assert!(err.contains("unknown key `colour`") && err.contains(": 1 error, "), "{err}");
        let shown: serde_json::Value = serde_json::from_str(&run(&yaml, Format::Json).1).unwrap();
        assert_eq!(shown["ok"], false);
        assert!(shown["warnings"].as_array().is_some_and(|list| !list.is_empty()), "{shown}");
    }

    #[test]
    fn an_invalid_configuration_is_code_2() {
        let (code, out, err) = run("kafka: {}\n", Format::Text);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.contains("slackline.yaml:1:8: `kafka` has no `brokers`"), "{err}");
        assert!(err.ends_with("5 errors\n"), "{err}");
    }
}
