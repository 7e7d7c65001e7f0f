//! The harness against the real broker, without the program: it reports the broker's state.

use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use super::broker::{Broker, Record, unique};
use super::port::free_address;
use super::setup::{Setup, produce, token};
use super::slack::Slack;
use super::{http, poll, proxy};

fn commit(broker: &Broker, group: &str, topic: &str, offset: i64) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &broker.address).set("group.id", group);
    let consumer: BaseConsumer = config.create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 1, Offset::Offset(offset)).unwrap();
    consumer.commit(&list, CommitMode::Sync).unwrap();
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn committed_offsets_are_read_back() {
    let broker = Broker::real();
    let topic = broker.topic(2);
    let group = unique("group");
    assert_eq!(broker.ends(&topic, 2), [0, 0]);
    let expected = produce(&broker, &topic, 2, "w", 0..7);
    assert_eq!(expected.iter().map(|one| one.offset).collect::<Vec<_>>(), [0, 0, 1, 1, 2, 2, 3]);
    assert_eq!(broker.produce(&topic, &[Record::default(), Record::new(1, "x")]), [4, 3]);
    broker.flood(&topic, 2, 1000, |n| n.to_string());
    assert_eq!(broker.ends(&topic, 2), [505, 504]);
    assert_eq!(broker.committed(&group, &topic, 2), [None, None]);
    commit(&broker, &group, &topic, 3);
    assert_eq!(broker.committed(&group, &topic, 2), [None, Some(3)]);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_transaction_leaves_its_control_record() {
    let broker = Broker::real();
    let topic = broker.topic(1);
    let producer = broker.transactional();
    producer.begin_transaction().unwrap();
    producer
        .send(BaseRecord::<(), str>::to(&topic).payload("x"))
        .map_err(|(error, _)| error)
        .unwrap();
    producer.commit_transaction(Duration::from_secs(30)).unwrap();
    broker.await_end(&topic, 2);
}

#[test]
fn the_proxy_forwards_both_ways() {
    let (front, back) = (free_address(), free_address());
    assert!(http::get(front, "/").is_err(), "no listener yet");
    let server = std::net::TcpListener::bind(back).unwrap();
    proxy::forward(front, &back.to_string());
    let answering = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = server.accept().unwrap();
        // Reads the whole request: closing with unread bytes would reset the client's connection.
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            asked.extend(byte);
        }
        stream.write_all(b"HTTP/1.0 503 No\r\nX: y\r\n\r\nnot yet").unwrap();
        String::from_utf8_lossy(&asked).into_owned()
    });
    assert_eq!(http::get(front, "/readyz").unwrap(), (503, "not yet".to_owned()));
    assert!(answering.join().unwrap().starts_with("GET /readyz HTTP/1.0\r\n"));
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_record_of_10_mb_fits() {
    let broker = Broker::real();
    let topic = unique("big");
    broker.create(&topic, 1, &[("max.message.bytes", "12000000")]);
    assert_eq!(broker.produce(&topic, &[Record::new(0, vec![b'x'; 10_500_000])]), [0]);
}

/// A silent proxy delays bytes; a refusing one loses them.
#[test]
fn the_proxy_cuts_off_and_reconnects() {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    let (front, server) = (free_address(), std::net::TcpListener::bind(free_address()).unwrap());
    let proxy = proxy::Proxy::start(front, &server.local_addr().unwrap().to_string());
    // The first connection is the proxy's own check that it listens.
    drop(server.accept().unwrap());
    let mut client = TcpStream::connect(front).unwrap();
    let (mut accepted, _) = server.accept().unwrap();
    let mut byte = [0];
    client.write_all(b"a").unwrap();
    accepted.read_exact(&mut byte).unwrap();

    proxy.set(proxy::Mode::Silent);
    client.write_all(b"b").unwrap();
    accepted.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(accepted.read_exact(&mut byte).is_err(), "a silent proxy forwarded a byte");
    proxy.set(proxy::Mode::Open);
    accepted.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    accepted.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"b");

    proxy.set(proxy::Mode::Refusing);
    assert!(client.read_exact(&mut byte).is_err(), "the connection is reset");
    assert_eq!(accepted.read(&mut byte).unwrap(), 0, "the connection ends on the other side");
    proxy.set(proxy::Mode::Open);
    poll::until("it listens again", || TcpStream::connect(front).is_ok());
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn any_bytes_can_be_committed() {
    let broker = Broker::real();
    let (topic, group) = (broker.topic(2), unique("group"));
    broker.commit(&group, &topic, 0, 3, Some("x"));
    broker.commit_bytes(&group, &topic, 1, 4, b"\xff\xfe");
    assert_eq!(broker.committed(&group, &topic, 2), [Some(3), Some(4)]);
}

#[test]
fn a_setup_with_apps_is_a_right_configuration() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let secrets = tempfile::TempDir::new().unwrap();
    let file = secrets.path().join("token");
    std::fs::write(&file, token("two")).unwrap();
    let setup = Setup::new(&broker, &["events"])
        .webhook(&slack, "url", &[])
        .webhook(&slack, "a", &["channels: [\"#further\"]"])
        .webhook(&slack, "b", &[])
        .on_channels(&slack, &["a"])
        .app(&slack, "two", &["posts_per_minute: 60"])
        .token_file("two", &file)
        .in_app_as("two", "b", "other");
    let yaml = setup.yaml(free_address());
    let read = |path: &std::path::Path| std::fs::read(path);
    let loaded =
        slackline::config::check(&yaml, std::path::Path::new("test.yaml"), &|_| None, &read);
    let config = loaded.unwrap_or_else(|errors| panic!("{errors}\n{yaml}")).config;
    let channels = config.webhooks.iter().map(|webhook| {
        (webhook.name.as_str(), webhook.channel.as_ref().map(|channel| channel.as_str()))
    });
    assert_eq!(
        channels.collect::<Vec<_>>(),
        [("url", None), ("a", Some("#a")), ("b", Some("#other")), ("a/#further", Some("#further"))]
    );
    let tokens = config.apps.iter().map(|app| (app.name.as_str(), app.token.expose().as_str()));
    assert_eq!(tokens.collect::<Vec<_>>(), [("acme", &*token("acme")), ("two", &*token("two"))]);
}
