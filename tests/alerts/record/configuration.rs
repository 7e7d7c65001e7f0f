//! Faults of a changed configuration or of producers.

use super::{FORGOTTEN, Fixture};
use crate::alerts::recording::Recording;
use crate::harness::program::Signal;
use crate::harness::setup::{Setup, event};
use crate::harness::slack::Answer;

fn reload(recording: &Recording, replica: usize, setup: &Setup) {
    recording.replica(replica).configure(setup);
    recording.replica(replica).signal(Signal::Hup);
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn an_action_is_removed_while_its_deliveries_wait() {
    let mut fixture = Fixture::on_real("unclaimed");
    let setup = fixture.setup();
    let support = setup.webhook(&fixture.slack, "support", &[]);
    let mut recording =
        Recording::record("unclaimed", &[support.clone().webhook(&fixture.slack, "sales", &[])]);
    recording.quiet(2, || fixture.quiet_day());
    fixture.slack.script("sales", [Answer::RateLimited(3600)]);
    fixture.events("sales", 5);
    recording.quiet(1, || fixture.events("support", 1));
    reload(&recording, 0, &support);
    recording.run(
        2,
        || fixture.events("support", 1),
        &["SlacklineDropsUnclaimed webhook=sales action=sales"],
    );
    recording.run(FORGOTTEN, || fixture.events("support", 1), &[]);
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_field_of_a_message_is_missing() {
    let mut fixture = Fixture::on_real("empty-message");
    let action =
        "  - {name: sales, trigger: \"event == 'sales'\", webhook: sales, message: '{{name}}'}\n";
    let setup = fixture.setup().webhook_with(&fixture.slack, "sales", &[], action);
    let mut recording = Recording::record("empty_message", &[setup]);
    let named = |n: u64| event("sales", n).replace("\"n\":", "\"name\":\"Ada\",\"n\":");
    recording.quiet(2, || fixture.records(2, named));
    recording.run(
        2,
        || fixture.events("sales", 2),
        &["SlacklineDropsEmptyMessage webhook=sales action=sales"],
    );
    recording.run(FORGOTTEN, || fixture.records(2, named), &[]);
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_configuration_is_refused() {
    let mut fixture = Fixture::on_real("reload-failed");
    let setup = fixture.sales_and_support();
    let mut recording = Recording::record("reload_failed", &[setup.clone(), setup.clone()]);
    recording.quiet(2, || fixture.quiet_day());
    recording.replica(1).write("actions: [");
    recording.replica(1).signal(Signal::Hup);
    recording.run(2, || fixture.quiet_day(), &["SlacklineReloadFailed instance=slackline-1:9464"]);
    reload(&recording, 1, &setup);
    recording.run(2, || fixture.quiet_day(), &[]);
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_rollout_reaches_one_replica_of_two() {
    let mut fixture = Fixture::on_real("config-differs");
    let setup = fixture.sales_and_support();
    let mut recording = Recording::record("config_differs", &[setup.clone(), setup.clone()]);
    recording.quiet(2, || fixture.quiet_day());
    let next = setup.webhook(&fixture.slack, "orders", &[]);
    reload(&recording, 0, &next);
    recording.quiet(3, || fixture.quiet_day());
    recording.run(4, || fixture.quiet_day(), &["SlacklineConfigDiffers"]);
    reload(&recording, 1, &next);
    recording.run(2, || fixture.quiet_day(), &[]);
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_function_is_given_what_it_does_not_take() {
    let mut fixture = Fixture::on_real("expression-errors");
    let trigger = "event == 'sales' && contains(tags, 'vip')";
    let action = format!(
        "  - {{name: sales, trigger: \"{trigger}\", webhook: sales, message: '{{{{n}}}}'}}\n"
    );
    let setup = fixture.setup().webhook_with(&fixture.slack, "sales", &[], &action);
    let mut recording = Recording::record("expression_errors", &[setup]);
    let tagged = |n: u64| event("sales", n).replace("\"n\":", "\"tags\":[\"vip\"],\"n\":");
    recording.quiet(2, || fixture.records(2, tagged));
    recording.quiet(3, || fixture.events("sales", 2));
    recording.run(5, || fixture.events("sales", 2), &["SlacklineExpressionErrors action=sales"]);
    recording.run(FORGOTTEN, || fixture.records(2, tagged), &[]);
    recording.end();
}

#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn most_of_a_topic_is_no_json() {
    let mut fixture = Fixture::on_real("events-invalid");
    let mut recording = Recording::record("events_invalid", &[fixture.sales_and_support()]);
    recording.quiet(2, || fixture.quiet_day());
    let mut broken = || {
        fixture.quiet_day();
        fixture.records(40, |n| format!("\u{0}\u{0}\u{0}\u{0}\u{1}{n}"));
    };
    recording.quiet(3, &mut broken);
    recording.run(5, &mut broken, &["SlacklineEventsInvalid"]);
    recording.run(FORGOTTEN, || fixture.quiet_day(), &[]);
    recording.end();
}

/// Tombstones are no fault, however many. One producer of ten that writes Avro is one.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_tenth_of_a_topic_is_no_json() {
    let mut fixture = Fixture::on_real("events-avro");
    let mut recording = Recording::record("events_avro", &[fixture.sales_and_support()]);
    recording.quiet(6, || {
        fixture.quiet_day();
        fixture.tombstones(40);
    });
    // A burst that ends: its log line is enough.
    fixture.records(20, |_| "{".to_owned());
    recording.quiet(6, || fixture.quiet_day());
    let mut mixed = || {
        fixture.events("sales", 5);
        fixture.events("support", 4);
        fixture.records(1, |_| "\u{0}\u{0}\u{0}\u{0}\u{c}\u{6}Ada".to_owned());
        fixture.tombstones(40);
    };
    recording.quiet(3, &mut mixed);
    recording.run(5, &mut mixed, &["SlacklineEventsInvalid"]);
    recording.run(5, || fixture.quiet_day(), &[]);
    recording.end();
}
