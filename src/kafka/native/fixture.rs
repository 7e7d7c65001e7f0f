//! For tests: a client that fails.

use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer;
use rdkafka::types::RDKafkaRespErr;

use crate::kafka::client::Client;

/// Reports a fatal error of a client, as librdkafka does.
pub fn inject_fatal_error(client: &Client, code: RDKafkaRespErr) {
    // SAFETY: the client is alive; the text is copied.
    unsafe {
        rd::rd_kafka_test_fatal_error(client.client().native_ptr(), code, c"a test".as_ptr())
    };
}
