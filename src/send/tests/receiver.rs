//! Rate and log with the real client, as a receiver and an operator see them.

use std::time::Instant;

use super::hostile::{LONG, PATH, at};
use super::*;
use crate::fake_slack::{self, FakeSlack, Fault};

/// The rate limit, and that webhooks do not disturb each other, as receivers see it.
#[tokio::test]
async fn the_receiver_never_sees_more_than_the_rate_whatever_it_answers() {
    let slack = FakeSlack::start().await.unwrap();
    let paths = [
        "/services/T0/B0/well",
        "/services/T0/B0/down",
        "/services/T0/B0/limited",
        "/services/T0/B0/hangs",
    ];
    slack.set_default(paths[1], Some(fake_slack::Answer::new(503, "rollup_error")));
    slack.push(paths[2], [fake_slack::Answer::rate_limited(1)]);
    slack.set_default(paths[3], Some(fake_slack::Answer::fault(Fault::Hang)));
    let impatient = Retry {
        initial: Duration::from_millis(1),
        max: Duration::from_millis(1),
        max_elapsed: LONG,
    };
    let mut clients = ClientPool::default();
    let mut ends = Vec::new();
    let mut tasks = Vec::new();
    for path in paths {
        let webhook = Webhook {
            rate_per_second: 20.0,
            burst: 3,
            retry: impatient,
            ..at(&slack.url(path), Duration::from_millis(200))
        };
        let endpoint = Endpoint::open(&webhook, &[], &mut clients).unwrap();
        let (sender, rest) = rig::sender(webhook, endpoint);
        tasks.push(tokio::spawn(run(sender)));
        for offset in 0..40 {
            let mut post = rig::post(offset);
            post.payload = format!("{{\"text\":\"{offset}\"}}").into_bytes().into();
            rest.queue.push(post, crate::delivery::Origin::Read);
        }
        ends.push(rest);
    }
    for offset in 0..40 {
        assert_eq!(rig::outcome(&mut ends[0].reports, LONG).await.0, (offset, Outcome::Delivered));
    }
    for rest in &mut ends {
        rest.reports.close();
        rest.queue.release(|_| true);
        rest.queue.close();
    }
    for task in tasks {
        tokio::time::timeout(LONG, task).await.unwrap().unwrap();
    }
    for path in paths {
        let times: Vec<Instant> =
            slack.requests_to(path).iter().map(|request| request.at).collect();
        for (first, from) in times.iter().enumerate() {
            for (last, to) in times.iter().enumerate().skip(first) {
                let window = (*to - *from).as_secs_f64();
                // A request is seen a little after it left: on a busy machine the first of a window
                // more than the last.
                let allowed = 20.0 * (window + 0.2) + 3.0;
                assert!(
                    (last - first + 1) as f64 <= allowed,
                    "{path}: {} in {window} s",
                    last - first + 1
                );
            }
        }
        assert!(times.len() >= 2, "{path} was tried {} times", times.len());
    }
    let limited = slack.requests_to(paths[2]);
    assert!(limited[1].at - limited[0].at >= Duration::from_millis(990), "Retry-After was kept");
    let down = slack.requests_to(paths[1]);
    assert!(
        down.iter().all(|request| request.json()["text"] == "0"),
        "order: the first one stays first in line"
    );
}

#[test]
fn no_log_line_of_the_http_stack_shows_the_url() {
    let text = rig::logged(false, async {
        let slack = FakeSlack::start().await.unwrap();
        slack.push(
            PATH,
            [
                fake_slack::Answer::fault(Fault::Reset),
                fake_slack::Answer::new(501, format!("no {PATH} here")),
            ],
        );
        let webhook = Webhook { rate_per_second: 1000.0, ..at(&slack.url(PATH), LONG) };
        let retry = Retry { initial: Duration::from_millis(1), ..webhook.retry };
        let webhook = Webhook { retry, ..webhook };
        let endpoint = Endpoint::open(&webhook, &[], &mut ClientPool::default()).unwrap();
        let (sender, mut rest) = rig::sender(webhook, endpoint);
        let task = tokio::spawn(run(sender));
        rest.queue.push(rig::post(0), crate::delivery::Origin::Read);
        assert_eq!(
            rig::outcome(&mut rest.reports, LONG).await.0,
            (0, Outcome::Dropped(Reason::Rejected))
        );
        rest.queue.close();
        task.await.unwrap();
    });
    assert!(text.contains("delivery dropped") && text.contains("attempt failed"), "{text}");
    for secret in ["SECRET", "s3cr3t", "/services"] {
        assert!(!text.contains(secret), "{text}");
    }
}
