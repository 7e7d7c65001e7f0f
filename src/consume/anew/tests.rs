#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::thread;

use rdkafka::mocking::MockCluster;
use rdkafka::types::RDKafkaRespErr;
use tokio::sync::{mpsc as async_mpsc, watch};

use super::*;
use crate::commit::Committer;
use crate::config;
use crate::config::check::{ActionIndex, Config};
use crate::consume::{ConsumeError, Parts};
use crate::delivery::Orders;
use crate::health::Health;
use crate::kafka::native::fail_for_good;
use crate::kafka::{Client, Connect};
use crate::metrics::Metrics;
use crate::queue::Queue;
use crate::route::Router;
use crate::wake;
use crate::window::Window;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn pauses_grow_to_a_bound_and_begin_anew_after_a_sound_client() {
    let now = Instant::now();
    let mut backoff = Backoff::default();
    let pauses: Vec<u64> = (0..8).map(|_| backoff.pause(now).as_secs()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
    assert_eq!(backoff.pause(now + LONGEST + SOUND - SECOND).as_secs(), 30);
    assert_eq!(backoff.pause(now + (LONGEST + SOUND) * 3).as_secs(), 1);
    for _ in 0..100 {
        assert!(backoff.pause(now) <= LONGEST, "no overflow");
    }
}

/// A poll loop on a mock cluster, with everybody that it talks to.
struct Rig {
    _cluster: MockCluster<'static, rdkafka::producer::DefaultProducerContext>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    /// Every client that was made, in order.
    clients: Arc<Mutex<Vec<Weak<Client>>>>,
    /// So many of the next attempts to make one fail.
    refused: Arc<Mutex<u32>>,
    stop: CancellationToken,
    ended: mpsc::Receiver<Result<(), ConsumeError>>,
}

fn config(brokers: &str) -> Config {
    let text = format!(
        "kafka: {{brokers: '{brokers}', topics: [t], instance_id: one, properties: {{session.timeout.ms: 6000}}}}\n\
         webhooks: {{a: {{url: 'https://hooks.slack.com/services/T/B/x'}}}}\n\
         actions: [{{name: a, trigger: '`true`', webhook: a, message: hello}}]\n"
    );
    config::check(&text, Path::new("test.yaml"), &|_| None, &|_| Err(std::io::ErrorKind::NotFound.into()))
        .unwrap_or_else(|errors| panic!("{errors}"))
        .config
}

impl Rig {
    fn start() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("t", 2, 1).unwrap();
        let config = Arc::new(config(&cluster.bootstrap_servers()));
        let (waker, wakes) = wake::pair().unwrap();
        let clients = Arc::new(Mutex::new(Vec::new()));
        let refused = Arc::new(Mutex::new(0));
        let mut connect: Connect = {
            let (config, clients, refused) = (Arc::clone(&config), Arc::clone(&clients), Arc::clone(&refused));
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
        let Connection { client, records, commits, ends, described } = connect().unwrap();
        let (metrics, health) = (Metrics::new(&config), Arc::new(Health::new(Instant::now())));
        let (_, reports) = async_mpsc::channel(1);
        let window = Arc::new(Window::new(1.0));
        let parts = Parts {
            connect,
            client,
            records,
            ends,
            described,
            wakes,
            queues: vec![Arc::new(Queue::new(100, config.webhooks[0].when_full, [ActionIndex(0)]))],
            orders: vec![watch::channel(Orders::default()).0],
            windows: vec![Arc::clone(&window)],
            reports,
            router: Router::new(Arc::clone(&config)),
            committer: Committer::new(commits, vec![window], Arc::clone(&metrics), Instant::now()),
            metrics: Arc::clone(&metrics),
            health: Arc::clone(&health),
            config,
        };
        let stop = CancellationToken::new();
        let (tell, ended) = mpsc::channel();
        let stopped = stop.clone();
        thread::spawn(move || tell.send(PollLoop::new(parts).run(&stopped)));
        Self { _cluster: cluster, metrics, health, clients, refused, stop, ended }
    }

    #[track_caller]
    fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let end = Instant::now() + 30 * SECOND;
        while !so(self) {
            assert!(Instant::now() < end, "never: {what}\n{}", self.metrics.text());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn says(&self, line: &str) -> bool {
        self.metrics.text().lines().any(|said| said == line)
    }

    fn joined(&self) {
        self.until("both partitions are owned, and their start committed", |rig| {
            rig.says("slackline_assigned_partitions{topic=\"t\"} 2") && rig.health.readiness(Instant::now()).is_ok()
        });
    }

    fn newest(&self) -> Arc<Client> {
        self.clients.lock().unwrap().last().unwrap().upgrade().unwrap()
    }

    fn end(self) -> Result<(), ConsumeError> {
        self.stop.cancel();
        self.ended.recv_timeout(20 * SECOND).unwrap()
    }
}

#[test]
fn a_client_that_failed_for_good_is_replaced_and_the_old_one_is_gone() {
    let rig = Rig::start();
    rig.joined();
    *rig.refused.lock().unwrap() = 1;
    fail_for_good(&rig.newest(), RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNRELEASED_INSTANCE_ID);
    rig.until("everything is let go", |rig| rig.says("slackline_assigned_partitions{topic=\"t\"} 0"));
    let unwell = rig.health.readiness(Instant::now()).unwrap_err();
    assert_eq!(unwell.0, ["the consumer group is not joined"]);
    rig.until("it turns while it waits", |rig| rig.health.liveness(Instant::now() + 20 * SECOND).is_ok());
    rig.until("a new client", |rig| rig.says("slackline_clients_replaced_total 1"));
    rig.joined();
    let clients = rig.clients.lock().unwrap().clone();
    assert_eq!((clients.len(), clients[0].strong_count()), (2, 0), "the old client was dropped");
    assert!(rig.says("slackline_rebalances_total{kind=\"lost\"} 1"));
    assert_eq!(*rig.refused.lock().unwrap(), 0, "one attempt to make it failed, and was made again");
    rig.end().unwrap();
}

#[test]
fn a_stop_is_heard_while_a_new_client_waits() {
    let rig = Rig::start();
    rig.joined();
    *rig.refused.lock().unwrap() = u32::MAX;
    fail_for_good(&rig.newest(), RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION);
    rig.until("an attempt", |rig| *rig.refused.lock().unwrap() < u32::MAX);
    rig.end().unwrap();
}

/// The one that ends the worker: two of them would take the group from each other by turns.
#[test]
fn a_client_whose_instance_id_was_taken_ends_the_worker_with_an_error() {
    let rig = Rig::start();
    rig.joined();
    fail_for_good(&rig.newest(), RDKafkaRespErr::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    let error = rig.ended.recv_timeout(20 * SECOND).unwrap().unwrap_err();
    assert!(error.to_string().contains("`kafka.instance_id`"), "{error}");
    assert!(matches!(error, ConsumeError::Fenced { instance_id: Some(id) } if id == "one"));
}
