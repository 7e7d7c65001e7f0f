//! A client whose `security.protocol` is not the one of the broker's port.

use std::time::{Duration, Instant};

use super::broker::{PASSWORD, Secure};
use super::refused::refuses;
use crate::harness::slack::Slack;

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_wrong_protocol_is_named_with_the_value_to_set() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    let login =
        [("sasl.mechanism", "PLAIN"), ("sasl.username", "slackline"), ("sasl.password", PASSWORD)];
    for (listener, configured, set) in [
        ("TLS", "PLAINTEXT", "SSL"),
        ("PLAINTEXT", "SSL", "PLAINTEXT"),
        ("SASL", "SASL_PLAINTEXT", "SASL_SSL"),
        ("LOGIN", "SASL_SSL", "SASL_PLAINTEXT"),
        // With and without a login.
        ("LOGIN", "PLAINTEXT", "SASL_PLAINTEXT"),
        ("SASL", "SSL", "SASL_SSL"),
        ("PLAINTEXT", "SASL_PLAINTEXT", "PLAINTEXT"),
        ("SASL", "PLAINTEXT", "SSL"),
    ] {
        println!("{configured} at {listener}");
        let properties = if configured.starts_with("SASL") { &login[..] } else { &[] };
        let at = if listener == "PLAINTEXT" { "TLS" } else { listener };
        let mut setup = secure.setup(&slack, &topic, at, properties);
        setup.properties.retain(|(name, _)| *name != "security.protocol");
        setup.properties.push(("security.protocol", configured.to_owned()));
        if listener == "PLAINTEXT" {
            setup.brokers = secure.cluster.address.clone();
        }
        let started = Instant::now();
        let help = if configured == "SASL_PLAINTEXT" && listener == "PLAINTEXT" {
            "set `security.protocol` to PLAINTEXT".to_owned()
        } else {
            format!("set `security.protocol: {set}`")
        };
        let program = refuses(&setup, &[&help]);
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        assert!(program.warnings("Kafka client error").is_empty(), "{}", program.log());
        program.stop();
    }
}
