//! The Kafka client: its properties, its errors, what it tells the poll loop.
//!
//! Invariant: no callback of librdkafka does work of its own. Each notes what happened; the poll loop, which is the thread that they run on,
//! acts on it when the poll returns, with the ledger and the queues in its hands.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::OAuthToken;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Statistics, TopicPartitionList};

use crate::config::model::Kafka;
use crate::event::TopicIndex;
use crate::poll_waker::Waker;

use self::native::{CommitQueue, Ends, Records, TopicQueue};

pub mod native;

pub mod refusal;

mod token;

/// The consumer that the poll loop owns.
pub type Client = BaseConsumer<Context>;

/// A client with the queues that its answers come to: made as one, and replaced as one.
pub struct Connection {
    /// Subscribed to nothing yet.
    pub client: Arc<Client>,
    /// By topic: what is read of it.
    pub records: Vec<Records>,
    /// Takes commits.
    pub commits: CommitQueue,
    /// Tells the ends of paused partitions.
    pub ends: Ends,
    /// Tells which topics there are.
    pub described: TopicQueue,
}

/// Makes a [`Connection`]: at the start, and again where a client has failed for good.
pub type Connect = Box<dyn FnMut() -> KafkaResult<Connection> + Send>;

impl Connection {
    /// A client for `kafka`; `waker` is woken when it has something to poll, or an answer.
    ///
    /// # Errors
    /// Properties that contradict each other, files that are not there (certificates): librdkafka's own text says which. Out of memory, threads or descriptors.
    pub fn open(kafka: &Kafka, waker: &Waker) -> KafkaResult<Self> {
        let client = client(kafka, waker)?;
        let topics = (0..).map(TopicIndex).zip(&kafka.topics);
        let records = topics
            .map(|(topic, name)| Records::new(Arc::clone(&client), waker.clone(), topic, name));
        Ok(Self {
            records: records.collect::<KafkaResult<_>>()?,
            commits: CommitQueue::new(Arc::clone(&client), waker.clone())?,
            ends: Ends::new(Arc::clone(&client), waker.clone())?,
            described: TopicQueue::new(Arc::clone(&client), waker.clone())?,
            client,
        })
    }
}

/// How often librdkafka reports its statistics: partition counts, ends of partitions and the brokers' states come from them.
const STATISTICS_INTERVAL: Duration = Duration::from_secs(1);

/// What slackline sets unless `kafka.properties` says otherwise; the reasons are measured in the project's reference pages.
const DEFAULTS: &[(&str, &str)] = &[
    // A rebalance leaves what is kept alone.
    ("partition.assignment.strategy", "cooperative-sticky"),
    // Failover within the session; over 20 s, since a broker's own failover takes 9 to 12 s.
    ("session.timeout.ms", "30000"),
    // A new member's partitions move within a second instead of three.
    ("heartbeat.interval.ms", "1000"),
    // The first record 0.2–1 s after the broker's return instead of 2–6 s.
    ("reconnect.backoff.max.ms", "500"),
    // A broker that takes connections and says nothing is tried anew after 10 s instead of 30, as Kafka's own clients do (KIP-601).
    ("socket.connection.setup.timeout.ms", "10000"),
    // A partition that is assigned waits for the fetch that is under way, which waits so long for events of the others; so do look-ups at an assignment. Events
    // end the wait at once, so it only costs an idle worker twenty requests a second.
    ("fetch.wait.max.ms", "50"),
    // Prefetch is memory (and see `PREFETCH_KBYTES`). With librdkafka's own default of 1,000 ms of fetch backoff a small queue would starve the loop.
    ("fetch.queue.backoff.ms", "5"),
    // The queue's limit is looked at before a fetch; one answer can overshoot it by what it decompresses to. At librdkafka's defaults (50 MB an answer, 1 MB a
    // partition) 300,000 small events of four partitions took 140 MB. A larger batch is still fetched, alone. Larger answers cost no less: 1,000,000 events of 600
    // bytes took 2.04 µs each with these, 2.04 to 2.24 with 4 MB and 1 MB, and 102 MB in place of 47.
    ("fetch.max.bytes", "1048576"),
    ("fetch.message.max.bytes", "262144"),
    // Partitions that are added are found within half a minute.
    ("topic.metadata.refresh.interval.ms", "30000"),
];

/// How much of all topics is fetched ahead. librdkafka's `queued.max.messages.kbytes` is a bound for each queue that partitions are forwarded to, one a topic.
/// Measured: 1,000,000 events of 600 bytes take as long, and as much of the processor, with 16 MiB, 8 or 4; each MiB is 1 to 3 MB of the process.
const PREFETCH_KBYTES: usize = 4_096;

/// The least for one topic, however many there are: less than a fetch brings would make every fetch wait for the one before to be read.
const TOPIC_KBYTES: usize = 1_024;

/// Defaults that the KIP-848 protocol refuses: its sessions are the broker's business.
const CLASSIC_ONLY: &[&str] =
    &["partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms"];

/// What librdkafka told during a poll.
#[derive(Debug)]
pub enum ClientEvent {
    /// The group gave these partitions to this member. Nothing is read of them until the client is told to.
    Assigned(Vec<(String, i32)>),
    /// The group takes these partitions away; `lost`: has taken, another member may own them already.
    Revoked {
        /// Topic and partition.
        partitions: Vec<(String, i32)>,
        /// No commit of theirs will be accepted.
        lost: bool,
    },
    /// The periodic statistics.
    Statistics(Box<Statistics>),
    /// Something that librdkafka keeps trying to mend.
    Error(KafkaError, String),
}

/// The client's context: a mailbox from librdkafka's callbacks to the poll loop.
pub struct Context {
    told: Mutex<Vec<ClientEvent>>,
    /// How often anything was told or logged: a poll that returned nothing but moved this may have left messages in the queue.
    activity: AtomicU64,
    /// The client is being closed: partitions are given up at once, the poll loop is done with them.
    closing: AtomicBool,
    /// Where the token for SASL is.
    token_file: Option<PathBuf>,
    /// A hash of the one that the client was given last.
    given: AtomicU64,
}

impl Context {
    fn new(token_file: Option<PathBuf>) -> Self {
        Self {
            told: Mutex::new(Vec::new()),
            activity: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            token_file,
            given: AtomicU64::new(0),
        }
    }

    /// Takes what was told since the last call, in its order.
    pub fn take(&self) -> Vec<ClientEvent> {
        std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Moves with everything that a poll served.
    pub fn activity(&self) -> u64 {
        self.activity.load(Ordering::Relaxed)
    }

    /// From now on partitions are given up without the poll loop.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Whether a token is what the client logs in with.
    pub fn has_token(&self) -> bool {
        self.token_file.is_some()
    }

    /// Notes which token the client is given. Whether it is another than before.
    fn gives(&self, token: &OAuthToken) -> bool {
        let mut hasher = DefaultHasher::new();
        token.token.hash(&mut hasher);
        self.given.swap(hasher.finish(), Ordering::Relaxed) != hasher.finish()
    }

    fn tell(&self, told: ClientEvent) {
        self.activity.fetch_add(1, Ordering::Relaxed);
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(
        &self,
        _config: Option<&str>,
    ) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.activity.fetch_add(1, Ordering::Relaxed);
        let token = token::read(self.token_file.as_deref())?;
        self.gives(&token);
        Ok(token)
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.activity.fetch_add(1, Ordering::Relaxed);
        // What an operator acts on comes as an error through `error`, once; the client's own lines repeat it at every try.
        match level {
            RDKafkaLogLevel::Debug => tracing::trace!(target: "librdkafka", facility, "{message}"),
            _ => tracing::debug!(target: "librdkafka", facility, "{message}"),
        }
    }

    fn stats(&self, statistics: Statistics) {
        self.tell(ClientEvent::Statistics(Box::new(statistics)));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.tell(ClientEvent::Error(error, reason.to_owned()));
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        client: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let partitions =
            list.elements().iter().map(|at| (at.topic().to_owned(), at.partition())).collect();
        let assigned = matches!(what, RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
        if !self.closing.load(Ordering::Relaxed) {
            self.tell(if assigned {
                ClientEvent::Assigned(partitions)
            } else {
                ClientEvent::Revoked { partitions, lost: client.assignment_lost() }
            });
        } else if !assigned && let Err(error) = give_up(client, list) {
            tracing::debug!(%error, "could not give partitions up while closing");
        }
    }

    fn commit_callback(&self, _result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        self.activity.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tells the client to read the partitions of `list`, each from its offset.
///
/// # Errors
/// What librdkafka says, for instance that the partitions have been lost meanwhile.
pub fn take_over(client: &Client, list: &TopicPartitionList) -> KafkaResult<()> {
    match client.rebalance_protocol() {
        RebalanceProtocol::Cooperative => client.incremental_assign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => client.assign(list),
    }
}

/// Tells the client to stop reading the partitions of `list`; the group gives them to others then.
///
/// # Errors
/// What librdkafka says.
pub fn give_up(client: &Client, list: &TopicPartitionList) -> KafkaResult<()> {
    match client.rebalance_protocol() {
        RebalanceProtocol::Cooperative => client.incremental_unassign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => client.unassign(),
    }
}

/// Gives the client the token that is in the file now, if it is another than the one that the broker refuses: librdkafka would ask for it only late in that one's life.
pub fn renew_token(client: &Client) {
    let context = client.context();
    // Why it can't be read is told when librdkafka asks.
    let Ok(token) = token::read(context.token_file.as_deref()) else { return };
    if context.gives(&token)
        && let Err(error) = native::set_token(client, &token)
    {
        tracing::debug!(%error, "the new token can't be used");
    }
}

/// Those partitions of `list` that the client reads, or was told to read.
///
/// # Errors
/// What librdkafka says.
pub fn held(client: &Client, list: &TopicPartitionList) -> KafkaResult<TopicPartitionList> {
    let assignment = client.assignment()?;
    let mut held = TopicPartitionList::new();
    for at in list.elements() {
        if assignment.find_partition(at.topic(), at.partition()).is_some() {
            held.add_partition(at.topic(), at.partition());
        }
    }
    Ok(held)
}

fn client(kafka: &Kafka, waker: &Waker) -> KafkaResult<Arc<Client>> {
    let mut client = Client::from_config_and_context(
        &properties(kafka),
        Context::new(kafka.oauth_token_file.clone()),
    )?;
    let waker = waker.clone();
    client.set_nonempty_callback(move || waker.wake());
    Ok(Arc::new(client))
}

/// Every property that the client is made with. Public for the benchmarks: what slackline is compared with has the same ones.
#[must_use]
pub fn properties(kafka: &Kafka) -> ClientConfig {
    let mut config = ClientConfig::new();
    let consumer_protocol = kafka
        .properties
        .get("group.protocol")
        .is_some_and(|value| value.expose().eq_ignore_ascii_case("consumer"));
    for (name, value) in DEFAULTS {
        if !(consumer_protocol && CLASSIC_ONLY.contains(name)) {
            config.set(*name, *value);
        }
    }
    let prefetch = (PREFETCH_KBYTES / kafka.topics.len().max(1)).max(TOPIC_KBYTES);
    config.set("queued.max.messages.kbytes", prefetch.to_string());
    config.set("client.id", "slackline");
    for (name, value) in &kafka.properties {
        config.set(name, value.expose());
    }
    config
        .set("bootstrap.servers", &kafka.brokers)
        .set("group.id", &kafka.group_id)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // Where to start is decided at the assignment (consume/start.rs). The property would skip records without a word.
        .set("auto.offset.reset", "error")
        // Its batch call counts the end of a partition as a record (consume/position.rs).
        .set("enable.partition.eof", "false")
        .set("statistics.interval.ms", STATISTICS_INTERVAL.as_millis().to_string())
        .set_log_level(RDKafkaLogLevel::Info);
    if let Some(instance_id) = &kafka.instance_id {
        config.set("group.instance.id", instance_id);
    }
    config
}

/// Whether an error says that a topic is not there (yet): it is waited for.
#[must_use]
pub fn is_unknown_topic(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
        )
    )
}

/// A client of a cluster that was just started, for the tests of what is asked of it.
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) fn client_of(brokers: &str) -> Client {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "test").set("log_level", "0");
    client_with(&config)
}

/// A client with no properties but these, for the tests of the queues.
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) fn client_with(config: &ClientConfig) -> Client {
    Client::from_config_and_context(config, Context::new(None)).unwrap()
}
