//! Each supported kind of authentication: events are delivered.

use super::broker::{PASSWORD, Secure};
use crate::checker::Faults;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

/// Waits until the program is ready, and checks that it delivers.
#[track_caller]
pub(super) fn delivers(secure: &Secure, slack: &Slack, setup: &Setup, mut program: Program) {
    program.await_ready();
    let topic = &setup.topics[0];
    let expected = produce(&secure.cluster, topic, 1, "a", 0..5);
    slack.await_accepted(5);
    secure.cluster.await_committed(&setup.group, topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_each_kind_of_authentication_delivers() {
    let secure = Secure::start();
    secure.cluster.scram("slackline", PASSWORD);
    let token = secure.write("token", &secure.signer.token(600));
    let (certificate, key) = (secure.path("client.crt"), secure.path("client.key"));
    let login = [("sasl.username", "slackline"), ("sasl.password", PASSWORD)];
    let plain = [&[("sasl.mechanism", "PLAIN")], &login[..]].concat();
    let scram = [&[("sasl.mechanism", "SCRAM-SHA-512")], &login[..]].concat();
    let encrypted = secure.encrypted_key("client.key");
    let with_password = [
        ("ssl.certificate.location", certificate.as_str()),
        ("ssl.key.location", &encrypted),
        ("ssl.key.password", PASSWORD),
    ];
    let cases: [(&str, Vec<(&str, &str)>); 6] = [
        ("TLS", vec![]),
        ("MTLS", vec![("ssl.certificate.location", &certificate), ("ssl.key.location", &key)]),
        ("MTLS", with_password.to_vec()),
        ("SASL", plain),
        ("SASL", scram),
        ("SASL", vec![("sasl.mechanism", "OAUTHBEARER")]),
    ];
    for (number, (listener, properties)) in cases.iter().enumerate() {
        println!("{listener} {properties:?}");
        let (slack, topic) = (Slack::start(), secure.cluster.topic(1));
        let properties: Vec<(&'static str, &str)> =
            properties.iter().map(|(name, value)| (&*name.to_string().leak(), *value)).collect();
        let mut setup = secure.setup(&slack, &topic, listener, &properties);
        if number == 5 {
            setup.kafka.push(format!("oauth_token_file: {}", token.display()));
        }
        delivers(&secure, &slack, &setup, Program::start(&setup));
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_password_comes_from_a_file() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    let file = secure.write("from-a-file", &format!("{PASSWORD}\n"));
    let properties = [("sasl.mechanism", "PLAIN"), ("sasl.username", "slackline")];
    let mut setup = secure.setup(&slack, &topic, "SASL", &properties);
    setup.kafka.push(format!("property_files: {{sasl.password: {}}}", file.display()));
    delivers(&secure, &slack, &setup, Program::start(&setup));
}
