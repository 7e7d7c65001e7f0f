//! `max_age` where a delivery is routed: one that is too old never gets into its webhook's queue.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::harness::broker::{Broker, Record};
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event};
use crate::harness::slack::{Answer, Slack};

const ACTIONS: &str = "  \
  - {name: a, trigger: \"event == 'a'\", webhook: a, message: '{{n}}'}
  - {name: strict, trigger: \"event == 'strict'\", webhook: a, message: '{{n}}', max_age: 1m}
  - {name: lenient, trigger: \"event == 'lenient'\", webhook: a, message: '{{n}}', max_age: 48h}
";

/// A record of an event that happened this long ago.
fn aged(name: &str, n: u64, minutes: u64) -> Record {
    let at = SystemTime::now() - Duration::from_secs(60 * minutes);
    let timestamp = at.duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    Record { timestamp: Some(timestamp), ..Record::new(0, event(name, n)) }
}

/// The sender is throttled for an hour, so that it drops nothing itself.
#[test]
fn what_is_too_old_when_it_is_routed_is_dropped_without_waiting_for_its_webhook() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(1);
    let setup = Setup::new(&broker, &[&topic]).webhook_with(&slack, "a", &["max_age: 1h"], ACTIONS);
    slack.default("a", Answer::RateLimited(3600));
    let program = Program::ready(&setup);
    broker.produce(&topic, &[aged("a", 0, 0)]);
    slack.await_requests("a", 1);
    broker.produce(
        &topic,
        &[
            aged("a", 1, 59),
            aged("a", 2, 61),
            aged("strict", 3, 2),
            aged("strict", 4, 0),
            aged("lenient", 5, 61),
            aged("lenient", 6, 3 * 24 * 60),
        ],
    );
    let scrape = program.await_sum("slackline_deliveries_matched_total", &[], 7.0);
    let dropped = |action: &str| {
        let labels = [("action", action), ("reason", "expired")];
        scrape.sum("slackline_deliveries_dropped_total", &labels)
    };
    assert_eq!(["a", "strict", "lenient"].map(dropped), [1.0, 1.0, 1.0]);
    assert_eq!(scrape.sum("slackline_deliveries_dropped_total", &[]), 3.0);
    assert_eq!(slack.arrivals("a").len(), 1, "an attempt was made for an expired delivery");
    program.stop();
}
