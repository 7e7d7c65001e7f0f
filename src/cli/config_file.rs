//! The configuration file of a command: the arguments that name it, and loading it.
//!
//! Invariant: an argument wins over `SLACKLINE_CONFIG`, which images set, and two arguments that
//! name a configuration are refused.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;

use super::exit::{Exit, is_broken_pipe, print_error};
use super::format::Format;
use super::logs;
use crate::config::app_use::AppUse;
use crate::config::diagnostic::ConfigErrors;
use crate::config::model::Config;
use crate::config::{Loaded, load_app_uses, load_through};

/// The variable that names the configuration where no argument does.
const VARIABLE: &str = "SLACKLINE_CONFIG";

/// The configuration where nothing names one.
const DEFAULT: &str = "slackline.yaml";

/// The option that names the configuration.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ConfigFile {
    /// The configuration file [default: $SLACKLINE_CONFIG, or else slackline.yaml]
    #[arg(id = "config", short = 'c', long = "config", value_name = "FILE")]
    named: Option<PathBuf>,
}

/// The configuration of a command that takes no other file: an argument or the option.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigArgument {
    /// The configuration file, as with --config
    #[arg(id = "file", value_name = "FILE", conflicts_with = "config")]
    file: Option<PathBuf>,

    #[command(flatten)]
    option: ConfigFile,
}

/// The error of a command that got no more than a configuration.
pub const NO_EVENTS: &str = "no file with events: add one, or `-` for standard input";

impl ConfigArgument {
    /// The option, as if the argument had been given with it.
    pub fn option(&self) -> ConfigFile {
        ConfigFile { named: self.file.clone().or_else(|| self.option.named.clone()) }
    }
}

impl ConfigFile {
    /// The file's path.
    pub fn path(&self) -> PathBuf {
        let variable = || std::env::var_os(VARIABLE).filter(|path| !path.is_empty());
        let named = self.named.clone().or_else(|| variable().map(PathBuf::from));
        named.unwrap_or_else(|| DEFAULT.into())
    }

    /// Splits the arguments of a command that reads events: a name that ends with `.yaml` or `.yml`
    /// is the configuration, because events are JSON. Returns the option, as if that name had been
    /// given with it, and the files with events.
    fn among(&self, files: &[PathBuf]) -> anyhow::Result<(Self, Vec<PathBuf>)> {
        let (yaml, events): (Vec<_>, Vec<_>) = files.iter().cloned().partition(|path| {
            path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
        });
        let mut all = self.named.iter().chain(&yaml);
        let named = all.next().cloned();
        if let (Some(one), Some(other)) = (&named, all.next()) {
            let (one, other) = (one.display(), other.display());
            bail!("two configurations, `{one}` and `{other}`: name one of them");
        }
        Ok((Self { named }, events))
    }

    /// Loads the configuration, and returns it with the files that were read for it. Warnings are
    /// logged.
    ///
    /// # Errors
    /// The configuration is invalid.
    pub fn load(&self) -> anyhow::Result<(Config, BTreeSet<PathBuf>)> {
        let (config, files) = read(&self.path());
        Ok((config?, files))
    }

    /// Loads what the configuration uses each app for, which needs no token and no other secret.
    /// Warnings are logged.
    ///
    /// # Errors
    /// The configuration is invalid.
    pub fn load_app_uses(&self) -> Result<Vec<AppUse>, ConfigErrors> {
        let path = self.path();
        let loaded = load_app_uses(&path, &variable)?;
        Ok(with_warnings_logged(&path, loaded))
    }

    /// Runs a command that shows what the configuration does with events. `files` are its
    /// arguments; the command gets those with events. Its errors count as bad usage.
    pub fn with(
        &self,
        files: &[PathBuf],
        log_format: Format,
        command: impl FnOnce(&Arc<Config>, Vec<PathBuf>) -> anyhow::Result<Exit>,
    ) -> anyhow::Result<Exit> {
        // What Slack answers to `send` is in the result.
        logs::init(log_format, "warn,slackline::send=error", None)?;
        let ended = match self.among(files) {
            Ok((config, events)) => command(&Arc::new(config.load()?.0), events),
            Err(error) => Err(error),
        };
        match ended {
            Err(error) if !is_broken_pipe(&error) => {
                print_error(&error);
                Ok(Exit::Refused)
            }
            result => result,
        }
    }
}

/// Reads and checks the configuration at `path`, and logs its warnings. Returns it with the files
/// that were read for it.
pub fn read(path: &Path) -> (Result<Config, ConfigErrors>, BTreeSet<PathBuf>) {
    let files = RefCell::new(BTreeSet::new());
    let loaded = load_through(path, &variable, &|path| {
        files.borrow_mut().insert(path.to_owned());
        std::fs::read(path)
    });
    let config = loaded.map(|loaded| with_warnings_logged(path, loaded));
    (config, files.into_inner())
}

/// Logs the warnings about the configuration at `path`, and returns what was read of it.
fn with_warnings_logged<T>(path: &Path, loaded: Loaded<T>) -> T {
    for warning in loaded.warnings {
        let at = format!("{}:{}:{}", path.display(), warning.line, warning.column);
        tracing::warn!(at, warning = warning.message, help = warning.help, "configuration warning");
    }
    loaded.config
}

/// Returns the value of `${NAME}`. A variable that is not UTF-8 counts as unset.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The configuration and the events of these arguments, or the error.
    fn among(option: Option<&str>, files: &[&str]) -> Result<(PathBuf, Vec<PathBuf>), String> {
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        let split = ConfigFile { named: option.map(PathBuf::from) }.among(&files);
        split.map(|(config, events)| (config.path(), events)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_yaml_file_among_the_events_is_the_configuration() {
        for files in [&["a.yaml", "b.json", "-"][..], &["b.json", "a.yaml", "-"]] {
            let events = vec![PathBuf::from("b.json"), PathBuf::from("-")];
            assert_eq!(among(None, files).unwrap(), ("a.yaml".into(), events));
        }
        assert_eq!(among(None, &["x/a.yml", "b"]).unwrap().0, Path::new("x/a.yml"));
        let (config, events) = among(Some("c"), &["b.json"]).unwrap();
        assert_eq!((config, events), ("c".into(), vec!["b.json".into()]));
        for (option, files) in
            [(Some("c"), &["a.yaml", "b"][..]), (None, &["a.yaml", "b", "d.yml"])]
        {
            let error = among(option, files).unwrap_err();
            assert!(error.starts_with("two configurations, `"), "{error}");
        }
        assert_eq!(among(None, &["a.yaml"]).unwrap(), ("a.yaml".into(), Vec::new()));
    }
}
