//! A delivery of several posts: the parts of a long text, and a message whose blocks are refused.

use super::*;
use crate::commit_hold::CommitHold;
use crate::delivery::Origin;
use crate::event_time::EventTime;

/// A post whose text has this many parts; each starts with its number.
fn long(offset: i64, parts: usize) -> Post {
    let words: Vec<String> = (1..=parts).map(|at| format!("{at}{}", "x".repeat(3_000))).collect();
    let payload = serde_json::json!({ "text": words.join(" ") }).to_string();
    Post { payload: payload.into_bytes().into(), ..rig::post(offset) }
}

/// The first character of each text that was posted.
fn posted(rig: &Rig) -> String {
    let text = |payload: &String| {
        let payload: serde_json::Value = serde_json::from_str(payload).unwrap();
        payload["text"].as_str().map_or('.', |text| text.chars().next().unwrap())
    };
    rig.payloads().iter().map(text).collect()
}

/// The next report but those of a throttle: the parts that were posted, or the outcome. Its hold is
/// kept.
async fn report(rig: &mut Rig, holds: &mut Vec<CommitHold>) -> Result<u8, Outcome> {
    loop {
        match rig.reports.recv().await.unwrap() {
            Report::Progress { parts_sent, hold, .. } => {
                holds.push(hold);
                return Ok(parts_sent);
            }
            Report::Ended { outcome, hold, .. } => {
                holds.extend(hold);
                return Err(outcome);
            }
            Report::Throttled { .. } => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_part_takes_its_turn_and_the_last_one_ends_the_delivery() {
    let mut rig = Rig::start(webhook(), []);
    let mut holds = Vec::new();
    rig.queue.push(long(0, 3), Origin::Read);
    rig.queue.push(long(1, 1), Origin::Read);
    for expected in [Ok(1), Ok(2), Err(Outcome::Delivered), Err(Outcome::Delivered)] {
        assert_eq!(report(&mut rig, &mut holds).await, expected);
    }
    assert_eq!(posted(&rig), "1231", "nothing comes between the parts");
    assert_eq!(rig.times(), [0, 1, 2, 3].map(Duration::from_secs), "one a second");
    assert_eq!(rig.tally().delivered, 2);
    let latencies = rig.metric("slackline_delivery_latency_seconds_count{webhook=\"sales\"}");
    assert_eq!(latencies, 2.0, "once a delivery");
}

#[tokio::test(start_paused = true)]
async fn a_part_waits_until_the_one_before_is_committed() {
    let mut rig = Rig::start_held(webhook(), []);
    let mut holds = Vec::new();
    rig.queue.push(long(0, 2), Origin::Read);
    assert_eq!(report(&mut rig, &mut holds).await, Ok(1));
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(posted(&rig), "1");
    holds.clear();
    assert_eq!(report(&mut rig, &mut holds).await, Err(Outcome::Delivered));
    assert_eq!((posted(&rig).as_str(), holds.len()), ("12", 1));
}

#[tokio::test(start_paused = true)]
async fn each_part_has_its_retries_and_a_rejected_one_drops_the_delivery() {
    let retry = Retry { initial: SECOND, max: SECOND, max_elapsed: 3 * SECOND };
    let webhook = Webhook { retry, ..webhook() };
    let answers = [failed(500), failed(500), ok(), failed(500), limited(Some(5)), ok()];
    let mut rig = Rig::start(webhook.clone(), answers.into_iter().chain([rejected("no_x")]));
    let mut holds = Vec::new();
    rig.queue.push(long(0, 4), Origin::Read);
    for expected in [Ok(1), Ok(2), Err(Outcome::Dropped(Reason::Rejected))] {
        assert_eq!(report(&mut rig, &mut holds).await, expected);
    }
    assert_eq!(posted(&rig), "1112223");

    let mut rig = Rig::start(webhook, [ok()].into_iter().chain(vec![failed(500); 20]));
    rig.queue.push(long(0, 2), Origin::Read);
    assert_eq!(report(&mut rig, &mut holds).await, Ok(1));
    let given_up = Outcome::Dropped(Reason::RetriesExhausted);
    assert_eq!(report(&mut rig, &mut holds).await, Err(given_up));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_goes_on_where_another_owner_stopped() {
    let mut rig = Rig::start(webhook(), []);
    let mut holds = Vec::new();
    rig.queue.push(Post { parts_sent: 2, ..long(0, 3) }, Origin::Listed);
    assert_eq!(report(&mut rig, &mut holds).await, Err(Outcome::Delivered));
    assert_eq!(posted(&rig), "3");
    // Another configuration has fewer parts.
    for parts in [1, 2, 3] {
        rig.queue.push(Post { parts_sent: 3, ..long(1, parts) }, Origin::Listed);
        assert_eq!(report(&mut rig, &mut holds).await, Err(Outcome::Delivered));
    }
    assert_eq!((posted(&rig).as_str(), rig.tally().delivered), ("3", 4));
}

#[tokio::test(start_paused = true)]
async fn a_released_delivery_posts_no_further_part() {
    let mut rig = Rig::start(webhook(), []);
    let mut holds = Vec::new();
    rig.queue.push(long(0, 3), Origin::Read);
    rig.queue.push(long(1, 1), Origin::Read);
    assert_eq!(report(&mut rig, &mut holds).await, Ok(1));
    rig.queue.release(|ticket| ticket.position.offset.0 == 0);
    assert_eq!(report(&mut rig, &mut holds).await, Err(Outcome::Delivered));
    assert_eq!((posted(&rig).as_str(), rig.tally().released), ("11", 1));
}

#[tokio::test(start_paused = true)]
async fn after_the_first_part_no_delivery_is_too_old() {
    let webhook = Webhook { max_age: Some(SECOND), ..webhook() };
    let mut rig = Rig::start(webhook, []);
    let mut holds = Vec::new();
    let then = SystemTime::now() - 100 * SECOND;
    let time = EventTime::of(None, || then);
    rig.queue.push(Post { parts_sent: 1, time, ..long(0, 3) }, Origin::Listed);
    rig.queue.push(Post { time, ..long(1, 3) }, Origin::Read);
    assert_eq!(report(&mut rig, &mut holds).await, Ok(2));
    assert_eq!(report(&mut rig, &mut holds).await, Err(Outcome::Delivered));
    let expired = Err(Outcome::Dropped(Reason::Expired));
    assert_eq!(report(&mut rig, &mut holds).await, expired);
    assert_eq!(posted(&rig), "23");
}

fn blocks(offset: i64) -> Post {
    let payload = r#"{"text":"plain","blocks":[{"type":"x"}],"username":"u"}"#;
    Post { payload: payload.as_bytes().into(), ..rig::post(offset) }
}

#[tokio::test(start_paused = true)]
async fn refused_blocks_are_posted_without_them_at_the_next_turn() {
    let refused = || rejected("invalid_blocks");
    let retry = Retry { initial: SECOND, max: SECOND, max_elapsed: 2 * SECOND };
    let webhook = Webhook { retry, ..webhook() };
    let mut rig = Rig::start(webhook, [refused(), failed(500), ok(), refused(), refused()]);
    let mut holds = Vec::new();
    rig.queue.push(blocks(0), Origin::Read);
    assert_eq!(report(&mut rig, &mut holds).await, Err(Outcome::Delivered));
    let plain = r#"{"text":"plain","username":"u"}"#;
    assert_eq!(rig.payloads()[1..], [plain; 2], "retried as any");
    assert!(rig.times().windows(2).all(|pair| pair[1] - pair[0] >= SECOND), "each has its turn");
    // A message without blocks cannot be helped.
    rig.queue.push(blocks(1), Origin::Read);
    let rejected = Err(Outcome::Dropped(Reason::Rejected));
    assert_eq!(report(&mut rig, &mut holds).await, rejected);
    assert_eq!((rig.tally().blocks_refused, rig.payloads().len()), (2, 5));
}
