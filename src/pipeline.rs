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
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::admin;
use crate::commit::Committer;
use crate::config::model::Config;
use crate::consume::access::Access;
use crate::consume::broker_lookup::{self, BrokerLookup, LookupThread};
use crate::consume::intake::Intake;
use crate::consume::membership::Membership;
use crate::consume::monitor::Monitor;
use crate::consume::rate_share;
use crate::consume::sender_controls::SenderControls;
use crate::consume::session::Session;
use crate::consume::settlement::Settlement;
use crate::consume::{PollLoop, Reload};
use crate::health::Health;
use crate::kafka::{Connect, Connection};
use crate::metrics::Metrics;
use crate::poll_waker::{self, WakeReceiver, Waker};
use crate::post::Report;
use crate::sender_control::SenderControl;
use crate::topics::TopicNames;

mod error;

pub mod senders;

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
        let health = Arc::new(Health::new(Arc::clone(&config), Instant::now()));
        Ok(Self { config, metrics, health, admin })
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
            waker.clone(),
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

        let (lookup, lookup_thread) = broker_lookup::pair(waker.clone());
        let ends = LoopEnds { wakes, reloads, reports: reported, controls, lookup };
        let observers = (Arc::clone(&self.metrics), self.health);
        let poll_loop = poll_loop(&self.config, ends, &waker, &senders, observers)?;
        let stop = shutdown.child_token();
        let mut polled = spawn_poll_loop(poll_loop, lookup_thread, stop.clone())?;

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

/// The poll loop's ends of what connects it with the other tasks.
struct LoopEnds {
    wakes: WakeReceiver,
    reloads: mpsc::UnboundedReceiver<Reload>,
    reports: mpsc::Receiver<Report>,
    controls: Vec<watch::Sender<SenderControl>>,
    lookup: BrokerLookup,
}

/// Composes the poll loop, with its first Kafka client.
fn poll_loop(
    config: &Arc<Config>,
    ends: LoopEnds,
    waker: &Waker,
    senders: &Senders,
    (metrics, health): (Arc<Metrics>, Arc<Health>),
) -> Result<PollLoop, PipelineError> {
    let now = Instant::now();
    let connect: Connect = {
        let (config, waker) = (Arc::clone(config), waker.clone());
        Box::new(move || Connection::open(&config.kafka, &waker))
    };
    let names = TopicNames::new(config.kafka.topics.iter().cloned());
    let (session, commits) =
        Session::open(connect, names.clone(), now).map_err(PipelineError::Kafka)?;
    let committer = Committer::new(commits, Arc::clone(&metrics), now);
    let settlement = Settlement::new(config, committer, ends.reports, Arc::clone(&metrics));
    let feeds = rate_share::feeds(settlement.ledger.names(), config.webhooks.len(), &[]);
    let queues = senders.queues.clone();
    let has_token = config.kafka.oauth_token_file.is_some();
    Ok(PollLoop {
        wakes: ends.wakes,
        reloads: ends.reloads,
        membership: Membership::new(config, session, ends.lookup, Arc::clone(&metrics)),
        intake: Intake::new(Arc::clone(config), queues, Arc::clone(&feeds), Arc::clone(&metrics)),
        settlement,
        controls: SenderControls::new(ends.controls, senders.windows.clone(), feeds),
        access: Access::new(names, config.kafka.group_id.clone(), has_token, now),
        monitor: Monitor::new(metrics, health, now),
    })
}

/// Starts the poll loop and its broker lookups, each on its own thread. Returns a channel for the
/// poll loop's result, which arrives once both threads have ended.
fn spawn_poll_loop(
    poll_loop: PollLoop,
    lookups: LookupThread,
    stop: CancellationToken,
) -> Result<oneshot::Receiver<Result<(), PipelineError>>, PipelineError> {
    let (report, polled) = oneshot::channel();
    let lookups = thread::Builder::new()
        .name("broker-lookup".to_owned())
        .spawn(move || lookups.run())
        .map_err(PipelineError::Thread)?;
    thread::Builder::new()
        .name("poll-loop".to_owned())
        .spawn(move || {
            let ended = poll_loop.run(&stop).map_err(PipelineError::Consume);
            // The lookups end with the poll loop. A panic there has ended it with an error.
            let _ = lookups.join();
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
