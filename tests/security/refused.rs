//! Each way to be kept out: said within seconds, in one line, with no secret in any, and mended without a restart.

use std::time::Duration;

use super::broker::{PASSWORD, PLANTED, Secure};
use crate::harness::poll::until;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

/// Starts it, and waits until `/readyz` and the log say `words`.
#[track_caller]
fn refuses(setup: &Setup, words: &[&str]) -> Program {
    let program = Program::start_logging(setup, "debug,hyper=info");
    let says = |text: &str| words.iter().all(|word| text.contains(word)) && text.contains(&setup.brokers);
    until(&format!("{words:?} in /readyz"), || {
        let (status, body) = program.readiness();
        status == 503 && says(&body)
    });
    until("a line in the log", || program.warnings("no connection to").iter().any(|line| says(line)));
    println!("{}", program.warnings("no connection to").join("\n"));
    let log = program.log();
    for secret in [PLANTED, "PRIVATE KEY"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    program
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_each_refusal_is_said_clearly_and_tells_no_secret() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    let wrong = format!("{PLANTED}Wrong");
    let (certificate, key) = (secure.path("stranger.crt"), secure.path("stranger.key"));
    let (server, own) = (secure.path("stranger.crt"), secure.path("ca.pem"));
    let login = [("sasl.mechanism", "PLAIN"), ("sasl.username", "slackline"), ("sasl.password", wrong.as_str())];
    #[allow(clippy::type_complexity, reason = "a table")]
    let cases: [(&str, &[(&'static str, &str)], &[&str]); 7] = [
        ("SASL", &login, &["`sasl.password`"]),
        ("EXPIRED", &[], &["has expired"]),
        ("OTHER", &[], &["for another host name"]),
        ("TLS", &[("ssl.ca.location", &server)], &["not trusted", "`ssl.ca.location`"]),
        ("MTLS", &[], &["`ssl.certificate.location`"]),
        (
            "MTLS",
            &[("ssl.certificate.location", &certificate), ("ssl.key.location", &key), ("ssl.ca.location", &own)],
            &["`ssl.certificate.location`"],
        ),
        ("SASL", &[("sasl.mechanism", "SCRAM-SHA-256"), login[1], login[2]], &["`sasl.mechanism`"]),
    ];
    for (listener, properties, words) in cases {
        println!("{listener} {words:?}");
        refuses(&secure.setup(&slack, &topic, listener, properties), words).stop();
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_stale_token_is_named_and_a_new_one_is_taken_by_itself() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    let stale = secure.signer.token(-60);
    let file = secure.write("renewed", &stale);
    let mut setup = secure.setup(&slack, &topic, "SASL", &[("sasl.mechanism", "OAUTHBEARER")]);
    setup.kafka.push(format!("oauth_token_file: {}", file.display()));
    let mut program = Program::start_logging(&setup, "debug,hyper=info");
    until("the file is named", || program.readiness().1.contains("`kafka.oauth_token_file` has expired"));
    let fresh = secure.signer.token(600);
    secure.write("renewed", &fresh);
    program.await_ready();
    let log = program.log();
    assert!(!log.contains(&stale) && !log.contains(&fresh), "{log}");
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_wrong_password_that_is_mended_at_the_broker_needs_no_restart() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    secure.cluster.scram("late", "another");
    let login = [("sasl.mechanism", "SCRAM-SHA-512"), ("sasl.username", "late"), ("sasl.password", PASSWORD)];
    let setup = secure.setup(&slack, &topic, "SASL", &login);
    let mut program = refuses(&setup, &["`sasl.password`"]);
    secure.cluster.scram("late", PASSWORD);
    program.await_ready();
    produce(&secure.cluster, &topic, 1, "a", 0..3);
    slack.await_accepted(3);
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_files_that_are_wrong_end_the_program_with_2() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let (ca, certificate, key) = (secure.path("ca.pem"), secure.path("client.crt"), secure.path("server.key"));
    let cases: [(&[(&'static str, &str)], &str); 3] = [
        (&[("ssl.ca.location", "/no/such/file")], "the file of `ssl.ca.location` can't be read"),
        (&[("ssl.ca.location", &key)], "`ssl.ca.location` can't be used"),
        (
            &[("ssl.ca.location", &ca), ("ssl.certificate.location", &certificate), ("ssl.key.location", &key)],
            "`ssl.key.location` can't be used",
        ),
    ];
    for (properties, said) in cases {
        let mut program = Program::start(&secure.setup(&slack, "t", "TLS", properties));
        assert_eq!(program.await_end(Duration::from_secs(20)).code(), Some(2));
        let log = program.log();
        println!("{log}");
        assert!(log.contains(said), "{said}: {log}");
        assert!(!log.contains("PRIVATE KEY"), "{log}");
    }
}
