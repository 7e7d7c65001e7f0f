//! What the answers of the brokers mean for a worker. Pure.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::brokers::Cluster;
use super::item::{Finding, Item, Kind};
use crate::config::model::Kafka;
use crate::consume::access::acl;
use crate::kafka::native::{Described, DescribedGroup};
use crate::kafka::refusal::Refusal;
use crate::sanitize;

/// The most characters of a client's error.
const LONGEST: usize = 300;

const NO_BROKER: &str = "no broker has answered";

/// Every broker, topic and the group.
pub fn items(kafka: &Kafka, cluster: &Cluster) -> Vec<Item> {
    let brokers = cluster
        .brokers
        .iter()
        .map(|(address, problem)| broker(address, problem.as_ref()).about(Kind::Broker, address));
    let topics = kafka.topics.iter().enumerate().map(|(index, name)| {
        let finding = match &cluster.topics {
            Some(Ok(described)) => described.get(index).map(|described| topic(name, *described)),
            Some(Err(error)) => Some(refused("topic", name, error)),
            None => None,
        };
        finding.unwrap_or_else(|| Finding::unknown(NO_BROKER)).about(Kind::Topic, name)
    });
    let finding = match &cluster.group {
        Some(Ok(described)) => group(&kafka.group_id, *described),
        Some(Err(error)) => refused("group", &kafka.group_id, error),
        None if cluster.topics.is_some() => Finding::unknown("its broker has not answered"),
        None => Finding::unknown(NO_BROKER),
    };
    let group = finding.about(Kind::Group, &kafka.group_id);
    brokers.chain(topics).chain([group]).collect()
}

/// The items of a cluster that has not answered before the end.
pub fn without_answer(kafka: &Kafka, addresses: Vec<String>) -> Vec<Item> {
    let brokers = addresses
        .into_iter()
        .map(|address| Finding::unknown("no answer in time").about(Kind::Broker, address));
    let rest = items(kafka, &Cluster::default());
    brokers.chain(rest).collect()
}

fn broker(address: &str, problem: Option<&Refusal>) -> Finding {
    match problem {
        None => Finding::ok("answers"),
        Some(Refusal { said, help, .. }) => {
            // The item has the address already.
            let said = said.strip_prefix(address).unwrap_or(said).trim_start();
            Finding::failed(sanitize::one_line(said, LONGEST), help.as_ref())
        }
    }
}

fn topic(name: &str, described: Described) -> Finding {
    match described {
        Described::Exists { readable: true, partitions, .. } => {
            let s = if partitions == 1 { "" } else { "s" };
            Finding::ok(format!("{partitions} partition{s}"))
        }
        Described::Exists { .. } => denied("topic", name),
        Described::Missing => {
            Finding::failed("does not exist", "create it, or correct `kafka.topics`")
        }
        Described::Unknown(RDKafkaErrorCode::TopicAuthorizationFailed) => denied("topic", name),
        Described::Unknown(code) => Finding::unknown(code.to_string()),
    }
}

fn group(name: &str, described: DescribedGroup) -> Finding {
    match described {
        DescribedGroup { readable: false, .. } => denied("group", name),
        DescribedGroup { members: 0, .. } => Finding::ok("may be joined, no member now"),
        DescribedGroup { members: 1, .. } => Finding::ok("may be joined, 1 member now"),
        DescribedGroup { members, .. } => {
            Finding::ok(format!("may be joined, {members} members now"))
        }
    }
}

fn refused(kind: &str, name: &str, error: &KafkaError) -> Finding {
    match error.rdkafka_error_code() {
        // Another denial is about something else, such as a topic that other members read.
        Some(RDKafkaErrorCode::GroupAuthorizationFailed) if kind == "group" => denied(kind, name),
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) if kind == "topic" => denied(kind, name),
        Some(code) => Finding::unknown(sanitize::one_line(&code.to_string(), LONGEST)),
        None => Finding::unknown(sanitize::one_line(&error.to_string(), LONGEST)),
    }
}

fn denied(kind: &str, name: &str) -> Finding {
    Finding::failed("Kafka denies access", acl(kind, name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::config::fixture;
    use crate::online::item::Outcome::{self, Failed, Ok as Good, Unknown};
    use RDKafkaErrorCode as Code;
    use rdkafka::error::KafkaResult;

    const READABLE: Described = Described::Exists { partitions: 3, readable: true, id: None };

    /// The results of the topic `events` and of the group.
    fn judged(topic: Described, group: KafkaResult<DescribedGroup>) -> [(Outcome, String); 2] {
        let cluster =
            Cluster { brokers: Vec::new(), topics: Some(Ok(vec![topic])), group: Some(group) };
        let items = items(&fixture::kafka(&["events"]), &cluster);
        let [topic, group] = <[Item; 2]>::try_from(items).unwrap();
        [topic, group].map(|item| (item.result, item.help.unwrap_or(item.detail)))
    }

    #[test]
    fn a_topic_must_exist_and_be_readable() {
        for (described, result, said) in [
            (READABLE, Good, "3 partitions"),
            (Described::Exists { partitions: 1, readable: true, id: None }, Good, "1 partition"),
            (
                Described::Exists { partitions: 1, readable: false, id: None },
                Failed,
                "give its user the ACL `Read` on the topic `events`",
            ),
            (
                Described::Unknown(Code::TopicAuthorizationFailed),
                Failed,
                "give its user the ACL `Read` on the topic `events`",
            ),
            (Described::Missing, Failed, "create it, or correct `kafka.topics`"),
            (Described::Unknown(Code::LeaderNotAvailable), Unknown, "LeaderNotAvailable"),
        ] {
            let group = Ok(DescribedGroup { members: 0, readable: true });
            let [(found, text), _] = judged(described, group);
            assert_eq!(found, result, "{described:?}");
            assert!(text.contains(said), "{text}");
        }
    }

    #[test]
    fn a_group_must_be_readable() {
        let described = |members, readable| Ok(DescribedGroup { members, readable });
        let acl = "give its user the ACL `Read` on the group `slackline`";
        let failed = |code| Err(KafkaError::GroupListFetch(code));
        for (group, result, said) in [
            (described(0, true), Good, "no member now"),
            (described(1, true), Good, "1 member now"),
            (described(7, true), Good, "7 members now"),
            (described(0, false), Failed, acl),
            (failed(Code::GroupAuthorizationFailed), Failed, acl),
            // The members of the group read a topic that this user may not describe.
            (failed(Code::TopicAuthorizationFailed), Unknown, "TopicAuthorizationFailed"),
            (failed(Code::OperationTimedOut), Unknown, "OperationTimedOut"),
        ] {
            let [_, (found, text)] = judged(READABLE, group);
            assert_eq!((found, text.contains(said)), (result, true), "{text}");
        }
    }

    #[test]
    fn without_a_broker_the_rest_is_unknown() {
        let problem = Refusal::new("k:1", "k:1 refuses the connection", "start it");
        let brokers = vec![("k:1".to_owned(), Some(problem)), ("k:2".to_owned(), None)];
        let cluster = Cluster { brokers, ..Cluster::default() };
        let found = items(&fixture::kafka(&["events"]), &cluster);
        let results: Vec<_> =
            found.iter().map(|item| (item.result, item.detail.as_str())).collect();
        assert_eq!(
            results,
            [
                (Failed, "refuses the connection"),
                (Good, "answers"),
                (Unknown, NO_BROKER),
                (Unknown, NO_BROKER),
            ]
        );
        let late = without_answer(&fixture::kafka(&["events"]), vec!["k:1".to_owned()]);
        assert!(late.iter().all(|item| item.result == Unknown) && late.len() == 3);
    }
}
