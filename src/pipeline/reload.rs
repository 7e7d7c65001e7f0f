//! A reload: merges a new configuration into the active one, and logs the result.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::senders::Senders;
use crate::config::model::Config;
use crate::config::reload::merge;
use crate::consume::Reload;
use crate::metrics::Metrics;

/// Makes `new` the active configuration. Returns what the poll loop changes; `None`: it was
/// refused, and `active` stays.
pub(super) fn apply(
    active: &mut Arc<Config>,
    new: Config,
    senders: &mut Senders,
    tasks: &mut JoinSet<String>,
    metrics: &Metrics,
) -> Option<Reload> {
    let merged = match merge(active, new) {
        Ok(merged) => merged,
        Err(keys) => {
            let keys = keys.join(", ");
            tracing::error!(
                keys,
                "new configuration refused, keeping the active one: these keys require a restart"
            );
            metrics.config_reloaded(active.hash, false);
            return None;
        }
    };
    let (changes, before) = (merged.changes(active), active.hash);
    match senders.reload(merged, tasks) {
        Ok(reload) => {
            *active = Arc::clone(&reload.config);
            metrics.config_reloaded(active.hash, true);
            let (added, removed) = (changes.added, changes.removed);
            // A file may be written again with the same content, as tokens and mounted secrets are.
            if active.hash != before {
                tracing::info!(hash = active.hash, added, removed, "new configuration active");
            }
            Some(reload)
        }
        Err(error) => {
            let error = format!("{:#}", anyhow::Error::from(error));
            tracing::error!(error, "new configuration refused, keeping the active one");
            metrics.config_reloaded(active.hash, false);
            None
        }
    }
}
