//! `slackline check --online` where the broker refuses: each reason with its remedy, without a
//! secret.

use super::broker::{PASSWORD, PLANTED, Secure};
use crate::harness::acl::Operation::{Describe, Read};
use crate::harness::acl::Resource::{Group, Topic};
use crate::harness::online::check_setup;
use crate::harness::slack::Slack;

const USER: &str = "slackline";

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_refused_connection_is_explained_by_check_online() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    let wrong = format!("{PLANTED}Wrong");
    let login = |password| {
        [("sasl.mechanism", "PLAIN"), ("sasl.username", USER), ("sasl.password", password)]
    };
    let (wrong, right) = (login(wrong.as_str()), login(PASSWORD));
    #[allow(clippy::type_complexity, reason = "a table")]
    let cases: [(&str, &[(&'static str, &str)], &str); 4] = [
        ("SASL", &wrong, "`sasl.password`"),
        ("EXPIRED", &[], "has expired"),
        ("OTHER", &[], "for another host name"),
        ("MTLS", &[], "`ssl.certificate.location`"),
    ];
    for (listener, properties, words) in cases {
        let setup = secure.setup(&slack, &topic, listener, properties);
        let online = check_setup(&setup);
        online.exits(1).says("broker", &setup.brokers, "failed", words).says(
            "topic",
            &topic,
            "unknown",
            "no broker has answered",
        );
        assert!(!online.to_string().contains(PLANTED), "{online}");
    }
    // A broker with TLS, and a client without.
    let mut setup = secure.setup(&slack, &topic, "TLS", &[]);
    setup.properties.retain(|(name, _)| !name.starts_with("ssl.") && *name != "security.protocol");
    check_setup(&setup).exits(1).says("broker", &setup.brokers, "failed", "security.protocol: SSL");

    let setup = secure.setup(&slack, &topic, "SASL", &right);
    check_setup(&setup).exits(0).says("broker", &setup.brokers, "ok", "");
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_missing_acl_is_named_by_check_online() {
    let (secure, slack) = (Secure::with_acls(), Slack::start());
    let topic = secure.cluster.topic(2);
    let login = [("sasl.mechanism", "PLAIN"), ("sasl.username", USER), ("sasl.password", PASSWORD)];
    let setup = secure.setup(&slack, &topic, "SASL", &login);
    let (on_topic, on_group) = (Topic(&topic), Group(&setup.group));
    let topic_acl = format!("the ACL `Read` on the topic `{topic}`");
    let group_acl = format!("the ACL `Read` on the group `{}`", setup.group);
    for describe in [false, true] {
        if describe {
            secure.cluster.allow(USER, Describe, on_topic);
            secure.cluster.allow(USER, Describe, on_group);
        }
        check_setup(&setup)
            .exits(1)
            .says("broker", &setup.brokers, "ok", "")
            .says("topic", &topic, "failed", &topic_acl)
            .says("group", &setup.group, "failed", &group_acl);
    }
    secure.cluster.allow(USER, Read, on_topic);
    check_setup(&setup).exits(1).says("topic", &topic, "ok", "2 partitions").says(
        "group",
        &setup.group,
        "failed",
        &group_acl,
    );
    secure.cluster.allow(USER, Read, on_group);
    check_setup(&setup).exits(0).says("group", &setup.group, "ok", "");
}
