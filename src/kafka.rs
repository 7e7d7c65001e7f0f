//! The Kafka client: its properties, its errors, its queues, and the events that it reports.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

pub mod native;

mod token;

mod client;

mod properties;

mod connection;

pub mod single_record;

pub mod inquiry;

pub mod refusal;

pub mod listener;

pub mod security_protocol;

mod probe;

#[cfg(test)]
mod fixture;

pub use client::{Client, ClientEvent, Context, assign, assigned_among, unassign};
pub use connection::{Connect, Connection, renew_token};
#[cfg(test)]
pub(crate) use fixture::{client_of, client_with};
pub use probe::probe;
pub use properties::properties;

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
