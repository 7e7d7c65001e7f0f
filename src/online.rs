//! Asks the real services whether a worker would run with a configuration: the brokers, topics and
//! ACLs of Kafka, and the apps and channels of Slack, all side by side.
//!
//! Invariant: nothing is changed. No group is joined, nothing committed, no topic created, nothing
//! posted; and it ends within [`LIMIT`].

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::config::model::{Action, AppIndex, Config, Target};
use crate::consume::unreachable::addresses;
use crate::send::client_pool::ClientPool;
use crate::slack_api::SlackApi;

use app::Wanted;
use item::{Finding, Item, Kind};

mod app;

mod blocks;

mod brokers;

mod channels;

mod cluster;

mod group;

pub mod item;

/// How long everything may take.
pub const LIMIT: Duration = Duration::from_secs(29);

/// How often is reported that answers are missing.
const REPORT: Duration = Duration::from_secs(5);

/// Asks everything. `report` gets what is still waited for, and since when.
pub async fn ask(config: &Arc<Config>, mut report: impl FnMut(&[String], Duration)) -> Vec<Item> {
    let start = Instant::now();
    let end = start + LIMIT;
    let mut parts = JoinSet::new();
    let (kafka, is_closed) = kafka(config);
    parts.spawn(async move { (0, kafka.await.ok()) });
    for index in 0..config.apps.len() {
        let config = Arc::clone(config);
        parts.spawn(async move { (index + 1, Some(app(&config, index, end).await)) });
    }
    let mut found: Vec<Option<Vec<Item>>> = vec![None; config.apps.len() + 1];
    let mut next = start + REPORT;
    while !parts.is_empty() && Instant::now() < end {
        match timeout_at(next.min(end), parts.join_next()).await {
            Ok(Some(Ok((part, items)))) => found[part] = items,
            Ok(_) => {}
            Err(_) => {
                let missing = found.iter().enumerate().filter(|(_, items)| items.is_none());
                let names: Vec<String> = missing
                    .map(|(part, _)| match part.checked_sub(1) {
                        None => "Kafka".to_owned(),
                        Some(app) => format!("the app `{}`", config.apps[app].name),
                    })
                    .collect();
                report(&names, start.elapsed());
                next += REPORT;
            }
        }
    }
    // A process must not end while its Kafka clients are being closed.
    let _ = timeout_at(end, is_closed).await;
    let mut items = Vec::new();
    for (part, found) in found.into_iter().enumerate() {
        items.extend(found.unwrap_or_else(|| match part.checked_sub(1) {
            None => cluster::without_answer(&config.kafka, addresses(&config.kafka.brokers)),
            Some(app) => app::without(&wanted(config, app), &Finding::unknown(LATE)),
        }));
    }
    items.extend(incoming(config));
    let by_webhook = config.actions.iter().filter(|action| {
        let webhook = &config.webhooks[action.webhook.0 as usize];
        action.blocks.is_some() && matches!(webhook.target(), Some(Target::Incoming(_)))
    });
    items.extend(blocks::without(by_webhook, "only an app can have its blocks checked"));
    items
}

const LATE: &str = "no answer in time";

/// Asks the brokers on another thread. Returns their items, and when the clients are closed.
fn kafka(config: &Arc<Config>) -> (oneshot::Receiver<Vec<Item>>, oneshot::Receiver<()>) {
    let (answer, items) = oneshot::channel();
    let (closed, is_closed) = oneshot::channel();
    let config = Arc::clone(config);
    let thread = thread::Builder::new().name("kafka".to_owned()).spawn(move || {
        let (cluster, clients) = brokers::ask(&config);
        let _ = answer.send(cluster::items(&config.kafka, &cluster));
        drop(clients);
        let _ = closed.send(());
    });
    // Without a thread both channels are closed: the items are unknown.
    drop(thread);
    (items, is_closed)
}

async fn app(config: &Config, index: usize, end: Instant) -> Vec<Item> {
    let wanted = wanted(config, index);
    match SlackApi::open(wanted.app, &mut ClientPool::default(), end) {
        Ok(api) => app::ask(&wanted, &api).await,
        Err(error) => {
            let help = "correct the app in the configuration";
            app::without(&wanted, &Finding::failed(error.to_string(), help))
        }
    }
}

fn wanted(config: &Config, index: usize) -> Wanted<'_> {
    let is_of_app = |target: &Target<'_>| matches!(target, Target::Channel { app: AppIndex(of), .. } if *of as usize == index);
    let targets = config.webhooks.iter().filter_map(|webhook| webhook.target());
    let channels = targets.filter(is_of_app).filter_map(|target| match target {
        Target::Channel { channel, .. } => Some(channel),
        Target::Incoming(_) => None,
    });
    let posts_with_it = |action: &&Action| {
        let webhook = &config.webhooks[action.webhook.0 as usize];
        webhook.target().is_some_and(|target| is_of_app(&target))
    };
    let customizes = config.actions.iter().filter(posts_with_it).any(|action| {
        action.user.is_some() || action.icon_url.is_some() || action.icon_emoji.is_some()
    });
    let with_blocks = config.actions.iter().filter(|action| action.blocks.is_some());
    let with_blocks = with_blocks.filter(posts_with_it).collect();
    Wanted { app: &config.apps[index], channels: channels.collect(), customizes, with_blocks }
}

fn incoming(config: &Config) -> impl Iterator<Item = Item> {
    let incoming = config
        .webhooks
        .iter()
        .filter(|webhook| matches!(webhook.target(), Some(Target::Incoming(_))));
    incoming.map(|webhook| {
        Finding::unknown("only a post shows whether an incoming webhook works")
            .with_help("post one message with `slackline send`")
            .about(Kind::Webhook, &webhook.name)
    })
}

#[cfg(test)]
mod tests;
