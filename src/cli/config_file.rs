//! The configuration file of a command: the option that names it, and loading it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exit::{Exit, is_broken_pipe, print_error};
use super::format::Format;
use super::logs;
use crate::config::diagnostic::ConfigErrors;
use crate::config::load_through;
use crate::config::model::Config;

#[derive(Debug, Clone, Default, clap::Args)]
pub struct ConfigFile {
    /// The configuration file
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        env = "SLACKLINE_CONFIG",
        default_value = "slackline.yaml"
    )]
    pub path: PathBuf,
}

impl ConfigFile {
    /// Loads the configuration, and returns it with the files that were read for it. Warnings are
    /// logged.
    ///
    /// # Errors
    /// The configuration is invalid.
    pub fn load(&self) -> anyhow::Result<(Config, BTreeSet<PathBuf>)> {
        let (config, files) = read(&self.path);
        Ok((config?, files))
    }

    /// Runs a command that answers a question about the configuration. Its errors count as bad
    /// usage.
    pub fn with(
        &self,
        log_format: Format,
        command: impl FnOnce(&Arc<Config>) -> anyhow::Result<Exit>,
    ) -> anyhow::Result<Exit> {
        logs::init(log_format, "warn", None)?;
        match command(&Arc::new(self.load()?.0)) {
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
    let config = loaded.map(|loaded| {
        for warning in loaded.warnings {
            let at = format!("{}:{}:{}", path.display(), warning.line, warning.column);
            tracing::warn!(
                at,
                warning = warning.message,
                help = warning.help,
                "configuration warning"
            );
        }
        loaded.config
    });
    (config, files.into_inner())
}

/// Returns the value of `${NAME}`. A variable that is not UTF-8 counts as unset.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
