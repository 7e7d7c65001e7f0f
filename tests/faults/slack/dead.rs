//! One webhook of a hundred is dead: the others' events are posted as fast as before.

use std::time::Duration;

use super::{milliseconds, quantile};
use crate::checker::{Expected, Faults};
use crate::faults::report::{figures, full_or_short, line};
use crate::harness::broker::{Broker, Record};
use crate::harness::poll::throughout;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event, produce};
use crate::harness::slack::{Answer, Slack};

const OTHERS: u64 = 99;
/// The intervals of events for the other webhooks and for the dead one.
const BEAT: Duration = Duration::from_millis(10);

/// The others' events, with the time at which each was produced.
#[derive(Default)]
struct Sent {
    expected: Vec<Expected>,
    at: Vec<Duration>,
    next: u64,
}

impl Sent {
    /// Produces events for this time, to the other webhooks in turn.
    fn send(&mut self, time: Duration, broker: &Broker, topic: &str, slack: &Slack) {
        throughout(time, BEAT, |_| {
            self.at.push(slack.now());
            let webhook = format!("w{}", self.next % OTHERS);
            self.expected.extend(produce(broker, topic, 4, &webhook, [self.next]));
            broker.produce(topic, &[Record::new((self.next % 4) as i32, event("dead", self.next))]);
            self.next += 1;
        });
    }

    /// The latencies from event to post, from event number `from` on.
    fn latencies(&self, from: usize, slack: &Slack) -> Vec<Duration> {
        let mut first = vec![None; self.expected.len()];
        for post in slack.posts().iter().filter(|post| post.webhook != "dead") {
            first[post.id as usize].get_or_insert(post.at);
        }
        let each = first.iter().zip(&self.at).skip(from);
        each.map(|(post, sent)| post.expect("a post of each").saturating_sub(*sent)).collect()
    }
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn a_dead_webhook_among_100_slows_none_of_the_others() {
    let time = full_or_short(Duration::from_secs(60), Duration::from_secs(5));
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(4);
    let lines = &["rate_per_second: 10", "burst: 10"];
    let dead = &[
        "rate_per_second: 200",
        "burst: 10",
        "timeout: 2s",
        "retry: {initial: 100ms, max: 500ms}",
    ];
    // The dead one and half of the others are channels of one app.
    let channels: Vec<String> = (0..OTHERS).step_by(2).map(|n| format!("w{n}")).collect();
    let channels: Vec<&str> =
        channels.iter().map(String::as_str).chain(std::iter::once("dead")).collect();
    let setup = (0..OTHERS)
        .fold(Setup::new(&broker, &[&topic]), |setup, n| {
            setup.webhook(&slack, &format!("w{n}"), lines)
        })
        .webhook(&slack, "dead", dead)
        .on_channels(&slack, &channels);
    let program = Program::ready(&setup);

    let mut sent = Sent::default();
    let mut phases = Vec::new();
    // The first one opens all connections, and is not measured.
    let answers = [
        ("warm", Answer::Ok, Duration::from_secs(2)),
        ("alive", Answer::Ok, time),
        ("hanging", Answer::Hang, time),
        ("failing", Answer::Status(500, "rollup_error"), time),
    ];
    for (phase, answer, time) in answers {
        slack.default("dead", answer);
        let from = sent.expected.len();
        sent.send(time, &broker, &topic, &slack);
        slack.await_all_accepted(&sent.expected);
        let latencies = sent.latencies(from, &slack);
        phases.push((phase, quantile(&latencies, 0.5), quantile(&latencies, 0.99)));
    }

    let posts: Vec<_> = slack.posts().into_iter().filter(|post| post.webhook != "dead").collect();
    let faults = Faults::find(&sent.expected, &posts);
    let shown: Vec<_> = phases[1..]
        .iter()
        .map(|(phase, p50, p99)| {
            format!("{phase} p50 {} p99 {}", milliseconds(*p50), milliseconds(*p99))
        })
        .collect();
    line(
        &format!("one webhook dead among {}", OTHERS + 1),
        2,
        &format!(
            "{} · the others' event to post while it is {}",
            figures(&faults),
            shown.join(", ")
        ),
    );
    faults.assert_none();
    let scrape = program.scrape();
    assert!(
        scrape.sum(
            "slackline_deliveries_dropped_total",
            &[("webhook", "dead"), ("reason", "overflow")]
        ) > 0.0
    );
    assert_eq!(
        scrape.sum("slackline_deliveries_dropped_total", &[]),
        scrape.sum("slackline_deliveries_dropped_total", &[("webhook", "dead")])
    );
    // A margin in addition to the ratio: on a busy machine the scheduler alone changes a small
    // latency by half. An attempt that delays others takes seconds.
    let (_, alive_p50, alive_p99) = phases[1];
    for (phase, p50, p99) in &phases[2..] {
        assert!(*p50 <= alive_p50 * 2 + Duration::from_millis(20), "{phase}: the median grew");
        assert!(
            *p99 <= alive_p99 * 3 + Duration::from_millis(250),
            "{phase}: the slowest posts became slower"
        );
    }
    program.stop();
}
