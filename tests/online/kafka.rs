//! Brokers, topics and the group.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::harness::broker::{Broker, client, unique};
use crate::harness::cluster::Cluster;
use crate::harness::online::{check, check_setup};
use crate::harness::port::free_address;
use crate::harness::program::Program;
use crate::harness::scrape::Scrape;
use crate::harness::setup::Setup;
use crate::harness::slack::Slack;

/// The names of all topics and groups of a cluster.
fn names(broker: &Broker) -> (BTreeSet<String>, BTreeSet<String>) {
    let timeout = Duration::from_secs(10);
    let client: BaseConsumer = client(&broker.address).create().unwrap();
    let topics = client.fetch_metadata(None, timeout).unwrap();
    let groups = client.fetch_group_list(None, timeout).unwrap();
    (
        topics.topics().iter().map(|topic| topic.name().to_owned()).collect(),
        groups.groups().iter().map(|group| group.name().to_owned()).collect(),
    )
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn brokers_topics_and_the_group_are_found_and_no_trace_is_left() {
    // A broker that would create topics, and a client that would let it.
    let cluster = Cluster::start(&["--set", "auto.create.topics.enable=true"]);
    let slack = Slack::start();
    let (topic, absent) = (cluster.topic(3), unique("absent"));
    let mut setup = Setup::new(&cluster, &[&topic]).webhook(&slack, "a", &[]);

    let online = check_setup(&setup);
    online
        .exits(0)
        .says("broker", &setup.brokers, "ok", "")
        .says("topic", &topic, "ok", "3 partitions")
        .says("group", &setup.group, "ok", "no member")
        .says("webhook", "a", "unknown", "slackline send");
    assert_eq!(online.err, "");

    setup.topics.insert(0, absent.clone());
    check_setup(&setup).exits(1).says("topic", &topic, "ok", "").says(
        "topic",
        &absent,
        "failed",
        "does not exist",
    );

    let (topics, groups) = names(&cluster);
    assert!(topics.contains(&topic) && !topics.contains(&absent), "{topics:?}");
    assert!(!groups.contains(&setup.group), "{groups:?}");
    assert!(slack.posts().is_empty());

    // A running worker is not disturbed.
    setup.topics.remove(0);
    let program = Program::ready(&setup);
    let rebalances = |scrape: &Scrape| scrape.sum("slackline_rebalances_total", &[]);
    let before = rebalances(&program.scrape());
    check_setup(&setup).exits(0).says("group", &setup.group, "ok", "1 member");
    assert_eq!(rebalances(&program.scrape()), before);
    program.stop();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn every_broker_is_tried() {
    // The second listener advertises an address at which nothing listens.
    let advertised = free_address().to_string();
    let cluster = Cluster::start(&["--proxied", &advertised]);
    let (slack, topic) = (Slack::start(), cluster.topic(1));
    let mut setup = Setup::new(&cluster, &[&topic]).webhook(&slack, "a", &[]);
    let (good, dead) = (setup.brokers.clone(), free_address().to_string());
    setup.brokers = format!("{good},{dead}");
    check_setup(&setup)
        .exits(1)
        .says("broker", &good, "ok", "")
        .says("broker", &dead, "failed", "refuses the connection")
        .says("topic", &topic, "ok", "1 partition")
        .says("group", &setup.group, "ok", "");

    setup.brokers = cluster.file("proxied");
    check_setup(&setup)
        .exits(1)
        .says("broker", &setup.brokers, "ok", "")
        .says("broker", &advertised, "failed", "`advertised.listeners`")
        .says("topic", &topic, "unknown", "")
        .says("group", &setup.group, "unknown", "");
}

#[test]
fn a_broker_that_does_not_answer_is_named_within_the_limit() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    let refusing = free_address().to_string();
    let mut setup = Setup::new(&broker, &["events"]).webhook(&slack, "a", &[]);
    setup.brokers = format!("{silent},{refusing},no.such.host.invalid:9092");
    let yaml = setup.yaml(([127, 0, 0, 1], 9464).into());
    let online = check_setup(&setup);
    online
        .exits(1)
        .says("broker", &silent, "failed", "does not answer")
        .says("broker", &refusing, "failed", "refuses the connection")
        .says("broker", "no.such.host.invalid:9092", "failed", "cannot be resolved")
        .says("topic", "events", "unknown", "no broker has answered")
        .says("group", &setup.group, "unknown", "no broker has answered");
    assert!(online.err.contains("waiting for Kafka (5 s of at most"), "{}", online.err);
    // A file that is wrong is not asked about.
    let (code, out, err) = check(&yaml.replace("group_id", "group"), &[]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
}
