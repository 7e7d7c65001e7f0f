//! Many webhooks are throttled repeatedly: each gets no request for the requested time, and nothing
//! is lost. Some are channels of one app, which waits when two of them are throttled.

use std::time::{Duration, Instant};

use super::{milliseconds, quantile};
use crate::checker::Faults;
use crate::faults::report::{figures, full_or_short, line};
use crate::harness::broker::Broker;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::{Answer, Slack};

const WEBHOOKS: u64 = 20;
const CHANNELS: [&str; 4] = ["s0", "s6", "s13", "s19"];
/// `max_elapsed` is shorter than one `Retry-After`: a 429 must not use the retry budget.
const LINES: &[&str] = &[
    "rate_per_second: 50",
    "burst: 10",
    "queue_capacity: 1000",
    "retry: {initial: 50ms, max: 200ms, max_elapsed: 900ms}",
];

/// The answers of a webhook: this many storms, different from its neighbour's.
fn answers(webhook: u64, storms: u64) -> Vec<Answer> {
    let mut answers = Vec::new();
    for storm in 0..storms {
        answers.extend((0..(webhook + storm) % 3).map(|_| Answer::Ok));
        answers.push(Answer::RateLimited(1 + (webhook * 7 + storm) % 3));
    }
    answers
}

/// The number of requests before the end of the previous `Retry-After`.
fn early(answers: &[Answer], arrivals: &[Duration]) -> usize {
    let pairs = answers.iter().zip(arrivals.windows(2));
    pairs
        .filter(|(answer, pair)| {
            matches!(answer, Answer::RateLimited(seconds) if pair[1] - pair[0] < Duration::from_secs(*seconds))
        })
        .count()
}

#[test]
fn an_early_request_is_counted() {
    let answers = [Answer::Ok, Answer::RateLimited(2), Answer::RateLimited(1), Answer::Ok];
    let at = |times: [u64; 5]| times.map(Duration::from_millis);
    assert_eq!(early(&answers, &at([0, 10, 2010, 3010, 3020])), 0);
    assert_eq!(early(&answers, &at([0, 10, 2009, 3008, 3020])), 2);
}

#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn storms_of_429_are_waited_out_and_lose_nothing() {
    let storms = full_or_short(40, 4);
    let events = storms * 4;
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(4);
    let names: Vec<String> = (0..WEBHOOKS).map(|webhook| format!("s{webhook}")).collect();
    let setup = names
        .iter()
        .fold(Setup::new(&broker, &[&topic]), |setup, name| setup.webhook(&slack, name, LINES))
        .webhook(&slack, "calm", LINES)
        .on_channels(&slack, &CHANNELS);
    let program = Program::ready(&setup);
    for (webhook, name) in names.iter().enumerate() {
        slack.script(name, answers(webhook as u64, storms));
    }

    let mut expected = Vec::new();
    for name in &names {
        expected.extend(produce(&broker, &topic, 4, name, 0..events));
    }
    // During the storm, one event after the other for a webhook without 429s.
    let (mut calm, mut produced) = (Vec::new(), Vec::new());
    let deadline = Instant::now() + Duration::from_secs(30 + storms * 4);
    while !Faults::find(&expected, &slack.posts()).lost.is_empty() {
        assert!(Instant::now() < deadline, "the storm does not end: {}", program.log());
        produced.push(slack.now());
        calm.extend(produce(&broker, &topic, 4, "calm", [calm.len() as u64]));
        slack.await_requests("calm", calm.len());
    }
    expected.extend(calm);
    let latencies: Vec<_> = slack
        .arrivals("calm")
        .iter()
        .zip(&produced)
        .map(|(at, sent)| at.saturating_sub(*sent))
        .collect();

    let faults = Faults::find(&expected, &slack.posts());
    let early: usize = (0..WEBHOOKS)
        .map(|webhook| early(&answers(webhook, storms), &slack.arrivals(&names[webhook as usize])))
        .sum();
    line(
        &format!("429 storms at {WEBHOOKS} webhooks"),
        (storms * WEBHOOKS) as usize,
        &format!(
            "{} · before its Retry-After {early} · beside them event to post p50 {} p99 {}",
            figures(&faults),
            milliseconds(quantile(&latencies, 0.5)),
            milliseconds(quantile(&latencies, 0.99)),
        ),
    );
    faults.assert_none();
    assert_eq!(early, 0, "requests arrived before the Retry-After had passed");
    let limited = program.scrape().sum("slackline_attempts_total", &[("result", "rate_limited")]);
    assert_eq!(limited, (storms * WEBHOOKS) as f64);
    // The shortest throttle is 1 s: a latency above it means that the calm webhook waited too.
    assert!(quantile(&latencies, 0.9) < Duration::from_millis(500), "the calm webhook waited too");
    broker.await_committed(&setup.group, &topic, 4);
    program.stop();
}
