//! For tests: a poll loop on a mock cluster, with everything that it works with.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use tokio::sync::{mpsc as async_mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::broker_lookup;
use super::intake::Intake;
use super::membership::Membership;
use super::monitor::Monitor;
use super::rate_share;
use super::sender_controls::SenderControls;
use super::session::Session;
use super::settlement::Settlement;
use super::{ConsumeError, PollLoop};
use crate::commit::Committer;
use crate::commit_hold::CommitWindow;
use crate::config;
use crate::config::model::{ActionIndex, Config};
use crate::health::Health;
use crate::kafka::{Client, Connect, Connection};
use crate::metrics::Metrics;
use crate::poll_waker;
use crate::queue::Queue;
use crate::sender_control::SenderControl;
use crate::topics::TopicNames;

pub const SECOND: Duration = Duration::from_secs(1);

/// A poll loop on a mock cluster, with everything that it works with.
pub struct Rig {
    pub cluster: MockCluster<'static, rdkafka::producer::DefaultProducerContext>,
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    /// Every client that was created, in order.
    pub clients: Arc<Mutex<Vec<Weak<Client>>>>,
    /// This many of the next attempts to create a client fail.
    pub refused: Arc<Mutex<u32>>,
    pub stop: CancellationToken,
    pub ended: mpsc::Receiver<Result<(), ConsumeError>>,
}

fn config(brokers: &str) -> Config {
    let text = format!(
        "kafka: {{brokers: '{brokers}', group_id: slackline, topics: [t], instance_id: one, properties: {{session.timeout.ms: 6000}}}}\n\
         webhooks: {{a: {{url: 'https://hooks.slack.com/services/T/B/x'}}}}\n\
         actions: [{{name: a, trigger: '`true`', webhook: a, message: hello}}]\n"
    );
    config::check(&text, Path::new("test.yaml"), &|_| None, &|_| {
        Err(std::io::ErrorKind::NotFound.into())
    })
    .unwrap_or_else(|errors| panic!("{errors}"))
    .config
}

impl Rig {
    pub fn start() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("t", 2, 1).unwrap();
        let config = Arc::new(config(&cluster.bootstrap_servers()));
        let (waker, wakes) = poll_waker::pair().unwrap();
        let clients = Arc::new(Mutex::new(Vec::new()));
        let refused = Arc::new(Mutex::new(0));
        let connect: Connect = {
            let (config, clients, refused, waker) =
                (Arc::clone(&config), Arc::clone(&clients), Arc::clone(&refused), waker.clone());
            Box::new(move || {
                let mut refused = refused.lock().unwrap();
                if *refused > 0 {
                    *refused -= 1;
                    return Err(KafkaError::ClientCreation("no threads left".to_owned()));
                }
                let connection = Connection::open(&config.kafka, &waker)?;
                clients.lock().unwrap().push(Arc::downgrade(&connection.client));
                Ok(connection)
            })
        };
        let now = Instant::now();
        let names = TopicNames::new(["t".to_owned()]);
        let (session, commits) = Session::open(connect, names, now).unwrap();
        let metrics = Metrics::new(&config);
        let health = Arc::new(Health::new(Arc::clone(&config), now));
        let windows = vec![Arc::new(CommitWindow::new(1.0))];
        let committer = Committer::new(commits, Arc::clone(&metrics), now);
        let reports = async_mpsc::channel(1).1;
        let settlement = Settlement::new(&config, committer, reports, Arc::clone(&metrics));
        let feeds = rate_share::feeds(settlement.ledger.names(), 1, &[]);
        let when_full = config.webhooks[0].when_full;
        let queues = vec![Arc::new(Queue::new(100, when_full, [ActionIndex(0)]))];
        let controls = vec![watch::channel(SenderControl::default()).0];
        let (lookup, lookups) = broker_lookup::pair(waker);
        let poll_loop = PollLoop {
            wakes,
            reloads: async_mpsc::unbounded_channel().1,
            membership: Membership::new(Arc::clone(&config), session, lookup, Arc::clone(&metrics)),
            intake: Intake::new(
                Arc::clone(&config),
                queues,
                Arc::clone(&feeds),
                Arc::clone(&metrics),
            ),
            settlement,
            controls: SenderControls { controls, windows, feeds, apps: Vec::new() },
            monitor: Monitor::new(Arc::clone(&metrics), Arc::clone(&health), now),
        };
        let stop = CancellationToken::new();
        let (report, ended) = mpsc::channel();
        let stopped = stop.clone();
        thread::spawn(move || lookups.run());
        thread::spawn(move || report.send(poll_loop.run(&stopped)));
        Self { cluster, metrics, health, clients, refused, stop, ended }
    }

    #[track_caller]
    pub fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let end = Instant::now() + 30 * SECOND;
        while !so(self) {
            let now = Instant::now();
            assert!(
                now < end,
                "never: {what}\nready: {:?}, alive: {:?}\n{}",
                self.health.readiness(now),
                self.health.liveness(now),
                self.metrics.text()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn says(&self, line: &str) -> bool {
        self.metrics.text().lines().any(|said| said == line)
    }

    pub fn joined(&self) {
        self.until("both partitions are owned, and their start committed", |rig| {
            rig.says("slackline_assigned_partitions{topic=\"t\"} 2")
                && rig.health.readiness(Instant::now()).is_ok()
        });
    }

    pub fn newest(&self) -> Arc<Client> {
        self.clients.lock().unwrap().last().unwrap().upgrade().unwrap()
    }

    pub fn end(self) -> Result<(), ConsumeError> {
        self.stop.cancel();
        self.ended.recv_timeout(20 * SECOND).unwrap()
    }
}
