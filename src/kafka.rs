//! The Kafka client: its properties, its errors, its queues, and the events that it reports.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

pub mod native;

mod assignment;

mod token;

mod context;

mod properties;

mod connection;

pub mod refusal;

#[cfg(test)]
mod test_client;

pub use assignment::{assigned_among, give_up, take_over};
pub use connection::{Connect, Connection, renew_token};
pub use context::{Client, ClientEvent, Context};
pub use properties::properties;
#[cfg(test)]
pub(crate) use test_client::{client_of, client_with};

/// Returns whether an error says that a topic does not exist (yet): the worker waits for it.
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
