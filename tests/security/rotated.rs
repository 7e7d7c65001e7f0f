//! Secrets in files that change while the worker runs.

use std::time::{Duration, Instant};

use super::broker::{PASSWORD, PLANTED, Secure};
use crate::checker::Faults;
use crate::harness::poll::until;
use crate::harness::program::{Program, Signal};
use crate::harness::setup::produce;
use crate::harness::slack::Slack;

const SUCCESSFUL: &str = "slackline_config_last_reload_successful";

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_password_that_changes_in_its_file_requires_a_restart_and_is_reported_until_then() {
    let (secure, slack) = (Secure::start(), Slack::start());
    let topic = secure.cluster.topic(1);
    let file = secure.write("rotated", PASSWORD);
    let properties = [("sasl.mechanism", "PLAIN"), ("sasl.username", "slackline")];
    let mut setup = secure.setup(&slack, &topic, "SASL", &properties);
    setup.kafka.push(format!("property_files: {{sasl.password: {}}}", file.display()));
    let program = Program::ready(&setup);
    secure.write("rotated", &format!("{PLANTED}Rotated"));
    // Without SIGHUP: the file is polled.
    program.await_sum(SUCCESSFUL, &[], 0.0);
    let refused = || program.warnings("require a restart").len();
    until("the property is named", || {
        program
            .warnings("require a restart")
            .iter()
            .any(|line| line.contains("kafka.properties.sasl.password"))
    });
    // Any other change is refused as well until the restart.
    let before = refused();
    program.configure(&setup.clone().webhook(&slack, "b", &[]));
    program.signal(Signal::Hup);
    until("the next one is refused too", || refused() > before);
    assert_eq!(program.scrape().only(SUCCESSFUL, &[]), Some(0.0));
    // It continues with the old password.
    let expected = produce(&secure.cluster, &topic, 1, "a", 0..3);
    slack.await_accepted(3);
    secure.cluster.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    assert!(!program.log().contains(PLANTED), "{}", program.log());
    secure.write("rotated", PASSWORD);
    program.await_sum(SUCCESSFUL, &[], 1.0);
    program.stop();
}

/// The broker closes a connection when its token expires, unless the client sends the next one
/// before.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn security_a_token_is_read_again_before_it_expires() {
    let reauthenticate = "listener.name.sasl.oauthbearer.connections.max.reauth.ms=3600000";
    let (secure, slack) = (Secure::start_with(&["--set", reauthenticate]), Slack::start());
    let topic = secure.cluster.topic(1);
    let life = Duration::from_secs(15);
    let file = secure.write("renewed", &secure.signer.token(life.as_secs() as i64));
    let started = Instant::now();
    let mut setup = secure.setup(&slack, &topic, "SASL", &[("sasl.mechanism", "OAUTHBEARER")]);
    setup.kafka.push(format!("oauth_token_file: {}", file.display()));
    let program = Program::ready(&setup);
    secure.write("renewed", &secure.signer.token(3600));
    let (mut expected, mut next) = (Vec::new(), 0);
    until("the first token has expired", || {
        expected.extend(produce(&secure.cluster, &topic, 1, "a", next..next + 1));
        next += 1;
        slack.await_accepted(expected.len());
        assert_eq!(program.readiness(), (200, "ready\n".to_owned()));
        started.elapsed() > life + Duration::from_secs(3)
    });
    assert!(
        next > 0 && program.warnings("connection to Kafka refused").is_empty(),
        "{}",
        program.log()
    );
    secure.cluster.await_committed(&setup.group, &topic, 1);
    Faults::find(&expected, &slack.posts()).assert_none();
    program.stop();
}
