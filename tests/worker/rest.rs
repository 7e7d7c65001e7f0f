//! What a person must repair: nothing is dropped, and everything is delivered once it is repaired.

use crate::harness::broker::Broker;
use crate::harness::program::{Program, Signal};
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_revoked_webhook_rests_and_a_signal_posts_what_waits() {
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(1);
    let fast = &["rate_per_second: 50"];
    let setup =
        Setup::new(&broker, &[&topic]).webhook(&slack, "a", fast).webhook(&slack, "revoked", fast);
    let program = Program::ready(&setup);
    slack.default("revoked", Answer::Status(404, "no_service"));
    produce(&broker, &topic, 1, "revoked", 0..3);
    let resting = [("webhook", "revoked")];
    program.await_sum("slackline_webhook_resting", &resting, 1.0);
    let (status, body) = program.readiness();
    assert_eq!((status, program.health()), (200, 200), "{body}");
    assert!(
        body.contains("webhook \"revoked\" rests: no_service (the webhook was removed"),
        "{body}"
    );

    // The other webhook is not affected.
    produce(&broker, &topic, 1, "a", 0..3);
    slack.await_accepted(3);
    slack.default("revoked", Answer::Ok);
    program.signal(Signal::Hup);
    slack.await_accepted(6);
    broker.await_committed(&setup.group, &topic, 1);
    let scrape = program.await_sum("slackline_webhook_resting", &resting, 0.0);
    assert_eq!(scrape.sum("slackline_deliveries_dropped_total", &[]), 0.0);
    assert!(program.readiness().1.lines().all(|line| !line.contains("rests")));
    assert_eq!(program.warnings("webhook rests").len(), 1);
    program.stop();
}
