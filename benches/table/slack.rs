//! The fake Slack of the measurements, which records when each mark arrives.

use std::collections::HashMap;
use std::time::Instant;

use slackline::fake_slack::{Answer, FakeSlack, Fault};
use tokio::runtime::{Builder, Runtime};

use crate::actions::{MARKS, path};

/// A running fake Slack. Dropping it closes every connection.
pub struct Slack {
    fake: FakeSlack,
    _runtime: Runtime,
}

impl Slack {
    /// Starts it on a free port, on one thread. It answers only the marks.
    pub fn hanging() -> anyhow::Result<Self> {
        let slack = Self::start()?;
        slack.fake.set_default_everywhere(Some(Answer::fault(Fault::Hang)));
        Ok(slack)
    }

    /// Starts it on a free port, on one thread. It answers every post without a delay.
    pub fn start() -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let fake = runtime.block_on(FakeSlack::start())?;
        fake.set_default(&path(MARKS), Some(Answer::default()));
        Ok(Self { fake, _runtime: runtime })
    }

    /// The first part of a webhook's URL.
    pub fn url(&self) -> String {
        self.fake.url("")
    }

    /// The texts and arrival times of the marks.
    pub fn marks(&self) -> HashMap<String, Instant> {
        let posts = self.fake.requests_to(&path(MARKS)).into_iter();
        posts
            .filter_map(|request| Some((request.post.as_ref()?.text.clone()?, request.at)))
            .collect()
    }
}
