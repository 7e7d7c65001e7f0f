#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use super::*;
use crate::route::fixture;

const TOPIC: TopicIndex = TopicIndex(0);
const CERTIFICATE: &str = "ssl://k:9093/bootstrap: SSL handshake failed: certificate verify failed";
const LOGIN: &str = "sasl_ssl://k:9093/bootstrap: SASL authentication error: failed";

fn access() -> Access {
    Access::new(TopicNames::new(["t".to_owned()]), &fixture::config(Vec::new()).kafka)
}

fn error(code: RDKafkaErrorCode) -> KafkaError {
    KafkaError::Global(code)
}

#[test]
fn a_denied_group_is_named_with_its_acl_until_it_is_allowed() {
    let now = Instant::now();
    let mut access = access();
    let denied = error(RDKafkaErrorCode::GroupAuthorizationFailed);
    assert_eq!(access.record_error(&denied, "", now), AccessChange::GroupDenied);
    let [denial] = &access.denials()[..] else { unreachable!() };
    assert!(denial.contains("ACL `Read` on the group `slackline`"), "{denial}");
    access.set_group(true);
    assert!(!access.denies_anything() && access.denials().is_empty());
}

#[test]
fn a_denied_topic_is_named_once_its_description_says_so() {
    let now = Instant::now();
    let mut access = access();
    let denied = error(RDKafkaErrorCode::TopicAuthorizationFailed);
    assert_eq!(access.record_error(&denied, "", now), AccessChange::TopicDenied);
    assert!(!access.denies_anything(), "it does not say which one");
    access.set_topic(TOPIC, false);
    assert!(access.is_denied(TOPIC) && access.denials()[0].contains("topic `t`"));
    access.set_topic(TOPIC, true);
    assert!(!access.is_denied(TOPIC));
}

#[test]
fn a_refused_login_is_reported_until_the_broker_is_up() {
    let now = Instant::now();
    let mut access = access();
    let failed = error(RDKafkaErrorCode::Authentication);
    assert_eq!(access.record_error(&failed, LOGIN, now), AccessChange::Refused);
    assert!(access.is_login_refused());
    assert!(access.refusal().unwrap().contains("`sasl.password`"));
    let later = now + Duration::from_secs(1);
    assert!(!access.clear_refusal(["other:9093"].into_iter(), false, later));
    assert!(access.clear_refusal(["k:9093"].into_iter(), false, later));
    assert_eq!((access.refusal(), access.is_login_refused()), (None, false));
}

#[test]
fn a_group_that_is_joined_without_the_refusing_broker_clears_the_refusal() {
    let now = Instant::now();
    let mut access = access();
    access.record_error(&error(RDKafkaErrorCode::Authentication), LOGIN, now);
    assert!(access.clear_refusal([].into_iter(), true, now));
    assert!(!access.clear_refusal([].into_iter(), true, now), "nothing is left to clear");
}

#[test]
fn an_invalid_certificate_is_reported_once_its_reason_is_known() {
    let now = Instant::now();
    let mut access = access();
    let failed = error(RDKafkaErrorCode::SSL);
    let change = access.record_error(&failed, CERTIFICATE, now);
    assert_eq!(change, AccessChange::InvalidCertificate("k:9093".to_owned()));
    assert_eq!(access.refusal(), None);
    access.explain(Some(10), now);
    assert!(access.refusal().unwrap().contains("has expired"));
}

#[test]
fn an_invalid_certificate_without_a_known_reason_is_reported_too() {
    let now = Instant::now();
    let mut access = access();
    access.record_error(&error(RDKafkaErrorCode::SSL), CERTIFICATE, now);
    access.explain(None, now);
    assert!(access.refusal().unwrap().contains("`ssl.ca.location`"));
}

#[test]
fn an_error_of_another_kind_says_nothing_about_access() {
    let now = Instant::now();
    let mut access = access();
    let down = error(RDKafkaErrorCode::AllBrokersDown);
    assert_eq!(access.record_error(&down, "1/1 brokers are down", now), AccessChange::None);
    assert!(!access.denies_anything() && access.refusal().is_none());
}

const CLOSED: &str = "k:9093/bootstrap: Disconnected: connection closed by peer (after 114ms in state APIVERSION_QUERY)";
const CLOSED_WHEN_UP: &str =
    "ssl://k:9093/bootstrap: Disconnected: connection closed by peer (after 5ms in state UP)";

fn access_with(protocol: SecurityProtocol) -> Access {
    Access { protocol, ..access() }
}

#[test]
fn a_port_with_another_protocol_is_reported_once_the_probe_says_so() {
    let now = Instant::now();
    let mut access = access_with(SecurityProtocol { tls: false, login: false });
    let change = access.record_closed(CLOSED, None);
    assert_eq!(change, AccessChange::ProtocolInDoubt("k:9093".to_owned()));
    assert_eq!(access.refusal(), None);
    access.explain_protocol(Some(Listener::Tls), now);
    let refusal = access.refusal().unwrap();
    assert!(
        refusal.contains("k:9093") && refusal.contains("`security.protocol: SSL`"),
        "{refusal}"
    );
    assert!(access.clear_refusal(["k:9093"].into_iter(), false, now));
}

#[test]
fn a_port_that_answers_nothing_or_as_configured_is_not_blamed() {
    let now = Instant::now();
    for found in [None, Some(Listener::Plain { login: false })] {
        let mut access = access_with(SecurityProtocol { tls: false, login: false });
        access.record_closed(CLOSED, None);
        access.explain_protocol(found, now);
        assert_eq!(access.refusal(), None, "{found:?}");
    }
}

/// Behind TLS the probe sees no login, and a broker that stops closes a connection once.
#[test]
fn a_broker_that_keeps_closing_connections_may_require_a_login_until_the_group_is_joined() {
    let now = Instant::now();
    let mut access = access_with(SecurityProtocol { tls: true, login: false });
    for expected in [false, true] {
        access.record_closed(CLOSED_WHEN_UP, None);
        access.explain_protocol(Some(Listener::Tls), now);
        assert_eq!(access.refusal().is_some(), expected);
    }
    assert!(access.refusal().unwrap().contains("`security.protocol: SASL_SSL`"));
    assert!(!access.clear_refusal(["k:9093"].into_iter(), false, now), "it was up before");
    assert!(access.clear_refusal([].into_iter(), true, now));
}
