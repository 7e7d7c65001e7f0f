//! Why a worker could not start, or ended.

use std::io;

use rdkafka::error::KafkaError;

use crate::admin::BindError;
use crate::consume::ConsumeError;
use crate::send::client_pool::ClientError;

/// Why the worker could not start, or ended without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// `admin.listen` is in use, or not an address of this machine.
    #[error(transparent)]
    Admin(#[from] BindError),
    /// librdkafka refuses the combination of properties.
    #[error("cannot create a Kafka client: check `kafka.properties`")]
    Kafka(#[source] KafkaError),
    /// The HTTP client of a webhook cannot be created.
    #[error("webhook `{webhook}`: cannot create its HTTP client")]
    Client {
        /// Its name.
        webhook: String,
        /// Why.
        source: ClientError,
    },
    /// The system has no thread or no socket pair left.
    #[error("cannot start the poll loop: raise the limits on threads and open files")]
    Thread(#[source] io::Error),
    /// The poll loop ended with an error.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// The poll loop panicked, which its own log line reports.
    #[error("the poll loop panicked; please report the panic in the log")]
    PollLoopDied,
    /// A sender or the admin endpoint ended too early.
    #[error("the task `{name}` panicked; please report the panic in the log")]
    TaskDied {
        /// The task's name.
        name: String,
    },
}
