//! Faults between slackline and Slack.

use super::{FORGOTTEN, Stage};
use crate::alerts::tape::Tape;
use crate::harness::slack::Answer;

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn more_matches_than_a_webhook_may_post() {
    let mut stage = Stage::on_real("overflow");
    let setup = stage.setup().webhook(&stage.slack, "sales", &["queue_capacity: 10"]);
    let mut tape = Tape::record("overflow", &[setup]);
    tape.quiet(2, || stage.events("sales", 2));
    stage.events("sales", 200);
    tape.run(
        2,
        || stage.events("sales", 2),
        &["SlacklineDropsOverflow webhook=sales action=sales"],
    );
    tape.run(FORGOTTEN, || stage.events("sales", 2), &[]);
    tape.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_webhook_is_revoked() {
    let mut stage = Stage::on_real("rejected");
    let mut tape = Tape::record("rejected", &[stage.sales_and_support()]);
    tape.quiet(2, || stage.quiet_day());
    stage.slack.default("sales", Answer::Status(404, "no_service"));
    tape.run(2, || stage.quiet_day(), &["SlacklineDropsRejected webhook=sales action=sales"]);
    stage.slack.default("sales", Answer::Ok);
    tape.run(FORGOTTEN, || stage.quiet_day(), &[]);
    tape.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn slack_is_down_for_longer_than_is_retried() {
    let mut stage = Stage::on_real("retries-exhausted");
    let setup = stage.setup().webhook(&stage.slack, "sales", &["retry: {max_elapsed: 20s}"]);
    let mut tape =
        Tape::record("retries_exhausted", &[setup.webhook(&stage.slack, "support", &[])]);
    tape.quiet(2, || stage.quiet_day());
    stage.slack.default("sales", Answer::Status(503, "rollup_error"));
    let dropped = "SlacklineDropsRetriesExhausted webhook=sales action=sales";
    tape.run(3, || stage.quiet_day(), &[dropped]);
    tape.run(6, || stage.quiet_day(), &[dropped, "SlacklineWebhookFailing webhook=sales"]);
    stage.slack.default("sales", Answer::Ok);
    tape.run(FORGOTTEN, || stage.quiet_day(), &[]);
    tape.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn slack_is_down_for_one_webhook() {
    let mut stage = Stage::on_real("failing");
    let mut tape = Tape::record("failing", &[stage.sales_and_support()]);
    tape.quiet(2, || stage.quiet_day());
    stage.slack.default("sales", Answer::Reset);
    tape.quiet(6, || stage.quiet_day());
    tape.run(
        5,
        || stage.quiet_day(),
        &["SlacklineWebhookFailing webhook=sales", "SlacklineDeliveriesLate"],
    );
    stage.slack.default("sales", Answer::Ok);
    tape.run(7, || stage.quiet_day(), &[]);
    tape.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn slack_throttles_a_webhook_for_eleven_minutes() {
    let mut stage = Stage::on_real("blocked");
    let mut tape = Tape::record("blocked", &[stage.sales_and_support()]);
    tape.quiet(2, || stage.quiet_day());
    stage.slack.script("sales", [Answer::RateLimited(660)]);
    tape.quiet(3, || stage.quiet_day());
    tape.run(
        6,
        || stage.quiet_day(),
        &["SlacklineWebhookThrottled webhook=sales", "SlacklineDeliveriesLate"],
    );
    tape.run(7, || stage.quiet_day(), &[]);
    tape.end();
}
