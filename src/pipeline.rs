//! The only file that spawns: composes the stages, watches their tasks, and drains them with a
//! deadline.
//!
//! Invariant: every task is joined and ends. One that ends too early ends the process with an
//! error.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::admin;
use crate::commit::Committer;
use crate::config::model::Config;
use crate::consume::PollLoop;
use crate::consume::broker_lookup::{self, LookupThread};
use crate::consume::intake::Intake;
use crate::consume::membership::Membership;
use crate::consume::monitor::Monitor;
use crate::consume::rate_share;
use crate::consume::sender_controls::SenderControls;
use crate::consume::session::Session;
use crate::consume::settlement::Settlement;
use crate::health::Health;
use crate::kafka::{Connect, Connection};
use crate::metrics::Metrics;
use crate::poll_waker;
use crate::topics::TopicNames;

mod error;

pub mod senders;

use senders::Senders;

pub use error::PipelineError;
pub use senders::NewConfig;

/// The most reports that wait for the poll loop. When the channel is full a sender waits: it has
/// nothing else in flight.
const REPORTS: usize = 1_024;

/// How long senders may take to end once their queues are closed and empty.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// A worker that is about to run: its admin endpoint is bound, nothing is consumed yet.
pub struct Pipeline {
    config: Arc<Config>,
    /// The metrics of this worker.
    pub metrics: Arc<Metrics>,
    /// The state that the probes report.
    pub health: Arc<Health>,
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
        let health = Arc::new(Health::new(Arc::clone(&config), Instant::now()));
        Ok(Self { config, metrics, health, admin })
    }

    /// The address of the admin endpoint, with the real port where the configuration has 0.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.local_addr().ok()
    }

    /// Consumes, posts and commits until `shutdown`; then drains and leaves the group.
    ///
    /// # Errors
    /// See [`PipelineError`]. What was not committed is read again by the next process.
    pub async fn run(
        self,
        shutdown: CancellationToken,
        mut configs: mpsc::Receiver<NewConfig>,
    ) -> Result<(), PipelineError> {
        let Self { config, metrics, health, admin } = self;
        let (waker, wakes) = poll_waker::pair().map_err(PipelineError::Thread)?;
        let mut tasks = JoinSet::new();
        let (report, reports) = mpsc::channel(REPORTS);
        let (mut senders, controls) = Senders::new(
            Arc::clone(&config),
            Arc::clone(&metrics),
            report,
            waker.clone(),
            &mut tasks,
        )?;
        let end_admin = CancellationToken::new();
        let serving =
            admin::serve(admin, Arc::clone(&metrics), Arc::clone(&health), end_admin.clone());
        tasks.spawn(async {
            serving.await;
            "admin".to_owned()
        });

        let now = Instant::now();
        let connect: Connect = {
            let (config, waker) = (Arc::clone(&config), waker.clone());
            Box::new(move || Connection::open(&config.kafka, &waker))
        };
        let names = TopicNames::new(config.kafka.topics.iter().cloned());
        let (session, commits) =
            Session::open(connect, names, now).map_err(PipelineError::Kafka)?;
        let committer = Committer::new(commits, Arc::clone(&metrics), now);
        let settlement = Settlement::new(&config, committer, reports, Arc::clone(&metrics));
        let feeds = rate_share::feeds(settlement.ledger.names(), config.webhooks.len(), &[]);
        let apps = rate_share::app_feeds(&config.webhooks, &feeds);
        let (lookup, lookups) = broker_lookup::pair(waker.clone());
        let queues = senders.queues.clone();
        let (reload, reloads) = mpsc::unbounded_channel();
        let poll_loop = PollLoop {
            wakes,
            reloads,
            membership: Membership::new(Arc::clone(&config), session, lookup, Arc::clone(&metrics)),
            intake: Intake::new(config, queues, Arc::clone(&feeds), Arc::clone(&metrics)),
            settlement,
            controls: SenderControls { controls, windows: senders.windows.clone(), feeds, apps },
            monitor: Monitor::new(metrics, health, now),
        };
        let stop = shutdown.child_token();
        let mut polled = spawn_poll_loop(poll_loop, lookups, stop.clone())?;

        let ended = loop {
            tokio::select! {
                polled = &mut polled => break polled,
                () = shutdown.cancelled() => {
                    waker.wake();
                    break polled.await;
                }
                Some(new) = configs.recv() => {
                    if let Some(new) = senders.reload(new, &mut tasks) {
                        // A poll loop that has ended is noticed above.
                        let _ = reload.send(new);
                        waker.wake();
                    }
                }
                died = tasks.join_next() => {
                    // Without a name after a panic, which its own log line reports.
                    let name = died.and_then(Result::ok).unwrap_or_else(|| "unknown".to_owned());
                    stop.cancel();
                    waker.wake();
                    // The poll loop drains and commits what it can before the process ends.
                    let _ = polled.await;
                    return Err(PipelineError::TaskDied { name });
                }
            }
        };
        for queue in &senders.queues {
            queue.close();
        }
        end_admin.cancel();
        end_tasks(tasks).await;
        ended.unwrap_or(Err(PipelineError::PollLoopDied))
    }
}

/// Starts the poll loop and its broker lookups, each on its own thread. Returns a channel for the
/// poll loop's result, which arrives once both threads have ended.
fn spawn_poll_loop(
    poll_loop: PollLoop,
    lookups: LookupThread,
    stop: CancellationToken,
) -> Result<oneshot::Receiver<Result<(), PipelineError>>, PipelineError> {
    let (report, polled) = oneshot::channel();
    let lookups = spawn_thread("broker-lookup", move || lookups.run())?;
    spawn_thread("poll-loop", move || {
        let ended = poll_loop.run(&stop).map_err(PipelineError::Consume);
        // The lookups end with the poll loop. A panic there has ended it with an error.
        let _ = lookups.join();
        // Without a receiver the process is ending already.
        let _ = report.send(ended);
    })?;
    Ok(polled)
}

fn spawn_thread(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, PipelineError> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(PipelineError::Thread)
}

/// Waits for the tasks to end. Senders end when their queue is closed; an attempt that was
/// abandoned at the drain timeout is aborted.
async fn end_tasks(mut tasks: JoinSet<String>) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(END_TIMEOUT, all).await.is_err() {
        tasks.shutdown().await;
    }
}
