//! A new configuration for a running worker: at SIGHUP, and when a file that it was made of has changed.
//!
//! Files are looked at, not watched: Kubernetes swaps a symbolic link, editors rename, and network file systems tell nobody.
//! Invariant: what cannot be loaded changes nothing, is told with line and column, and is tried again once a file changes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::config::model::Config;
use crate::metrics::Metrics;

/// How often the files are looked at. A change is taken up once it has been the same for two looks: who writes is given time to end.
const LOOK: Duration = Duration::from_secs(1);

/// What tells one version of a file from another: device, inode, length, and when it was modified, in seconds and nanoseconds. `None`: it is not there.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// The files of a configuration as they were.
type Stamps = BTreeMap<PathBuf, Stamp>;

/// A configuration and the files that it was made of.
pub(super) struct Source {
    path: PathBuf,
    files: BTreeSet<PathBuf>,
    loaded: Stamps,
}

impl Source {
    /// The configuration at `path` has just been read, and `files` for it.
    pub(super) fn new(path: PathBuf, files: BTreeSet<PathBuf>) -> Self {
        let loaded = stamps(&files);
        Self { path, files, loaded }
    }
}

/// Loads what is new and hands it on, until nobody takes it any more.
///
/// # Errors
/// The system gives no signal handler.
pub(super) async fn follow(
    mut source: Source,
    configs: mpsc::Sender<Config>,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut loaded = std::mem::take(&mut source.loaded);
    let mut last = loaded.clone();
    loop {
        let asked = tokio::select! {
            Some(()) = hangup.recv() => true,
            () = tokio::time::sleep(LOOK) => false,
            () = configs.closed() => return Ok(()),
        };
        let now = stamps(&source.files);
        let settled = now == last;
        last.clone_from(&now);
        if !asked && (now == loaded || !settled) {
            continue;
        }
        loaded = now;
        let path = source.path.clone();
        // 10,000 actions take a tenth of a second: not on a thread that senders need.
        let Ok((result, files)) = tokio::task::spawn_blocking(move || load(&path)).await else {
            continue;
        };
        // A file that is named for the first time counts as it is now.
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

/// The configuration, or `None` where it is refused, which is told; and the files that were read for it.
fn load(path: &Path) -> (Option<Config>, BTreeSet<PathBuf>) {
    let (result, files) = super::read(path);
    match result {
        Ok(loaded) => {
            super::tell_warnings(path, loaded.warnings);
            (Some(loaded.config), files)
        }
        Err(refused) => {
            for error in refused.errors {
                let at = format!("{}:{}:{}", refused.file, error.line, error.column);
                tracing::error!(
                    at,
                    help = error.help,
                    "the new configuration is not in force: {}",
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
