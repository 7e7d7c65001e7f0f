//! What each webhook has: a queue, a window, a control channel, a sender task.
//!
//! Invariant: a reload adds to them and removes none, so that an index is one webhook's for ever.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use super::error::PipelineError;
use crate::commit_hold::CommitWindow;
use crate::config::model::{ActionIndex, AppIndex, Config, WebhookIndex};
use crate::config::reload::{Changes, Merged, merge};
use crate::consume::Reload;
use crate::metrics::Metrics;
use crate::poll_waker::Waker;
use crate::post::Report;
use crate::queue::Queue;
use crate::route::Router;
use crate::send::app::App;
use crate::send::client_pool::ClientPool;
use crate::send::connection_permits::PERMITS;
use crate::send::endpoint::Endpoint;
use crate::send::{self, ActiveConfig, SenderContext};
use crate::sender_control::SenderControl;

/// The senders of all webhooks, by webhook.
pub struct Senders {
    /// The queues, by webhook.
    pub queues: Vec<Arc<Queue>>,
    /// By webhook: the commit window of its sender.
    pub windows: Vec<Arc<CommitWindow>>,
    active_config: watch::Sender<ActiveConfig>,
    /// By app: what its channels share.
    apps: Vec<Arc<App>>,
    connection_permits: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    reports: mpsc::Sender<Report>,
    /// Wakes the poll loop.
    wake: Arc<dyn Fn() + Send + Sync>,
    /// The number of the active configuration, counted from the first.
    generation: u64,
}

/// A configuration to change to.
pub struct NewConfig {
    /// The configuration.
    pub config: Config,
    /// A signal requested it, not a changed file: what rests is probed, whatever has changed.
    pub is_requested: bool,
}

impl Senders {
    /// Spawns the senders of `config` among `tasks`; each returns its name when it ends. Returns
    /// them with their control channels, by webhook.
    ///
    /// # Errors
    /// [`PipelineError::Client`]: a `ca_file` cannot be used.
    pub fn new(
        config: Arc<Config>,
        metrics: Arc<Metrics>,
        reports: mpsc::Sender<Report>,
        waker: Waker,
        tasks: &mut JoinSet<String>,
    ) -> Result<(Self, Vec<watch::Sender<SenderControl>>), PipelineError> {
        let mut apps = Vec::new();
        add_apps(&mut apps, &config, &metrics);
        let mut senders = Self {
            queues: Vec::new(),
            windows: Vec::new(),
            active_config: watch::Sender::new(active_config(config, &apps, 0)?),
            apps,
            connection_permits: Arc::new(Semaphore::new(PERMITS)),
            metrics,
            reports,
            wake: Arc::new(move || waker.wake()),
            generation: 0,
        };
        let controls = senders.spawn_missing(tasks);
        Ok((senders, controls))
    }

    /// Merges `new` into the active configuration and logs the result. Senders of new webhooks
    /// start; the others apply it when the poll loop passes its number on. Returns what the poll
    /// loop changes; `None`: `new` was refused, and the active configuration stays.
    pub fn reload(&mut self, new: NewConfig, tasks: &mut JoinSet<String>) -> Option<Reload> {
        let NewConfig { config: new, is_requested } = new;
        let active = Arc::clone(&self.active_config.borrow().config);
        let merged = merge(&active, new)
            .map_err(|keys| anyhow::anyhow!("these keys require a restart: {}", keys.join(", ")));
        let reloaded = merged.and_then(|merged| {
            let changes = merged.changes(&active);
            Ok((self.activate(merged, is_requested, tasks)?, changes))
        });
        match reloaded {
            Ok((reload, Changes { added, removed })) => {
                let hash = reload.config.hash;
                self.metrics.config_reloaded(hash, true);
                // A file may be written again with the same content, as tokens and mounted secrets
                // are.
                if hash != active.hash {
                    tracing::info!(hash, added, removed, "new configuration active");
                }
                Some(reload)
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "new configuration refused, keeping the active one");
                self.metrics.config_reloaded(active.hash, false);
                None
            }
        }
    }

    fn activate(
        &mut self,
        merged: Merged,
        is_requested: bool,
        tasks: &mut JoinSet<String>,
    ) -> Result<Reload, PipelineError> {
        let Merged { config, removed } = merged;
        let config = Arc::new(config);
        // First what can fail: an unusable `ca_file` changes nothing.
        let mut apps = self.apps.clone();
        add_apps(&mut apps, &config, &self.metrics);
        let signals = self.active_config.borrow().signals + u64::from(is_requested);
        let next = active_config(Arc::clone(&config), &apps, signals)?;
        let last = self.active_config.send_replace(next).config;
        self.generation += 1;
        for ((app, before), now) in self.apps.iter().zip(&last.apps).zip(&config.apps) {
            if is_requested || !now.connects_like(before) {
                app.renew(self.generation);
            }
        }
        self.apps = apps;
        for ((webhook, queue), actions) in
            config.webhooks.iter().zip(&self.queues).zip(actions_of(&config))
        {
            queue.reconfigure(webhook.queue_capacity, webhook.when_full, actions);
        }
        let controls = self.spawn_missing(tasks);
        Ok(Reload {
            controls,
            router: Router::new(Arc::clone(&config)),
            config,
            queues: self.queues.clone(),
            windows: self.windows.clone(),
            removed,
            generation: self.generation,
        })
    }

    fn spawn_missing(&mut self, tasks: &mut JoinSet<String>) -> Vec<watch::Sender<SenderControl>> {
        let mut controls = Vec::new();
        let ActiveConfig { config, endpoints, .. } = &*self.active_config.borrow();
        let webhooks = config.webhooks.iter().zip(actions_of(config)).zip(endpoints);
        for (index, ((webhook, actions), endpoint)) in
            (0..).map(WebhookIndex).zip(webhooks).skip(self.queues.len())
        {
            let queue = Arc::new(Queue::new(webhook.queue_capacity, webhook.when_full, actions));
            let window = Arc::new(CommitWindow::new(webhook.rate_per_second));
            self.metrics.watch(index, Arc::clone(&queue) as _);
            self.queues.push(Arc::clone(&queue));
            self.windows.push(Arc::clone(&window));
            let initial = SenderControl { generation: self.generation, ..SenderControl::default() };
            let (control, controlled) = watch::channel(initial);
            controls.push(control);
            let context = SenderContext {
                config: Arc::clone(config),
                active_config: self.active_config.subscribe(),
                webhook: index,
                queue,
                endpoint: Arc::clone(endpoint),
                control: controlled,
                window,
                connection_permits: Arc::clone(&self.connection_permits),
                reports: self.reports.clone(),
                wake: Arc::clone(&self.wake),
                metrics: self.metrics.webhook(index),
            };
            // Not in an async block, which would hold what the sender is made of a second time,
            // ten thousand times.
            tasks.spawn(send::run(context));
        }
        controls
    }
}

/// Adds the apps that `config` has more.
fn add_apps(apps: &mut Vec<Arc<App>>, config: &Config, metrics: &Metrics) {
    metrics.configure(config);
    let more = (0..).map(AppIndex).zip(&config.apps).skip(apps.len());
    apps.extend(more.map(|(index, app)| Arc::new(App::new(app.name.clone(), metrics.app(index)))));
}

/// Opens the endpoint of each webhook of `config`.
fn active_config(
    config: Arc<Config>,
    apps: &[Arc<App>],
    signals: u64,
) -> Result<ActiveConfig, PipelineError> {
    let mut clients = ClientPool::default();
    let mut endpoints = Vec::with_capacity(config.webhooks.len());
    for webhook in &config.webhooks {
        let mut endpoint = Endpoint::open(webhook, &config.apps, &mut clients)
            .map_err(|source| PipelineError::Client { webhook: webhook.name.clone(), source })?;
        endpoint.app = webhook.app.and_then(|app| apps.get(app.0 as usize).cloned());
        endpoints.push(Arc::new(endpoint));
    }
    Ok(ActiveConfig { config, endpoints, signals })
}

/// By webhook: the actions that can post to it.
fn actions_of(config: &Config) -> Vec<Vec<ActionIndex>> {
    let mut actions = vec![Vec::new(); config.webhooks.len()];
    for (index, action) in (0..).map(ActionIndex).zip(&config.actions) {
        for webhook in config.reach(action).iter() {
            actions[webhook.0 as usize].push(index);
        }
    }
    actions
}
