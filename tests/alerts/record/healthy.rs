//! Normal days, on which no alert may fire.

use super::Stage;
use crate::alerts::tape::Tape;
use crate::harness::program::Signal;
use crate::harness::slack::Answer;

/// A rollout, a reload, a short throttle and a few failed attempts: all normal.
#[test]
#[ignore = "records for minutes: tests/alerts.sh record"]
fn a_quiet_day() {
    let mut stage = Stage::on_real("quiet-day");
    let setup = stage.sales_and_support();
    let mut tape = Tape::record("quiet_day", &[setup.clone(), setup.clone()]);
    tape.quiet(2, || stage.quiet_day());
    for replica in [0, 1] {
        tape.take(replica).stop();
        tape.start(replica, &setup);
        tape.quiet(2, || stage.quiet_day());
    }
    let setup = setup.webhook(&stage.slack, "orders", &[]);
    for replica in [0, 1] {
        tape.replica(replica).configure(&setup);
        tape.replica(replica).signal(Signal::Hup);
    }
    tape.quiet(2, || stage.quiet_day());
    stage.slack.script("sales", [Answer::RateLimited(20), Answer::RateLimited(30)]);
    stage.slack.script("support", [Answer::Status(503, "rollup_error"), Answer::Reset]);
    stage.slack.script("orders", [Answer::Slow(std::time::Duration::from_secs(5))]);
    stage.events("orders", 10);
    tape.quiet(8, || stage.quiet_day());
    tape.end();
}
