//! All of Slack is down, in every way that a server can be, then back: the events of the meantime
//! are delivered once and in order.

use std::time::{Duration, Instant};

use crate::checker::{Expected, Faults, Post};
use crate::faults::report::{figures, full_or_short, line};
use crate::harness::broker::Broker;
use crate::harness::poll::{poll_for, throughout};
use crate::harness::port::free_address;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

/// The retry settings of all webhooks: attempts continue longer than the fault lasts.
const PATIENT: &str = "retry: {initial: 100ms, max: 1s, max_elapsed: 1h}";
const FAST: &[&str] = &["rate_per_second: 200", "burst: 10", "queue_capacity: 10000", PATIENT];
/// A queue of five that blocks: the rest waits in Kafka.
const SMALL: &[&str] =
    &["rate_per_second: 200", "burst: 10", "queue_capacity: 5", "when_full: block", PATIENT];

/// The interval of events for each webhook.
const BEAT: Duration = Duration::from_millis(200);

/// Events that continue during the outage.
struct Traffic<'a> {
    broker: &'a Broker,
    /// Topic and webhook.
    flows: Vec<(&'a str, &'a str)>,
    next: u64,
    expected: Vec<Expected>,
}

impl Traffic<'_> {
    fn flow(&mut self, time: Duration, program: &mut Program) {
        throughout(time, BEAT, |_| {
            for (topic, webhook) in &self.flows {
                self.expected.extend(produce(self.broker, topic, 2, webhook, [self.next]));
            }
            self.next += 1;
        });
        assert!(program.is_running());
        assert_eq!(program.health(), 200, "/healthz failed because Slack is down");
        assert_eq!(program.readiness().0, 200);
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_slack_that_was_down_gets_everything_once_and_in_order() {
    let down = full_or_short(Duration::from_secs(600), Duration::from_secs(15));
    let (broker, address) = (Broker::real(), free_address());
    let (events, blocking) = (broker.topic(2), broker.topic(2));
    let before = Slack::start_at(address);
    let action = |name: &str, topic: &str| {
        format!(
            "  - {{name: {name}, topics: [{topic}], trigger: \"event == '{name}'\", webhook: {name}, message: '{{{{n}}}}'}}\n"
        )
    };
    let setup = Setup::new(&broker, &[&events, &blocking])
        .webhook_with(&before, "a", FAST, &action("a", &events))
        .webhook_with(&before, "b", FAST, &action("b", &events))
        .webhook_with(&before, "blocked", SMALL, &action("blocked", &blocking))
        .on_channels(&before, &["b", "blocked"]);
    let mut program = Program::ready(&setup);
    let mut traffic = Traffic {
        broker: &broker,
        flows: vec![(&events, "a"), (&events, "b"), (&blocking, "blocked")],
        next: 0,
        expected: Vec::new(),
    };

    traffic.flow(Duration::from_secs(2), &mut program);
    before.default_everywhere(Answer::Reset);
    traffic.flow(down / 3, &mut program);
    // Every connection was reset by now, so no accepted post is missing in the record.
    let mut posts = before.posts();
    drop(before);
    traffic.flow(down / 3, &mut program);
    let after = Slack::start_at(address);
    after.default_everywhere(Answer::Status(503, "upstream connect error"));
    traffic.flow(down / 3, &mut program);
    let scrape = program.scrape();
    after.default_everywhere(Answer::Ok);
    let back = Instant::now();
    traffic.flow(Duration::from_secs(1), &mut program);

    let before_it = posts.len();
    poll_for(Duration::from_secs(60), "every post accepted", || {
        posts.truncate(before_it);
        posts.extend(after.posts());
        let lost = Faults::find(&traffic.expected, &posts).lost;
        if lost.is_empty() { Ok(()) } else { Err(format!("{} are missing", lost.len())) }
    });
    let caught_up = back.elapsed();
    let faults = Faults::find(&traffic.expected, &posts);
    let attempts = |result| scrape.sum("slackline_attempts_total", &[("result", result)]);
    let refused = posts.iter().filter(|post: &&Post| !post.accepted).count();
    line(
        &format!("Slack down for {} s, then back", down.as_secs()),
        1,
        &format!(
            "{} · events {} · answers that refused {refused} · all delivered {:.1} s after its return",
            figures(&faults),
            traffic.expected.len(),
            caught_up.as_secs_f64(),
        ),
    );
    faults.assert_none();
    assert!(attempts("connect") > 0.0 && attempts("server_error") > 0.0, "the fault had no effect");
    assert_eq!(program.scrape().sum("slackline_deliveries_dropped_total", &[]), 0.0);
    broker.await_committed(&setup.group, &events, 2);
    broker.await_committed(&setup.group, &blocking, 2);
    program.stop();
}
