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
use crate::pipeline::NewConfig;

/// How often the files are polled. A change is loaded once two polls in a row have found it the
/// same, so that a file is not read while it is being written.
const POLL: Duration = Duration::from_secs(1);

/// Identifies a version of a file: device, inode, length, and the time of its modification in
/// seconds and nanoseconds. `None` when the file does not exist.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// The versions of a configuration's files.
type Stamps = BTreeMap<PathBuf, Stamp>;

/// Where a configuration comes from: its file, and every file that was read for it, in the versions
/// that were loaded.
pub struct Source {
    path: PathBuf,
    loaded: Stamps,
}

impl Source {
    /// The configuration at `path` was loaded just now from `files`.
    pub fn new(path: PathBuf, files: BTreeSet<PathBuf>) -> Self {
        Self { path, loaded: files.into_iter().map(stamped).collect() }
    }
}

/// Loads each new configuration and sends it to `configs`, until the receiver is closed.
///
/// # Errors
/// The system refuses the signal handler.
pub async fn follow(
    source: Source,
    configs: mpsc::Sender<NewConfig>,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let Source { path, mut loaded } = source;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut last = loaded.clone();
    loop {
        let requested = tokio::select! {
            Some(()) = hangup.recv() => true,
            () = tokio::time::sleep(POLL) => false,
            () = configs.closed() => return Ok(()),
        };
        let mut now: Stamps = loaded.keys().cloned().map(stamped).collect();
        let settled = now == last;
        last.clone_from(&now);
        if !requested && (now == loaded || !settled) {
            continue;
        }
        let path = path.clone();
        // 10,000 actions take a tenth of a second, which would block a sender's thread.
        let Ok((config, files)) = tokio::task::spawn_blocking(move || load(&path)).await else {
            loaded = now;
            continue;
        };
        // A file that was not part of the configuration before counts as loaded in this version.
        let version = |file| now.remove_entry(&file).unwrap_or_else(|| stamped(file));
        loaded = files.into_iter().map(version).collect();
        last.clone_from(&loaded);
        match config {
            Some(config) => {
                let _ = configs.send(NewConfig { config, is_requested: requested }).await;
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
        Ok(config) => (Some(config), files),
        Err(refused) => {
            for error in refused.errors {
                let at = format!("{}:{}:{}", refused.file, error.line, error.column);
                tracing::error!(
                    at,
                    error = error.message,
                    help = error.help,
                    "new configuration refused, keeping the active one"
                );
            }
            (None, files)
        }
    }
}

/// Returns a file with its current version.
fn stamped(file: PathBuf) -> (PathBuf, Stamp) {
    let stamp = std::fs::metadata(&file)
        .ok()
        .map(|found| (found.dev(), found.ino(), found.len(), found.mtime(), found.mtime_nsec()));
    (file, stamp)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_token_is_followed_and_an_unusable_one_changes_nothing() {
        let directory = tempfile::TempDir::new().unwrap();
        let (path, file) =
            (directory.path().join("slackline.yaml"), directory.path().join("token"));
        let yaml = "kafka: {brokers: k, group_id: g, topics: [t]}\n\
                    apps: {acme: {token_file: token}}\n\
                    webhooks: {w: {app: acme, channel: '#w'}}\n\
                    actions: [{name: a, trigger: a, webhook: w, message: m}]\n";
        std::fs::write(&path, yaml).unwrap();
        let load_with = |token: &str| {
            std::fs::write(&file, token).unwrap();
            let (config, files) = load(&path);
            assert!(files.contains(&file), "{token}");
            config.map(|config| (config.hash, config.apps[0].token.expose().clone()))
        };
        let (hash, token) = load_with("xoxb-1\n").unwrap();
        assert_eq!(token, "xoxb-1");
        let (other, token) = load_with(" xoxb-2 ").unwrap();
        assert_eq!(token, "xoxb-2");
        assert_ne!(other, hash);
        for unusable in ["", "\n", "xoxp-1", "changeme"] {
            assert!(load_with(unusable).is_none(), "{unusable}");
        }
        std::fs::remove_file(&file).unwrap();
        let (config, files) = load(&path);
        assert!(config.is_none() && files.contains(&file));
    }
}
