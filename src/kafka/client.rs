//! The client: its context, which records what librdkafka's callbacks report, and changes of its
//! assignment.
//!
//! Invariant: no callback does any other work. The poll loop, on whose thread callbacks run, acts
//! on the events when its poll returns.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Statistics, TopicPartitionList};

use super::token;

/// The consumer that the poll loop owns.
pub type Client = BaseConsumer<Context>;

/// One event that librdkafka reported during a poll.
#[derive(Debug)]
pub enum ClientEvent {
    /// The group assigned these partitions to this member. Nothing is read of them before
    /// [`super::assign`].
    Assigned(Vec<(String, i32)>),
    /// The group revokes these partitions.
    Revoked {
        /// Topic and partition.
        partitions: Vec<(String, i32)>,
        /// They are revoked already, and another member may own them: a commit would be refused.
        lost: bool,
    },
    /// The periodic statistics.
    Statistics(Box<Statistics>),
    /// An error that librdkafka keeps retrying, with its own words for it.
    Error(KafkaError, String),
    /// A connection that failed, in librdkafka's words, which it only logs.
    ConnectionFailed(String),
}

/// The client's context: collects the events for the poll loop.
#[derive(Default)]
pub struct Context {
    /// In the order in which they were reported.
    events: Mutex<Vec<ClientEvent>>,
    /// Counts callbacks. A poll that returned nothing but raised this may have left messages in the
    /// queue.
    activity: AtomicU64,
    /// The client is being closed: revoked partitions are unassigned without the poll loop.
    closing: AtomicBool,
    /// The file with the SASL token.
    pub token_file: Option<PathBuf>,
    /// A hash of the token that the client was given last.
    token_hash: AtomicU64,
}

impl Context {
    /// A context without events; `token_file`: where OAUTHBEARER tokens are read.
    pub fn new(token_file: Option<PathBuf>) -> Self {
        Self { token_file, ..Self::default() }
    }

    /// Takes the events since the last call, in their order.
    pub fn take(&self) -> Vec<ClientEvent> {
        std::mem::take(&mut *self.events.lock())
    }

    /// The number of callbacks so far.
    pub fn activity(&self) -> u64 {
        self.activity.load(Ordering::Relaxed)
    }

    /// Gives revoked partitions up without the poll loop from now on.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Records the token that the client is given. Returns whether it is another one than before.
    pub fn is_new_token(&self, token: &OAuthToken) -> bool {
        let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(&token.token);
        self.token_hash.swap(hash, Ordering::Relaxed) != hash
    }

    fn push(&self, event: ClientEvent) {
        self.activity.fetch_add(1, Ordering::Relaxed);
        self.events.lock().push(event);
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
        self.is_new_token(&token);
        Ok(token)
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.activity.fetch_add(1, Ordering::Relaxed);
        // What an operator acts on comes through `error`, once: the client's own lines repeat it at
        // every retry. It does not report connections that the broker closed or did not answer.
        let is_error = matches!(
            level,
            RDKafkaLogLevel::Emerg
                | RDKafkaLogLevel::Alert
                | RDKafkaLogLevel::Critical
                | RDKafkaLogLevel::Error
        );
        if facility == "FAIL" && !is_error {
            // Without the name of the thread: `[thrd:…]: `.
            let reason = message.split_once("]: ").map_or(message, |(_, reason)| reason);
            self.push(ClientEvent::ConnectionFailed(reason.to_owned()));
        }
        match level {
            RDKafkaLogLevel::Debug => tracing::trace!(target: "librdkafka", facility, "{message}"),
            _ => tracing::debug!(target: "librdkafka", facility, "{message}"),
        }
    }

    fn stats(&self, statistics: Statistics) {
        self.push(ClientEvent::Statistics(Box::new(statistics)));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.push(ClientEvent::Error(error, reason.to_owned()));
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
            self.push(if assigned {
                ClientEvent::Assigned(partitions)
            } else {
                ClientEvent::Revoked { partitions, lost: client.assignment_lost() }
            });
        } else if !assigned && let Err(error) = unassign(client, list) {
            tracing::debug!(%error, "partitions could not be unassigned while closing");
        }
    }

    fn commit_callback(&self, _result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        self.activity.fetch_add(1, Ordering::Relaxed);
    }
}

/// Starts reading the partitions of `list`, each from its offset.
///
/// # Errors
/// librdkafka's error, for instance that the partitions were lost meanwhile.
pub fn assign(client: &Client, list: &TopicPartitionList) -> KafkaResult<()> {
    match client.rebalance_protocol() {
        RebalanceProtocol::Cooperative => client.incremental_assign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => client.assign(list),
    }
}

/// Stops reading the partitions of `list`; the group then assigns them to other members.
///
/// # Errors
/// librdkafka's error.
pub fn unassign(client: &Client, list: &TopicPartitionList) -> KafkaResult<()> {
    match client.rebalance_protocol() {
        RebalanceProtocol::Cooperative => client.incremental_unassign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => client.unassign(),
    }
}

/// Returns those partitions of `list` that are in the client's assignment.
///
/// # Errors
/// librdkafka's error.
pub fn assigned_among(
    client: &Client,
    list: &TopicPartitionList,
) -> KafkaResult<TopicPartitionList> {
    let assignment = client.assignment()?;
    let mut assigned = TopicPartitionList::new();
    for at in list.elements() {
        if assignment.find_partition(at.topic(), at.partition()).is_some() {
            assigned.add_partition(at.topic(), at.partition());
        }
    }
    Ok(assigned)
}
