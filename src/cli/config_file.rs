//! The configuration file of a command: the option that names it, and loading it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anstream::stderr;

use super::exit::{Exit, is_broken_pipe, print_error};
use super::format::Format;
use super::logs;
use crate::config::diagnostic::{ConfigErrors, Diagnostic};
use crate::config::model::Config;
use crate::config::{Loaded, load_through};

#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ConfigFile {
    /// The configuration file
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        env = "SLACKLINE_CONFIG",
        default_value = "slackline.yaml"
    )]
    pub(super) path: PathBuf,
}

impl ConfigFile {
    /// Loads the configuration, and returns it with the files that were read for it. Mistakes are
    /// printed on standard error, warnings are logged.
    ///
    /// # Errors
    /// [`Exit::Refused`]: the configuration is invalid.
    pub(super) fn load(&self) -> Result<(Config, BTreeSet<PathBuf>), Exit> {
        let (result, files) = read(&self.path);
        match result {
            Ok(loaded) => {
                log_warnings(&self.path, loaded.warnings);
                Ok((loaded.config, files))
            }
            Err(errors) => {
                // Without standard error, the exit code still reports the failure.
                let _ = writeln!(stderr(), "{errors}");
                Err(Exit::Refused)
            }
        }
    }

    /// Runs a command that answers a question about the configuration. Its errors count as bad
    /// usage.
    pub(super) fn with(
        &self,
        log_format: Format,
        command: impl FnOnce(&Arc<Config>) -> anyhow::Result<Exit>,
    ) -> anyhow::Result<Exit> {
        logs::init(log_format, "warn", None)?;
        let config = match self.load() {
            Ok((config, _)) => Arc::new(config),
            Err(refused) => return Ok(refused),
        };
        match command(&config) {
            Err(error) if !is_broken_pipe(&error) => {
                print_error(&error);
                Ok(Exit::Refused)
            }
            result => result,
        }
    }
}

/// Reads and checks the configuration at `path`. Returns it with the files that were read for it.
pub(super) fn read(path: &Path) -> (Result<Loaded, ConfigErrors>, BTreeSet<PathBuf>) {
    let files = RefCell::new(BTreeSet::new());
    let loaded = load_through(path, &variable, &|path| {
        files.borrow_mut().insert(path.to_owned());
        std::fs::read(path)
    });
    (loaded, files.into_inner())
}

/// Returns the value of `${NAME}`. A variable that is not UTF-8 counts as unset.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Logs the configuration's warnings.
pub(super) fn log_warnings(path: &Path, warnings: Vec<Diagnostic>) {
    for warning in warnings {
        let at = format!("{}:{}:{}", path.display(), warning.line, warning.column);
        tracing::warn!(at, warning = warning.message, help = warning.help, "configuration warning");
    }
}
