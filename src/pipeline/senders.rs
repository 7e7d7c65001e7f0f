//! What each webhook has: a queue, a window, orders, a task. A reload adds to them; none is ever taken away, so that an index means one webhook for ever.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::PipelineError;
use crate::config::model::{ActionIndex, Config, Webhook, WebhookIndex};
use crate::config::reload::Merged;
use crate::consume::Reload;
use crate::delivery::Report;
use crate::metrics::Metrics;
use crate::poll_waker;
use crate::queue::Queue;
use crate::route::Router;
use crate::send::client::{Clients, Endpoint};
use crate::send::connection_permits::ConnectionPermits;
use crate::send::{self, ActiveConfig, SenderContext};
use crate::sender_control::SenderControl;
use crate::window::Window;

/// All of them, by webhook.
pub(super) struct Senders {
    config: Arc<Config>,
    pub(super) queues: Vec<Arc<Queue>>,
    pub(super) windows: Vec<Arc<Window>>,
    endpoints: Vec<Arc<Endpoint>>,
    active_config: Arc<ActiveConfig<Endpoint>>,
    connection_permits: ConnectionPermits,
    metrics: Arc<Metrics>,
    reports: mpsc::Sender<Report>,
    wake: Arc<dyn Fn() + Send + Sync>,
    generation: u64,
}

impl Senders {
    /// The senders of `config`; their senders are spawned among `tasks`, and each returns its name when it ends. With what the share of each webhook's rate is told by.
    pub(super) fn new(
        config: Arc<Config>,
        metrics: Arc<Metrics>,
        reports: mpsc::Sender<Report>,
        waker: &poll_waker::Waker,
        tasks: &mut JoinSet<String>,
    ) -> Result<(Self, Vec<watch::Sender<SenderControl>>), PipelineError> {
        let endpoints = endpoints(&config.webhooks)?;
        let waker = waker.clone();
        let mut senders = Self {
            queues: Vec::new(),
            windows: Vec::new(),
            active_config: Arc::new(ActiveConfig::new(Arc::clone(&config), endpoints.clone())),
            endpoints,
            connection_permits: ConnectionPermits::default(),
            metrics,
            reports,
            wake: Arc::new(move || waker.wake()),
            generation: 0,
            config,
        };
        let orders = senders.spawn_missing(tasks);
        Ok((senders, orders))
    }

    /// The senders for another configuration: those that it has more begin, and the others learn of it from the poll loop.
    pub(super) fn reload(
        &mut self,
        merged: Merged,
        tasks: &mut JoinSet<String>,
    ) -> Result<Reload, PipelineError> {
        let Merged { config, gone } = merged;
        let config = Arc::new(config);
        // All or nothing: a `ca_file` that is none leaves everything as it is.
        self.endpoints = endpoints(&config.webhooks)?;
        self.config = Arc::clone(&config);
        self.active_config.replace(Arc::clone(&config), self.endpoints.clone());
        self.metrics.configure(&config);
        self.generation += 1;
        let before = self.queues.len();
        for ((webhook, queue), actions) in
            config.webhooks.iter().zip(&self.queues).zip(actions_of(&config))
        {
            queue.reconfigure(webhook.queue_capacity, webhook.when_full, actions);
        }
        let orders = self.spawn_missing(tasks);
        tracing::debug!(
            senders = before,
            new = orders.len(),
            generation = self.generation,
            "senders follow a reload"
        );
        Ok(Reload {
            router: Router::new(Arc::clone(&config)),
            config,
            queues: self.queues.clone(),
            windows: self.windows.clone(),
            orders,
            gone,
            generation: self.generation,
        })
    }

    fn spawn_missing(&mut self, tasks: &mut JoinSet<String>) -> Vec<watch::Sender<SenderControl>> {
        let mut all_orders = Vec::new();
        let config = Arc::clone(&self.config);
        let senders = config.webhooks.iter().zip(actions_of(&config)).zip(self.endpoints.clone());
        for (index, ((webhook, actions), endpoint)) in
            (0..).map(WebhookIndex).zip(senders).skip(self.queues.len())
        {
            let queue = Arc::new(Queue::new(webhook.queue_capacity, webhook.when_full, actions));
            let window = Arc::new(Window::new(webhook.rate_per_second));
            self.metrics.watch(index, Arc::clone(&queue) as _);
            self.queues.push(Arc::clone(&queue));
            self.windows.push(Arc::clone(&window));
            let (orders, ordered) = watch::channel(SenderControl {
                generation: self.generation,
                ..SenderControl::default()
            });
            all_orders.push(orders);
            let sender = SenderContext {
                config: Arc::clone(&config),
                active_config: Arc::clone(&self.active_config),
                webhook: index,
                queue,
                transport: endpoint,
                control: ordered,
                window,
                connection_permits: self.connection_permits.clone(),
                reports: self.reports.clone(),
                wake: Arc::clone(&self.wake),
                metrics: self.metrics.webhook(index),
            };
            // As it is: a block around it would hold what it is made of twice, ten thousand times.
            tasks.spawn(send::run(sender));
        }
        all_orders
    }
}

fn endpoints(webhooks: &[Webhook]) -> Result<Vec<Arc<Endpoint>>, PipelineError> {
    let mut clients = Clients::new();
    let endpoint = |webhook: &Webhook| match clients.endpoint(webhook) {
        Ok(endpoint) => Ok(Arc::new(endpoint)),
        Err(source) => Err(PipelineError::Client { webhook: webhook.name.clone(), source }),
    };
    webhooks.iter().map(endpoint).collect()
}

/// By webhook: the actions that post to it.
fn actions_of(config: &Config) -> Vec<Vec<ActionIndex>> {
    let mut actions: Vec<Vec<ActionIndex>> = vec![Vec::new(); config.webhooks.len()];
    for (index, action) in (0..).map(ActionIndex).zip(&config.actions) {
        if let Some(of_webhook) = actions.get_mut(action.webhook.0 as usize) {
            of_webhook.push(index);
        }
    }
    actions
}
