//! The only file that spawns: wires the stages, watches their tasks, and drains them with a deadline.
//!
//! Invariant: every task is joined and has an end, and one that ends before it was asked to ends the process with an error.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::admin::{self, BindError};
use crate::commit::Committer;
use crate::config::check::{ActionIndex, Config, WebhookIndex};
use crate::consume::{ConsumeError, Parts, PollLoop};
use crate::delivery::{Orders, Report};
use crate::health::Health;
use crate::kafka::{Connect, Connection};
use crate::metrics::Metrics;
use crate::queue::Queue;
use crate::route::Router;
use crate::send::client::{ClientError, Clients};
use crate::send::starts::Starts;
use crate::send::{self, Sender};
use crate::wake;
use crate::window::Window;

/// Reports that may wait for the poll loop. A sender whose report finds no place waits: it has nothing else in flight.
const REPORTS: usize = 1_024;

/// How long senders may take to end once their queues are closed and nothing is theirs any more.
const LAST_GRACE: Duration = Duration::from_millis(500);

/// Why the worker could not start, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// `admin.listen` is taken or not of this machine.
    #[error(transparent)]
    Admin(#[from] BindError),
    /// librdkafka refuses its properties together.
    #[error("the Kafka client cannot be made of `kafka.properties`")]
    Kafka(#[source] KafkaError),
    /// The HTTP client of a webhook cannot be made.
    #[error("webhook `{webhook}`: its HTTP client cannot be made")]
    Client {
        /// Its name.
        webhook: String,
        /// Why.
        source: ClientError,
    },
    /// The system gives no thread or no socket pair.
    #[error("the poll loop cannot be started")]
    Thread(#[source] io::Error),
    /// The poll loop ended with an error.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// The poll loop is gone without a word: it panicked, which its log line tells.
    #[error("the poll loop died")]
    PollLoopDied,
    /// A sender or the admin endpoint ended though nobody asked it to.
    #[error("the task `{name}` died")]
    TaskDied {
        /// Whose task it was.
        name: String,
    },
}

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
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), PipelineError> {
        let (waker, wakes) = wake::pair().map_err(PipelineError::Thread)?;
        let queues = self.queues();
        let windows: Vec<_> =
            self.config.webhooks.iter().map(|webhook| Arc::new(Window::new(webhook.rate_per_second))).collect();
        let (reports, reported) = mpsc::channel(REPORTS);
        let (orders, mut tasks) = self.spawn_senders(&queues, &windows, &reports, &waker)?;
        let end_admin = CancellationToken::new();
        let (listener, metrics, health) = (self.admin, Arc::clone(&self.metrics), Arc::clone(&self.health));
        let admin_ended = end_admin.clone();
        tasks.spawn(async move {
            admin::serve(listener, metrics, health, admin_ended).await;
            "admin".to_owned()
        });

        let mut connect: Connect = {
            let (config, waker) = (Arc::clone(&self.config), waker.clone());
            Box::new(move || Connection::open(&config.kafka, &waker))
        };
        let Connection { client, records, commits, ends, described } = connect().map_err(PipelineError::Kafka)?;
        let parts = Parts {
            connect,
            client,
            records,
            ends,
            described,
            wakes,
            queues: queues.clone(),
            orders,
            reports: reported,
            router: Router::new(Arc::clone(&self.config)),
            committer: Committer::new(commits, windows.clone(), Arc::clone(&self.metrics), Instant::now()),
            windows,
            metrics: self.metrics,
            health: self.health,
            config: self.config,
        };
        let stop = shutdown.child_token();
        let mut polled = spawn_poll_loop(parts, stop.clone())?;

        let ended = tokio::select! {
            polled = &mut polled => Some(polled),
            () = shutdown.cancelled() => None,
            died = tasks.join_next() => {
                let error = PipelineError::TaskDied { name: name_of(died) };
                stop.cancel();
                waker.wake();
                // It drains and commits what it can before the process ends.
                let _ = polled.await;
                return Err(error);
            }
        };
        waker.wake();
        let ended = match ended {
            Some(ended) => ended,
            None => polled.await,
        };
        for queue in &queues {
            queue.close();
        }
        end_admin.cancel();
        end_tasks(tasks).await;
        ended.unwrap_or(Err(PipelineError::PollLoopDied))
    }

    fn queues(&self) -> Vec<Arc<Queue>> {
        let mut actions: Vec<Vec<ActionIndex>> = vec![Vec::new(); self.config.webhooks.len()];
        for (index, action) in (0..).map(ActionIndex).zip(&self.config.actions) {
            if let Some(of_webhook) = actions.get_mut(action.webhook.0 as usize) {
                of_webhook.push(index);
            }
        }
        (0..)
            .map(WebhookIndex)
            .zip(self.config.webhooks.iter().zip(actions))
            .map(|(index, (webhook, actions))| {
                let queue = Arc::new(Queue::new(webhook.queue_capacity, webhook.when_full, actions));
                self.metrics.watch(index, Arc::clone(&queue) as _);
                queue
            })
            .collect()
    }

    /// One task per webhook; each returns its name when it ends. The share of each webhook's rate is told through what comes back.
    fn spawn_senders(
        &self,
        queues: &[Arc<Queue>],
        windows: &[Arc<Window>],
        reports: &mpsc::Sender<Report>,
        waker: &wake::Waker,
    ) -> Result<(Vec<watch::Sender<Orders>>, JoinSet<String>), PipelineError> {
        let (mut clients, starts) = (Clients::new(), Starts::default());
        let mut tasks = JoinSet::new();
        let mut all_orders = Vec::with_capacity(queues.len());
        let wake: Arc<dyn Fn() + Send + Sync> = {
            let waker = waker.clone();
            Arc::new(move || waker.wake())
        };
        let lanes = self.config.webhooks.iter().zip(queues.iter().zip(windows));
        for (index, (webhook, (queue, window))) in (0..).map(WebhookIndex).zip(lanes) {
            let transport = clients
                .endpoint(webhook)
                .map_err(|source| PipelineError::Client { webhook: webhook.name.clone(), source })?;
            let (orders, ordered) = watch::channel(Orders::default());
            all_orders.push(orders);
            let sender = Sender {
                config: Arc::clone(&self.config),
                webhook: index,
                queue: Arc::clone(queue),
                transport,
                orders: ordered,
                window: Arc::clone(window),
                starts: starts.clone(),
                reports: reports.clone(),
                wake: Arc::clone(&wake),
                metrics: self.metrics.webhook(index),
            };
            // As it is: a block around it would hold what it is made of twice, ten thousand times.
            tasks.spawn(send::run(sender));
        }
        Ok((all_orders, tasks))
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

/// Senders end when their queue is closed; an attempt that was abandoned at the drain's deadline is cut off.
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
