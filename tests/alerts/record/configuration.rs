//! Faults of a changed configuration or of producers.

use super::{FORGOTTEN, Stage};
use crate::alerts::tape::Tape;
use crate::harness::program::Signal;
use crate::harness::setup::{Setup, event};
use crate::harness::slack::Answer;

fn reload(tape: &Tape, replica: usize, setup: &Setup) {
    tape.replica(replica).configure(setup);
    tape.replica(replica).signal(Signal::Hup);
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn an_action_is_removed_while_its_deliveries_wait() {
    let mut stage = Stage::on_real("unclaimed");
    let setup = stage.setup();
    let support = setup.webhook(&stage.slack, "support", &[]);
    let mut tape =
        Tape::record("unclaimed", &[support.clone().webhook(&stage.slack, "sales", &[])]);
    tape.quiet(2, || stage.quiet_day());
    stage.slack.script("sales", [Answer::RateLimited(3600)]);
    stage.events("sales", 5);
    tape.quiet(1, || stage.events("support", 1));
    reload(&tape, 0, &support);
    tape.run(
        2,
        || stage.events("support", 1),
        &["SlacklineDropsUnclaimed webhook=sales action=sales"],
    );
    tape.run(FORGOTTEN, || stage.events("support", 1), &[]);
    tape.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_field_of_a_message_is_missing() {
    let mut stage = Stage::on_real("empty-message");
    let action =
        "  - {name: sales, trigger: \"event == 'sales'\", webhook: sales, message: '{{name}}'}\n";
    let setup = stage.setup().webhook_with(&stage.slack, "sales", &[], action);
    let mut tape = Tape::record("empty_message", &[setup]);
    let named = |n: u64| event("sales", n).replace("\"n\":", "\"name\":\"Ada\",\"n\":");
    tape.quiet(2, || stage.records(2, named));
    tape.run(
        2,
        || stage.events("sales", 2),
        &["SlacklineDropsEmptyMessage webhook=sales action=sales"],
    );
    tape.run(FORGOTTEN, || stage.records(2, named), &[]);
    tape.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_configuration_is_refused() {
    let mut stage = Stage::on_real("reload-failed");
    let setup = stage.sales_and_support();
    let mut tape = Tape::record("reload_failed", &[setup.clone(), setup.clone()]);
    tape.quiet(2, || stage.quiet_day());
    tape.replica(1).write("actions: [");
    tape.replica(1).signal(Signal::Hup);
    tape.run(2, || stage.quiet_day(), &["SlacklineReloadFailed instance=slackline-1:9464"]);
    reload(&tape, 1, &setup);
    tape.run(2, || stage.quiet_day(), &[]);
    tape.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_rollout_reaches_one_replica_of_two() {
    let mut stage = Stage::on_real("config-differs");
    let setup = stage.sales_and_support();
    let mut tape = Tape::record("config_differs", &[setup.clone(), setup.clone()]);
    tape.quiet(2, || stage.quiet_day());
    let next = setup.webhook(&stage.slack, "orders", &[]);
    reload(&tape, 0, &next);
    tape.quiet(3, || stage.quiet_day());
    tape.run(4, || stage.quiet_day(), &["SlacklineConfigDiffers"]);
    reload(&tape, 1, &next);
    tape.run(2, || stage.quiet_day(), &[]);
    tape.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_function_is_given_what_it_does_not_take() {
    let mut stage = Stage::on_real("expression-errors");
    let trigger = "event == 'sales' && contains(tags, 'vip')";
    let action = format!(
        "  - {{name: sales, trigger: \"{trigger}\", webhook: sales, message: '{{{{n}}}}'}}\n"
    );
    let setup = stage.setup().webhook_with(&stage.slack, "sales", &[], &action);
    let mut tape = Tape::record("expression_errors", &[setup]);
    let tagged = |n: u64| event("sales", n).replace("\"n\":", "\"tags\":[\"vip\"],\"n\":");
    tape.quiet(2, || stage.records(2, tagged));
    tape.quiet(3, || stage.events("sales", 2));
    tape.run(5, || stage.events("sales", 2), &["SlacklineExpressionErrors action=sales"]);
    tape.run(FORGOTTEN, || stage.records(2, tagged), &[]);
    tape.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn most_of_a_topic_is_no_json() {
    let mut stage = Stage::on_real("events-invalid");
    let mut tape = Tape::record("events_invalid", &[stage.sales_and_support()]);
    tape.quiet(2, || stage.quiet_day());
    let mut broken = || {
        stage.quiet_day();
        stage.records(40, |n| format!("\u{0}\u{0}\u{0}\u{0}\u{1}{n}"));
    };
    tape.quiet(3, &mut broken);
    tape.run(5, &mut broken, &["SlacklineEventsInvalid"]);
    tape.run(FORGOTTEN, || stage.quiet_day(), &[]);
    tape.end();
}
