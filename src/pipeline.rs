//! The only file that spawns: composes the stages, watches their tasks, and drains them with a
//! deadline.
//!
//! Invariant: every task is joined and ends. One that ends too early ends the process with an
//! error.

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
use crate::consume::{Parts, PollLoop, Settlement};
use crate::health::Health;
use crate::kafka::{Connect, Connection};
use crate::metrics::Metrics;
use crate::poll_waker;
use crate::route::Router;

mod error;

mod senders;

mod reload;

use senders::Senders;

pub use error::PipelineError;

/// The most reports that wait for the poll loop. When the channel is full a sender waits: it has
/// nothing else in flight.
const REPORTS: usize = 1_024;

/// How long senders may take to end once their queues are closed and empty.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// A worker that is about to run: its admin endpoint is bound, nothing is consumed yet.
pub struct Pipeline {
    config: Arc<Config>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    admin: TcpListener,
}

impl Pipeline {
    /// Binds the admin endpoint and creates the metrics.
    ///
    /// # Errors
    /// [`PipelineError::Admin`].
    pub async fn open(config: Arc<Config>) -> Result<Self, PipelineError> {
        let admin = admin::bind(&config.admin.listen).await?;
        let metrics = Metrics::new(&config);
        metrics.config_reloaded(config.hash, true);
        Ok(Self { config, metrics, health: Arc::new(Health::new(Instant::now())), admin })
    }

    /// The address of the admin endpoint, with the real port where the configuration has 0.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.local_addr().ok()
    }

    /// The metrics of this worker.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// The state that the probes report.
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
        let (mut senders, controls) = Senders::new(
            Arc::clone(&self.config),
            Arc::clone(&self.metrics),
            reports,
            &waker,
            &mut tasks,
        )?;
        let (reload_sender, reloads) = mpsc::unbounded_channel();
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
            orders: controls,
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

        let mut active = Arc::clone(&self.config);
        let ended = loop {
            tokio::select! {
                polled = &mut polled => break Some(polled),
                () = shutdown.cancelled() => break None,
                Some(new) = configs.recv() => {
                    let reload =
                        reload::apply(&mut active, new, &mut senders, &mut tasks, &self.metrics);
                    if let Some(reload) = reload {
                        // A poll loop that has ended is noticed above.
                        let _ = reload_sender.send(reload);
                        waker.wake();
                    }
                }
                died = tasks.join_next() => {
                    let error = PipelineError::TaskDied { name: name_of(died) };
                    stop.cancel();
                    waker.wake();
                    // The poll loop drains and commits what it can before the process ends.
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

/// Starts the poll loop on its own thread. Returns a channel for its result.
fn spawn_poll_loop(
    parts: Parts,
    stop: CancellationToken,
) -> Result<oneshot::Receiver<Result<(), PipelineError>>, PipelineError> {
    let (report, polled) = oneshot::channel();
    thread::Builder::new()
        .name("poll-loop".to_owned())
        .spawn(move || {
            let ended = PollLoop::new(parts).run(&stop).map_err(PipelineError::Consume);
            // Without a receiver the process is ending already.
            let _ = report.send(ended);
        })
        .map_err(PipelineError::Thread)?;
    Ok(polled)
}

/// Waits for the tasks to end. Senders end when their queue is closed; an attempt that was
/// abandoned at the drain timeout is aborted.
async fn end_tasks(mut tasks: JoinSet<String>) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(END_TIMEOUT, all).await.is_err() {
        tasks.shutdown().await;
    }
}

fn name_of(died: Option<Result<String, JoinError>>) -> String {
    match died {
        Some(Ok(name)) => name,
        // A panic, which its own log line reports.
        Some(Err(_)) | None => "unknown".to_owned(),
    }
}
