//! Static membership: one process per instance id.

use std::time::Duration;

use crate::checker::Faults;
use crate::harness::broker::Broker;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn of_two_processes_with_one_instance_id_the_older_one_ends() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(2);
    let mut setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", &["rate_per_second: 100", "burst: 5"]);
    setup.kafka = vec!["instance_id: only-one".to_owned()];
    let mut older = Program::ready(&setup);
    let mut expected = produce(&broker, &topic, 2, "a", 0..10);
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 2);

    let newer = Program::ready(&setup);
    let status = older.await_end(Duration::from_secs(20));
    assert_eq!(status.code(), Some(1), "{}", older.log());
    let said = older.log();
    let last = said.lines().last().unwrap_or_default();
    assert!(
        last.contains("another process has joined the group") && last.contains("only-one"),
        "{said}"
    );
    expected.extend(produce(&broker, &topic, 2, "a", 10..20));
    slack.await_all_accepted(&expected);
    broker.await_committed(&setup.group, &topic, 2);
    Faults::find(&expected, &slack.posts()).assert_none();
    newer.stop();
}
