//! Each reason for a refusal: reported within seconds, in one line, without a secret, and fixed
//! without a restart.

use std::time::Duration;

use super::broker::{PASSWORD, PLANTED, Secure};
use super::token::Signer;
use crate::harness::poll::until;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

/// Starts the program, and waits until `/readyz` and the log contain `words`.
#[track_caller]
pub(super) fn refuses(setup: &Setup, words: &[&str]) -> Program {
    let program = Program::start_logging(setup, "debug,hyper=info");
    let says =
        |text: &str| words.iter().all(|word| text.contains(word)) && text.contains(&setup.brokers);
    until(&format!("{words:?} in /readyz"), || {
        let (status, body) = program.readiness();
        status == 503 && says(&body)
    });
    until("a line in the log", || {
        program.warnings("connection to Kafka refused").iter().any(|line| says(line))
    });
    println!("{}", program.warnings("connection to Kafka refused").join("\n"));
    let log = program.log();
    for secret in [PLANTED, "PRIVATE KEY"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    program
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_each_refusal_is_reported_clearly_and_without_secrets() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    let wrong = format!("{PLANTED}Wrong");
    let (certificate, key) = (secure.path("stranger.crt"), secure.path("stranger.key"));
    let (server, own) = (secure.path("stranger.crt"), secure.path("ca.pem"));
    let login = [
        ("sasl.mechanism", "PLAIN"),
        ("sasl.username", "slackline"),
        ("sasl.password", wrong.as_str()),
    ];
    #[allow(clippy::type_complexity, reason = "a table")]
    let cases: [(&str, &[(&'static str, &str)], &[&str]); 7] = [
        ("SASL", &login, &["`sasl.password`"]),
        ("EXPIRED", &[], &["has expired"]),
        ("OTHER", &[], &["for another host name"]),
        ("TLS", &[("ssl.ca.location", &server)], &["not trusted", "`ssl.ca.location`"]),
        ("MTLS", &[], &["`ssl.certificate.location`"]),
        (
            "MTLS",
            &[
                ("ssl.certificate.location", &certificate),
                ("ssl.key.location", &key),
                ("ssl.ca.location", &own),
            ],
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
fn security_an_expired_token_is_named_and_a_new_one_is_used_without_a_restart() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    let stale = secure.signer.token(-60);
    let file = secure.write("renewed", &stale);
    let mut setup = secure.setup(&slack, &topic, "SASL", &[("sasl.mechanism", "OAUTHBEARER")]);
    setup.kafka.push(format!("oauth_token_file: {}", file.display()));
    let mut program = Program::start_logging(&setup, "debug,hyper=info");
    until("the file is named", || {
        program.readiness().1.contains("`kafka.oauth_token_file` has expired")
    });
    let fresh = secure.signer.token(600);
    secure.write("renewed", &fresh);
    program.await_ready();
    let log = program.log();
    assert!(!log.contains(&stale) && !log.contains(&fresh), "{log}");
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_token_that_the_broker_refuses_is_reported_and_the_next_one_in_the_file_is_used() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    let another = Signer::new();
    // An hour: librdkafka itself would request the next token in 48 minutes.
    for refused in
        [another.token(3600), secure.signer.token_for("another-service", 3600), PLANTED.repeat(3)]
    {
        let file = secure.write("refused", &refused);
        let mut setup = secure.setup(&slack, &topic, "SASL", &[("sasl.mechanism", "OAUTHBEARER")]);
        setup.kafka.push(format!("oauth_token_file: {}", file.display()));
        let mut program = refuses(&setup, &["refuses the token in `kafka.oauth_token_file`"]);
        let taken = secure.signer.token(3600);
        secure.write("refused", &taken);
        program.await_ready();
        let log = program.log();
        assert!(!log.contains(&refused) && !log.contains(&taken), "{log}");
        program.stop();
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_token_file_without_a_token_is_named_until_it_has_one() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    let cases: [(&str, &[u8], &str); 3] = [
        ("empty", b"\n", "is empty"),
        ("binary", b"\xff\xfe\x00", "cannot be read"),
        ("lines", b"pl4nt3dKafka\nToken\n", "holds no token"),
    ];
    for (name, held, said) in cases {
        let file = secure.path(name);
        std::fs::write(&file, held).unwrap();
        let mut setup = secure.setup(&slack, &topic, "SASL", &[("sasl.mechanism", "OAUTHBEARER")]);
        setup.kafka.push(format!("oauth_token_file: {file}"));
        let mut program = Program::start_logging(&setup, "debug,hyper=info");
        let said = format!("`kafka.oauth_token_file` {said}");
        until(&format!("{said} in /readyz"), || program.readiness().1.contains(&said));
        until(&format!("{said} in the log"), || !program.warnings(&said).is_empty());
        println!("{}", program.warnings(&said).join("\n"));
        secure.write(name, &secure.signer.token(600));
        program.await_ready();
        assert!(!program.log().contains(PLANTED), "{}", program.log());
        program.stop();
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_wrong_password_that_is_fixed_at_the_broker_needs_no_restart() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    secure.cluster.scram("late", "another");
    let login = [
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", "late"),
        ("sasl.password", PASSWORD),
    ];
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
fn security_invalid_files_end_the_program_with_2() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let mut setup = secure.setup(&slack, "t", "SASL", &[("sasl.mechanism", "OAUTHBEARER")]);
    setup.kafka.push("oauth_token_file: /no/such/file".to_owned());
    let mut program = Program::start(&setup);
    assert_eq!(program.await_end(Duration::from_secs(20)).code(), Some(2));
    until("the token's file is named", || {
        program.log().contains("`oauth_token_file` cannot be read")
    });
    let (ca, certificate, key) =
        (secure.path("ca.pem"), secure.path("client.crt"), secure.path("server.key"));
    let cases: [(&[(&'static str, &str)], &str); 3] = [
        (&[("ssl.ca.location", "/no/such/file")], "the file of `ssl.ca.location` cannot be read"),
        (&[("ssl.ca.location", &key)], "`ssl.ca.location` cannot be used"),
        (
            &[
                ("ssl.ca.location", &ca),
                ("ssl.certificate.location", &certificate),
                ("ssl.key.location", &key),
            ],
            "`ssl.key.location` cannot be used",
        ),
    ];
    for (properties, said) in cases {
        let mut program = Program::start(&secure.setup(&slack, "t", "TLS", properties));
        assert_eq!(program.await_end(Duration::from_secs(20)).code(), Some(2));
        until(said, || program.log().contains(said));
        let log = program.log();
        println!("{log}");
        assert!(!log.contains("PRIVATE KEY"), "{log}");
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_wrong_password_of_a_key_ends_the_program_with_2_and_is_not_shown() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let (certificate, key) = (secure.path("client.crt"), secure.encrypted_key("client.key"));
    let wrong = format!("{PLANTED}Wrong");
    let file = secure.write("key-password", &wrong).display().to_string();
    let tls =
        [("ssl.certificate.location", certificate.as_str()), ("ssl.key.location", key.as_str())];
    for (password, kafka) in [
        (Some(wrong.as_str()), None),
        (None, Some(format!("property_files: {{ssl.key.password: {file}}}"))),
        // The program does not prompt on a terminal.
        (None, None),
    ] {
        let password = password.map(|password| ("ssl.key.password", password));
        let properties: Vec<_> = tls.into_iter().chain(password).collect();
        let mut setup = secure.setup(&slack, "t", "MTLS", &properties);
        setup.kafka.extend(kafka);
        let mut program = Program::start(&setup);
        assert_eq!(program.await_end(Duration::from_secs(20)).code(), Some(2));
        until("key and password are named", || {
            let log = program.log();
            log.contains("`ssl.key.location` cannot be used") && log.contains("`ssl.key.password`")
        });
        let log = program.log();
        println!("{log}");
        assert!(!log.contains(PLANTED) && !log.contains("PRIVATE KEY"), "{log}");
    }
}
