//! Reloads the configuration of a running worker: at SIGHUP, and when one of its files has changed.
//!
//! Files are polled, not watched: Kubernetes swaps a symbolic link, editors rename, and network
//! file systems send no notifications. Invariant: an invalid configuration changes nothing, is
//! logged with line and column, and is loaded again once a file changes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::config_file;
use crate::config::model::Config;
use crate::metrics::Metrics;

/// How often the files are polled. A change is loaded once two polls in a row have found it the
/// same, so that a file is not read while it is being written.
const POLL: Duration = Duration::from_secs(1);

/// Identifies a version of a file: device, inode, length, and the time of its modification in
/// seconds and nanoseconds. `None` when the file does not exist.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// The versions of a configuration's files.
type Stamps = BTreeMap<PathBuf, Stamp>;

/// Where a configuration comes from: its file, and every file that was read for it.
pub(super) struct Source {
    path: PathBuf,
    files: BTreeSet<PathBuf>,
    /// The versions that were loaded.
    loaded: Stamps,
}

impl Source {
    /// The configuration at `path` was loaded just now from `files`.
    pub(super) fn new(path: PathBuf, files: BTreeSet<PathBuf>) -> Self {
        let loaded = stamps(&files);
        Self { path, files, loaded }
    }
}

/// Loads each new configuration and sends it to `configs`, until the receiver is closed.
///
/// # Errors
/// The system refuses the signal handler.
pub(super) async fn follow(
    mut source: Source,
    configs: mpsc::Sender<Config>,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut loaded = std::mem::take(&mut source.loaded);
    let mut last = loaded.clone();
    loop {
        let requested = tokio::select! {
            Some(()) = hangup.recv() => true,
            () = tokio::time::sleep(POLL) => false,
            () = configs.closed() => return Ok(()),
        };
        let now = stamps(&source.files);
        let settled = now == last;
        last.clone_from(&now);
        if !requested && (now == loaded || !settled) {
            continue;
        }
        loaded = now;
        let path = source.path.clone();
        // 10,000 actions take a tenth of a second, which would block a sender's thread.
        let Ok((result, files)) = tokio::task::spawn_blocking(move || load(&path)).await else {
            continue;
        };
        // A file that was not part of the configuration before counts as loaded in this version.
        for file in files.difference(&source.files) {
            loaded.insert(file.clone(), stamp(file));
        }
        loaded.retain(|file, _| files.contains(file));
        last.clone_from(&loaded);
        source.files = files;
        match result {
            Some(config) => {
                let _ = configs.send(config).await;
            }
            None => metrics.config_reloaded(0, false),
        }
    }
}

/// Returns the configuration and the files that were read for it. An invalid configuration is
/// logged and returned as `None`.
fn load(path: &Path) -> (Option<Config>, BTreeSet<PathBuf>) {
    let (result, files) = config_file::read(path);
    match result {
        Ok(loaded) => {
            config_file::log_warnings(path, loaded.warnings);
            (Some(loaded.config), files)
        }
        Err(refused) => {
            for error in refused.errors {
                let at = format!("{}:{}:{}", refused.file, error.line, error.column);
                tracing::error!(
                    at,
                    help = error.help,
                    "new configuration refused, keeping the active one: {}",
                    error.message
                );
            }
            (None, files)
        }
    }
}

fn stamps(files: &BTreeSet<PathBuf>) -> Stamps {
    files.iter().map(|file| (file.clone(), stamp(file))).collect()
}

fn stamp(file: &Path) -> Stamp {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}
