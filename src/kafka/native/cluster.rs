//! The id of the cluster that the client's brokers belong to.

use std::ffi::CStr;
use std::time::{Duration, Instant};

use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use crate::event::ClusterId;
use crate::kafka::client::Client;

/// librdkafka may stop waiting a little before the timeout, which it counts in milliseconds.
const ROUNDING: Duration = Duration::from_millis(10);

/// Returns the cluster's id; `None` where the brokers name none. librdkafka learns it from any
/// broker's metadata, and blocks only until the first has arrived.
///
/// # Errors
/// No broker's metadata has arrived within `timeout`. This must not pass for a cluster without an
/// id: offsets that were committed in this cluster would count as copied from another one.
pub fn cluster_id(client: &Client, timeout: Duration) -> KafkaResult<Option<ClusterId>> {
    let end = Instant::now() + timeout.saturating_sub(ROUNDING);
    let timeout = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    let client = client.client().native_ptr();
    // SAFETY: the client is alive. The text is null or a C string that belongs to the caller, who
    // frees it: the crate's own `fetch_cluster_id` does not.
    unsafe {
        let text = rd::rd_kafka_clusterid(client, timeout);
        if text.is_null() && Instant::now() >= end {
            return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::OperationTimedOut));
        }
        if text.is_null() {
            return Ok(None);
        }
        let id = ClusterId::of(&CStr::from_ptr(text).to_string_lossy());
        rd::rd_kafka_mem_free(client, text.cast());
        Ok(Some(id))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use rdkafka::mocking::MockCluster;

    const TIMEOUT: Duration = Duration::from_secs(10);

    #[test]
    fn every_client_of_a_cluster_sees_its_id_and_no_other_clusters() {
        let clusters = [MockCluster::new(1).unwrap(), MockCluster::new(1).unwrap()];
        let id = |cluster: usize| {
            let client = crate::kafka::client_of(&clusters[cluster].bootstrap_servers());
            client.fetch_metadata(None, TIMEOUT).unwrap();
            cluster_id(&client, TIMEOUT).unwrap().unwrap()
        };
        let ids = [id(0), id(1)];
        assert_eq!([id(0), id(1)], ids);
        assert_ne!(ids[0], ids[1]);
    }

    #[test]
    fn without_a_broker_the_wait_ends_with_an_error() {
        let client = crate::kafka::client_of("127.0.0.1:1");
        assert!(cluster_id(&client, Duration::from_millis(50)).is_err());
    }
}
