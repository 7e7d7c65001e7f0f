//! Which topics exist: their ids and partition counts, all in one request.
//!
//! Invariant: [`Described::Missing`] only where the broker reported that; anything else that is not
//! a description is an error or [`Described::Unknown`].

use std::ffi::{CStr, CString};
use std::ptr;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use super::queue::{Options, Queue, Reply, ReplyQueue, slice};
use crate::event::TopicId;
use crate::kafka::client::Client;

/// The broker's description of one topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Described {
    /// The topic does not exist.
    Missing,
    /// Unknown at the moment: it is being created, or this client may not see it.
    Unknown(RDKafkaErrorCode),
    /// It exists.
    Exists {
        /// The number of its partitions, at least 1.
        partitions: u32,
        /// Whether this client's user may read it; true where the broker does not report it (before
        /// Kafka 2.3).
        readable: bool,
        /// Its id; `None` where the broker has none (before Kafka 2.8).
        id: Option<TopicId>,
    },
}

/// Requests descriptions of topics, and receives them.
pub struct TopicQueue(pub ReplyQueue);

impl TopicQueue {
    /// Sends the request of [`describe_topics`]. Does not block; a response comes within `timeout`,
    /// be it an error.
    ///
    /// # Errors
    /// A name that cannot be a topic's.
    pub fn request(
        &self,
        broker: Option<i32>,
        topics: &[&str],
        timeout: Duration,
    ) -> KafkaResult<()> {
        request(&self.0.client, &self.0.queue, broker, topics, timeout)
    }

    /// Takes the next response, if one has come: descriptions of `topics`, which must be those of
    /// the request.
    pub fn answer(&self, topics: &[&str]) -> Option<KafkaResult<Vec<Described>>> {
        self.0.queue.next(Duration::ZERO).map(|reply| described(&reply, topics))
    }
}

/// Returns the descriptions of `topics` (each once) in their order, from `broker`, or else from the
/// cluster's controller (librdkafka's mock cluster names one that does not exist).
///
/// Blocks: usually for a few milliseconds, up to half a second where the request waits behind a
/// long-poll fetch, at most for `timeout`. Creates no topic, whatever the broker's
/// `auto.create.topics.enable`.
///
/// # Errors
/// When the request as a whole fails.
pub fn describe_topics(
    client: &Client,
    broker: Option<i32>,
    topics: &[&str],
    timeout: Duration,
) -> KafkaResult<Vec<Described>> {
    let queue = Queue::new(client)?;
    request(client, &queue, broker, topics, timeout)?;
    let reply = queue
        .next(timeout)
        .ok_or(KafkaError::MetadataFetch(RDKafkaErrorCode::OperationTimedOut))?;
    described(&reply, topics)
}

fn request(
    client: &Client,
    queue: &Queue,
    broker: Option<i32>,
    topics: &[&str],
    timeout: Duration,
) -> KafkaResult<()> {
    let names = topics.iter().map(|topic| CString::new(*topic)).collect::<Result<Vec<_>, _>>()?;
    let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    let client = client.client().native_ptr();
    let kind = rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    let options = Options::new(client, kind, timeout)?;
    // SAFETY: all pointers are alive; librdkafka copies names and options, and keeps the queue
    // alive until it has replied. An option that is refused keeps its default: the controller.
    unsafe {
        if let Some(broker) = broker {
            rd::rd_kafka_AdminOptions_set_broker(options.as_ptr(), broker, ptr::null_mut(), 0);
        }
        let set = rd::rd_kafka_AdminOptions_set_include_authorized_operations;
        rd::rd_kafka_error_destroy(set(options.as_ptr(), 1));
        let collection =
            rd::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        rd::rd_kafka_DescribeTopics(client, collection, options.as_ptr(), queue.as_ptr());
        rd::rd_kafka_TopicCollection_destroy(collection);
    }
    Ok(())
}

fn described(reply: &Reply, topics: &[&str]) -> KafkaResult<Vec<Described>> {
    reply.result().map_err(KafkaError::MetadataFetch)?;
    // SAFETY: everything that belongs to the event lives as long as it, and is copied here.
    let described = unsafe {
        rd::rd_kafka_event_DescribeTopics_result(reply.as_ptr()).as_ref().and_then(|result| {
            let mut count = 0;
            let descriptions = rd::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
            let descriptions = slice(descriptions, count);
            if descriptions.len() != topics.len() {
                return None;
            }
            let both = descriptions.iter().zip(topics);
            both.map(|(description, topic)| one(*description, topic)).collect()
        })
    };
    // Otherwise the reply is not about these topics.
    described.ok_or(KafkaError::MetadataFetch(RDKafkaErrorCode::BadMessage))
}

/// # Safety
/// `description` is null or lives as long as the call.
unsafe fn one(
    description: *const rd::rd_kafka_TopicDescription_t,
    topic: &str,
) -> Option<Described> {
    if description.is_null() {
        return None;
    }
    // SAFETY: not null, and alive; so is everything that belongs to it.
    unsafe {
        if CStr::from_ptr(rd::rd_kafka_TopicDescription_name(description)).to_bytes()
            != topic.as_bytes()
        {
            return None;
        }
        let error = rd::rd_kafka_TopicDescription_error(description);
        if !error.is_null() {
            return Some(match RDKafkaErrorCode::from(rd::rd_kafka_error_code(error)) {
                RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => {
                    Described::Missing
                }
                code => Described::Unknown(code),
            });
        }
        let mut partitions = 0;
        rd::rd_kafka_TopicDescription_partitions(description, &raw mut partitions);
        let id = rd::rd_kafka_TopicDescription_topic_id(description).as_ref().and_then(|uuid| {
            let half = |bits: i64| u128::from(bits.cast_unsigned());
            let high = half(rd::rd_kafka_Uuid_most_significant_bits(uuid));
            let id = high << 64 | half(rd::rd_kafka_Uuid_least_significant_bits(uuid));
            // All zeros mean that the broker has no id.
            (id != 0).then_some(TopicId(id))
        });
        Some(match u32::try_from(partitions) {
            Ok(partitions) if partitions > 0 => {
                Described::Exists { partitions, readable: readable(description), id }
            }
            _ => Described::Unknown(RDKafkaErrorCode::LeaderNotAvailable),
        })
    }
}

/// # Safety
/// `description` is alive.
unsafe fn readable(description: *const rd::rd_kafka_TopicDescription_t) -> bool {
    let mut count = 0;
    // SAFETY: the operations belong to the description. They are read as numbers: a later
    // librdkafka may have more of them than the enum.
    let operations = unsafe {
        let first =
            rd::rd_kafka_TopicDescription_authorized_operations(description, &raw mut count);
        slice(first.cast::<u32>(), count)
    };
    operations.is_empty()
        || operations.contains(&(rd::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_READ as u32))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;
    use rdkafka::mocking::MockCluster;
    use std::time::Instant;

    const TIMEOUT: Duration = Duration::from_secs(10);

    fn there(described: Described) -> (u32, TopicId) {
        match described {
            Described::Exists { partitions, id: Some(id), readable: true } => (partitions, id),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_topics_are_described_in_one_request_in_their_order() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("two", 2, 1).unwrap();
        cluster.create_topic("five", 5, 1).unwrap();
        let client = crate::kafka::client_of(&cluster.bootstrap_servers());
        let described = describe_topics(&client, Some(1), &["five", "two"], TIMEOUT).unwrap();
        let [(five, a), (two, b)] = [there(described[0]), there(described[1])];
        assert_eq!((five, two), (5, 2));
        assert_ne!(a, b);
        let again = describe_topics(&client, Some(1), &["two"], TIMEOUT).unwrap();
        assert_eq!(there(again[0]), (2, b), "an id stays");
    }

    /// As in the worker: a client that has no broker's metadata yet sends the request, too.
    #[test]
    #[ignore = "needs a broker: tests/kafka.sh"]
    fn a_real_broker_reports_ids_and_creates_no_topic() {
        let client = crate::kafka::client_of(&std::env::var("SLACKLINE_TEST_BROKERS").unwrap());
        let absent = "a-topic-that-does-not-exist";
        for _ in 0..2 {
            let began = Instant::now();
            let described =
                describe_topics(&client, None, &["__consumer_offsets", absent], TIMEOUT).unwrap();
            assert!(
                matches!(described[0], Described::Exists { .. } | Described::Missing),
                "{described:?}"
            );
            assert_eq!(described[1], Described::Missing);
            assert!(began.elapsed() < Duration::from_secs(5));
        }
    }

    #[test]
    fn no_broker_is_an_error_within_the_timeout() {
        let client = crate::kafka::client_of("127.0.0.1:1");
        let began = Instant::now();
        assert!(describe_topics(&client, None, &["t"], Duration::from_millis(200)).is_err());
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
