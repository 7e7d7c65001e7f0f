//! Measurements, not tests: `tests/measure.sh` runs them on a release build with a broker, and they
//! print their results.
//!
//! Each prints its limit. Memory does not depend on the machine's speed, so its limit is asserted;
//! times are only printed.

use std::time::Duration;

use crate::harness::broker::{Broker, Record};
use crate::harness::poll::poll_for;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, event};
use crate::harness::slack::{Answer, Slack};

const WEBHOOKS: u64 = 1_000;
const BACKLOG: u64 = 1_000_000;

/// The promised limit: 150 MB.
const MEMORY_LIMIT: u64 = 150_000_000;

/// 1,000 stalled webhooks and a backlog of 1,000,000 events for them: every queue is full, under
/// each policy.
#[test]
#[ignore = "a measurement: tests/measure.sh"]
fn memory_with_1000_stalled_webhooks_and_a_backlog_of_1000000_events() {
    let broker = Broker::real();
    let topic = broker.topic(4);
    broker.flood(&topic, 4, BACKLOG, |n| {
        // About 400 bytes, as a track call of a web page.
        let name = format!("w{}", n % WEBHOOKS);
        let event = event(&name, n);
        let page = "https://www.example.com/a/path/of/some/length?with=a&few=parameters";
        event.replace(
            r#""properties":{"#,
            &format!(
                r#""messageId":"5e1f4a3c-9f0e-4f3b-8a55-{n:012}","context":{{"ip":"203.0.113.7","page":{{"url":"{page}","title":"Some page of a shop"}},"userAgent":"Mozilla/5.0 (X11; Linux x86_64)"}},"properties":{{"#
            ),
        )
    });
    for when_full in ["drop_newest", "drop_oldest", "block"] {
        let slack = Slack::start();
        slack.default_everywhere(Answer::Hang);
        let policy = format!("when_full: {when_full}");
        let mut setup = Setup::new(&broker, &[&topic]).earliest();
        for webhook in 0..WEBHOOKS {
            setup = setup.webhook(&slack, &format!("w{webhook}"), &["timeout: 10m", &policy]);
        }
        let program = Program::ready(&setup);
        let scrape = poll_for(Duration::from_secs(1800), "the backlog read, or paused", || {
            let scrape = program.scrape();
            let consumed = scrape.sum("slackline_events_consumed_total", &[]);
            let paused = scrape.sum("slackline_paused_partitions", &[]);
            if consumed as u64 == BACKLOG || when_full == "block" && paused == 4.0 {
                return Ok(scrape);
            }
            // Often enough to see the end, and rarely enough not to affect the measurement.
            std::thread::sleep(Duration::from_millis(500));
            Err(format!("{consumed} events consumed, {paused} partitions paused"))
        });
        let (now, most) = program.memory();
        println!(
            "memory, {WEBHOOKS} webhooks stalled, {BACKLOG} events behind, {policy}: resident {:.1} MB, at most {:.1} MB \
             (limit {} MB); consumed {}, queued {}, in flight {}, dropped {}",
            now as f64 / 1e6,
            most as f64 / 1e6,
            MEMORY_LIMIT / 1_000_000,
            scrape.sum("slackline_events_consumed_total", &[]),
            scrape.sum("slackline_queue_depth", &[]),
            scrape.sum("slackline_in_flight", &[]),
            scrape.sum("slackline_deliveries_dropped_total", &[]),
        );
        assert!(most < MEMORY_LIMIT, "{most} bytes");
        program.kill();
    }
}

/// The time from just before an event is produced to the arrival of its post at Slack, one event at
/// a time.
#[test]
#[ignore = "a measurement: tests/measure.sh"]
fn latency_from_event_to_post_on_an_idle_system() {
    const EVENTS: u64 = 1_000;
    let (broker, slack) = (Broker::real(), Slack::start());
    let topic = broker.topic(3);
    let setup = Setup::new(&broker, &[&topic]).webhook(
        &slack,
        "a",
        &["rate_per_second: 1000", "burst: 100"],
    );
    let program = Program::ready(&setup);
    let mut took = Vec::new();
    for n in 0..EVENTS {
        // An idle system, at irregular times that no poll interval could match.
        std::thread::sleep(Duration::from_millis(20 + n * 37 % 100));
        let sent = slack.now();
        broker.produce(&topic, &[Record::new((n % 3) as i32, event("a", n))]);
        slack.await_accepted(took.len() + 1);
        took.push(slack.posts().last().unwrap().at - sent);
    }
    // The first ones open connections and warm up caches, and do not count.
    let mut warm = took.split_off(20);
    warm.sort_unstable();
    let at =
        |share: f64| warm[((warm.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
    println!(
        "event to post, idle, {} events: p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, most {:.1} ms (limit: p99 50 ms)",
        warm.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
    program.stop();
}
