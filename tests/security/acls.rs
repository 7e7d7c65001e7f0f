//! An authenticated user without an ACL: reported by name within seconds, and fixed without a
//! restart.

use std::time::Duration;

use super::admitted::delivers;
use super::broker::{PASSWORD, Secure};
use crate::checker::Faults;
use crate::harness::acl::Operation::{Describe, Read};
use crate::harness::acl::Resource::{self, Group, Topic};
use crate::harness::poll::{throughout, until};
use crate::harness::preview::preview_at;
use crate::harness::program::Program;
use crate::harness::protocol::Protocol;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

const USER: &str = "slackline";

fn setup(secure: &Secure, slack: &Slack, topic: &str) -> Setup {
    let login = [("sasl.mechanism", "PLAIN"), ("sasl.username", USER), ("sasl.password", PASSWORD)];
    // Half a minute by default: the interval at which a topic that may be read now is found.
    let properties = [&login[..], &[("topic.metadata.refresh.interval.ms", "2000")]].concat();
    secure.setup(slack, topic, "SASL", &properties)
}

/// Waits until `/readyz` and the log name the denied resource and the required ACL.
#[track_caller]
fn denied(program: &Program, on: Resource<'_>) {
    let what = match on {
        Topic(name) => format!("the topic `{name}`"),
        Group(name) => format!("the group `{name}`"),
    };
    let (denied, acl) = (format!("denies this worker {what}"), format!("the ACL `Read` on {what}"));
    until(&format!("`{denied}` in /readyz"), || {
        let (status, body) = program.readiness();
        status == 503 && body.contains(&denied) && body.contains(&acl)
    });
    until("a line in the log", || {
        program.warnings("denied, retrying").iter().any(|line| line.contains(&acl))
    });
    println!("{}\n{}", program.readiness().1, program.warnings("").join("\n"));
    // Longer than a refresh of the metadata takes: the report stays.
    throughout(Duration::from_secs(4), Duration::from_millis(100), |_| {
        let (status, body) = program.readiness();
        assert!(status == 503 && body.contains(&denied), "{body}");
    });
}

/// Starts without the first of the two required ACLs, with `Describe` on its resource if `describe`
/// is set.
fn is_named_until_allowed(
    cases: [(Protocol, bool); 3],
    acls: impl Fn(&Setup) -> [Resource<'_>; 2],
) {
    let secure = Secure::with_acls();
    for (protocol, describe) in cases {
        println!("{protocol:?}, may describe: {describe}");
        let (slack, topic) = (Slack::start(), secure.cluster.topic(1));
        let setup = setup(&secure, &slack, &topic).protocol(protocol);
        let [missing, given] = acls(&setup);
        secure.cluster.allow(USER, Read, given);
        if describe {
            secure.cluster.allow(USER, Describe, missing);
        }
        let program = Program::start(&setup);
        denied(&program, missing);
        let (_, _, error) = preview_at(&setup, &format!("{topic}/0@0"));
        let expected = match missing {
            Topic(_) if !describe => {
                "Kafka denies access to the topic: give its user the ACL `Read`"
            }
            // The topic may be described, and is empty: the group is not used.
            _ => "the partition has no records",
        };
        assert!(error.contains(expected), "{error}");
        secure.cluster.allow(USER, Read, missing);
        delivers(&secure, &slack, &setup, program);
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_denied_topic_is_named_until_access_is_granted() {
    let cases = [
        (Protocol::Cooperative, false),
        (Protocol::Cooperative, true),
        (Protocol::Consumer, false),
    ];
    is_named_until_allowed(cases, |setup| [Topic(&setup.topics[0]), Group(&setup.group)]);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_denied_group_is_named_until_access_is_granted() {
    let cases =
        [(Protocol::Cooperative, false), (Protocol::Cooperative, true), (Protocol::Consumer, true)];
    is_named_until_allowed(cases, |setup| [Group(&setup.group), Topic(&setup.topics[0])]);
}

/// An ACL that is removed later is reported like one that never existed; the other topic is still
/// read, and nothing is lost. Posts whose outcomes could not be committed may be repeated, as after
/// any failed commit: at most the window each time.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_removed_acl_is_reported_and_loses_nothing_once_it_is_restored() {
    let (secure, slack) = (Secure::with_acls(), Slack::start());
    let topic = secure.cluster.topic(1);
    let setup = setup(&secure, &slack, &topic);
    let all = [(Read, Topic(&topic)), (Read, Group(&setup.group))];
    for (operation, on) in all {
        secure.cluster.allow(USER, operation, on);
    }
    let mut program = Program::ready(&setup);
    let mut expected = produce(&secure.cluster, &topic, 1, "a", 0..5);
    slack.await_accepted(5);
    for (round, (operation, on)) in (1..).zip(all) {
        secure.cluster.forbid(USER, operation, on);
        expected.extend(produce(&secure.cluster, &topic, 1, "a", round * 10..round * 10 + 5));
        denied(&program, on);
        secure.cluster.allow(USER, operation, on);
        program.await_ready();
        secure.cluster.await_committed(&setup.group, &topic, 1);
    }
    let faults = Faults::find(&expected, &slack.posts());
    // Twice the window of 100 posts a second.
    assert!(
        faults.lost.is_empty() && faults.unexpected.is_empty() && faults.repeated.len() <= 20,
        "{faults}"
    );
    program.stop();
}
