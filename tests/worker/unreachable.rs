//! Brokers to which no connection can be opened: named with their address and the remedy.

use std::net::TcpListener;

use crate::harness::broker::Broker;
use crate::harness::cluster::Cluster;
use crate::harness::poll::until;
use crate::harness::port::free_address;
use crate::harness::program::Program;
use crate::harness::setup::Setup;
use crate::harness::slack::Slack;

/// Waits until `/readyz` and one line of the log say all of `words`.
#[track_caller]
fn says(program: &Program, words: &[&str]) {
    let has = |text: &str| words.iter().all(|word| text.contains(word));
    until(&format!("{words:?} in /readyz"), || {
        let (status, body) = program.readiness();
        status == 503 && has(&body)
    });
    until("a line in the log", || {
        program.warnings("no connection to Kafka").iter().any(|line| has(line))
    });
    println!("{}", program.readiness().1);
}

/// A port that refuses connections, and ones that accept them and do not answer or close them, say
/// nothing about the protocol.
#[test]
fn a_port_that_does_not_answer_is_named_and_blames_no_protocol() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    let refusing = free_address().to_string();
    for (protocol, address, words) in [
        ("PLAINTEXT", &refusing, "refuses the connection"),
        ("SSL", &refusing, "refuses the connection"),
        ("PLAINTEXT", &silent, "does not answer"),
        ("SSL", &silent, "does not answer"),
    ] {
        println!("{protocol} {words}");
        let mut setup = Setup::new(&broker, &["events"]).webhook(&slack, "a", &[]);
        setup.brokers = address.clone();
        setup.properties.extend([
            ("security.protocol", protocol.to_owned()),
            ("socket.connection.setup.timeout.ms", "1000".to_owned()),
        ]);
        let program = Program::start(&setup);
        says(&program, &[&format!("{address} {words}"), "`kafka.brokers`"]);
        let (log, ready) = (program.log(), program.readiness().1);
        assert!(
            !log.contains("`security.protocol") && !ready.contains("security.protocol"),
            "{log}"
        );
        program.stop();
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn an_advertised_address_that_cannot_be_reached_is_named_with_the_broker_that_named_it() {
    let slack = Slack::start();
    for (advertised, words) in [
        ("kafka.invalid:29092".to_owned(), "cannot be resolved"),
        (free_address().to_string(), "refuses the connection"),
    ] {
        let cluster = Cluster::start(&["--proxied", &advertised]);
        let mut setup = Setup::new(&cluster, &["events"]).webhook(&slack, "a", &[]);
        setup.brokers = cluster.file("proxied");
        let program = Program::start(&setup);
        let named = format!("{} answered and named {advertised}, which {words}", setup.brokers);
        says(&program, &[&named, "`advertised.listeners`"]);
        assert!(program.warnings("Kafka client error").is_empty(), "{}", program.log());
        program.stop();
    }
}
