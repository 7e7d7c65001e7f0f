//! The only file that spawns: wires the stages, watches their tasks, and drains them with a
//! deadline.
//!
//! Invariant: every task is joined and has an end, and one that ends before it was asked to ends
//! the process with an error.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::admin;
use crate::commit::Committer;
use crate::config::model::Config;
use crate::config::reload;
use crate::consume::{Parts, PollLoop, Reload, Settlement};
use crate::health::Health;
use crate::kafka::{Connect, Connection};
use crate::metrics::Metrics;
use crate::poll_waker;
use crate::route::Router;

mod error;

mod senders;

use senders::Senders;

pub use error::PipelineError;

/// Reports that may wait for the poll loop. A sender whose report finds no place waits: it has
/// nothing else in flight.
const REPORTS: usize = 1_024;

/// How long senders may take to end once their queues are closed and nothing is theirs any more.
const LAST_GRACE: Duration = Duration::from_millis(500);

/// A worker that is about to run: its admin endpoint is bound, nothing is consumed yet.
pub struct Pipeline {
    config: Arc<Config>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    admin: TcpListener,
}

impl Pipeline {
    /// Binds the admin endpoint and sets the metrics up.
    ///
    /// # Errors
    /// [`PipelineError::Admin`].
    pub async fn open(config: Arc<Config>) -> Result<Self, PipelineError> {
        let admin = admin::bind(&config.admin.listen).await?;
        let metrics = Metrics::new(&config);
        metrics.config_reloaded(config.hash, true);
        Ok(Self { config, metrics, health: Arc::new(Health::new(Instant::now())), admin })
    }

    /// Where `/metrics` is served: the port is the real one where the configuration says 0.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.local_addr().ok()
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// What the probes answer from.
    #[must_use]
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// Consumes, posts and commits until `shutdown`; then drains and leaves the group.
    ///
    /// # Errors
    /// See [`PipelineError`]. What was not committed is read again by the next process.
    pub async fn run(
        self,
        shutdown: CancellationToken,
        mut configs: mpsc::Receiver<Config>,
    ) -> Result<(), PipelineError> {
        let (waker, wakes) = poll_waker::pair().map_err(PipelineError::Thread)?;
        let (reports, reported) = mpsc::channel(REPORTS);
        let mut tasks = JoinSet::new();
        let (mut senders, orders) = Senders::new(
            Arc::clone(&self.config),
            Arc::clone(&self.metrics),
            reports,
            &waker,
            &mut tasks,
        )?;
        let (reload, reloads) = mpsc::unbounded_channel();
        let end_admin = CancellationToken::new();
        let (listener, metrics, health) =
            (self.admin, Arc::clone(&self.metrics), Arc::clone(&self.health));
        let admin_ended = end_admin.clone();
        tasks.spawn(async move {
            admin::serve(listener, metrics, health, admin_ended).await;
            "admin".to_owned()
        });

        let mut connect: Connect = {
            let (config, waker) = (Arc::clone(&self.config), waker.clone());
            Box::new(move || Connection::open(&config.kafka, &waker))
        };
        let Connection { client, records, commits, ends, described } =
            connect().map_err(PipelineError::Kafka)?;
        let parts = Parts {
            connect,
            client,
            records,
            ends,
            described,
            wakes,
            queues: senders.queues.clone(),
            orders,
            reloads,
            router: Router::new(Arc::clone(&self.config)),
            settlement: Settlement::new(
                &self.config,
                Committer::new(commits, Arc::clone(&self.metrics), Instant::now()),
                reported,
                Arc::clone(&self.metrics),
            ),
            windows: senders.windows.clone(),
            metrics: Arc::clone(&self.metrics),
            health: self.health,
            config: Arc::clone(&self.config),
        };
        let stop = shutdown.child_token();
        let mut polled = spawn_poll_loop(parts, stop.clone())?;

        let mut current = Arc::clone(&self.config);
        let ended = loop {
            tokio::select! {
                polled = &mut polled => break Some(polled),
                () = shutdown.cancelled() => break None,
                Some(new) = configs.recv() => {
                    if let Some(ready) = reloaded(&mut current, new, &mut senders, &mut tasks, &self.metrics) {
                        // Where nobody takes it, the poll loop has ended, and that is told above.
                        let _ = reload.send(ready);
                        waker.wake();
                    }
                }
                died = tasks.join_next() => {
                    let error = PipelineError::TaskDied { name: name_of(died) };
                    stop.cancel();
                    waker.wake();
                    // It drains and commits what it can before the process ends.
                    let _ = polled.await;
                    return Err(error);
                }
            }
        };
        waker.wake();
        let ended = match ended {
            Some(ended) => ended,
            None => polled.await,
        };
        for queue in &senders.queues {
            queue.close();
        }
        end_admin.cancel();
        end_tasks(tasks).await;
        ended.unwrap_or(Err(PipelineError::PollLoopDied))
    }
}

/// What the poll loop puts in force, where `new` can be; and says so, or why not.
fn reloaded(
    current: &mut Arc<Config>,
    new: Config,
    senders: &mut Senders,
    tasks: &mut JoinSet<String>,
    metrics: &Metrics,
) -> Option<Reload> {
    let merged = match reload::merge(current, new) {
        Ok(merged) => merged,
        Err(keys) => {
            let keys = keys.join(", ");
            tracing::error!(
                keys,
                "the new configuration is not in force: these keys take a restart"
            );
            metrics.config_reloaded(current.hash, false);
            return None;
        }
    };
    let (changes, before) = (merged.changes(current), current.hash);
    match senders.reload(merged, tasks) {
        Ok(ready) => {
            *current = Arc::clone(&ready.config);
            metrics.config_reloaded(current.hash, true);
            let (added, removed) = (changes.added, changes.removed);
            // A file may be written anew with what was in it, as tokens and mounted secrets are.
            if current.hash != before {
                tracing::info!(
                    hash = current.hash,
                    added,
                    removed,
                    "the new configuration is in force"
                );
            }
            Some(ready)
        }
        Err(error) => {
            tracing::error!(
                error = format!("{:#}", anyhow::Error::from(error)),
                "the new configuration is not in force"
            );
            metrics.config_reloaded(current.hash, false);
            None
        }
    }
}

/// Starts the poll loop on a thread of its own; what comes back tells how it ended.
fn spawn_poll_loop(
    parts: Parts,
    stop: CancellationToken,
) -> Result<oneshot::Receiver<Result<(), PipelineError>>, PipelineError> {
    let (tell, polled) = oneshot::channel();
    thread::Builder::new()
        .name("poll-loop".to_owned())
        .spawn(move || {
            let ended = PollLoop::new(parts).run(&stop).map_err(PipelineError::Consume);
            // Nobody listens only where the process is ending anyway.
            let _ = tell.send(ended);
        })
        .map_err(PipelineError::Thread)?;
    Ok(polled)
}

/// Senders end when their queue is closed; an attempt that was abandoned at the drain's deadline is
/// cut off.
async fn end_tasks(mut tasks: JoinSet<String>) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_GRACE, all).await.is_err() {
        tasks.shutdown().await;
    }
}

fn name_of(died: Option<Result<String, JoinError>>) -> String {
    match died {
        Some(Ok(name)) => name,
        // A panic: its own log line names the place.
        Some(Err(_)) | None => "unknown".to_owned(),
    }
}
