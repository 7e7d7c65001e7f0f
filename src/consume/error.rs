//! Why the poll loop cannot continue.

use rdkafka::error::KafkaError;

/// Why the poll loop ended other than by a shutdown.
#[derive(Debug, thiserror::Error)]
pub enum ConsumeError {
    /// Another process took over this one's static membership.
    #[error(
        "another process has joined the group with the `kafka.instance_id` of this one{}: give each its own, such as its pod's name",
        instance_id.as_ref().map(|id| format!(", `{id}`")).unwrap_or_default()
    )]
    Fenced {
        /// The id.
        instance_id: Option<String>,
    },
    /// The client refused the subscription.
    #[error("the Kafka client refused to subscribe to the configured topics")]
    Subscribe(#[source] KafkaError),
    /// The lookup thread panicked.
    #[error("the broker lookup thread panicked; please report the panic in the log")]
    LookupDied,
}
