//! Faults between slackline and Slack.

use super::{FORGOTTEN, Fixture};
use crate::alerts::recording::Recording;
use crate::harness::program::Signal;
use crate::harness::slack::Answer;

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn more_matches_than_a_webhook_may_post() {
    let mut fixture = Fixture::on_real("overflow");
    let setup = fixture.setup().webhook(&fixture.slack, "sales", &["queue_capacity: 10"]);
    let mut recording = Recording::record("overflow", &[setup]);
    recording.quiet(2, || fixture.events("sales", 2));
    fixture.events("sales", 200);
    recording.run(
        2,
        || fixture.events("sales", 2),
        &["SlacklineDropsOverflow webhook=sales action=sales"],
    );
    recording.run(FORGOTTEN, || fixture.events("sales", 2), &[]);
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn slack_refuses_the_messages() {
    let mut fixture = Fixture::on_real("rejected");
    let mut recording = Recording::record("rejected", &[fixture.sales_and_support()]);
    recording.quiet(2, || fixture.quiet_day());
    fixture.slack.default("sales", Answer::Status(400, "invalid_payload"));
    recording.run(
        2,
        || fixture.quiet_day(),
        &["SlacklineDropsRejected webhook=sales action=sales"],
    );
    fixture.slack.default("sales", Answer::Ok);
    recording.run(FORGOTTEN, || fixture.quiet_day(), &[]);
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_webhook_is_revoked() {
    let mut fixture = Fixture::on_real("resting");
    let mut recording = Recording::record("resting", &[fixture.sales_and_support()]);
    recording.quiet(1, || fixture.quiet_day());
    fixture.slack.default("sales", Answer::Status(404, "no_service"));
    recording.quiet(2, || fixture.quiet_day());
    recording.run(2, || fixture.quiet_day(), &["SlacklineWebhookResting webhook=sales"]);
    fixture.slack.default("sales", Answer::Ok);
    recording.replica(0).signal(Signal::Hup);
    recording.quiet(1, || fixture.quiet_day());
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn messages_wait_for_longer_than_max_age() {
    let mut fixture = Fixture::on_real("expired");
    let setup = fixture.setup().webhook(&fixture.slack, "sales", &["max_age: 10s"]);
    let mut recording = Recording::record("expired", &[setup]);
    recording.quiet(1, || fixture.events("sales", 2));
    fixture.slack.script("sales", [Answer::RateLimited(40)]);
    recording.run(
        2,
        || fixture.events("sales", 2),
        &["SlacklineDropsExpired webhook=sales action=sales"],
    );
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn slack_is_down_for_longer_than_is_retried() {
    let mut fixture = Fixture::on_real("retries-exhausted");
    let setup = fixture.setup().webhook(&fixture.slack, "sales", &["retry: {max_elapsed: 20s}"]);
    let mut recording =
        Recording::record("retries_exhausted", &[setup.webhook(&fixture.slack, "support", &[])]);
    recording.quiet(2, || fixture.quiet_day());
    fixture.slack.default("sales", Answer::Status(503, "rollup_error"));
    let dropped = "SlacklineDropsRetriesExhausted webhook=sales action=sales";
    recording.run(3, || fixture.quiet_day(), &[dropped]);
    recording.run(6, || fixture.quiet_day(), &[dropped, "SlacklineWebhookFailing webhook=sales"]);
    fixture.slack.default("sales", Answer::Ok);
    recording.run(FORGOTTEN, || fixture.quiet_day(), &[]);
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn slack_is_down_for_one_webhook() {
    let mut fixture = Fixture::on_real("failing");
    let mut recording = Recording::record("failing", &[fixture.sales_and_support()]);
    recording.quiet(2, || fixture.quiet_day());
    fixture.slack.default("sales", Answer::Reset);
    recording.quiet(6, || fixture.quiet_day());
    recording.run(
        5,
        || fixture.quiet_day(),
        &["SlacklineWebhookFailing webhook=sales", "SlacklineDeliveriesLate"],
    );
    fixture.slack.default("sales", Answer::Ok);
    recording.run(7, || fixture.quiet_day(), &[]);
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn slack_throttles_a_webhook_for_eleven_minutes() {
    let mut fixture = Fixture::on_real("blocked");
    let mut recording = Recording::record("blocked", &[fixture.sales_and_support()]);
    recording.quiet(2, || fixture.quiet_day());
    fixture.slack.script("sales", [Answer::RateLimited(660)]);
    recording.quiet(3, || fixture.quiet_day());
    recording.run(
        6,
        || fixture.quiet_day(),
        &["SlacklineWebhookThrottled webhook=sales", "SlacklineDeliveriesLate"],
    );
    recording.run(7, || fixture.quiet_day(), &[]);
    recording.end();
}
