//! A Kafka client that only asks, for a person who wants to know whether a worker would run.
//!
//! Invariant: it joins no group, commits nothing, and creates no topic, whatever the configuration
//! and the broker's `auto.create.topics.enable` say.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, KafkaResult};

use super::client::{Client, ClientEvent, Context};
use super::native::{GroupQueue, ReplyQueue, TopicQueue};
use super::properties::properties;
use crate::config::model::Kafka;
use crate::poll_waker::{self, WakeReceiver, Waker};

/// A client that only asks.
pub struct Inquiry {
    client: Arc<Client>,
    waker: Waker,
    receiver: WakeReceiver,
}

/// One broker of the cluster, as it advertises itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its number.
    pub id: i32,
    /// `host:port`.
    pub address: String,
}

impl Inquiry {
    /// A client with the settings of a worker that knows only the broker at `address`.
    ///
    /// # Errors
    /// As for the client of a worker; or the system has no file descriptors.
    pub fn open(kafka: &Kafka, address: &str) -> KafkaResult<Self> {
        let mut config = properties(kafka);
        config.remove("group.instance.id");
        config.set("bootstrap.servers", address).set("allow.auto.create.topics", "false");
        let context = Context::new(kafka.oauth_token_file.clone());
        let mut client = Client::from_config_and_context(&config, context)?;
        let no_pair = |error: io::Error| KafkaError::ClientCreation(error.to_string());
        let (waker, receiver) = poll_waker::pair().map_err(no_pair)?;
        let on_nonempty = waker.clone();
        client.set_nonempty_callback(move || on_nonempty.wake());
        Ok(Self { client: Arc::new(client), waker, receiver })
    }

    /// Waits for a reply or an event, at most for `timeout`.
    pub fn wait(&mut self, timeout: Duration) {
        self.receiver.wait(timeout);
    }

    /// Handles everything that has arrived, and returns what the client has reported. A token is
    /// read only here.
    #[must_use]
    pub fn serve(&self) -> Vec<ClientEvent> {
        loop {
            let before = self.client.context().activity();
            self.client.poll(Duration::ZERO);
            if self.client.context().activity() == before {
                return self.client.context().take();
            }
        }
    }

    /// Requests the brokers of the cluster. Blocks until one has answered, at most for `timeout`.
    ///
    /// # Errors
    /// No broker has answered.
    pub fn nodes(&self, topic: &str, timeout: Duration) -> KafkaResult<Vec<Node>> {
        // A request without a topic would return all topics of the cluster.
        let metadata = self.client.fetch_metadata(Some(topic), timeout)?;
        let node = |broker: &rdkafka::metadata::MetadataBroker| Node {
            id: broker.id(),
            address: format!("{}:{}", broker.host(), broker.port()),
        };
        Ok(metadata.brokers().iter().map(node).collect())
    }

    /// A queue for the descriptions of topics.
    ///
    /// # Errors
    /// Out of memory.
    pub fn topics(&self) -> KafkaResult<TopicQueue> {
        self.queue().map(TopicQueue)
    }

    /// A queue for the description of a group.
    ///
    /// # Errors
    /// Out of memory.
    pub fn group(&self) -> KafkaResult<GroupQueue> {
        self.queue().map(GroupQueue)
    }

    fn queue(&self) -> KafkaResult<ReplyQueue> {
        ReplyQueue::new(Arc::clone(&self.client), self.waker.clone())
    }
}

impl Drop for Inquiry {
    fn drop(&mut self) {
        self.client.context().close();
    }
}
