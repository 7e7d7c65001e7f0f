//! A Kafka client with the queues that its replies come to.

use std::sync::Arc;

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaResult;

use super::client::{Client, Context};
use super::native::{self, CommitQueue, Ends, Records, ReplyQueue, TopicQueue};
use super::properties::properties;
use super::token;
use crate::config::model::Kafka;
use crate::event::TopicIndex;
use crate::poll_waker::Waker;

/// A client with its queues: created together, and replaced together.
pub struct Connection {
    /// Subscribed to nothing yet.
    pub client: Arc<Client>,
    /// By topic: the records that were fetched.
    pub records: Vec<Records>,
    /// Sends commits, and receives their results.
    pub commits: CommitQueue,
    /// Looks up the end offsets of paused partitions.
    pub ends: Ends,
    /// Looks up which topics exist.
    pub described: TopicQueue,
}

/// Creates a [`Connection`]: at the start, and again after a fatal client error.
pub type Connect = Box<dyn FnMut() -> KafkaResult<Connection> + Send>;

impl Connection {
    /// A client for `kafka`, subscribed to nothing yet. `waker` is woken when it has something to
    /// poll, or a reply.
    ///
    /// # Errors
    /// Properties that contradict each other, or missing files (certificates), as librdkafka's own
    /// text says. Out of memory, threads or descriptors.
    pub fn open(kafka: &Kafka, waker: &Waker) -> KafkaResult<Self> {
        let context = Context::new(kafka.oauth_token_file.clone());
        let mut client = Client::from_config_and_context(&properties(kafka), context)?;
        let on_nonempty = waker.clone();
        client.set_nonempty_callback(move || on_nonempty.wake());
        let client = Arc::new(client);
        let queue = || ReplyQueue::new(Arc::clone(&client), waker.clone());
        let topics = (0..).map(TopicIndex).zip(&kafka.topics);
        let records = topics.map(|(topic, name)| Ok(Records::new(queue()?, topic, name)));
        Ok(Self {
            records: records.collect::<KafkaResult<_>>()?,
            commits: CommitQueue(queue()?),
            ends: Ends(queue()?),
            described: TopicQueue(queue()?),
            client,
        })
    }
}

/// Gives the client the token that is in the file now, if it is not the one that the broker
/// refuses. librdkafka itself would request the next token only late in the refused one's lifetime.
pub fn renew_token(client: &Client) {
    let context = client.context();
    // An unreadable file is reported when librdkafka requests the token.
    let Ok(token) = token::read(context.token_file.as_deref()) else { return };
    if context.is_new_token(&token)
        && let Err(error) = native::set_token(client, &token)
    {
        tracing::debug!(%error, "the new token cannot be used");
    }
}
