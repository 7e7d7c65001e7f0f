//! Normal days, on which no alert may fire.

use super::Fixture;
use crate::alerts::recording::Recording;
use crate::harness::program::Signal;
use crate::harness::slack::Answer;

/// A rollout, a reload, a short throttle and a few failed attempts: all normal.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_quiet_day() {
    let mut fixture = Fixture::on_real("quiet-day");
    let setup = fixture.sales_and_support();
    let mut recording = Recording::record("quiet_day", &[setup.clone(), setup.clone()]);
    recording.quiet(2, || fixture.quiet_day());
    for replica in [0, 1] {
        recording.take(replica).stop();
        recording.start(replica, &setup);
        recording.quiet(2, || fixture.quiet_day());
    }
    let setup = setup.webhook(&fixture.slack, "orders", &[]);
    for replica in [0, 1] {
        recording.replica(replica).configure(&setup);
        recording.replica(replica).signal(Signal::Hup);
    }
    recording.quiet(2, || fixture.quiet_day());
    fixture.slack.script("sales", [Answer::RateLimited(20), Answer::RateLimited(30)]);
    fixture.slack.script("support", [Answer::Status(503, "rollup_error"), Answer::Reset]);
    fixture.slack.script("orders", [Answer::Slow(std::time::Duration::from_secs(5))]);
    fixture.events("orders", 10);
    recording.quiet(8, || fixture.quiet_day());
    recording.end();
}
