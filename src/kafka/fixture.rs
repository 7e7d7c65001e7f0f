//! Clients for tests.
#![allow(clippy::unwrap_used, reason = "tests")]

use rdkafka::config::{ClientConfig, FromClientConfigAndContext};

use super::client::{Client, Context};

/// A client of a cluster that was just started, for the tests of requests.
pub fn client_of(brokers: &str) -> Client {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "test").set("log_level", "0");
    client_with(&config)
}

/// A client with only these properties, for the tests of the queues.
pub fn client_with(config: &ClientConfig) -> Client {
    Client::from_config_and_context(config, Context::new(None)).unwrap()
}
