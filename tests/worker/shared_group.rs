//! Deployments that follow each other in one group: what a rollout that renames every action costs.

use crate::harness::broker::Broker;
use crate::harness::program::Program;
use crate::harness::setup::{Setup, produce};
use crate::harness::slack::Slack;

#[test]
fn a_rollout_that_renames_every_action_costs_one_warning() {
    let (broker, slack) = (Broker::mock(), Slack::start());
    let topic = broker.topic(3);
    let setup = |names: &[&str]| {
        let mut setup = Setup::new(&broker, &[&topic]);
        setup.group = "alerts".to_owned();
        names.iter().fold(setup, |setup, name| setup.webhook(&slack, name, &[]))
    };
    let mut expected = Vec::new();
    // The actions of each version, and the partitions whose last commit shares none of them.
    let versions: [(&[&str], f64); 4] =
        [(&["a", "b"], 0.0), (&["b", "c"], 0.0), (&["d"], 3.0), (&["d", "e"], 0.0)];
    for (id, (names, foreign)) in (0..).zip(versions) {
        let program = Program::ready(&setup(names));
        expected.extend(produce(&broker, &topic, 3, names[0], [id]));
        slack.await_all_accepted(&expected);
        let found = [("kind", "found")];
        program.await_sum("slackline_foreign_commits_total", &found, foreign);
        assert_eq!(program.scrape().sum("slackline_foreign_partitions", &[]), foreign);
        let warnings = program.warnings("");
        assert_eq!(warnings.len(), usize::from(foreign > 0.0), "{warnings:?}");
        assert!(warnings.iter().all(|line| line.contains("group=\"alerts\"")), "{warnings:?}");
        let (status, page) = program.readiness();
        assert_eq!((status, page.contains("`alerts`")), (200, foreign > 0.0), "{page}");
        let last = program.stop();
        assert_eq!(last.sum("slackline_foreign_commits_total", &[("kind", "alternating")]), 0.0);
    }
}
